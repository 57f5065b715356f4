"""`tollwatch catalogue`: every detector finds every strong case, on a seed that nobody has chosen."""

import random
import subprocess
import sys
from pathlib import Path

import msgspec

from detectors import every_detector
from replay.catalogue import Entry
from services.catalogue import looked_for

NAME = "catalogue"
PAGE = Path(__file__).parents[2] / "docs" / "catalogue.md"


def test_the_page_names_every_detector_as_it_is() -> None:
    """With its thresholds in force; `make catalogue` writes it anew."""
    assert looked_for() in PAGE.read_text("utf-8")


def test_every_strong_case_is_found_and_nobody_else() -> None:
    """On an unseen seed, which is told where it fails."""
    seed = random.SystemRandom().randrange(10**6)
    words = ["catalogue", "--seed", str(seed), "--subscribers", "2000", "--days", "4", "--strength", "strong"]
    made = subprocess.run(
        [sys.executable, "-m", "tollwatch", *words, "--format", "ndjson"], capture_output=True, text=True, check=False
    )
    found = [msgspec.json.decode(line, type=Entry) for line in made.stdout.splitlines()]
    rules = {kind.name() for kind in every_detector()}
    assert {entry.detector for entry in found} >= rules, made.stderr
    missed = [entry.detector for entry in found if entry.found < entry.planted and entry.detector in rules]
    assert (missed, seed) == ([], seed)
    assert ([entry.detector for entry in found if entry.false_alarms and entry.detector in rules], seed) == ([], seed)
    assert all(entry.bytes_per_key > 0 for entry in found if entry.detector in rules)
