"""`tollwatch state`: keys and bytes of a snapshot, all of them, by key space and detector."""

import json
from pathlib import Path

import msgspec
import pytest
from prometheus_client import start_http_server

from cli import call
from detectors import every_detector
from services.state import KINDS, sizes
from streams.live.metrics import Metrics
from streams.snapshots import Snapshots

NAME = "state"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A run over fifty callers."""
    rows = [
        {
            "event_id": f"e{n}",
            "event_time": 1767225600000 + 1000 * n,
            "service": "voice",
            "calling_number": str(n % 50),
            "called_number": str(n),
            "record_type": "originating",
            "duration_s": 5,
            "account_id": "a1",
        }
        for n in range(200)
    ]
    (tmp_path / "usage.ndjson").write_bytes(b"\n".join(map(msgspec.json.encode, rows)))
    words = [
        "run",
        "--usage",
        str(tmp_path / "usage.ndjson"),
        "--data",
        str(tmp_path / "data"),
        "--as-of",
        "2026-01-02",
    ]
    assert call(words) == 0
    return tmp_path / "data"


def test_every_key_and_every_detector_is_counted(data: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Fifty callers, one account; the bytes are those of the segments, give or take their frames."""
    capfd.readouterr()
    assert call(["state", "--data", str(data), "--format", "ndjson"]) == 0
    rows = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
    spaces = {row["key_space"]: row for row in rows if "detector" not in row}
    assert (spaces["calling_number"]["keys"], spaces["account_id"]["keys"]) == (50, 1)
    assert {row["detector"] for row in rows if "detector" in row} == {kind.name() for kind in every_detector()}
    snapshots = Snapshots(data / "state", key=bytes(16))
    manifest = snapshots.latest()
    assert manifest is not None
    segments = snapshots.load(manifest)
    counted = sum(sum(each[kind] for kind in KINDS) for each in sizes(segments).values())
    assert 0.8 * sum(map(len, segments.values())) < counted <= sum(map(len, segments.values()))
    assert call(["state", "--data", str(data)]) == 0
    assert "bytes of cells" in capfd.readouterr().out


def test_of_running_workers(capfd: pytest.CaptureFixture[str]) -> None:
    """The same table of what they hold in memory, added up over partitions and workers."""
    metrics = Metrics()
    for partition, part, size in ((0, "keys", 7), (0, "cells", 700), (1, "keys", 3), (1, "cells", 300), (1, "ids", 17)):
        metrics.memory.labels("calling_number", partition, part).set(size)
    server, _ = start_http_server(0, "127.0.0.1", registry=metrics.registry)
    url = f"http://127.0.0.1:{server.server_port}/metrics"
    assert call(["state", "--metrics", url, "--format", "ndjson"]) == 0
    rows = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
    assert [row for row in rows if "detector" not in row] == [
        {"key_space": "calling_number", "keys": 10, "cells": 1000, "ids": 17}
    ]
    server.shutdown()
    assert call(["state", "--metrics", "http://127.0.0.1:1/metrics"]) != 0
    assert "is `metrics_port` of the worker set?" in capfd.readouterr().err


def test_without_a_snapshot(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """A sentence that says what keeps one."""
    assert call(["state", "--data", str(tmp_path)]) == 3
    assert "holds no snapshot" in capfd.readouterr().err
