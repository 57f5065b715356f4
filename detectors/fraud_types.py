"""Types of fraud: the tags of MISP's taxonomy `gsma-fraud`, so that findings can be shared with other operators.

The list is https://github.com/MISP/misp-taxonomies/blob/main/gsma-fraud/machinetag.json. Values are spelled as there
(`scartch-card-abuse`, `data-charing-bypass`), because tags are compared letter by letter; titles are for people.
"""

from typing import NamedTuple

from tollwatch.errors import RuleError


class FraudType(NamedTuple):
    """A tag: its group, its value as the taxonomy spells it, its title for people."""

    predicate: str
    value: str
    title: str

    @property
    def machine_tag(self) -> str | None:
        """The tag as MISP writes it; None where the taxonomy has none.

        >>> fraud_type("wangiri").machine_tag
        'gsma-fraud:business="wangiri"'
        """
        return f'gsma-fraud:{self.predicate}="{self.value}"' if self.predicate else None


_TITLES: dict[str, dict[str, str]] = {
    "technical": {
        "mailbox-hacking": "Mailbox hacking (CLI spoofing)",
        "imei-reprogramming": "IMEI reprogramming",
        "call-forwarding-fraud": "Call forwarding fraud",
        "call-conference": "Call conference, multi-party calls",
        "hlr-tampering": "HLR tampering, switch manipulation",
        "sim-card-cloning": "SIM card cloning",
        "false-base-station-attack": "False base station attack",
        "spamming": "Spamming (SMS and IP services)",
        "phishing-pharming": "Phishing and pharming",
        "mobile-malware": "Mobile malware",
        "fraud-risks-associated-with-voice-over-ip-services": "Fraud risks of Voice over IP services",
        "pbx-hacking": "PBX hacking",
        "fraud-risks-associated-with-m2m-services": "Fraud risks of M2M services",
        "data-charing-bypass": "Data charging bypass",
    },
    "subscription": {
        "subscription-fraud": "Subscription fraud",
        "proxy-fraud": "Proxy fraud",
        "account-takeover": "Account takeover",
        "call-selling": "Call selling",
        "direct-debit-fraud": "Direct debit fraud",
        "credit-card-fraud": "Credit card fraud (card present)",
        "credit-card-not-present-transactions": "Credit card not present transactions",
        "cheque-fraud": "Cheque fraud",
    },
    "distribution": {
        "dealer-fraud": "Dealer fraud",
        "false-agent": "False agent, remote activation fraud",
        "theft-and-handling-stolen-goods": "Theft and handling of stolen goods",
        "handset-subsidy-loss": "Handset subsidy loss",
        "remote-order-fraud": "Remote order fraud",
    },
    "business": {
        "premium-rate": "Premium rate and audiotext services fraud",
        "roaming-fraud": "Roaming fraud",
        "international-revenue-share-fraud": "International revenue share fraud",
        "inbound-roaming-fraud-risk-to-vpmn": "Inbound roaming fraud, risk to the VPMN",
        "interconnect-abuse": "Interconnect abuse (GSM gateways)",
        "refiling": "Refiling",
        "mobile-to-fixed-network-gateway-abuse": "Mobile to fixed network gateway abuse",
        "false-answer-false-ring": "False answer, false ring",
        "social-engineering": "Social engineering",
        "internal-fraud": "Internal fraud",
        "normal-business-fraud-crime": "Normal business fraud and crime",
        "brand-name-logo-abuse": "Brand name and logo abuse",
        "m-commerce-provider-content-fraud": "M-commerce provider content fraud",
        "m-commerce-provider-prs-fraud": "M-commerce provider PRS fraud",
        "content-theft": "Content theft",
        "wangiri": "Wangiri",
        "airtime-reseller-fraud": "Airtime reseller fraud",
    },
    "prepaid": {
        "services-fraud": "Prepaid services fraud",
        "hlr-profile-manipulation": "HLR profile manipulation",
        "manual-recharging": "Manual recharging",
        "generation-of-abusive-credits": "Generation of abusive credits",
        "scartch-card-abuse": "Scratch card abuse",
    },
}
FRAUD_TYPES = {
    value: FraudType(predicate, value, title)
    for predicate, titles in _TITLES.items()
    for value, title in titles.items()
}
UNKNOWN = FraudType("", "unknown", "Not known yet")
"""For what is odd and may turn out to be any kind: the taxonomy has no such tag, and a guess would accuse."""


def fraud_type(value: str) -> FraudType:
    """The type of a tag. Raises RuleError, with the nearest one, where there is none."""
    if value == UNKNOWN.value:
        return UNKNOWN
    if value not in FRAUD_TYPES:
        raise RuleError.unknown_word(value, list(FRAUD_TYPES), where="fraud_type", what="MISP gsma-fraud tag")
    return FRAUD_TYPES[value]
