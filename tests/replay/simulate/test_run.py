"""The simulated operator: the same seed gives the same bytes, every line is an event, and the streams agree."""

import hashlib
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import msgspec
import polars as pl
import pytest

from replay import scenarios
from replay.simulate.population import populate
from replay.simulate.run import DISORDER_MS, START, WRITTEN, operator
from replay.truth import read_truth
from tollwatch.events import STREAMS

Rows = dict[str, list[Any]]
PEAK = """
import resource, sys
from pathlib import Path
from services.simulate import write_operator
write_operator(Path(sys.argv[1]), (1000, int(sys.argv[2])), 3)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def write(out: Path, seed: int = 3, **how: Any) -> Path:
    """A village for two days."""
    world = populate(400, 2, seed, START)
    operator(world, scenarios.plant(world)).write(out, **how)
    return out


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of one simulation."""
    return write(tmp_path_factory.mktemp("village"))


@pytest.fixture(scope="module")
def rows(out: Path) -> Rows:
    """All events, decoded by their types, without the broken lines."""
    broken = {
        (truth.subject_kind, int(truth.subject)) for truth in read_truth(out / "truth.ndjson") if truth.kind == "broken"
    }
    return {
        name: [
            msgspec.json.decode(line, type=STREAMS[name])
            for n, line in enumerate((out / f"{name}.ndjson").read_bytes().splitlines())
            if (name, n) not in broken
        ]
        for name in WRITTEN
    }


def digest(folder: Path) -> dict[str, str]:
    """What each file holds."""
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in folder.iterdir()}


def test_the_same_seed_gives_the_same_bytes(out: Path, tmp_path: Path) -> None:
    """Another seed gives others."""
    assert digest(write(tmp_path / "again")) == digest(out)
    assert digest(write(tmp_path / "other", seed=4))["usage.ndjson"] != digest(out)["usage.ndjson"]


def test_a_broken_line_is_where_the_truth_says(out: Path) -> None:
    """And it cannot be decoded."""
    broken = [truth for truth in read_truth(out / "truth.ndjson") if truth.kind == "broken"]
    assert len(broken) >= 9
    for truth in broken:
        line = (out / f"{truth.subject_kind}.ndjson").read_bytes().splitlines()[int(truth.subject)]
        with pytest.raises((msgspec.DecodeError, UnicodeDecodeError)):
            msgspec.json.decode(line, type=STREAMS[truth.subject_kind])


@pytest.mark.parametrize("stream", WRITTEN)
def test_events_come_nearly_in_order_and_each_once(rows: Rows, stream: str) -> None:
    """No event is later than the disorder allowed by default, and no id comes twice."""
    latest = 0
    for event in rows[stream]:
        assert event.event_time > latest - DISORDER_MS
        latest = max(latest, event.event_time)
    assert rows[stream]
    assert max(Counter(event.event_id for event in rows[stream]).values()) == 1


def test_calls_within_the_network_have_both_records(tmp_path: Path) -> None:
    """Each terminating record has its originating one, of the same call, where no fault has lost it."""
    world = populate(400, 2, 3, START)
    operator(world, scenarios.plant(world, [])).write(tmp_path)
    broken = {int(t.subject) for t in read_truth(tmp_path / "truth.ndjson") if t.subject_kind == "usage"}
    lines = enumerate((tmp_path / "usage.ndjson").read_bytes().splitlines())
    usage = [msgspec.json.decode(line, type=STREAMS["usage"]) for n, line in lines if n not in broken]
    sent = {event.event_id: event for event in usage if event.record_type == "originating"}
    received = [event for event in usage if event.record_type == "terminating" and event.event_id[-1] == "t"]
    assert received
    for event in received:
        other = sent[event.event_id.removesuffix("t")]
        same = ("event_time", "calling_number", "called_number", "duration_s", "service")
        assert [getattr(event, name) for name in same] == [getattr(other, name) for name in same]
        assert event.charge_micros is None


def test_nobody_telephones_twice_at_once_unless_planted(out: Path, rows: Rows) -> None:
    """Switchboards do, and say so with their trunk."""
    planted = {truth.subscriber_id for truth in read_truth(out / "truth.ndjson") if truth.kind == "fraud"}
    until: dict[str, int] = {}
    calls = [event for event in rows["usage"] if event.service == "voice" and event.record_type == "originating"]
    for event in sorted(calls, key=lambda event: event.start_time):
        is_copy = event.event_id.endswith("-copy")
        if event.trunk_in is None and event.subscriber_id not in {None, *planted} and not is_copy:
            assert until.get(event.subscriber_id, 0) <= event.start_time
            until[event.subscriber_id] = event.event_time


def test_there_is_something_of_everything(rows: Rows) -> None:
    """Services, roamers, ways to pay, classes of customers, meters."""
    assert {event.service for event in rows["usage"]} == {"voice", "sms", "data", "content"}
    assert {event.source for event in rows["usage"]} >= {"mediation", "tap", "tap_out"}
    assert {event.method for event in rows["payments"]} >= {"card", "voucher", "cash", "direct_debit", "transfer"}
    assert {event.attributes.account_class for event in rows["reference"] if event.entity == "account"} == {
        "prepaid",
        "postpaid",
        "business",
        "m2m",
        "test",
    }
    assert {event.apn for event in rows["usage"]} == {None, "internet", "meter.iot"}


@pytest.mark.parametrize("stream", ["provisioned", "billed"])
def test_batches_count_what_comes(rows: Rows, stream: str) -> None:
    """A closing event declares exactly the records that carry its batch, and comes after them."""
    (closing,) = [event for event in rows["batches"] if event.scope == stream and event.state == "closed"]
    awaited = [event for event in rows[stream] if event.batch_id == closing.batch_id]
    assert closing.records == len(awaited) == len(rows[stream])
    assert max(event.event_time for event in awaited) < closing.event_time


def test_parquet_has_the_same_events(rows: Rows, tmp_path: Path) -> None:
    """Whatever the format; a broken line has no place in Parquet."""
    folder = write(tmp_path, kind="parquet")
    for stream in WRITTEN:
        ids = pl.read_parquet(folder / f"{stream}.parquet", columns=["event_id"])["event_id"].to_list()
        assert ids == [event.event_id for event in rows[stream]]
    assert "broken" not in {truth.kind for truth in read_truth(folder / "truth.ndjson")}


def test_memory_does_not_grow_with_time(tmp_path: Path) -> None:
    """Sixteen days need hardly more memory than two."""
    short, long = (
        int(
            subprocess.run(
                [sys.executable, "-c", PEAK, str(tmp_path / days), days], capture_output=True, check=True
            ).stdout
        )
        for days in ("2", "16")
    )
    assert long < short + 60_000, f"{short} kB for two days, {long} kB for sixteen"
