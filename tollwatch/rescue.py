"""The last resort of reading: what fails as a whole is read in halves, until the record is found that makes it fail.

Every check that is known of is made before, and says what is wrong with a record. What nobody thought of must not end
a run or hold a partition up: such a record is refused with what the failing library said.
"""

import logging
from collections.abc import Callable
from typing import TypeVar

from polars.exceptions import PanicException

from tollwatch.errors import TollwatchError

log = logging.getLogger("tollwatch.rescue")
UNFORESEEN: tuple[type[BaseException], ...] = (Exception, PanicException)
Result = TypeVar("Result")


def read_in_halves(size: int, read: Callable[[int, int], Result], refuse: Callable[[int, str], Result]) -> list[Result]:
    """Read records [0, size) at once, or in ever smaller parts where that fails; gives the results in order.

    `read(begin, end)` takes records and changes nothing when it fails; `refuse(place, reason)` puts one aside. What the
    user can put right (`TollwatchError`) is not the records' fault and goes through.
    """
    found: list[Result] = []
    waiting = [(0, size)]
    while waiting:
        begin, end = waiting.pop()
        try:
            found.append(read(begin, end))
        except TollwatchError:
            raise
        except UNFORESEEN as error:
            if isinstance(error, MemoryError) and end - begin > 1:
                log.warning("%d records do not fit into memory at once; they are read in halves", end - begin)
            if end - begin <= 1:
                reason = reason_of(error)
                log.warning("a record was put into quarantine: %s", reason)
                found.append(refuse(begin, reason))
            else:
                middle = (begin + end) // 2
                waiting += [(middle, end), (begin, middle)]
    return found


def reason_of(error: BaseException) -> str:
    """Why a record was refused that made reading fail in a way that nobody foresaw."""
    told = " ".join(str(error).split())[:200]
    return (
        f"the record cannot be read ({type(error).__name__}: {told}); every check before this one let it through, so "
        "please report it with the record"
    )
