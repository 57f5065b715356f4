"""What is published: every record of every file, in the order of event time, each file's own order kept."""

import asyncio
import random
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiokafka.errors import KafkaError, LeaderNotAvailableError, TopicAuthorizationFailedError
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.live.publish import encoded, in_order, patiently
from streams.read import open_source
from streams.reading.decode import Decoder

LINE = '{"event_id":"%s","event_time":%d,"service":"voice","record_type":"originating","calling_number":"%d"}'


@settings(max_examples=25)
@given(st.integers(0, 2**32))
def test_nothing_is_left_out_and_files_keep_their_order(tmp_path_factory, seed: int) -> None:
    """Files out of order, with broken and empty lines, merged: each line once, a subject always under one key."""
    chance = random.Random(seed)
    folder = tmp_path_factory.mktemp("files")
    lines: dict[str, list[bytes]] = {}
    sources = []
    for stream, number in (("usage", 3),):
        for n in range(number):
            time, made = 1_767_225_600_000, []
            for k in range(chance.randrange(60)):
                time += chance.randint(-1500, 4000)
                made.append(LINE % (f"{n}-{k}", time, chance.randrange(5)) if chance.random() < 0.9 else "{broken")
            file = folder / f"{n}.ndjson"
            file.write_text("\n".join([*made, ""]), "utf-8")
            lines[file.name] = [line.encode() for line in made]
            sources.append(open_source(file, stream))
    pieces = list(in_order(sources))
    sent = [value for piece in pieces for value in piece.values]
    assert sorted(sent) == sorted(line for own in lines.values() for line in own)
    for own in lines.values():
        good = [line for line in own if line != b"{broken"]
        assert [line for line in sent if line in set(good)] == good
    keys: dict[int, set[int]] = {}
    for piece in pieces:
        for value, key in zip(piece.values, piece.key.tolist(), strict=True):
            if value != b"{broken":
                keys.setdefault(msgspec.json.decode(value)["calling_number"], set()).add(key)
    assert all(len(found) == 1 for found in keys.values())


def test_a_row_becomes_the_event_that_it_was(tmp_path: Path) -> None:
    """Attributes are nested again, so that the types take it."""
    row = {"event_id": "r", "event_time": 5, "entity": "account", "id": "a", "limit_micros": 7, "_offset": 1}
    again = Decoder("reference", str(tmp_path)).decode(encoded("reference", row), position=0)
    assert isinstance(again, dict)
    assert again["limit_micros"] == 7
    service = {
        "event_id": "p",
        "event_time": 5,
        "subscriber_id": "s",
        "product_id": "x",
        "state": "active",
        "since": 1,
        "attributes": [{"key": "k", "value": "v"}],
    }
    again = Decoder("provisioned", "p").decode(encoded("provisioned", service), position=0)
    assert isinstance(again, dict)
    assert again["attributes"] == [{"key": "k", "value": "v"}]


def away(times: int, error: type[KafkaError], calls: list[int]) -> Callable[[], Coroutine[Any, Any, str]]:
    """A call that Kafka refuses so many times."""

    async def call() -> str:
        calls.append(1)
        if len(calls) <= times:
            raise error
        return "sent"

    return call


def test_a_broker_that_restarts_is_waited_for() -> None:
    """Leaders that are being elected are no reason to end; what cannot become good is said at once."""
    calls: list[int] = []
    assert asyncio.run(patiently(away(3, LeaderNotAvailableError, calls), 10, pause_s=0.001)) == "sent"
    assert len(calls) == 4
    calls.clear()
    with pytest.raises(TopicAuthorizationFailedError):
        asyncio.run(patiently(away(1, TopicAuthorizationFailedError, calls), 10, pause_s=0.001))
    assert len(calls) == 1


def test_it_is_not_waited_for_ever() -> None:
    """After `broker_wait_s` the user learns what Kafka says."""
    with pytest.raises(LeaderNotAvailableError):
        asyncio.run(patiently(away(10**9, LeaderNotAvailableError, []), 0.05, pause_s=0.01))
