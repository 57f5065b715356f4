"""`make bench`: the common work, each part in a process of its own, against a plain-Python baseline in the same run.

Figures are ratios of CPU seconds; single absolute times say little, machines differ from hour to hour.
"""

import argparse
import gc
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import msgspec

from detectors import every_model
from detectors.engine import Engine
from detectors.plan import KeySpaceRules, rules_by_key_space
from detectors.rules_file import load_rules
from replay.simulate.run import START, WRITTEN
from services.bench_companions import billed, mediated, rated
from services.bench_decoding import decode_samples
from services.replay import replay_run
from services.run import RunOutcome, run_line
from services.simulate import SIMULATED_SOURCES, write_operator
from store import ChdbStore
from streams.align import Aligner
from streams.detect import AlignedStage
from streams.embedded import Run
from streams.frame import Framer
from streams.plan import Plan, PlannedStage
from streams.read import open_source, open_sources
from streams.shard import route, with_hashes
from tollwatch.config import Settings
from tollwatch.frames import Frame, ReadBatch
from tollwatch.identity import Hasher
from tollwatch.ports import Store

ROOT = Path(__file__).parent.parent
CHECK = {"many-events": 1924, "much-charge": 316, "many-called": 2159, "overlapping-calls": 5398}
HASHER = Hasher()
AS_OF_MS = 1_800_000_000_000
DAY_MS = 86_400_000
TARGETS = {"frames": 3.0, "file": 0.7, "everything": 0.13, "mediation": 1.0, "rating": 1.0}
MOST_MB = {"everything": 2048}
MOST_SNAPSHOTS = 0.1
WEEK_PER_S = 60_000
MOST_SCORED = 0.2
"""The share of the week's CPU that scored detectors may take."""
PARTS = (
    "frames",
    "file",
    "stored",
    "everything",
    "week",
    "unscored",
    "replay",
    "decode",
    "mediation",
    "rating",
    "billing",
)
UNCHECKED = PARTS[4:]
"""Parts that do other work than the four rules."""
MOST_GROWN_MB = 200
"""How much more memory a bill run may take over ten times as many customers."""
WEEK_SETTINGS = Settings(installation_key="0" * 32, sources=SIMULATED_SOURCES)
VERSIONS = ("polars", "pyarrow", "numba", "numpy", "chdb", "msgspec")


def _work() -> Path:
    """Where the common work lies: beside the checkout, or where `TOLLWATCH_SHARED` says."""
    return Path(os.environ.get("TOLLWATCH_SHARED") or ROOT.parent / "shared") / "bench"


def _part() -> KeySpaceRules:
    (part,) = rules_by_key_space(load_rules(_work() / "four_rules.yaml"), []).values()
    return part


def _engine(part: KeySpaceRules) -> Engine:
    return Engine(part.key_space, part.rules, part.models)


def _plan() -> Plan:
    part = _part()
    return Plan({"calling_number": PlannedStage(part.key_space, lambda _: _engine(part))})


def frames(usage: Path, scratch: Path) -> dict[str, Any]:
    """Frames in memory to alerts: alignment, duplicates, detection, evidence."""
    del scratch
    source, framer, settings = open_source(usage, "usage"), None, Settings()
    framer = Framer(source.partition, settings, AS_OF_MS)
    part, made = _part(), []
    for n, batch in enumerate(source.batches()):
        made.append(_framed(part, framer, batch, n, closed=False))
    end = ReadBatch("usage", source.partition, batch.rows.clear(), framer.end, framer.end, last=True)
    made.append(_framed(part, framer, end, len(made), closed=True))
    _warm(part, made[:4])
    line, opened, shown = (
        AlignedStage(part.key_space, Aligner([source.partition]), lambda: _engine(part)),
        Counter[str](),
        0,
    )
    began = time.process_time()
    for frame in [*made, None]:
        found = line.stage.flush() if frame is None else line.advance(frame)[0]
        for alerts in found.alert_rows:
            opened.update(alerts.opened())
        shown += sum(len(rows.about) for rows in found.evidence_places)
    cpu_s = time.process_time() - began
    engine = line.stage
    assert isinstance(engine, Engine)
    state = engine.memory() | {"dedupe": line.aligner.dedupe.bytes_used()}
    return {"cpu_s": cpu_s, "alerts": opened, "evidence": shown, "state": state}


def _framed(part: KeySpaceRules, framer: Framer, batch: ReadBatch, sequence: int, *, closed: bool) -> Frame:
    rows = framer.stamp(batch).rows
    table = route("usage", with_hashes("usage", rows, HASHER), part.key_space, HASHER)
    span = framer.span(batch.begin, closed=closed)
    return Frame(part.key_space.name, 0, sequence, (span,), {} if table is None else {"usage": table.rechunk()})


def _warm(part: KeySpaceRules, made: list[Frame]) -> None:
    """Compile before the clock starts."""
    line = AlignedStage(part.key_space, Aligner([made[0].spans[0].partition]), lambda: _engine(part))
    for frame in made:
        line.advance(frame)
    gc.collect()
    gc.freeze()  # as the line does, once it stands


def file(usage: Path, scratch: Path, store: Store | None = None) -> dict[str, Any]:
    """An NDJSON file to alerts: reading, framing, every event's mark, detection; storing where a store is given."""
    beginning = scratch / "warm.ndjson"
    with usage.open("rb") as whole:
        beginning.write_bytes(b"".join(whole.readlines(4 << 20)))
    Run([open_source(beginning, "usage")], _plan(), Settings(), as_of_ms=AS_OF_MS).go()
    began = time.process_time()
    summary = Run([open_source(usage, "usage")], _plan(), Settings(), as_of_ms=AS_OF_MS, store=store).go()
    return {"cpu_s": time.process_time() - began, "alerts": summary.by_detector, "events": summary.events}


def stored(usage: Path, scratch: Path) -> dict[str, Any]:
    """The same with everything stored in chDB: raw events, alerts, evidence, marks."""
    store = ChdbStore(scratch / "data")
    store.apply_tables()
    result = file(usage, scratch, store)
    began = time.process_time()
    store.close()
    return result | {"cpu_s": result["cpu_s"] + time.process_time() - began}


def everything(usage: Path, scratch: Path) -> dict[str, Any]:
    """The common work with the built-in detectors, as `tollwatch run` does it: start, snapshots, everything stored."""
    settings = Settings(installation_key="0" * 32)
    source, rules = open_source(usage, "usage"), [_work() / "four_rules.yaml"]
    outcome = run_line([source], scratch / "data", settings, as_of_ms=AS_OF_MS, rules=rules)
    return _ran(outcome, scratch / "data")


def week(usage: Path, scratch: Path) -> dict[str, Any]:
    """The simulated week of 20,000 subscribers, everything on: how many events a second, on the clock."""
    del usage
    return _simulated_week(scratch, WEEK_SETTINGS)


def unscored(usage: Path, scratch: Path) -> dict[str, Any]:
    """The same week without the detectors that a model scores for."""
    del usage
    models = [kind.name() for kind in every_model()]
    return _simulated_week(scratch, msgspec.structs.replace(WEEK_SETTINGS, disabled=models))


def replay(usage: Path, scratch: Path) -> dict[str, Any]:
    """The same week again from what was stored, everything on; the first run is not counted."""
    week(usage, scratch)
    began = time.process_time()
    done = replay_run(scratch / "again", WEEK_SETTINGS, data=scratch / "data")
    return {"cpu_s": time.process_time() - began, "events": done.events, "seconds": done.seconds, "alerts": {}}


def _simulated_week(scratch: Path, settings: Settings) -> dict[str, Any]:
    write_operator(scratch / "streams", (20_000, 7), 1)
    began = time.process_time()
    sources = open_sources({name: [scratch / "streams" / f"{name}.ndjson"] for name in WRITTEN})
    outcome = run_line(sources, scratch / "data", settings, as_of_ms=START + 8 * DAY_MS)
    return _ran(outcome, scratch / "data") | {"cpu_s": time.process_time() - began}


def decode(usage: Path, scratch: Path) -> dict[str, Any]:
    """Binary records to columns, by the libraries that decode them."""
    del usage, scratch
    return decode_samples()


def mediation(usage: Path, scratch: Path) -> dict[str, Any]:
    """Usage through mediation."""
    del scratch
    return mediated(usage)


def rating(usage: Path, scratch: Path) -> dict[str, Any]:
    """Usage through rating, by ten thousand prefixes."""
    del scratch
    return rated(usage)


def billing(usage: Path, scratch: Path) -> dict[str, Any]:
    """A bill run over a hundred thousand customers."""
    del usage
    return billed(scratch)


def _ran(outcome: RunOutcome, data: Path) -> dict[str, Any]:
    snapshot = sum(path.stat().st_size for path in (data / "state").glob("*.segment"))
    return {
        "cpu_s": time.process_time(),
        "alerts": outcome.summary.by_detector,
        "events": outcome.summary.events,
        "seconds": outcome.seconds,
        "snapshots_cpu_s": outcome.snapshots_cpu_s,
        "snapshot_bytes": snapshot,
    }


def _measure(part: str, usage: Path) -> dict[str, Any]:
    """One part in a process of its own; its peak memory is the process's."""
    command = [sys.executable, "-m", "services.bench", "--part", part, "--usage", str(usage)]
    done = subprocess.run(command, capture_output=True, check=True, text=True, cwd=ROOT)
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def _baseline(usage: Path) -> float:
    """CPU seconds of the plain-Python way, decoding included, as it measures itself."""
    done = subprocess.run(
        [sys.executable, str(_work() / "per_event.py"), str(usage)], capture_output=True, check=True, text=True
    )
    print(done.stdout.strip())
    measured = json.loads(done.stdout.splitlines()[-1])
    return float(measured["events"] / measured["events_per_cpu_s"])


def _report(part: str, result: dict[str, Any], events: int, baseline_s: float) -> list[str]:
    """Print what a part took; gives what it missed."""
    events = result.get("events", events)
    ratio = baseline_s / result["cpu_s"]
    right = part in UNCHECKED or {name: result["alerts"].get(name, 0) for name in CHECK} == CHECK
    print(
        f"{part:10} {events / result['cpu_s']:>10,.0f} events/s/core  {result['cpu_s'] * 1e6 / events:6.2f} µs/event  "
        f"{ratio:6.2f} x baseline  peak {result['peak_mb']:,} MB  alerts {'exact' if right else result['alerts']}"
    )
    missed = [] if right else [f"{part}: other alerts"]
    if ratio < TARGETS.get(part, 0):
        missed.append(f"{part} {ratio:.2f} < {TARGETS[part]}")
    if result["peak_mb"] > MOST_MB.get(part, 1 << 30):
        missed.append(f"{part} {result['peak_mb']} MB > {MOST_MB[part]} MB")
    if "seconds" in result:
        share = result.get("snapshots_cpu_s", 0.0) / result["cpu_s"]
        per_s = events / result["seconds"]
        size = result.get("snapshot_bytes", 0) / 1e6
        print(f"           {per_s:,.0f} events/s; snapshots {share:.1%}, {size:.0f} MB")
        missed += [f"{part}: snapshots take {share:.0%}"] if share > MOST_SNAPSHOTS else []
        missed += [f"{part} {per_s:,.0f}/s < {WEEK_PER_S:,}/s"] if part == "week" and per_s < WEEK_PER_S else []
    if "grown_mb" in result:
        print(
            f"           {result['lines']:,} lines in {result['bill_s']:,} s; {result['grown_mb']} MB more than a tenth"
        )
        missed += [f"{part}: {result['grown_mb']} MB more"] if result["grown_mb"] > MOST_GROWN_MB else []
    if "us" in result:
        print("           µs a record: " + ", ".join(f"{form} {us:g}" for form, us in result["us"].items()))
    if (state := result.get("state")) is not None:
        keys = state.pop("keys")
        per_key = ", ".join(f"{name} {size / keys:,.0f}" for name, size in state.items())
        print(f"           {keys:,} keys; bytes per key: {per_key}; evidence rows {result['evidence']:,}")
    return missed


def main() -> int:
    """Measure all parts; the exit code is 1 where a target or the check value is missed."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--part", choices=PARTS)
    parser.add_argument("--only", nargs="*", choices=PARTS)
    parser.add_argument("--usage", type=Path)
    parser.add_argument("--events", type=int, default=1_000_000)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=ROOT / "build" if (ROOT / "build").exists() else None) as scratch:
        if given.part:
            result = globals()[given.part](given.usage, Path(scratch))
            print(json.dumps(result | {"peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024}))
            return 0
        usage = given.usage or Path(scratch) / "usage.ndjson"
        if given.usage is None:
            subprocess.run([sys.executable, str(_work() / "usage_1m.py"), str(usage), str(given.events)], check=True)
        return _all(usage, given.only or PARTS)


def _scored(measured: dict[str, dict[str, Any]]) -> list[str]:
    """What scored detectors take of the week's CPU, where both weeks were measured; gives what they missed."""
    if not {"week", "unscored"} <= measured.keys():
        return []
    share = 1.0 - measured["unscored"]["cpu_s"] / measured["week"]["cpu_s"]
    print(f"scored detectors take {share:.0%} of the week's CPU")
    return [f"scored detectors take {share:.0%} > {MOST_SCORED:.0%}"] if share > MOST_SCORED else []


def _all(usage: Path, parts: Sequence[str]) -> int:
    with usage.open("rb") as lines:
        events = sum(1 for _ in lines)
    versions = ", ".join(f"{name} {version(name)}" for name in VERSIONS)
    print(
        f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, "
        f"Python {platform.python_version()}, {versions}"
    )
    baseline_s = _baseline(usage)
    print(f"{'baseline':8} {events / baseline_s:>12,.0f} events/s/core  {baseline_s * 1e6 / events:6.2f} µs/event  1")
    measured, missed = dict[str, dict[str, Any]](), list[str]()
    for part in parts:
        measured[part] = _measure(part, usage)
        missed += _report(part, measured[part], events, baseline_s)
    missed += _scored(measured)
    print("targets met" if not missed else f"missed: {'; '.join(missed)}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
