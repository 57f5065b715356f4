"""What of events and findings says who somebody is, and how it is shown to who need not know."""

import re
from collections.abc import Mapping
from typing import Any

NUMBERS = (
    *("calling_number", "called_number", "redirecting_number", "observed_number", "msisdn", "imsi", "imei"),
    *("account_id", "subscriber_id", "customer_id", "card_fingerprint", "device_fingerprint", "identity_fingerprint"),
    *("call_reference", "session_id", "external_reference", "voucher_serial", "serial"),
)
"""Columns of events whose values belong to one person, one account, one card or one device."""
TEXTS = ("name", "reason", "application")
"""Columns of free text, in which anything may stand."""
OF_FINDINGS = ("subject", "id", "refers_to", "entry", "key")
"""Fields of findings, verdicts and lists that name a subject."""
WHOLE = ("raw", "text", "row")
"""Fields that hold a record as it came."""
PERSONAL = frozenset((*NUMBERS, *OF_FINDINGS))
KEPT_BEFORE, KEPT_BEHIND = 4, 2
QUOTED = re.compile(r"(\w+ = ')(.*)(')", re.DOTALL)


def masked(text: str) -> str:
    """An identifier with its middle taken out: enough to know a destination, too little to know a person.

    >>> masked("447100000123"), masked("A0000374"), masked("447"), masked("product_id = 'P1000001'")
    ('4471…23', 'A000…74', '…', "product_id = 'P100…01'")
    """
    quoted = QUOTED.fullmatch(text) if text.endswith("'") else None
    if quoted is not None:
        return f"{quoted.group(1)}{masked(quoted.group(2))}{quoted.group(3)}"
    if len(text) < KEPT_BEFORE + KEPT_BEHIND + 1:
        return "…"
    return f"{text[:KEPT_BEFORE]}…{text[-KEPT_BEHIND:]}"


TELLING = ("cause", "correction")
"""Sentences that name whom a finding is about."""


def masked_within(text: str, document: Mapping[str, Any]) -> str:
    """A sentence with the identifiers of its finding masked.

    >>> masked_within("Bill 3.00 EUR to account A0000374.", {"account_id": "A0000374"})
    'Bill 3.00 EUR to account A000…74.'
    """
    for name, value in document.items():
        if name in PERSONAL and isinstance(value, str) and value in text and value:
            text = text.replace(value, masked(value))
    return text


def without_identifiers(document: Mapping[str, Any]) -> dict[str, Any]:
    """A finding or record with its identifiers masked, inner objects too, and records as they came left out."""
    made: dict[str, Any] = {}
    for name, value in document.items():
        if name in WHOLE and value is not None:
            made[name] = "…"
        elif isinstance(value, str):
            made[name] = _shown(name, value, document)
        elif isinstance(value, (int, float)) or value is None:
            made[name] = value
        else:
            made[name] = without_identifiers(value) if isinstance(value, Mapping) else value
    return made


def _shown(name: str, text: str, document: Mapping[str, Any]) -> str:
    if name in PERSONAL:
        return masked(text)
    return masked_within(text, document) if name in TELLING else text
