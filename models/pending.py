"""Rows that wait for their labels: what was known when they were scored, and nothing else."""

from typing import Any

import numpy as np

GENUINE, FRAUD, CORRECTED = 1, 2, 4
FIRST_SIZE = 1024


class Pending:
    """A queue of scored rows in order of time: inputs as 32-bit floats, three names each, and a state.

    A row has three names: the hashes of its event_id, of what the model knows it by, and of the alert it stood in. It
    is dropped once it is too old to be corrected. `bytes_per_row` × rows is what it costs.
    """

    def __init__(self, inputs: int) -> None:
        self.row = np.dtype([("time", "<i8"), ("names", "<u8", 3), ("state", "u1"), ("inputs", "<f4", inputs)])
        self.rows: Any = np.zeros(FIRST_SIZE, self.row)
        self.first, self.end, self.due = 0, 0, 0

    @property
    def bytes_per_row(self) -> int:
        """What one waiting row costs."""
        return self.row.itemsize

    def __len__(self) -> int:
        return self.end - self.first

    def add(self, time: int, event: int, known_by: int, inputs: tuple[float, ...]) -> int:
        """Append a row; returns its place, which `stand_in_alert` takes."""
        if self.end == len(self.rows):
            self._grow()
        self.rows[self.end] = (time, (event, known_by, 0), 0, inputs)
        self.end += 1
        return self.end - 1

    def stand_in_alert(self, place: int, name: int) -> None:
        """Remember in which alert a row stood."""
        self.rows["names"][place, 2] = name

    def _grow(self) -> None:
        alive = self.rows[self.first : self.end]
        grown = np.zeros(max(2 * len(alive), FIRST_SIZE), self.row)
        grown[: len(alive)] = alive
        self.rows, self.due = grown, self.due - self.first
        self.first, self.end = 0, len(alive)

    def drop(self, before: int) -> None:
        """Forget rows older than `before` that were due."""
        while self.first < self.due and self.rows["time"][self.first] < before:
            self.first += 1

    def next_due(self) -> int | None:
        """The time of the oldest row that has not fallen due."""
        return int(self.rows["time"][self.due]) if self.due < self.end else None

    def fall_due(self) -> int | None:
        """Take the oldest row that has not fallen due; its place where it is still without a label."""
        place, self.due = self.due, self.due + 1
        unlabelled = not self.rows["state"][place]
        return place if unlabelled and self.label(place, fraud=False) else None

    def find(self, name: int) -> list[int]:
        """The places of the rows known by a hash."""
        alive = self.rows["names"][self.first : self.end]
        found: list[int] = (np.flatnonzero((alive == np.uint64(name)).any(axis=1)) + self.first).tolist()
        return found

    def label(self, place: int, *, fraud: bool) -> bool:
        """Label a row; True where this changes what is known: the first label, or the first correction of it."""
        state, given = int(self.rows["state"][place]), FRAUD if fraud else GENUINE
        if state & given or state & CORRECTED:
            return False
        self.rows["state"][place] = given | (CORRECTED if state else 0)
        return True

    def inputs(self, place: int) -> list[float]:
        """What was known of a row when it was scored."""
        values: list[float] = self.rows["inputs"][place].tolist()
        return values

    def save(self) -> tuple[int, bytes]:
        """How many have fallen due, and all rows."""
        return self.due - self.first, self.rows[self.first : self.end].tobytes()

    def load(self, due: int, rows: bytes) -> None:
        """Take up saved rows."""
        self.rows = np.frombuffer(rows, self.row).copy()
        self.first, self.end, self.due = 0, len(self.rows), due
