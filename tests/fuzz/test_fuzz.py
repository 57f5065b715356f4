"""Mutated feeds, mappings, rules and configurations for a minute: each is taken, or refused with a sentence."""

import os

import pytest

from tests.fuzz.fuzzing import fuzz
from tests.fuzz.targets import TARGETS

SECONDS = float(os.environ.get("FUZZ_SECONDS", "60"))


@pytest.mark.parametrize("target", sorted(TARGETS))
def test_nothing_that_is_sent_ends_in_a_traceback(target: str) -> None:
    """Longer, and with other inputs each time: `make fuzz`."""
    outcome = fuzz(target, SECONDS / len(TARGETS), seed=18)
    assert not outcome.failures, "\n".join(outcome.failures[:3])
    assert outcome.taken > 3, outcome.sentence()
    if target not in ("ndjson", "csv"):
        assert outcome.refused > 3, outcome.sentence()
