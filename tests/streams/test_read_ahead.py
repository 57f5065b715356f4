"""Reading beside the line changes neither what is read nor its order."""

from collections.abc import Iterator

import pytest

from streams.read_ahead import ReadAhead
from tests.make import usage
from tests.streams.memory import Rows
from tollwatch.errors import InputError
from tollwatch.frames import ReadBatch


def test_each_source_gives_its_batches_in_order() -> None:
    """However the sources are asked in turn; the end is said once."""
    rows = [usage(f"e{n}", after_s=n) for n in range(10)]
    ahead = ReadAhead({name: Rows("usage", name, rows, size=3).batches() for name in ("a", "b")})
    begins = []
    while (batch := ahead.next("b")) is not None:
        begins.append((batch.begin, batch.end))
    assert begins == [(0, 3), (3, 6), (6, 9), (9, 10)]
    first = ahead.next("a")
    assert first is not None
    assert first.begin == 0
    ahead.close()


def test_what_a_source_raises_is_raised_when_its_batch_is_asked_for() -> None:
    """A file that breaks in the middle: what stands before is taken first."""

    def broken() -> Iterator[ReadBatch]:
        yield from Rows("usage", "a", [usage("e1")]).batches()
        raise InputError("the file ends in the middle")

    ahead = ReadAhead({"a": broken()})
    assert ahead.next("a") is not None
    with pytest.raises(InputError, match="in the middle"):
        ahead.next("a")
    ahead.close()
