"""Lines that are no events, as real feeds have them: quarantine must show each, with its place and a reason."""

from typing import NamedTuple

from replay.simulate.chance import chance
from replay.simulate.population import World

LINES: tuple[tuple[str, str, bytes], ...] = (
    ("usage", "cut off", b'{"event_id":"b%d","event_time":%d,"service":"voi'),
    ("usage", "unknown service", b'{"event_id":"b%d","event_time":%d,"service":"telepathy"}'),
    ("usage", "negative duration", b'{"event_id":"b%d","event_time":%d,"service":"voice","duration_s":-5}'),
    ("usage", "floats for money", b'{"event_id":"b%d","event_time":%d,"service":"sms","charge_micros":0.04}'),
    ("usage", "invalid UTF-8", b'{"event_id":"b%d","event_time":%d,"service":"voice","calling_number":"\xff\xfe"}'),
    ("usage", "text for a time", b'{"event_id":"b%d","event_time":"%d ms","service":"voice"}'),
    (
        "payments",
        "unknown kind",
        b'{"event_id":"b%d","event_time":%d,"payment_id":"p","kind":"gift","state":"settled"}',
    ),
    ("payments", "not an object", b'["b%d",%d]'),
    (
        "orders",
        "missing field",
        b'{"event_id":"b%d","event_time":%d,"order_id":"o","action":"add","state":"completed"}',
    ),
)


class Broken(NamedTuple):
    """A line, where and when it comes, and what is wrong with it."""

    stream: str
    moment: int
    why: str
    line: bytes


def broken_lines(world: World) -> list[Broken]:
    """One of each kind, and more for larger operators; in order of time."""
    rng, size = chance(world.seed, "broken"), max(len(LINES), len(world) // 500)
    found = []
    for n, moment in enumerate(sorted(rng.integers(world.start, world.end, size).tolist())):
        stream, why, line = LINES[n % len(LINES)]
        found.append(Broken(stream, moment, why, line % (n, moment)))
    return found
