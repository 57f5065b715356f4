"""Payment risk in the line: it learns which payments turn out to be fraud, and leaves the others alone."""

from datetime import timedelta
from functools import cache

import numpy as np

from services.assembly import make_plan
from tests.make import START_MS, payment
from tests.streams.memory import InMemoryStore, Row, Rows, ran
from tollwatch.config import Settings
from tollwatch.findings import Alert

DAY_S = 86_400
SETTINGS = Settings(
    enabled=["payment_risk"],
    label_horizon_days=2,
    detectors={"payment_risk": {"per_day": 3, "critical_per_day": 1, "verdict_delay": "PT24H"}},
)


def pays(name: str, card: str, at_s: float, terminal: int, units: int) -> Row:
    """A payment of some units."""
    return payment(
        name,
        after_s=at_s,
        card_fingerprint=card,
        account_id=card,
        terminal_id=f"t{terminal}",
        amount_micros=units * 1_000_000,
    )


def customers(day: int, rng: np.random.Generator) -> list[Row]:
    """Sixty who pay small sums, one who buys often, one who buys dear."""
    base = day * DAY_S
    made = [
        pays(f"{day}-{n}", f"card-{n}", base + float(rng.integers(20_000, 80_000)), n % 15, int(rng.integers(5, 40)))
        for n in range(60)
    ]
    made += [pays(f"{day}-often{n}", "card-often", base + 30_000 + n * 7000, 1, 8) for n in range(6)]
    return [*made, pays(f"{day}-dear", "card-dear", base + 40_000, 2, 250)]


def theft(day: int) -> list[Row]:
    """A stolen card, used six times within hours at one of two terminals."""
    terminal, base = 20 + day % 4 // 2, day * DAY_S + 30_000
    return [pays(f"{day}-stolen{n}", f"stolen-{day}", base + n * 900, terminal, 250) for n in range(6)]


def rows(days: int = 30) -> dict[str, list[Row]]:
    """Customers, and every other day a stolen card, used six times within hours; it is told the day after."""
    rng = np.random.default_rng(11)
    paid, told = [], []
    for day in range(days):
        paid += customers(day, rng)
        if day % 2:
            stolen = theft(day)
            paid += stolen
            told += [
                {
                    "event_id": f"v-{row['event_id']}",
                    "event_time": row["event_time"] + DAY_S * 1000,
                    "verdict": "fraud",
                    "refers_to": row["event_id"],
                }
                for row in stolen
            ]
    for part in (paid, told):
        part.sort(key=lambda row: (row["event_time"], row["event_id"]))
    return {"payments": paid, "verdicts": told}


@cache
def kept(told: bool = True) -> InMemoryStore:
    """What a run finds, with verdicts or without."""
    made = rows()
    sources = [Rows("payments", "payments", made["payments"], 100)]
    sources += [Rows("verdicts", "verdicts", made["verdicts"], 100)] if told else []
    return ran(sources, make_plan(SETTINGS), label_horizon_days=2)[0]


def opened(told: bool = True) -> list[Alert]:
    """Alerts when they open."""
    return [alert for alert in kept(told).alerts if alert.revision == 1]


def test_stolen_cards_are_found_once_some_were_learnt() -> None:
    """Each card stolen in the last ten days raises an alert on the day it is used."""
    alerted = {alert.subject for alert in opened()}
    assert {f"stolen-{day}" for day in range(21, 30, 2)} <= alerted


def test_no_alert_on_who_pays_dear_or_often() -> None:
    """Dear without haste, and often without dear, are customers, as two weeks of labels teach; so are the sixty."""
    learnt = START_MS + 14 * DAY_S * 1000
    alerted = [alert.subject for alert in opened() if alert.event_time > learnt]
    assert [subject for subject in alerted if not subject.startswith("stolen-")] == []


def test_no_alert_before_anything_was_learnt() -> None:
    """The first verdict comes a day after the first fraud; without verdicts there is never an alert."""
    first = min(row["event_time"] for row in rows()["verdicts"])
    assert all(alert.event_time > first for alert in opened())
    assert opened(told=False) == []


def test_the_budget_is_kept() -> None:
    """No day opens more than it was given."""
    days = [alert.event_time // timedelta(days=1).total_seconds() // 1000 for alert in opened()]
    assert max(map(days.count, days)) <= 4


def test_every_payment_that_went_through_has_a_score() -> None:
    """Declined ones, refunds and the ledger's copies have none."""
    made = rows(3)["payments"]
    other = [
        row | {"event_id": f"{row['event_id']}-{n}", **changes}
        for n, changes in enumerate([{"state": "declined"}, {"kind": "refund"}, {"hop": "ledger"}])
        for row in made[:20]
    ]
    every = sorted([*made, *other], key=lambda row: (row["event_time"], row["event_id"]))
    found, _ = ran([Rows("payments", "payments", every)], make_plan(SETTINGS))
    assert sorted(score.event_id for score in found.scores) == sorted(row["event_id"] for row in made)
