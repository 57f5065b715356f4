"""An alert rebuilt from raw events: byte for byte, or a sentence that says why not."""

import random
from pathlib import Path
from typing import Any

import msgspec
import pytest

from services.reproduce import Reproduced, reproduce
from services.run import run_line
from services.stores import open_store
from streams.read import open_sources
from tests.services.lab import test_lab as lab
from tests.services.test_changes import DAY0, DAY_MS, calls
from tollwatch.config import Settings
from tollwatch.errors import ConfigurationError

SETTINGS = Settings(installation_key="00112233445566778899aabbccddeeff", enabled=["wangiri", "high_usage"])
STRICT = msgspec.structs.replace(SETTINGS, detectors={"wangiri": {"warn_at": 10}})


def ids_of(data: Path) -> list[str]:
    """Every alert that is stored."""
    return list(lab.asked(data, "SELECT DISTINCT toString(alert_id) AS id FROM alert FINAL ORDER BY id")["id"])


def again(data: Path, ids: list[str], settings: Settings) -> list[Reproduced]:
    """Rebuilt, in the order of the ids."""
    found = reproduce(ids, data, settings)
    assert [each.alert_id for each in found] == ids
    return found


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Three callers who ring and drop, on days of their own, in two runs with other thresholds."""
    runs: list[tuple[Settings, list[dict[str, Any]]]] = [
        (SETTINGS, [*calls(1), *calls(4, "447100000002")]),
        (STRICT, [*calls(9, "447100000003", 16), *calls(12, "447100000004")]),
    ]
    for n, (settings, events) in enumerate(runs):
        path = tmp_path / f"usage-{n}.ndjson"
        path.write_bytes(b"".join(msgspec.json.encode(event) + b"\n" for event in events))
        run_line(open_sources({"usage": [path]}), tmp_path / "data", settings, as_of_ms=DAY0 + 20 * DAY_MS)
    return tmp_path / "data"


def test_alerts_of_rules_come_out_the_same(data: Path) -> None:
    """With the thresholds that each was judged by, whatever the settings are now; one was open when they changed."""
    ids = ids_of(data)
    assert len(ids) >= 3
    for settings in (SETTINGS, STRICT):
        found = again(data, ids, settings)
        words = [each.word for each in found]
        assert words.count("changed while open") == 1, [each.sentence for each in found]
        assert words.count("identical") == len(ids) - 1 >= 2
        assert all(each.stored == each.rebuilt for each in found if each.word == "identical")


def test_a_hundred_alerts_of_a_model(tmp_path: Path) -> None:
    """A model has learnt from the first payment on, so all of them are read; chosen at random."""
    lab.run(tmp_path / "data", tmp_path, 0, lab.DAYS)
    ids = ids_of(tmp_path / "data")
    chosen = random.Random(4).sample(ids, min(100, len(ids)))
    found = again(tmp_path / "data", chosen, lab.SETTINGS)
    assert {each.word for each in found} == {"identical"}
    assert len(found) > 50


def test_what_is_not_kept_any_more_is_said(data: Path) -> None:
    """Events that were deleted after their time: from when on there are some, and what it needs."""
    first, *_ = ids_of(data)
    store = open_store(data, SETTINGS)
    store.run(f"ALTER TABLE raw_usage DELETE WHERE event_time < {DAY0 + 11 * DAY_MS} SETTINGS mutations_sync = 2")
    store.close()
    found = {each.alert_id: each for each in reproduce(ids_of(data), data, SETTINGS)}
    words = {each.word for each in found.values()}
    assert words >= {"identical", "no longer kept"}
    gone = next(each for each in found.values() if each.word == "no longer kept")
    assert "are kept from 2026-03-13" in gone.sentence
    assert first in found


def test_what_was_tampered_with_differs(data: Path) -> None:
    """A document that nobody can rebuild is not what the line found."""
    name = ids_of(data)[0]
    changed(data, name, '"condition":"', '"condition":"not ')
    (found,) = again(data, [name], SETTINGS)
    assert (found.word, "differs in condition" in found.sentence) == ("different", True)


def changed(data: Path, name: str, old: str, new: str) -> None:
    """Write something else into the documents of an alert."""
    store = open_store(data, SETTINGS)
    store.run(
        f"ALTER TABLE alert UPDATE document = replaceAll(document, '{old}', '{new}') WHERE alert_id = '{name}' "
        "SETTINGS mutations_sync = 2"
    )
    store.close()


def test_a_detector_that_nobody_knows_any_more(data: Path) -> None:
    """Its thresholds cannot be those of any version that is here."""
    name = ids_of(data)[0]
    changed(data, name, '"detector":"wangiri"', '"detector":"gone"')
    (found,) = again(data, [name], SETTINGS)
    assert (found.word, "--config" in found.sentence) == ("no longer known", True)
    with pytest.raises(ConfigurationError, match="no alert ffff"):
        reproduce(["f" * 16], data, SETTINGS)
