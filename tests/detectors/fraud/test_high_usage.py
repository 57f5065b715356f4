"""High usage alerts on accounts that reach their own limit, and on no other."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.fraud.high_usage import HighUsage
from tests.make import Row, account, findings, usage

HOUR = 3600
UNIT = 1_000_000
LIMIT = account("a1")  # 50 units


def call(n: int, **changes: object) -> Row:
    """A call of ten units; one every half hour, beginning in the first."""
    return usage(f"call-{n:03}", after_s=(n + 1) * HOUR / 2, charge_micros=10 * UNIT) | changes


def severities(rows: list[Row], **thresholds: int) -> list[str]:
    """With what each revision that is not a closing was told."""
    return [alert.severity for alert in findings(HighUsage(**thresholds), rows) if alert.state != "closed"]


def test_a_spree_raises_one_alert_that_escalates() -> None:
    """At the limit it warns, at twice the limit it is critical; at risk is what lies above the limit."""
    opened, escalated, closed = findings(HighUsage(), [LIMIT, *(call(n) for n in range(12))])

    assert (opened.subject_kind, opened.subject, opened.account_id) == ("account_id", "a1", "a1")
    assert [alert.severity for alert in (opened, escalated, closed)] == ["warning", "critical", "critical"]
    assert [alert.revision for alert in (opened, escalated, closed)] == [1, 2, 3]
    assert opened.features == {"spend_micros": 50 * UNIT, "limit_micros": 50 * UNIT}
    assert [alert.amount_micros for alert in (opened, escalated, closed)] == [0, 50 * UNIT, 70 * UNIT]
    assert closed.currency == "EUR"
    assert (closed.claim.stream, closed.claim.key, closed.claim.count) == ("usage", "a1", 12)


@pytest.mark.parametrize(
    ("charge_micros", "told"),
    [(50 * UNIT - 1, []), (50 * UNIT, ["warning"]), (100 * UNIT - 1, ["warning"]), (100 * UNIT, ["critical"])],
)
def test_the_limit_is_the_edge(charge_micros: int, told: list[str]) -> None:
    """A millionth below the limit is trusted, the limit itself is not."""
    assert severities([LIMIT, call(0, charge_micros=charge_micros)]) == told


def test_percent_can_be_changed() -> None:
    """An operator that wants to know earlier says at how many percent."""
    assert severities([LIMIT, call(0, charge_micros=40 * UNIT)], warn_percent=80) == ["warning"]
    assert severities([LIMIT, call(0, charge_micros=40 * UNIT - 1)], warn_percent=80) == []


@pytest.mark.parametrize(
    ("why", "limit"),
    [
        ("a business is trusted with more", [account("a1", limit_micros=5000 * UNIT)]),
        ("it has no limit", [account("a1", limit_micros=None)]),
        ("a limit of nothing means none", [account("a1", limit_micros=0)]),
        ("nobody knows the account", []),
        ("the limit is another account's", [account("a2")]),
        ("the row is about another entity of the same id", [LIMIT | {"entity": "subscriber"}]),
        ("the limit was raised before the spree", [LIMIT, account("a1", after_s=9, limit_micros=500 * UNIT)]),
    ],
)
def test_no_alert_for_the_spend_of_an_account_when(why: str, limit: list[Row]) -> None:
    """Each is an account that spends much and may."""
    assert findings(HighUsage(), [*limit, *(call(n) for n in range(12))]) == [], why


@pytest.mark.parametrize(
    ("why", "changes"),
    [
        ("they are the other party's records", {"record_type": "terminating"}),
        ("they cost nothing", {"charge_micros": 0}),
        ("nobody priced them", {"charge_micros": None}),
        ("they were credited", {"charge_micros": -10 * UNIT}),
        ("no account is known", {"account_id": None}),
    ],
)
def test_no_alert_for_usage_when(why: str, changes: dict[str, object]) -> None:
    """Only what the account itself is charged is its spend."""
    assert findings(HighUsage(), [LIMIT, *(call(n, **changes) for n in range(12))]) == [], why


@pytest.mark.parametrize("service", ["voice", "sms", "data", "content"])
def test_every_service_is_spend(service: str) -> None:
    """A limit is about money, whatever it was spent on; a forwarded or roaming record is charged too."""
    assert severities([LIMIT, *(call(n, service=service, record_type="roaming") for n in range(5))]) == ["warning"]


def test_a_steady_spender_does_not_alert() -> None:
    """Four units less than the limit every day, for a week: the day before is forgotten."""
    rows = [call(n, event_time=call(0)["event_time"] + n * 24 * HOUR * 1000, charge_micros=46 * UNIT) for n in range(7)]
    assert findings(HighUsage(), [LIMIT, *rows]) == []


def test_the_numbers_of_an_account_are_one_spend() -> None:
    """Fraudsters spread an account over several SIMs; the limit is the account's."""
    rows = [call(n, calling_number=f"44710000000{n}", subscriber_id=f"s{n}") for n in range(5)]
    assert severities([LIMIT, *rows]) == ["warning"]


def test_accounts_do_not_add_up() -> None:
    """Twelve customers of ten units are twelve good customers."""
    rows = [row for n in range(12) for row in (account(f"a{n}"), call(n, account_id=f"a{n}"))]
    assert findings(HighUsage(), rows) == []


def test_the_limit_in_force_counts() -> None:
    """A limit that is lowered counts from the next call, not from the first."""
    rows = [LIMIT, *(call(n) for n in range(4)), account("a1", after_s=1.75 * HOUR, limit_micros=20 * UNIT)]
    opened = findings(HighUsage(), rows)[0]

    assert opened.severity == "critical"
    assert opened.event_time == call(3)["event_time"]
    assert opened.features == {"spend_micros": 40 * UNIT, "limit_micros": 20 * UNIT}


@settings(max_examples=20)
@given(st.permutations(range(14)), st.integers(1, 14))
def test_order_of_arrival_does_not_matter(order: list[int], cut: int) -> None:
    """Usage and limits come from different systems, in any batches; the findings must not depend on it."""
    rows = [LIMIT, *(call(n) for n in range(12)), account("a1", after_s=2.25 * HOUR, limit_micros=30 * UNIT)]
    assert findings(HighUsage(), [rows[n] for n in order], cut=cut) == findings(HighUsage(), rows)
