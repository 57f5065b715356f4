"""Give a target mutated inputs for some time, and note what it should not have done."""

import random
import tempfile
import time
import traceback
from dataclasses import dataclass, field
from pathlib import Path

from tests.fuzz.targets import TARGETS, seeds_of
from tollwatch.errors import TollwatchError
from tollwatch.rescue import UNFORESEEN

LEAST, MOST_IN_VAIN = 4, 100
"""So many inputs are to be taken, and to be refused, however long they take: the first ones wait for compilers."""
SLOW_S = 20.0
"""Longer than this no small input may take."""


@dataclass
class Outcome:
    """How many inputs were taken, how many refused with a sentence, and what went wrong."""

    taken: int = 0
    refused: int = 0
    failures: list[str] = field(default_factory=list)

    @property
    def tried(self) -> int:
        """How many inputs were tried, whatever came of it."""
        return self.taken + self.refused + len(self.failures)

    @property
    def is_enough(self) -> bool:
        """Whether inputs of both kinds came, or only one kind will."""
        return min(self.taken, self.refused) >= LEAST or self.tried >= MOST_IN_VAIN

    def sentence(self) -> str:
        """In words."""
        return f"{self.taken} taken, {self.refused} refused with a sentence, {len(self.failures)} failed"


def fuzz(name: str, seconds: float, seed: int) -> Outcome:
    """Fuzz one target. Exit codes 0 to 5 are a return or a `TollwatchError`; anything else is a failure."""
    outcome, end = Outcome(), time.monotonic() + seconds
    with tempfile.TemporaryDirectory() as folder:
        for number in seeds_of(name, seed):
            began = time.monotonic()
            if (began > end and outcome.is_enough) or len(outcome.failures) >= 20:
                return outcome
            try:
                TARGETS[name](random.Random(number), Path(folder))
                outcome.taken += 1
            except TollwatchError as error:
                outcome.refused += 1
                if len(str(error)) < 10 or not 1 <= error.exit_code <= 5:
                    outcome.failures.append(f"{name}, input {number}: `{error}` is no sentence")
            except UNFORESEEN:
                outcome.failures.append(f"{name}, input {number}: {traceback.format_exc(limit=-6)}")
            if (took := time.monotonic() - began) > SLOW_S:
                outcome.failures.append(f"{name}, input {number}: took {took:.1f} s")
    return outcome
