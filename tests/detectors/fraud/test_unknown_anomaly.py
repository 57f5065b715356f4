"""Unknown anomaly in the line: a SIM that does what nobody does is found without a label, busy customers are not."""

from functools import cache

import numpy as np

from services.assembly import make_plan
from tests.make import START_MS, usage
from tests.streams.memory import InMemoryStore, Row, Rows, ran
from tollwatch.config import Settings
from tollwatch.findings import Alert

DAY_S = 86_400
HOUR_S = 3_600
SETTINGS = Settings(enabled=["unknown_anomaly"])
PEOPLE = 120
DAYS = 4


def event(sim: str, name: str, at_s: float, **changes: object) -> Row:
    """What a SIM does somewhere."""
    own = {"imsi": sim, "subscriber_id": f"s-{sim}", "charge_micros": 100_000, "cell_id": f"cell-{sim}"}
    return usage(f"{sim}-{name}", after_s=at_s, **(own | changes))


def customers(day: int, rng: np.random.Generator) -> list[Row]:
    """People who call a few friends in the hours of a day."""
    return [
        event(
            f"{n}",
            f"{day}-{hour}-{k}",
            day * DAY_S + hour * HOUR_S + float(rng.integers(0, HOUR_S)),
            called_number=f"44730{n}{int(rng.integers(0, 4))}",
            duration_s=int(rng.integers(0, 300)),
            cell_id=f"cell-{n}-{int(rng.integers(0, 3))}",
        )
        for n in range(PEOPLE)
        for hour in (8, 12, 18)
        for k in range(int(rng.integers(4, 10)))
    ]


def courier(day: int, rng: np.random.Generator) -> list[Row]:
    """Sixty short calls an hour, to everybody on the way, and that every day: five of them work for one firm."""
    return [
        event(
            f"courier-{who}",
            f"{day}-{hour}-{k}",
            day * DAY_S + hour * HOUR_S + 60 * k + float(rng.integers(0, 50)),
            called_number=f"4474{who}{int(rng.integers(0, 100_000))}",
            duration_s=int(rng.integers(5, 60)),
            cell_id=f"cell-{int(rng.integers(0, 10))}",
        )
        for who in range(8)
        for hour in (9, 10, 11, 14)
        for k in range(60)
    ]


def racing(day: int) -> list[Row]:
    """A quiet SIM that sends a film from each of 150 cells within an hour."""
    return [
        event(
            "0",
            f"race-{k}",
            day * DAY_S + 14 * HOUR_S + 20 * k,
            service="data",
            called_number=None,
            duration_s=5,
            uplink_bytes=300_000_000,
            cell_id=f"far-{k}",
        )
        for k in range(150)
    ]


def rows() -> list[Row]:
    """Four days; the SIM races on the last."""
    rng = np.random.default_rng(5)
    made = [row for day in range(DAYS) for row in (*customers(day, rng), *courier(day, rng))]
    return sorted([*made, *racing(DAYS - 1)], key=lambda row: (row["event_time"], row["event_id"]))


@cache
def kept(size: int = 500) -> InMemoryStore:
    """What a run over batches of some size finds."""
    return ran([Rows("usage", "usage", rows(), size)], make_plan(SETTINGS))[0]


def opened() -> list[Alert]:
    """Alerts when they open."""
    return [alert for alert in kept().alerts if alert.revision == 1]


def test_a_sim_that_does_what_nobody_does_is_found_without_any_verdict() -> None:
    """Within the hour; critical, as it is less like the others than anything of the days before."""
    (found,) = [alert for alert in opened() if alert.subject == "0"]
    assert (found.subject_kind, found.detector, found.severity) == ("imsi", "unknown_anomaly", "critical")
    began = START_MS + ((DAYS - 1) * DAY_S + 14 * HOUR_S) * 1000
    assert began < found.event_time < began + HOUR_S * 1000
    assert max(scores()["0"]) > 0.9
    assert (found.amount_micros, found.currency) == (100_000, "EUR"), "what its event was charged"


def test_no_alert_on_who_is_busy_every_day() -> None:
    """Couriers are like each other, and like themselves yesterday; so are people with a few calls."""
    learnt = START_MS + 2 * DAY_S * 1000
    assert [alert.subject for alert in opened() if alert.event_time > learnt and alert.subject != "0"] == []


def scores() -> dict[str, list[float]]:
    """The scores of each SIM, in order."""
    found: dict[str, list[float]] = {}
    for score in kept().scores:
        found.setdefault(score.subject, []).append(score.score)
    return found


def test_an_hour_is_scored_when_its_events_double() -> None:
    """A courier's hour of sixty events at 4, 8, 16 and 32; not at each event."""
    assert len(scores()["courier-1"]) == DAYS * 4 * 4


def test_an_event_that_is_long_or_large_is_scored_alone() -> None:
    """A call of three hours waits for no other; one of a minute does."""
    made = [event("1", "long", 10, duration_s=10_800), event("2", "short", 20)]
    made += [event("3", "large", 30, service="data", downlink_bytes=3_000_000_000)]
    found, _ = ran([Rows("usage", "usage", made)], make_plan(SETTINGS))
    assert sorted(score.event_id for score in found.scores) == ["1-long", "3-large"]


def test_who_is_called_has_no_hour() -> None:
    """Neither has a line without a SIM; parts of a session that goes on count once it has ended."""
    others = [{"record_type": "terminating"}, {"imsi": None}, {"phase": "interim"}]
    made = [event("1", f"{n}-{k}", 10 * k + n, **own) for k in range(20) for n, own in enumerate(others)]
    found, _ = ran([Rows("usage", "usage", made)], make_plan(SETTINGS))
    assert found.scores == []


def test_the_cut_into_batches_does_not_matter() -> None:
    """The same scores and alerts: what is usual is learnt in the order of events."""
    assert kept(37).findings() == kept().findings()
