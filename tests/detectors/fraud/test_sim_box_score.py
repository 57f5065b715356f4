"""SIM box score in the line: verdicts on SIMs teach which days of calls are a bypass, and others are left alone."""

from functools import cache

import numpy as np

from services.assembly import make_plan
from tests.make import START_MS, usage
from tests.streams.memory import InMemoryStore, Row, Rows, ran
from tollwatch.config import Settings
from tollwatch.findings import Alert

DAY_S = 86_400
DAYS = 9
SETTINGS = Settings(enabled=["sim_box_score"])


def call(sim: str, name: str, at_s: float, called: int, **changes: object) -> Row:
    """A call that a SIM makes."""
    own = {"imsi": sim, "subscriber_id": f"s-{sim}", "called_number": f"44730{called:07}"}
    return usage(f"{sim}-{name}", after_s=at_s, **(own | changes))


def rack(day: int, rng: np.random.Generator) -> list[Row]:
    """Three SIMs of one day that call strangers from four cells, and hardly surf: new ones every day."""
    return [
        call(
            f"rack-{day}-{n}",
            f"{k}",
            day * DAY_S + 30_000 + n * 100 + k * 700,
            int(rng.integers(0, 10**7)),
            cell_id=f"c{k % 4}",
            duration_s=int(rng.integers(30, 260)),
        )
        for n in range(3)
        for k in range(60)
    ]


def couriers(day: int, rng: np.random.Generator) -> list[Row]:
    """Twenty who call as many strangers, from wherever they are, and look at the map between."""
    made = []
    for n in range(20):
        for k in range(60):
            at = day * DAY_S + 28_000 + n * 50 + k * 600
            own = {"cell_id": f"c{int(rng.integers(0, 40))}", "duration_s": int(rng.integers(10, 90))}
            made.append(call(f"courier-{n}", f"{day}-{k}", at, int(rng.integers(0, 10**7)), **own))
            if k % 2:
                made.append(call(f"courier-{n}", f"{day}-{k}-map", at + 20, 0, service="data", called_number=None))
    return made


def families(day: int, rng: np.random.Generator) -> list[Row]:
    """Ten who telephone all day from home, with a dozen relatives."""
    return [
        call(
            f"family-{n}",
            f"{day}-{k}",
            day * DAY_S + 30_000 + n * 70 + k * 650,
            100 * n + int(rng.integers(0, 12)),
            cell_id="c1",
            duration_s=int(rng.integers(60, 900)),
        )
        for n in range(10)
        for k in range(50)
    ]


@cache
def rows() -> dict[str, list[Row]]:
    """Nine days; on the first seven a test call shows the racks' SIMs of the day before."""
    rng = np.random.default_rng(3)
    made = [row for day in range(DAYS) for part in (rack, couriers, families) for row in part(day, rng)]
    told = [
        {
            "event_id": f"v-{day}-{n}",
            "event_time": START_MS + (day + 1) * DAY_S * 1000 + 80_000_000,
            "verdict": "fraud",
            "subject_kind": "imsi",
            "subject": f"rack-{day}-{n}",
        }
        for day in range(7)
        for n in range(3)
    ]
    return {"usage": sorted(made, key=lambda row: (row["event_time"], row["event_id"])), "verdicts": told}


@cache
def kept(size: int = 500, *, told: bool = True) -> InMemoryStore:
    """What a run finds, with verdicts or without."""
    sources = [Rows("usage", "usage", rows()["usage"], size)]
    sources += [Rows("verdicts", "verdicts", rows()["verdicts"], size)] if told else []
    return ran(sources, make_plan(SETTINGS))[0]


def opened() -> list[Alert]:
    """Alerts when they open."""
    return [alert for alert in kept().alerts if alert.revision == 1]


def test_sims_like_those_that_were_found_are_found() -> None:
    """Those of the last days, before anybody tells of them."""
    alerted = {alert.subject for alert in opened()}
    assert {f"rack-{day}-{n}" for day in range(6, DAYS) for n in range(3)} <= alerted
    assert {(alert.subject_kind, alert.detector) for alert in opened()} == {("imsi", "sim_box_score")}


def test_no_alert_on_who_calls_as_much() -> None:
    """Couriers move and surf, families call the same dozen: nobody said so, they were not found in two days."""
    assert [alert.subject for alert in opened() if not alert.subject.startswith("rack-")] == []


def test_without_verdicts_there_is_never_an_alert() -> None:
    """It knows no fraud by itself."""
    assert kept(told=False).alerts == []
    assert {score.score for score in kept(told=False).scores} == {0.0}


def test_a_sim_is_looked_at_at_every_fifth_call() -> None:
    """From twenty within a day on; who calls less has no score."""
    times = [score.event_id for score in kept().scores if score.subject == "rack-0-0"]
    assert times == [f"rack-0-0-{k}" for k in range(19, 60, 5)]
    few = [call("1", f"{n}", 100 * n, n) for n in range(19)]
    assert ran([Rows("usage", "usage", few)], make_plan(SETTINGS))[0].scores == []


def test_a_verdict_on_another_kind_of_subject_teaches_nothing() -> None:
    """An account that happens to be called as a SIM is."""
    other = [row | {"subject_kind": "account_id"} for row in rows()["verdicts"]]
    sources = [Rows("usage", "usage", rows()["usage"], 500), Rows("verdicts", "verdicts", other)]
    assert ran(sources, make_plan(SETTINGS))[0].alerts == []


def test_the_cut_into_batches_does_not_matter() -> None:
    """The same scores and alerts."""
    assert kept(61).findings() == kept().findings()
