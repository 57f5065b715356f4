"""Fuzz for some minutes: `python -m tests.fuzz --seconds 300 [--seed N] [--target NAME]` (`make fuzz`)."""

import argparse
import sys
import time

from tests.fuzz.fuzzing import fuzz
from tests.fuzz.targets import TARGETS


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main() -> int:
    """Fuzz every target for its share of the time; 1 if one of them failed."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--seconds", type=float, default=300)
    asked.add_argument("--seed", type=int, default=None, help="to see again what was seen; printed at the beginning")
    asked.add_argument("--target", choices=sorted(TARGETS), action="append")
    given = asked.parse_args()
    names = given.target or sorted(TARGETS)
    seed = given.seed if given.seed is not None else time.time_ns() // 1_000_000 % 1_000_000
    _say(f"fuzzing {', '.join(names)} for {given.seconds:g} s, --seed {seed}")
    failed = 0
    for name in names:
        outcome = fuzz(name, given.seconds / len(names), seed)
        _say(f"{name}: {outcome.sentence()}")
        for failure in outcome.failures[:5]:
            _say(failure)
        failed += bool(outcome.failures)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
