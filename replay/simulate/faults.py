"""What scenarios of leakage share: choosing a few rows of many as they pass a place, and saying what was lost."""

from collections.abc import Collection, Sequence
from typing import Any

import polars as pl
import polars_hash  # noqa: F401  (registers `nchash`)

from replay.simulate.chance import scatter
from replay.simulate.planted import ScenarioContext
from replay.truth import Truth

SHARES = 64
"""Scenarios are fewer than 56: each chooses from records of its own, so that no record has two faults."""


class Few:
    """Chooses at most so many of all rows that pass a place, at most `each` of one slice; always the same ones.

    With `share` only of the scenario's own share of all ids, or of these shares where rows of its kind are rare.
    """

    def __init__(
        self, context: ScenarioContext, most: int, *, each: int = 1, share: bool = True, shares: Sequence[int] = ()
    ) -> None:
        self.left, self.each = most, each
        self.shares = [*(shares or [context.number])] if share else None
        assert self.shares is None or max(self.shares) < SHARES

    def of(self, rows: pl.DataFrame, by: str = "event_id") -> pl.DataFrame:
        """Some of the rows, by a number that looks random and is made from their ids."""
        if self.left <= 0 or rows.is_empty():
            return rows.head(0)
        some = self._own(rows, by).sort("_order", by).head(min(self.left, self.each)).drop("_order")
        self.left -= len(some)
        return some

    def charged(self, rows: pl.DataFrame, office: Any) -> pl.DataFrame:
        """Some of the records that somebody pays for, with what they are worth; not those of partners abroad.

        What is paid abroad has a list of its own, which other faults change as a whole.
        """
        rows = rows.filter(pl.col("file_format").ne_missing("tap"))
        if self.left <= 0 or rows.is_empty():
            return rows.head(0).with_columns(worth=pl.lit(0, pl.Int64))
        return self.of(office.charged(self._own(rows, "event_id").drop("_order")))

    def _own(self, rows: pl.DataFrame, by: str) -> pl.DataFrame:
        number = rows[by].to_frame().select(pl.col(by).nchash.xxhash64().reinterpret(signed=True))  # type: ignore[attr-defined]
        order = scatter(number.to_series().to_numpy(), 27, 2**40)
        made = rows.with_columns(_order=pl.Series(order))
        return made if self.shares is None else made.filter((pl.col("_order") % SHARES).is_in(self.shares))


def not_made_up_for(lines: pl.DataFrame, wrong: Collection[tuple[str, int]]) -> pl.DataFrame:
    """Lines of bills without those by which a later run would put right what was planted: products and periods."""
    cases = pl.DataFrame(sorted(wrong), schema={"product_id": pl.String, "period_start": pl.Int64}, orient="row")
    return lines.join(cases, on=["product_id", "period_start"], how="anti", maintain_order="left")


def leakage(name: str, subject: tuple[str, str], times: tuple[int, int], amount: int, **more: Any) -> Truth:
    """The truth about what was lost: above zero the operator loses, below it somebody else does."""
    return Truth(
        name=name,
        kind="leakage",
        subject_kind=subject[0],
        subject=subject[1],
        since=times[0],
        until=times[1],
        count=more.pop("count", 1),
        amount_micros=amount,
        currency=more.pop("currency", "EUR"),
        **more,
    )


def of_event(name: str, row: dict[str, Any], amount: int, subject: str = "event_id") -> Truth:
    """The truth about one record."""
    return leakage(
        name,
        ("event", row[subject]),
        (row["event_time"], row["event_time"]),
        amount,
        account_id=row.get("account_id"),
        subscriber_id=row.get("subscriber_id"),
    )


def of_product(name: str, row: dict[str, Any], amount: int) -> Truth:
    """The truth about one product and month."""
    return leakage(
        name,
        ("product", row["product_id"]),
        (row["period_start"], row["period_end"]),
        amount,
        account_id=row["account_id"],
        subscriber_id=row["subscriber_id"],
    )
