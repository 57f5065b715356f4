"""What fails as a whole is read in halves: every record but the culprit is taken, in order."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tollwatch.errors import InputError
from tollwatch.rescue import read_in_halves


@given(st.sets(st.integers(0, 40)), st.integers(1, 41))
def test_only_the_culprits_are_refused(culprits: set[int], size: int) -> None:
    """Whichever they are, and however many."""

    def read(begin: int, end: int) -> list[object]:
        if any(n in culprits for n in range(begin, end)):
            raise ZeroDivisionError("a defect")
        return list(range(begin, end))

    def refuse(place: int, reason: str) -> list[object]:
        assert "ZeroDivisionError: a defect" in reason
        return [("refused", place)]

    parts = read_in_halves(size, read, refuse)
    found = [each for part in parts for each in part]
    assert found == [("refused", n) if n in culprits else n for n in range(size)]


def test_what_the_user_can_put_right_is_no_fault_of_a_record() -> None:
    """A wrong mapping ends the run with its sentence, it does not quarantine everything."""

    def read(begin: int, end: int) -> int:
        raise InputError("there is no column `secs`")

    with pytest.raises(InputError, match="no column"):
        read_in_halves(3, read, lambda place, reason: 0)
