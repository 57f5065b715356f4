"""Numbers that are no E.164 digits: the same subscriber written in two ways is two, and nothing else says so."""

import re

import polars as pl

COLUMNS = ("calling_number", "called_number")
LOOKED_AT = 50_000
"""Rows of a partition that are looked at: a feed writes its numbers in one way."""
IMPLAUSIBLE = r"^[+(=']|^0[0-9]{6,}$|^[0-9]{16,}$|^[0-9][0-9 ().\-/]*[ ().\-/]|^[0-9](\.[0-9]+)?[eE]\+?[0-9]+$"


class NumberCheck:
    """Counts implausible numbers of usage, by partition, source and column."""

    def __init__(self) -> None:
        self.rows: dict[str, int] = {}
        self.found: dict[tuple[str, str, str], tuple[int, str]] = {}
        self.said: set[tuple[str, str, str]] = set()

    def look(self, partition: str, rows: pl.DataFrame) -> None:
        """Look at rows of usage, as they were taken."""
        looked = self.rows.get(partition, 0)
        if looked >= LOOKED_AT:
            return
        part = rows.head(LOOKED_AT - looked)
        self.rows[partition] = looked + len(part)
        if "source" not in part.columns:
            part = part.with_columns(source=pl.lit("unknown"))
        for column in COLUMNS:
            if column not in part.columns:
                continue
            odd = part.filter(pl.col(column).str.contains(IMPLAUSIBLE))
            counted = odd.group_by(pl.col("source").fill_null("unknown"), maintain_order=True)
            for source, number, first in counted.agg(pl.len(), pl.first(column)).iter_rows():
                key = partition, source, column
                before, example = self.found.get(key, (0, first))
                self.found[key] = before + number, example

    def new_warnings(self) -> list[str]:
        """Those of sources and columns of which nothing was said yet."""
        new = sorted(self.found.keys() - self.said)
        self.said.update(new)
        return [self._sentence(*key, *self.found[key]) for key in new]

    def warnings(self) -> list[str]:
        """A sentence for each source and column, with what to do; of a number no more than its form."""
        return [self._sentence(*key, *found) for key, found in sorted(self.found.items())]

    def _sentence(self, partition: str, source: str, column: str, number: int, example: str) -> str:
        looked = f"{number:,} values of {column} among the first {self.rows[partition]:,} rows"
        return (
            f"{partition}, source {source}: {looked} are no E.164 digits (such as `{form_of(example)}`); a subscriber "
            f"that is written in two ways counts as two. Say how they are written: a mapping with "
            f"{column}: {{column: {column}, number: GB}}"
        )


def form_of(number: str) -> str:
    """How a number is written, without the number.

    >>> form_of("+44 7900-900125")
    '+44 nnnn-nnnnnn'
    """
    return number[:3] + re.sub(r"[0-9]", "n", number[3:40])
