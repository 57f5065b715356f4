"""Sentences of a finding for people: why it broke, what would put it right, with the facts of its own rows."""

import re
from collections.abc import Mapping
from typing import Any

from detectors.controls import Break
from tollwatch.findings import Leakage

NAMED = re.compile(r"\{(\w+)(?:\.(\w+))?\}")


def money(micros: int, currency: str) -> str:
    """An amount without its sign, to the cent where it has no finer part.

    >>> money(-1_500_000, "EUR"), money(2_512_500, "")
    ('1.50 EUR', '2.5125')
    """
    whole, rest = divmod(abs(micros), 1_000_000)
    return f"{whole:,}.{f'{rest:06}'.rstrip('0').ljust(2, '0')} {currency}".rstrip()


def worded(kind: Break, leakage: Leakage, rows: Mapping[str, Mapping[str, Any]]) -> tuple[str | None, str | None]:
    """Cause and correction of a finding; `rows` has the first row of each side. None where a fact is not there."""
    own = {
        "subject": leakage.subject,
        "account": leakage.account_id,
        "amount": money(leakage.amount_micros, leakage.currency),
    }
    correction = kind.correction or _usual(leakage)
    return _filled(kind.cause, own, rows), _filled(correction, own, rows)


def _usual(leakage: Leakage) -> str:
    if leakage.amount_micros < 0:
        return "Give {amount} back to account {account}."
    return "Charge {amount} to account {account}." if leakage.amount_micros else ""


def _filled(text: str, own: Mapping[str, str | None], rows: Mapping[str, Mapping[str, Any]]) -> str | None:
    is_whole = bool(text)

    def fact(named: re.Match[str]) -> str:
        nonlocal is_whole
        found = own.get(named[1]) if named[2] is None else rows.get(named[1], {}).get(named[2])
        is_whole = is_whole and found not in (None, "")
        return str(found)

    made = NAMED.sub(fact, text)
    return made if is_whole else None
