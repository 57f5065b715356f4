"""A row at which a stage fails costs that row: it goes aside, and everything else is found as without it."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from detectors.engine import Engine
from services.assembly import make_plan
from streams.embedded import Run, go_surely
from streams.plan import Plan, PlannedStage
from tests.make import usage
from tests.saved import standing
from tests.streams.memory import InMemoryStore, Row, Rows, line
from tests.streams.test_embedded import happened
from tollwatch.config import Settings
from tollwatch.frames import Aligned, Findings
from tollwatch.ports import Stage

IN_FORCE = Settings(disabled=["payment_risk"], partitions=2)


class Failing:
    """An engine with a defect: it fails, half way through, at rows whose id begins with `poison`."""

    def __init__(self, engine: Stage) -> None:
        self.engine = engine

    def advance(self, rows: Aligned) -> Findings:
        """Take the rows, if the defect lets it."""
        found = self.engine.advance(rows)
        if any(table["event_id"].str.starts_with("poison").any() for table in rows.tables.values() if len(table)):
            raise ZeroDivisionError("a defect")
        return found

    def __getattr__(self, name: str) -> object:
        return getattr(self.engine, name)


def failing(plan: Plan, key_space: str) -> Plan:
    """The plan, with a stage that has the defect."""
    planned = plan.stages[key_space]
    make: Callable[[str], Stage] = lambda tenant: Failing(planned.make(tenant))  # type: ignore[assignment,return-value]  # noqa: E731
    return replace(plan, stages={**plan.stages, key_space: PlannedStage(planned.key_space, make)})


def sources(poison: list[Row]) -> list[Rows]:
    """What happened, with some poison in it."""
    rows = happened()
    calls = sorted(rows["usage"] + poison, key=lambda row: (row["event_time"], row["event_id"]))
    return [Rows("usage", "calls", calls), Rows("payments", "paid", rows["payments"])]


def poison() -> list[Row]:
    """Calls in the middle of a campaign of Wangiri."""
    drop = {"calling_number": "447199999999", "ring_s": 1, "duration_s": 0, "account_id": "a8"}
    return [usage(f"poison-{n}", after_s=3610 + n / 10, called_number=f"44739{n:07}", **drop) for n in (1, 2, 30)]


def ran(plan: Plan, poison: list[Row], **saving: object) -> tuple[InMemoryStore, Run]:
    """A run that begins again from its last saved state where it has to."""
    kept, states, runs = InMemoryStore(), [], []  # type: ignore[var-annotated]

    def begin() -> Run:
        run = line(
            sources(poison),
            plan,
            kept,
            partitions=2,
            on_save=lambda run: states.append(standing({}, run.save())),
            **saving,
        )
        if states:
            run.load(states[-1])
        runs.append(run)
        return run

    go_surely(begin)
    return kept, runs[-1]


@pytest.mark.parametrize("save_every", [1_000_000, 60])
def test_the_culprits_go_aside_and_the_rest_is_found(save_every: int) -> None:
    """From the beginning or from a saved state: the same findings as if the poison had never come to this stage."""
    plan = make_plan(IN_FORCE)
    without, _ = ran(plan, [])
    kept, run = ran(failing(plan, "calling_number"), poison(), save_every=save_every)
    mine = [each for each in kept.findings() if b'"detector":"wangiri"' in each]
    assert mine
    assert mine == [each for each in without.findings() if b'"detector":"wangiri"' in each]
    aside = {(each.partition, each.position): each for each in kept.quarantined}
    assert len(aside) == 3
    assert all("ZeroDivisionError: a defect" in each.reason for each in aside.values())
    assert all(b"poison" in each.raw for each in aside.values())
    assert run.summary.quarantined == 0, "they were read, and other stages have them"


def test_a_defect_that_no_row_is_to_blame_for_is_raised() -> None:
    """It would fail for ever: the run ends with what the stage said."""
    plan = make_plan(IN_FORCE)
    planned = plan.stages["calling_number"]

    class Broken(Engine):
        def advance(self, rows: Aligned) -> Findings:
            raise ZeroDivisionError("always")

    make: Callable[[str], Stage] = lambda _: Broken(planned.key_space, [])  # noqa: E731
    broken = replace(plan, stages={**plan.stages, "calling_number": PlannedStage(planned.key_space, make)})
    with pytest.raises(ZeroDivisionError, match="always"):
        ran(broken, [])
