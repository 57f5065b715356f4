"""Subscription risk in the line: verdicts on accounts teach which orders are never paid for; honest ones go through."""

from functools import cache

from services.assembly import make_plan
from tests.make import START_MS
from tests.streams.memory import InMemoryStore, Row, Rows, ran
from tollwatch.config import Settings
from tollwatch.findings import Alert

DAY_S = 86_400
HOUR_S = 3_600
DAYS = 110
SETTINGS = Settings(enabled=["subscription_risk"])


def order(account: str, action: str, at_s: float, **changes: object) -> Row:
    """An order that is taken."""
    name = f"{account}-{action}"
    row = {
        "event_id": name,
        "event_time": START_MS + round(at_s * 1000),
        "order_id": name,
        "order_item_id": f"{name}-1",
        "action": action,
        "state": "acknowledged",
        "account_id": account,
        "channel": "shop",
        "dealer_id": "d1",
        "card_fingerprint": f"card-{account}",
    }
    return row | changes


def with_telephone(account: str, at_s: float, **changes: object) -> list[Row]:
    """An account, and a telephone on it twenty minutes later."""
    return [order(account, "add", at_s, **changes), order(account, "device_sale", at_s + 1_200, **changes)]


def ring(day: int) -> list[Row]:
    """Two accounts in one night, on the web, with one card."""
    own = {"channel": "web", "dealer_id": None, "card_fingerprint": f"ring-{day}"}
    return [row for n in range(2) for row in with_telephone(f"ring-{day}-{n}", day * DAY_S + (1 + n) * HOUR_S, **own)]


def customers(day: int) -> list[Row]:
    """A shop sells a line with a telephone by day; somebody orders on the web; somebody at night, only a line."""
    at = day * DAY_S
    return [
        *with_telephone(f"shop-{day}", at + 10 * HOUR_S),
        *with_telephone(f"web-{day}", at + 14 * HOUR_S, channel="web", dealer_id=None),
        order(f"night-{day}", "add", at + 2 * HOUR_S, channel="web", dealer_id=None),
        order(f"old-{day}", "device_sale", at + 3 * HOUR_S, channel="web", dealer_id=None),
    ]


@cache
def rows() -> dict[str, list[Row]]:
    """Every fifth day a ring, of which somebody tells two weeks later."""
    made = [row for day in range(DAYS) for row in (*customers(day), *(ring(day) if day % 5 == 0 else []))]
    told = [
        {
            "event_id": f"v-{day}-{n}",
            "event_time": START_MS + (day + 14) * DAY_S * 1000,
            "verdict": "fraud",
            "subject_kind": "account_id",
            "subject": f"ring-{day}-{n}",
        }
        for day in range(0, DAYS - 14, 5)
        for n in range(2)
    ]
    return {"orders": sorted(made, key=lambda row: (row["event_time"], row["event_id"])), "verdicts": told}


@cache
def kept(size: int = 100, *, told: bool = True) -> InMemoryStore:
    """What a run finds, with verdicts or without."""
    sources = [Rows("orders", "orders", rows()["orders"], size)]
    sources += [Rows("verdicts", "verdicts", rows()["verdicts"], size)] if told else []
    return ran(sources, make_plan(SETTINGS))[0]


def opened() -> list[Alert]:
    """Alerts when they open."""
    return [alert for alert in kept().alerts if alert.revision == 1]


def test_rings_like_those_that_were_never_paid_are_found() -> None:
    """On the night of the order, while the telephone is still in the house; nobody has told of these."""
    alerted = {alert.subject: alert for alert in opened()}
    new = {f"ring-{day}-1" for day in range(100, DAYS, 5)}
    assert new <= set(alerted)
    assert {(alert.subject_kind, alert.detector) for alert in opened()} == {("account_id", "subscription_risk")}
    assert {(alert.amount_micros, alert.currency) for alert in opened()} == {(None, None)}, "nobody knows yet"


def test_no_alert_on_honest_customers() -> None:
    """Who buys a telephone with the line, orders on the web, or at night: each is fine alone."""
    assert [alert.subject for alert in opened() if not alert.subject.startswith("ring-")] == []


def test_no_alert_before_first_bills_were_due() -> None:
    """Whatever was told by then: without genuine orders there is nothing to compare with; without verdicts neither."""
    assert min(alert.event_time for alert in opened()) > START_MS + 45 * DAY_S * 1000
    assert kept(told=False).alerts == []


def test_orders_that_give_nothing_have_no_score() -> None:
    """A swap, the end of a line, an order in a later state."""
    others = [{"action": "sim_swap"}, {"action": "delete"}, {"state": "completed"}]
    made = [order(f"a{n}", "add", 10 * n) | own for n, own in enumerate(others)]
    made.append(order("a9", "port_in", 100))
    found, _ = ran([Rows("orders", "orders", made)], make_plan(SETTINGS))
    assert [score.event_id for score in found.scores] == ["a9-port_in"]


def test_the_cut_into_batches_does_not_matter() -> None:
    """The same scores and alerts."""
    assert kept(7).findings() == kept().findings()
