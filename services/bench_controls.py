"""`make bench`, controls: usage against what was rated of it, one changed day of thirty, and usage priced again.

Figures are CPU seconds of one process and its peak memory, beside a bare join of the same tables in the same run. Each
size is measured in a process of its own; sizes are millions of records on each side.
"""

import argparse
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import polars as pl

from detectors.assurance.usage_not_rated import UsageNotRated
from detectors.controls.compile import filled
from detectors.controls.rerating import rerated
from services.controls_runner import ControlsRunner
from store import ChdbStore
from tollwatch.config import Settings
from tollwatch.findings import FrameMark
from tollwatch.frames import Findings

START, DAY_MS, DAYS = 1_772_323_200_000, 86_400_000, 30
SUBSCRIBERS, PREFIXES, LOST_OF = 20_000, 10_000, 100_000
MOST_OF_JOIN, MOST_OF_FULL, MOST_MB, LEAST_PER_S = 2.0, 0.15, 2048, 2_000_000
USAGE = """
INSERT INTO raw_usage (tenant, source, _partition, _offset, event_id, event_time, service, record_type, subscriber_id,
    called_number, duration_s)
SELECT 'main', 'msc', 'usage', number, concat('u', toString(number)), {start} + intDiv(number * {step}, 1000), 'voice',
    'originating', concat('s', toString(number % {subscribers})),
    toString(10000000000 + sipHash64(number) % 89999999999), 1 + number % 600
FROM numbers({size})"""
RATED = """
INSERT INTO raw_rated (tenant, source, _partition, _offset, event_id, event_time, refers_to, charging, charge_micros,
    currency)
SELECT 'main', 'rating', 'rated', number, concat('r', toString(number)),
    {start} + 60000 + intDiv(number * {step}, 1000), concat('u', toString(number)), 'offline', 1, 'EUR'
FROM numbers({size}) WHERE number % {lost} != 7"""
JOIN = "SELECT count() AS n FROM raw_usage AS u INNER JOIN raw_rated AS r ON u.event_id = r.refers_to"


def _cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _taken(what: Any) -> tuple[float, Any]:
    began = _cpu_s()
    made = what()
    return round(_cpu_s() - began, 2), made


def fill(folder: Path, size: int) -> None:
    """Store so many records, merged as they are after a while."""
    store = ChdbStore(folder)
    store.apply_tables()
    facts = {"start": START, "step": DAYS * DAY_MS * 1_000 // size, "subscribers": SUBSCRIBERS, "size": size}
    store.run(USAGE.format(**facts))
    store.run(RATED.format(**facts, lost=LOST_OF))
    chance = random.Random(1)  # noqa: S311  (prefixes to look up)
    heads = sorted({"", *(str(chance.randrange(10 ** chance.randint(1, 6))) for _ in range(PREFIXES + 1_000))})
    rows: list[dict[str, Any]] = [
        {
            "entity": "tariff",
            "id": f"row-{head}",
            "tariff_id": "t",
            "service": "voice",
            "prefix": head,
            "rate_micros": 9,
        }
        for head in heads[:PREFIXES]
    ]
    rows.append({"entity": "offering", "id": "b", "tariff_id": "t", "currency": "EUR"})
    people = ({"entity": "subscriber", "id": f"s{n}", "product_offering_id": "b"} for n in range(SUBSCRIBERS))
    table = pl.DataFrame([*rows, *people], infer_schema_length=None).with_columns(
        event_id=pl.format("ref-{}", "id"),
        event_time=pl.lit(START, pl.Int64),
        tenant=pl.lit("main"),
        source=pl.lit("crm"),
        _offset=pl.int_range(pl.len(), dtype=pl.Int64),
    )
    store.write_raw("reference", "reference", table)
    store.flush_raw()
    ends = {"usage": size, "rated": size, "reference": len(table)}
    marks = [
        FrameMark(key_space="event", frame_partition=0, sequence=0, partition=place, begin=0, end=end, watermark=0)
        for place, end in ends.items()
    ]
    store.write(Findings(frame_marks=marks))
    for stream in ends:
        store.run(f"OPTIMIZE TABLE raw_{stream} FINAL")
    store.close()


def _run(store: ChdbStore, ends: dict[str, int] | None = None) -> Findings:
    runner = ControlsRunner(store, Settings(installation_key="0" * 32), ends=ends)
    found = runner.run(UsageNotRated())
    runner.forget()
    store.write(found)
    return found


def measure(folder: Path, size: int) -> dict[str, Any]:
    """CPU seconds of the control over everything, over one day more of thirty, of pricing, and of the bare join."""
    store = ChdbStore(folder)
    most = size * (DAYS - 1) // DAYS
    full_s, found = _taken(lambda: _run(store, {"usage": most, "rated": most, "reference": 1 << 40}))
    day_s, later = _taken(lambda: _run(store))
    runner = ControlsRunner(store, Settings(installation_key="0" * 32))
    runner.inputs.derive(UsageNotRated())
    sql = f"SELECT sum(micros) AS m FROM ({filled(rerated('1'), runner.inputs.relations)})"  # noqa: S608
    for _ in range(3):  # statements are compiled when they have run thrice
        priced_s, _ = _taken(lambda: store.query(sql))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    join_s, _ = _taken(lambda: store.query(JOIN))
    store.close()
    wanted = sum(n % LOST_OF == 7 for n in range(7, size, LOST_OF))
    right = len(found.leakages) + len([each for each in later.leakages if each.revision == 1]) == wanted
    return {"join_s": join_s, "full_s": full_s, "day_s": day_s, "priced_s": priced_s, "right": right, "peak_mb": peak}


def main() -> int:
    """Measure each size; 1 where a figure for ten millions is missed."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("millions", nargs="*", type=int, default=[1, 10])
    parser.add_argument("--fill", type=Path)
    parser.add_argument("--measure", type=Path)
    given = parser.parse_args()
    if given.fill:
        fill(given.fill, given.millions[0] * 1_000_000)
        return 0
    if given.measure:
        print(json.dumps(measure(given.measure, given.millions[0] * 1_000_000)))
        return 0
    missed = []
    for millions in given.millions:
        began = time.monotonic()
        with tempfile.TemporaryDirectory() as folder:
            command = [sys.executable, "-m", "services.bench_controls", str(millions)]
            subprocess.run([*command, "--fill", folder], check=True)
            done = subprocess.run([*command, "--measure", folder], capture_output=True, check=True, text=True)
        made = json.loads(done.stdout.splitlines()[-1])
        of_join, of_full = made["full_s"] / made["join_s"], made["day_s"] / made["full_s"]
        per_s = millions * 1e6 / made["priced_s"]
        print(
            f"controls   {millions} million: {made['full_s']} CPU s, {of_join:.2f} x the bare join; one day more of "
            f"{DAYS} {of_full:.0%}; priced again {per_s:,.0f}/CPU s; peak {made['peak_mb']:,} MB; breaks "
            f"{'exact' if made['right'] else 'wrong'} ({time.monotonic() - began:.0f} s)"
        )
        if not made["right"]:
            missed.append(f"{millions} million: other breaks")
        if millions == 10:
            missed += [f"{of_join:.2f} x the join"] if of_join > MOST_OF_JOIN else []
            missed += [f"a day takes {of_full:.0%}"] if of_full > MOST_OF_FULL else []
            missed += [f"{made['peak_mb']} MB"] if made["peak_mb"] > MOST_MB else []
            missed += [f"{per_s:,.0f} priced again a CPU second"] if per_s < LEAST_PER_S else []
    print("targets met" if not missed else f"missed: {'; '.join(missed)}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
