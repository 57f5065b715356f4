"""`make bench-million`: a million subscribers active within a day, everything on: memory and snapshots.

Usage is made here, in batches, without a file: whom somebody calls, how long and when differs, and every subscriber
has the same number of events on average. Nothing is stored, so that what remains is the line's own memory.
"""

import argparse
import resource
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import polars as pl

from services.assembly import make_plan
from streams.embedded import Run
from streams.saving import BackgroundSaver
from streams.snapshots import Snapshots
from tollwatch.config import Settings
from tollwatch.frames import Ints, ReadBatch

START_MS = 1_772_323_200_000  # 1 March 2026
DAY_MS = 86_400_000
BATCH = 50_000
GB = 1e9
MOST_GB = {"memory": 8.0, "snapshot": 4.0}


class Subscribers:
    """A source of usage of so many subscribers over a day; `events` of each on average."""

    stream, partition = "usage", "usage"
    path = Path("usage")

    def __init__(self, subscribers: int, events: int, seed: int = 1) -> None:
        self.subscribers, self.total, self.seed = subscribers, subscribers * events, seed

    def batches(self, start: int = 0) -> Iterator[ReadBatch]:
        """From record `start` on: the same ones always."""
        for begin in range(start, self.total, BATCH):
            end = min(begin + BATCH, self.total)
            chance = np.random.default_rng([self.seed, begin])
            at = np.arange(begin, end)
            yield ReadBatch("usage", "usage", self._rows(at, chance), begin, end)

    def _rows(self, at: Ints, chance: np.random.Generator) -> pl.DataFrame:
        n = len(at)
        who = chance.integers(0, self.subscribers, n)
        whom = np.where(chance.random(n) < 0.8, (who * 7 + chance.integers(0, 12, n)) % self.subscribers, n + who)
        time_ms = START_MS + at * DAY_MS // self.total
        service = chance.choice(3, n, p=[0.35, 0.15, 0.5])
        voice, data = service == 0, service == 2
        duration = np.where(voice, chance.geometric(1 / 120, n) * (chance.random(n) < 0.8), 0)
        made = pl.DataFrame({"at": at, "who": who, "whom": whom, "event_time": time_ms, "service": service})
        names = {0: "voice", 1: "sms", 2: "data"}
        return made.select(
            pl.format("u{}", "at").alias("event_id"),
            "event_time",
            pl.lit("msc-1").alias("source"),
            pl.col("service").replace_strict(names, return_dtype=pl.String).alias("service"),
            pl.lit("originating").alias("record_type"),
            pl.format("4471{}", pl.col("who").cast(pl.String).str.zfill(8)).alias("calling_number"),
            pl.when(pl.Series(~data))
            .then(pl.format("4472{}", pl.col("whom").cast(pl.String).str.zfill(8)))
            .alias("called_number"),
            pl.format("23415{}", pl.col("who").cast(pl.String).str.zfill(10)).alias("imsi"),
            pl.format("35{}", pl.col("who").cast(pl.String).str.zfill(12)).alias("imei"),
            pl.format("a{}", pl.col("who")).alias("account_id"),
            pl.format("s{}", pl.col("who")).alias("subscriber_id"),
            pl.format("cell-{}", pl.col("who") % 5000).alias("cell_id"),
            pl.Series(chance.integers(1, 20, n)).set(pl.Series(~voice), None).alias("ring_s"),
            pl.Series("duration_s", duration, dtype=pl.Int64),
            pl.Series(chance.geometric(1e-6, n)).set(pl.Series(~data), None).alias("downlink_bytes"),
            pl.Series(chance.geometric(1e-5, n)).set(pl.Series(~data), None).alias("uplink_bytes"),
            pl.Series("charge_micros", chance.integers(0, 100_000, n), dtype=pl.Int64),
            pl.lit("EUR").alias("currency"),
            pl.Series("_offset", at, dtype=pl.Int64),
        )


def measure(subscribers: int, events: int, folder: Path) -> dict[str, float]:
    """Run, and give seconds, memory and snapshot in GB, with the state's parts by key space printed on the way."""
    settings = Settings(installation_key="0" * 32)
    line = Run([Subscribers(subscribers, events)], make_plan(settings), settings, as_of_ms=START_MS + 2 * DAY_MS)
    saver = BackgroundSaver(Snapshots(folder))
    line.may_save = saver.is_due
    line.on_save = lambda run: saver.save(run.save)
    line.save_every = max(line.sources["usage"].total // 30, 1)  # type: ignore[attr-defined]
    began, cpu = time.monotonic(), time.process_time()
    summary = line.go()
    saver.wait()
    seconds, cpu_s = time.monotonic() - began, time.process_time() - cpu
    saver.close()
    print(
        f"{summary.events:,} events in {seconds:,.0f} s, {summary.events / seconds:,.0f}/s; {summary.alerts:,} alerts"
    )
    for name, sizes in state_of(line).items():
        keys = sizes.pop("keys")
        parts = ", ".join(f"{part} {size / 1e6:,.0f} MB" for part, size in sizes.items())
        print(f"  {name}: {keys:,} keys; {parts}")
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / GB
    newest = saver.snapshots.latest()
    assert newest is not None
    snapshot = sum((folder / file).stat().st_size for file in newest.segments.values()) / GB
    share = saver.cpu_s / cpu_s
    print(f"peak memory {memory:.1f} GB, a snapshot {snapshot:.1f} GB")
    print(f"{saver.number} snapshots took {share:.1%} of the CPU")
    return {"seconds": seconds, "memory": memory, "snapshot": snapshot}


def state_of(line: Run) -> dict[str, Counter[str]]:
    """Key space -> keys, and bytes of memory by part."""
    found: dict[str, Counter[str]] = {}
    for (name, _), partition in line.partitions.items():
        found.setdefault(name, Counter(keys=0)).update(partition.memory())
    return {name: sizes for name, sizes in found.items() if sizes["keys"] or sizes["ids"] > 1_000_000}


def main() -> int:
    """Measure; the exit code is 1 where it needs more than it may."""
    parser = argparse.ArgumentParser(prog="make bench-million", description=__doc__)
    parser.add_argument("--subscribers", type=int, default=1_000_000)
    parser.add_argument("--events", type=int, default=30, help="of each subscriber, on average")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        measured = measure(given.subscribers, given.events, Path(folder))
    missed = [f"{what} {measured[what]:.1f} GB > {most} GB" for what, most in MOST_GB.items() if measured[what] > most]
    print("targets met" if not missed else f"missed: {'; '.join(missed)}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
