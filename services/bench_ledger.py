"""Measure the ledger and the leakage report on a store with many leakages: `python -m services.bench_ledger 100000`.

A report of 100,000 leakages as a page must take less than 10 seconds, from opening the store to the last byte. The page
itself is made by `dashboards`, which this folder does not know: the command is run as people run it.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from services.stores import open_store
from tollwatch.config import Settings
from tollwatch.findings import Claim, Evidence, Leakage
from tollwatch.frames import Findings

MOST_S = 10.0
START = 1_767_225_600_000
KEY = "00112233445566778899aabbccddeeff"
CONTROLS = ("provisioned_not_billed", "usage_not_rated", "wrong_price", "rated_not_billed", "double_charge")
AT_ONCE = 20_000


def fill(data: Path, size: int) -> None:
    """Store leakages of five controls, each with two rows of proof, some of which speak of the same record."""
    store = open_store(data, Settings(installation_key=KEY), must_exist=False)
    store.apply_tables()
    for begin in range(0, size, AT_ONCE):
        numbers = range(begin, min(begin + AT_ONCE, size))
        evidence = [each for n in numbers for each in (_proof(n, 0, "network"), _proof(n, 1, "billing"))]
        store.write(Findings(leakages=[_leakage(n) for n in numbers], evidence=evidence))
    store.close()


def _leakage(n: int) -> Leakage:
    control = CONTROLS[n % len(CONTROLS)]
    sign = -1 if control == "double_charge" else 1
    event = control in ("usage_not_rated", "wrong_price")
    at = START + n % 31 * 86_400_000
    return Leakage(
        leakage_id=f"{n:016x}",
        revision=1,
        state="final",
        control=control,
        control_version=1,
        break_kind="broken",
        subject_kind="event" if event else "product",
        subject=f"r{n // 3:08}" if event else f"P{n:08}",
        account_id=f"A{n // 4:08}",
        period_start=at,
        period_end=at + 86_400_000,
        records=1 + n % 5,
        amount_micros=sign * (1_000_000 + n * 7_919 % 90_000_000),
        currency="EUR",
        occurred_at=at,
        event_time=at + 86_400_000,
        age_s=86_400,
        claim=Claim(stream="usage", key="x", where="", since=at, until=at, count=1, hash_sum=n),
        cause="The file that it came in was rated without it.",
        correction=f"Bill account A{n // 4:08}.",
    )


def _proof(n: int, ordinal: int, side: str) -> Evidence:
    event_id = f"{side}-{n}"
    columns = {
        "event_id": event_id,
        "event_time": START + n,
        "account_id": f"A{n // 4:08}",
        "calling_number": f"9907{n:08}",
        "called_number": "447100000001",
        "service": "voice",
        "duration_s": 60 + n % 600,
        "charge_micros": n * 7_919 % 90_000_000,
        "currency": "EUR",
        "source": "msc",
    }
    return Evidence(
        finding_id=f"{n:016x}",
        revision=1,
        ordinal=ordinal,
        stream="usage",
        event_id=event_id,
        event_time=START + n,
        side=side,
        row=json.dumps(columns, sort_keys=True, separators=(",", ":")),
    )


def main() -> int:
    """Measure; 1 where the page takes too long."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("leakages", nargs="?", type=int, default=100_000)
    size = parser.parse_args().leakages
    late = False
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        fill(data, size)
        for what in ("first", "html", "xlsx", "csv", "ndjson"):
            form = "html" if what == "first" else what
            out = Path(folder) / f"report.{form}"
            command = [sys.executable, "-m", "tollwatch", "report", "leakage", "--period", "2026-01"]
            began = time.monotonic()
            subprocess.run(
                [*command, "--data", str(data), "--format", form, "--output", str(out)], check=True, capture_output=True
            )
            took = time.monotonic() - began
            told = "booked for the first time, as html" if what == "first" else form
            print(f"report     {size:,} leakages, {told}: {took:.1f} s, {out.stat().st_size / 1e6:.1f} MB")
            late |= what == "html" and took > MOST_S
    print(f"missed: a page within {MOST_S:.0f} s" if late else "targets met")
    return int(late)


if __name__ == "__main__":
    sys.exit(main())
