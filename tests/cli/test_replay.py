"""`tollwatch replay`: the same events give the same bytes; other rules give other findings; nothing stored changes."""

from pathlib import Path

import msgspec
import pytest

from tests.cli.calling import printed as told

NAME = "replay"
RULE = """
- name: many-calls
  reads: usage
  by: calling_number
  features:
    calls: count() over 1h where service = 'voice' and record_type = 'originating'
  warning: calls >= 25
"""


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small operator whose streams were run."""
    folder = tmp_path_factory.mktemp("replay")
    told("demo", "--subscribers", 1000, "--days", 3, "--seed", 4, "--data", folder)
    return folder / "data"


def printed(kind: str, data: Path) -> str:
    """Every revision of what is stored."""
    return told(kind, "--data", data, "--all-revisions", "--format", "ndjson", "--identifiers")


def test_the_past_gives_the_same_bytes(data: Path, tmp_path: Path) -> None:
    """Alerts and leakages, all revisions; and again."""
    before = {kind: printed(kind, data) for kind in ("alerts", "leakages")}
    assert all(found.count("\n") > 10 for found in before.values())
    for time in ("first", "second"):
        told("replay", "--from", data, "--to", tmp_path / time, "--run", "live")
        again = {kind: (tmp_path / time / f"{kind}.ndjson").read_text("utf-8") for kind in before}
        assert again == before
    assert {kind: printed(kind, data) for kind in before} == before


def test_a_run_has_a_name_and_rules_of_its_own(data: Path, tmp_path: Path) -> None:
    """Other ids, and the alerts of a rule that was not there."""
    rules = tmp_path / "rules.yaml"
    rules.write_text(RULE, "utf-8")
    told("replay", "--from", data, "--to", tmp_path / "mine", "--rules", rules, "--run", "mine")
    found = [msgspec.json.decode(line) for line in (tmp_path / "mine" / "alerts.ndjson").read_bytes().splitlines()]
    live = [msgspec.json.decode(line) for line in printed("alerts", data).splitlines()]
    assert {alert["run"] for alert in found} == {"mine"}
    assert not {alert["alert_id"] for alert in found} & {alert["alert_id"] for alert in live}
    assert "many-calls" in {alert["detector"] for alert in found}
    tested = told("rules", "test", rules, "--on", data)
    subjects = {alert["subject"] for alert in found if alert["detector"] == "many-calls"}
    assert f"{len(subjects):,} subjects" in tested


def test_a_stretch_of_time_with_its_past_is_a_part_of_the_whole(data: Path, tmp_path: Path) -> None:
    """From a day on, with the days before to fill the windows."""
    live = [msgspec.json.decode(line) for line in printed("alerts", data).splitlines()]
    words = ("--since", "2026-03-03", "--warm", 100, "--run", "live")
    told("replay", "--from", data, "--to", tmp_path / "late", *words)
    found = [msgspec.json.decode(line) for line in (tmp_path / "late" / "alerts.ndjson").read_bytes().splitlines()]
    begin = 1_772_496_000_000
    assert found == [alert for alert in live if alert["episode_start"] >= begin]
    assert 0 < len(found) < len(live)
