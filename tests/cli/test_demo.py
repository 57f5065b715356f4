"""`tollwatch demo`, end to end: simulate, run the line into chDB, find all that was planted and nothing else."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from detectors import every_detector, every_model
from detectors.assurance import every_control
from replay.scenarios import every_scenario

SEEDS = (2027, 90210)
"""Not used while the scenarios and the rhythm were made."""


def tollwatch(*words: object) -> subprocess.CompletedProcess[str]:
    """Run the command to its end."""
    command = [sys.executable, "-m", "tollwatch", *map(str, words)]
    return subprocess.run(command, capture_output=True, check=False, text=True)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where demonstrations go: each replaces the one before."""
    return tmp_path_factory.mktemp("demo")


@pytest.fixture(scope="module", params=SEEDS)
def done(request: pytest.FixtureRequest, folder: Path) -> dict[str, Any]:
    """The summary of a demonstration on a small operator."""
    made = tollwatch("demo", "--subscribers", 2000, "--seed", request.param, "--data", folder, "--json")
    assert made.returncode == 0, made.stderr
    found: dict[str, Any] = json.loads(made.stdout)
    return found


def test_every_planted_fraud_is_found(done: dict[str, Any]) -> None:
    """By the detector of its name, within hours."""
    detectors = {each["name"]: each for each in done["report"]["detectors"]}
    assert {name: each["missed"] for name, each in detectors.items() if each["missed"]} == {}
    assert all(each["planted"] == each["found"] >= 2 for each in detectors.values())
    assert max(max(each["delays_s"]) for each in detectors.values()) < 20 * 3600


def test_nobody_else_is_alerted(done: dict[str, Any]) -> None:
    """Neither call centres, couriers, teenagers, dispatchers, travellers, families, meters nor anybody ordinary."""
    assert done["report"]["look_alikes"] > 30
    assert done["report"]["look_alikes_alerted"] == []
    assert [(each["detector"], each["subject"]) for each in done["report"]["false_alarms"]] == []


def test_leakage_is_found_to_the_micro(done: dict[str, Any]) -> None:
    """Each case, and so the sums; estimates to the record, and of a feed that is silent nobody knows what it costs."""
    controls = done["report"]["controls"]
    assert {each["name"]: each["wrong"] for each in controls if each["wrong"]} == {}
    vague = {kind.name() for kind in every_control() if kind.estimates} | {"silent_feed"}
    exact = [each for each in controls if each["name"] not in vague]
    assert all(each["planted_micros"] == each["found_micros"] != 0 for each in exact)
    assert len(exact) > 30


def test_all_that_can_be_planted_was(done: dict[str, Any]) -> None:
    """Every scenario that some detector, model or control looks for is in the summary."""
    names = [each["name"] for each in [*done["report"]["detectors"], *done["report"]["controls"]]]
    kinds = {kind.name() for kind in (*every_detector(), *every_model(), *every_control())}
    assert sorted(names) == sorted(kinds & {*every_scenario()})


def test_every_broken_line_is_in_quarantine(done: dict[str, Any]) -> None:
    """And no other."""
    assert done["report"]["broken"] >= 9
    assert (done["report"]["unseen"], done["report"]["refused"]) == ([], [])
    assert done["line"]["late"] == 0


def test_the_summary_is_printed_for_people(folder: Path) -> None:
    """Frauds, leakages, look-alikes, quarantine."""
    made = tollwatch("demo", "--subscribers", 1000, "--days", 1, "--data", folder)
    assert made.returncode == 0, made.stderr
    for word in ("wangiri", "provisioned_not_billed", "false alarms", "look-alikes alerted", "in quarantine"):
        assert word in made.stdout


def test_what_found_no_people_is_said(tmp_path: Path) -> None:
    """A village is too small for thirty frauds."""
    made = tollwatch("simulate", tmp_path / "out", "--subscribers", 60, "--days", 1)
    assert made.returncode == 0
    assert "not planted, for want of people of that kind: " in made.stderr
    assert "take more than 60 subscribers" in made.stderr


def test_a_directory_with_something_else_is_left_alone(tmp_path: Path) -> None:
    """Only a demonstration is replaced."""
    (tmp_path / "data").mkdir()
    made = tollwatch("demo", "--subscribers", 200, "--data", tmp_path)
    assert made.returncode == 4
    assert "--data" in made.stderr
