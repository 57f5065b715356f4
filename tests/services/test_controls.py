"""Controls over what is stored: an operator with every fault, and one with none."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import polars as pl
import pytest

from detectors.assurance import every_control
from detectors.controls import Control
from replay import scenarios
from replay.simulate.population import populate
from replay.simulate.run import START, WRITTEN, operator
from replay.truth import read_truth
from services.assembly import controls_in_force
from services.control_inputs import Inputs
from services.controls import run_controls
from services.controls_pace import Pace
from services.controls_runner import ControlsRunner
from services.run import run_line
from services.simulate import SIMULATED_SOURCES
from store.chdb_store import ChdbStore
from streams.read import open_sources
from tollwatch.config import Settings
from tollwatch.findings import ControlRun, Leakage
from tollwatch.frames import Findings

SETTINGS = Settings(installation_key="0" * 32, sources=SIMULATED_SOURCES, disabled=[])
SEED, SIZE, DAYS = 4711, 1000, 3
ESTIMATES = {kind.name() for kind in every_control() if kind.estimates}


def operated(folder: Path, names: list[str] | None) -> Path:
    """An operator with these scenarios, read to its end without controls."""
    world = populate(SIZE, DAYS, SEED, START)
    operator(world, scenarios.plant(world, names)).write(folder / "streams")
    sources = open_sources({name: [folder / "streams" / f"{name}.ndjson"] for name in WRITTEN})
    quiet = msgspec.structs.replace(SETTINGS, enabled=["wangiri"])
    run_line(sources, folder / "data", quiet, as_of_ms=START + (DAYS + 1) * 86_400_000)
    return folder


@pytest.fixture(scope="module")
def faulty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every fault, every fraud."""
    return operated(tmp_path_factory.mktemp("faulty"), None)


@pytest.fixture
def store(faulty: Path) -> Iterator[ChdbStore]:
    """What was stored of it."""
    opened = ChdbStore(faulty / "data")
    yield opened
    opened.close()


def leakages(store: ChdbStore) -> list[Leakage]:
    """All revisions, in order."""
    rows = store.query("SELECT document FROM leakage FINAL ORDER BY leakage_id, revision")
    return [msgspec.json.decode(each, type=Leakage) for each in rows["document"]] if len(rows) else []


def last(store: ChdbStore) -> list[Leakage]:
    """The last revision of each leakage."""
    return list({each.leakage_id: each for each in leakages(store)}.values())


def test_every_control_finds_its_faults_to_the_micro_and_nothing_else(faulty: Path, store: ChdbStore) -> None:
    """All faults at once, on a seed that nobody looked at; estimates to the record."""
    runs = run_controls(store, SETTINGS)
    assert {run.control for run in runs if run.state == "provisional"} == set()
    found: dict[str, Counter[tuple[str, int]]] = {}
    for each in leakages(store):
        what = each.records if each.control in ESTIMATES else each.amount_micros
        found.setdefault(each.control, Counter())[each.subject, what] += 1
    planted: dict[str, Counter[tuple[str, int]]] = {}
    for truth in read_truth(faulty / "streams" / "truth.ndjson"):
        if truth.kind == "leakage":
            what = truth.count if truth.name in ESTIMATES else truth.amount_micros or 0
            planted.setdefault(truth.name, Counter())[truth.subject, what] += 1
    for kind in every_control():
        name = kind.name()
        assert found[name] == planted[name], name


def test_the_same_cut_twice_gives_nothing_new(store: ChdbStore) -> None:
    """Revisions are a function of what is stored."""
    run_controls(store, SETTINGS)
    before = leakages(store)
    run_controls(store, SETTINGS)
    assert leakages(store) == before
    assert len(before) > 100


def test_a_leakage_names_and_proves_itself(store: ChdbStore) -> None:
    """Its claim counts the rows of a side, its evidence shows them whole."""
    run_controls(store, SETTINGS, ["wrong_price"])
    leak = next(each for each in leakages(store) if each.control == "wrong_price")
    assert (leak.subject_kind, leak.break_kind, leak.currency, leak.state) == (
        "event",
        "another price",
        "EUR",
        "provisional",
    )
    assert (leak.claim.stream, leak.claim.count, leak.records) == ("rated", 1, 1)
    assert leak.claim.hash_sum > 0
    assert leak.account_id
    rows = store.query(
        "SELECT side, row FROM evidence FINAL WHERE finding_id = {id:String} ORDER BY ordinal", {"id": leak.leakage_id}
    )
    proof = {side: msgspec.json.decode(row) for side, row in rows.iter_rows()}
    assert proof.keys() == {"rating", "list"}
    assert proof["rating"]["refers_to"] == proof["list"]["event_id"] == leak.subject


def test_what_arrives_late_withdraws_what_it_puts_right(store: ChdbStore) -> None:
    """The missing rating of one record; nothing else changes, and it is not found again."""
    run_controls(store, SETTINGS, ["usage_not_rated"])
    before = {each.leakage_id: each for each in leakages(store) if each.control == "usage_not_rated"}
    one = min(before.values(), key=lambda each: each.subject)
    like = store.query("SELECT * EXCEPT (stored_at) FROM raw_rated LIMIT 1")
    place = int(store.query("SELECT max(_offset) FROM raw_rated").item())
    late = like.with_columns(event_id=pl.lit("late-1"), refers_to=pl.lit(one.subject), _offset=pl.lit(place))
    late = late.with_columns(charge_micros=pl.lit(one.amount_micros, pl.Int64))
    store.run("DELETE FROM raw_rated WHERE _offset = {at:Int64}", parameters={"at": place})
    store.write_raw("rated", str(late["_partition"][0]), late.drop("_partition"))
    store.flush_raw()
    run_controls(store, SETTINGS, ["usage_not_rated"], is_full=True)
    now = [each for each in leakages(store) if each.control == "usage_not_rated" and each.leakage_id in before]
    changed = [each for each in now if each.revision > 1]
    assert [(each.leakage_id, each.state, each.amount_micros) for each in changed] == [(one.leakage_id, "withdrawn", 0)]


def test_what_is_not_there_is_not_judged(store: ChdbStore) -> None:
    """A control whose inputs are missing says so, and finds nothing."""
    runner = ControlsRunner(store, SETTINGS)
    runner.cut.records["rated"] = 0
    (control,) = controls_in_force(SETTINGS, ["usage_not_rated"])
    made = runner.run(control)
    assert made.leakages == []
    assert [(run.state, run.breaks, run.inputs["rated"]) for run in made.control_runs] == [("provisional", 0, 0)]


def test_absence_counts_only_in_what_is_complete(store: ChdbStore) -> None:
    """One row of the second snapshot of a migration, and one line of the bill run, are still on their way."""
    names = ["migration_loss", "unposted_revenue"]
    run_controls(store, SETTINGS, names)
    assert {each.control for each in leakages(store) if each.state != "withdrawn"} >= set(names)
    kept = {}
    for stream, batch in (("balances", "after%"), ("billed", "run-%")):
        sql = f"SELECT * EXCEPT (stored_at) FROM raw_{stream} WHERE batch_id LIKE '{batch}' ORDER BY _offset LIMIT 1"
        kept[stream] = store.query(sql)
        store.run(
            f"DELETE FROM raw_{stream} WHERE _offset = {{at:Int64}}", parameters={"at": kept[stream]["_offset"][0]}
        )
    run_controls(store, SETTINGS, names, is_full=True)
    assert {each.control for each in last(store) if each.state != "withdrawn"} & set(names) == set()
    for stream, rows in kept.items():
        store.write_raw(stream, str(rows["_partition"][0]), rows.drop("_partition"))
    store.flush_raw()
    run_controls(store, SETTINGS, names, is_full=True)
    assert {each.control for each in last(store) if each.state != "withdrawn"} >= set(names)


def test_a_sound_operator_gives_nothing(tmp_path: Path) -> None:
    """Nor do test accounts, barred and ported customers, credits with a ticket, free offers, late payers."""
    folder = operated(tmp_path, [])
    store = ChdbStore(folder / "data")
    try:
        runs = run_controls(store, SETTINGS)
        assert {run.control: run.breaks for run in runs if run.breaks} == {}
        assert leakages(store) == []
    finally:
        store.close()


def test_runs_over_what_has_changed_say_what_one_over_everything_says(
    store: ChdbStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a third of the log, two thirds, almost all and all of it: the same stands as if it had run once.

    A control that runs once a day while the log grows catches up when it stands still.
    """
    for table in ("leakage", "leakage_last", "control_run"):
        store.run(f"TRUNCATE TABLE {table}")
    whole = ControlsRunner(store, SETTINGS, is_anew=True)
    looked: list[tuple[str, bool]] = []
    really = Inputs.restricted

    def counted(self: Inputs, control: Control, *given: Any) -> Any:
        looked.append((control.name(), True))
        return really(self, control, *given)

    monkeypatch.setattr(Inputs, "restricted", counted)
    pace = Pace(still=2)
    for share in (33, 66, 99, 100, 100, 100, 100):
        ends = {at: end if "reference" in at else end * share // 100 for at, end in whole.cut.ends.items()}
        runner = ControlsRunner(store, SETTINGS, ends=ends)
        runner.is_busy = pace.is_busy("default", runner.cut.ends)
        found = Findings()
        for control in controls_in_force(SETTINGS):
            found.extend(runner.run(control))
        runner.forget()
        store.write(found)
    assert list(found.leakages) == []
    assert [each.control for each in found.control_runs] == []
    stands = {_told(each) for each in last(store) if each.state != "withdrawn"}
    anew = [each for control in controls_in_force(SETTINGS) for each in whole.run(control).leakages]
    runs = store.query(
        "SELECT control, argMax(breaks, (event_time, stored_at)) AS n FROM control_run FINAL GROUP BY control"
    )
    assert stands == {_told(each) for each in anew}
    assert {name for name, _ in looked} >= {"usage_not_rated", "wrong_price", "duplicate_cdr", "mediation_loss"}
    counts = Counter(each.control for each in anew)
    assert dict(runs.iter_rows()) == {name: counts[name] for name in runs["control"]}


def _told(leakage: Leakage) -> tuple[str, str, str, int, int]:
    return leakage.control, leakage.leakage_id, leakage.state, leakage.amount_micros, leakage.records


def test_two_runs_at_once_and_one_that_was_killed_leave_one_finding_each(store: ChdbStore) -> None:
    """Both have read the same; one more ends before its run is noted. In the end each leakage has one revision."""
    for table in ("leakage", "leakage_last", "control_run"):
        store.run(f"TRUNCATE TABLE {table}")
    kinds = [kind for kind in controls_in_force(SETTINGS) if kind.name() in {"wrong_price", "file_gap"}]
    runners = [ControlsRunner(store, SETTINGS) for _ in range(2)]
    every = []
    for runner in runners:
        found = Findings()
        for control in kinds:
            found.extend(runner.run(control))
        runner.forget()
        every.append(found)
    killed = Findings(leakages=list(every[0].leakages))
    for found in (killed, *every):
        store.write(found)
    once = [(each.leakage_id, each.revision) for each in every[0].leakages]
    assert len(once) > 4
    assert sorted((each.leakage_id, each.revision) for each in leakages(store)) == sorted(once)
    assert run_controls(store, SETTINGS, [kind.name() for kind in kinds]) == []


def test_a_run_that_another_has_overtaken_stores_nothing(store: ChdbStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """While one looks, another notes its own run: what the first found is dropped, and the next goes on from there."""
    really, name = ControlsRunner.run, "wrong_price"

    def overtaken(self: ControlsRunner, control: Control) -> Findings:
        found = really(self, control)
        other = ControlsRunner(store, SETTINGS, is_full=True)
        store.write(Findings(control_runs=[_later(each) for each in really(other, control).control_runs]))
        other.forget()
        return found

    monkeypatch.setattr(ControlsRunner, "run", overtaken)
    assert run_controls(store, SETTINGS, [name], is_full=True) == []
    monkeypatch.undo()
    assert [run.control for run in run_controls(store, SETTINGS, [name], is_full=True)] == [name]


def _later(run: ControlRun) -> ControlRun:
    return msgspec.structs.replace(run, event_time=run.event_time + 1)
