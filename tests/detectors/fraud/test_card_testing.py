"""Card testing alerts on accounts that try out stolen cards, and not on families and shops."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.fraud.card_testing import CardTesting
from tests.make import Row, findings, payment

MINUTE = 60
UNIT = 1_000_000


def attempt(n: int, **changes: object) -> Row:
    """A recharge of a unit with a card of its own, one a minute; every fourth goes through."""
    made = payment(f"pay-{n:03}", after_s=n * MINUTE, kind="recharge", card_fingerprint=f"card-{n}")
    return made | {"amount_micros": UNIT, "state": "declined" if n % 4 else "settled"} | changes


def severities(rows: list[Row], **thresholds: int) -> list[str]:
    """With what each revision that is not a closing was told."""
    return [alert.severity for alert in findings(CardTesting(**thresholds), rows) if alert.state != "closed"]


def declined(n: int, card: str, **changes: object) -> Row:
    """A decline of this card."""
    return attempt(n, card_fingerprint=card, state="declined") | changes


def test_a_list_of_cards_raises_one_alert_that_escalates() -> None:
    """The third card warns, the sixth is critical, on the account; at risk is what went through."""
    opened, escalated, closed = findings(CardTesting(), [attempt(n) for n in range(9)])

    assert (opened.subject_kind, opened.subject, opened.account_id) == ("account_id", "a1", "a1")
    assert [alert.severity for alert in (opened, escalated, closed)] == ["warning", "critical", "critical"]
    assert opened.features == {"cards": 3, "declined": 2, "settled_micros": UNIT}
    assert [alert.amount_micros for alert in (opened, escalated, closed)] == [UNIT, 2 * UNIT, 3 * UNIT]
    assert {alert.alert_id for alert in (opened, escalated, closed)} == {opened.alert_id}
    assert (closed.claim.stream, closed.claim.key, closed.claim.count) == ("payments", "a1", 9)


@pytest.mark.parametrize(
    ("cards", "refused", "told"),
    [(2, 2, []), (3, 1, []), (3, 2, ["warning"]), (5, 5, ["warning"]), (6, 1, []), (6, 2, ["critical"])],
)
def test_cards_and_declined_cards_are_both_an_edge(cards: int, refused: int, told: list[str]) -> None:
    """Three cards, two of them declined, warn; one less of either does not, however many of the other."""
    rows = [attempt(n, state="declined" if n >= cards - refused else "settled") for n in range(cards)]
    assert severities(rows) == told


@pytest.mark.parametrize(
    ("why", "rows"),
    [
        ("an own card is tried again and again", [declined(n, "card-1") for n in range(30)]),
        ("two own cards are, in turn", [declined(n, f"card-{n % 2}") for n in range(30)]),
        (
            "a family has three, and one fails again and again",
            [attempt(0), attempt(4, card_fingerprint="card-9")] + [declined(n, "card-1") for n in range(5, 12)],
        ),
        ("a family pays with its cards, one mistyped", [attempt(n, state="settled") for n in range(5)] + [attempt(5)]),
    ],
)
def test_no_alert_when_a_customer(why: str, rows: list[Row]) -> None:
    """Each is a customer whose bank was slow, whose fingers were, or who has many children."""
    assert findings(CardTesting(), rows) == [], why


@pytest.mark.parametrize(
    ("why", "changes"),
    [
        ("they are vouchers", {"method": "voucher"}),
        ("they are refunds", {"kind": "refund"}),
        ("chargebacks come in a batch", {"kind": "chargeback"}),
        ("they are the ledger's copies", {"hop": "ledger"}),
        ("no card is known", {"card_fingerprint": None}),
        ("no account is known", {"account_id": None}),
        ("all went through", {"state": "settled"}),
        ("the gateway was down", {"state": "failed"}),
    ],
)
def test_no_alert_when(why: str, changes: dict[str, object]) -> None:
    """Each row is a habit that looks like card testing from afar."""
    assert findings(CardTesting(), [attempt(n, **changes) for n in range(20)]) == [], why


def test_a_shop_with_many_customers_does_not_alert() -> None:
    """One terminal sees hundreds of cards and some declines; each account brought its own."""
    rows = [attempt(n, account_id=f"a{n}", terminal_id="t1") for n in range(60)]
    assert findings(CardTesting(), rows) == []


def test_a_year_of_new_cards_does_not_alert() -> None:
    """Cards tried more than an hour apart are never in one window."""
    rows = [payment(f"pay-{n}", after_s=n * 2 * 3600, card_fingerprint=f"card-{n}", state="declined") for n in range(9)]
    assert findings(CardTesting(), rows) == []


def test_the_states_of_a_payment_are_one_card() -> None:
    """Authorised and then settled, two cards stay two, and only what settled is money."""
    states = ("authorised", "settled")
    rows = [attempt(2 * n + i, card_fingerprint=f"card-{n}", state=s) for n in range(2) for i, s in enumerate(states)]
    rows += [declined(4, "card-0"), declined(5, "card-1")]
    assert findings(CardTesting(), rows) == []
    opened = findings(CardTesting(), [*rows, declined(6, "card-2")])[0]
    assert (opened.features["cards"], opened.amount_micros) == (3, 2 * UNIT)


def test_thresholds_can_be_changed() -> None:
    """A shop for families asks for more cards and more that are declined."""
    assert severities([attempt(n) for n in range(9)], warn_cards=10, critical_cards=20) == []
    assert severities([attempt(n) for n in range(9)], min_declined=7) == []


@settings(max_examples=20)
@given(st.permutations(range(12)), st.integers(1, 12))
def test_order_of_arrival_does_not_matter(order: list[int], cut: int) -> None:
    """Gateways answer out of turn, in any batches; the findings must not depend on it."""
    rows = [attempt(n) for n in range(12)]
    assert findings(CardTesting(), [rows[n] for n in order], cut=cut) == findings(CardTesting(), rows)
