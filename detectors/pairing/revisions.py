"""Which outcomes are new: a leakage is written when it falls due, is final, corrected or withdrawn."""

from collections.abc import Iterator
from typing import Any, Literal

import msgspec
import polars as pl

State = Literal["provisional", "final", "withdrawn"]
Row = dict[str, Any]


class Held(msgspec.Struct, kw_only=True):
    """What was last written of one leakage."""

    control: str
    product_id: str
    period_start: int
    period_end: int
    broken: int
    revision: int
    state: State
    amount: int
    currency: str
    since: int
    account_id: str | None

    @property
    def content(self) -> tuple[Any, ...]:
        """What makes a revision when it changes."""
        return self.broken, self.state, self.amount, self.currency


class Revisions:
    """The leakages of the periods kept."""

    def __init__(self) -> None:
        self.held: dict[tuple[str, str, int, int], Held] = {}
        self.open: dict[tuple[str, str, int], int] = {}

    def changes(self, control: str, outcomes: pl.DataFrame) -> Iterator[tuple[Held, Row]]:
        """The revisions to be written, in order of the log; outcomes that change nothing are passed over."""
        mine = [(product, start, True) for (name, product, start), _ in sorted(self.open.items()) if name == control]
        now = pl.DataFrame(
            mine, schema={"product_id": pl.String, "unit_start": pl.Int64, "was": pl.Boolean}, orient="row"
        )
        ever = outcomes.filter(pl.col("broken").is_not_null()).select("product_id", "unit_start", was=pl.lit(True))
        interesting = outcomes.join(pl.concat([now, ever]).unique(), on=["product_id", "unit_start"])
        broken_first = pl.col("broken").is_null()
        ordered = interesting.sort("as_of", "product_id", "unit_start", ~pl.col("full"), broken_first, "case").unique(
            ["as_of", "product_id", "unit_start"], keep="first", maintain_order=True
        )
        for row in ordered.iter_rows(named=True):
            yield from self._change(control, row)

    def _change(self, control: str, row: Row) -> Iterator[tuple[Held, Row]]:
        pair = (control, row["product_id"], row["unit_start"])
        before = self.held[*pair, self.open[pair]] if pair in self.open else None
        if before is not None and before.broken != row["broken"]:
            withdrawn = msgspec.structs.replace(before, state="withdrawn", revision=before.revision + 1, amount=0)
            del self.open[pair]
            self.held[*pair, before.broken] = withdrawn
            yield withdrawn, row
        if row["broken"] is None:
            return
        after = self._held(control, row)
        last = self.held.get((*pair, after.broken))
        if last is None or last.content != after.content:
            after.revision = 1 if last is None else last.revision + 1
            self.held[*pair, after.broken], self.open[pair] = after, after.broken
            yield after, row

    @staticmethod
    def _held(control: str, row: Row) -> Held:
        return Held(
            control=control,
            product_id=row["product_id"],
            period_start=row["unit_start"],
            period_end=row["unit_end"],
            broken=row["broken"],
            revision=0,
            state="final" if row["final"] else "provisional",
            amount=row["amount"],
            currency=row["currency"] or "",
            since=row["since"] if row["since"] is not None else row["unit_start"],
            account_id=row["account_id"],
        )

    def forget(self, before: int) -> None:
        """Let go of leakages of periods that are no longer kept."""
        self.held = {key: held for key, held in self.held.items() if held.period_start >= before}
        self.open = {key: broken for key, broken in self.open.items() if key[2] >= before}
