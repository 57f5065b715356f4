"""A busy hour of usage as NDJSON, the same for the same number: for tests that run the whole command."""

import random
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

START_MS = 1_772_323_200_000  # 2026-03-01T00:00:00Z
RULES = """\
- name: talkative
  reads: usage
  by: subscriber_id
  features:
    calls: count() over 10m where service = 'voice'
    talked_s: sum(duration_s) over 30m where service = 'voice'
    numbers: distinct(called_number) over 30m
  warning: calls >= 8 or talked_s >= 4000
  critical: calls >= 12 and numbers >= 8
"""


def busy(events: int, seed: int = 5) -> list[bytes]:
    """Lines in the order of time, a call or a text each."""
    return list(_lines(events, random.Random(seed)))


def _lines(events: int, rng: random.Random) -> Iterator[bytes]:
    for n in range(events):
        who = int(200 * rng.random() ** 2)
        voice = rng.random() < 0.7
        yield msgspec.json.encode(
            {
                "event_id": f"e{n:07}",
                "event_time": START_MS + n * 3_600_000 // events,
                "source": f"msc-{who % 2}",
                "service": "voice" if voice else "sms",
                "record_type": "originating",
                "subscriber_id": f"S{who}",
                "calling_number": f"9907{who:06}",
                "called_number": f"4470{rng.randrange(3000):06}",
                "ring_s": rng.randrange(20),
                "duration_s": rng.randrange(600) if voice else 0,
            }
        )


def write(path: Path, lines: Sequence[bytes]) -> Path:
    """A file of these lines."""
    path.write_bytes(b"".join(line + b"\n" for line in lines))
    return path
