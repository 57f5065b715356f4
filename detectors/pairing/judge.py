"""Join the two sides of every case and ask the controls what is broken."""

from collections.abc import Mapping

import msgspec
import polars as pl

from detectors.pairing.declared import Break, Control, Side, flat
from detectors.pairing.prices import owners, prices, share
from detectors.pairing.services import days, seen_by
from detectors.pairing.space import kept_schema
from tollwatch.columns import schema
from tollwatch.expressions import check

DAY = 86_400_000
COMMON = {"account_id": pl.String(), "account_class": pl.String()}
OF_SIDE: dict[str, dict[str, pl.DataType]] = {
    "provisioned": {
        "records": pl.Int64(),
        "active_days": pl.Int64(),
        "present_days": pl.Int64(),
        "days": pl.Int64(),
        "price_micros": pl.Int64(),
        "fee_micros": pl.Int64(),
        "currency": pl.String(),
        "first_at": pl.Int64(),
    },
    "billed": {
        "records": pl.Int64(),
        "value_micros": pl.Int64(),
        "first_value_micros": pl.Int64(),
        "currency": pl.String(),
        "first_at": pl.Int64(),
    },
}


class Judge:
    """One control, its expressions checked and made ready."""

    def __init__(self, control: Control) -> None:
        self.control = control
        names = {
            f"{side_name}_{name}": kind
            for side_name, side in (("left", control.left), ("right", control.right))
            for name, kind in (COMMON | OF_SIDE[side.stream]).items()
        }
        self.breaks = control.breaks()
        where = f"control `{control.name()}`"
        self.where = _ready(control.where or "true", names, f"{where}, where")
        self.when = [_ready(each.when, names, f"{where}, break `{each.kind}`") for each in self.breaks]
        self.amount = [_ready(each.amount, names, f"{where}, amount of `{each.kind}`") for each in self.breaks]

    def outcomes(self, cases: pl.DataFrame, kept: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
        """Per case: which break (its number, or null), and its amount, currency, beginning and account.

        Only cases whose awaited side is complete have one, and before the other side is, not before the period's end.
        """
        complete = {"billed": pl.col("billed"), "provisioned": pl.col("snapshot").is_not_null()}
        both, due = pl.col("billed") & pl.col("snapshot").is_not_null(), pl.col("time") >= pl.col("unit_end")
        cases = cases.filter(complete[self.control.waits_for] & (both | due))
        pairs = cases
        for side_name, side in (("left", self.control.left), ("right", self.control.right)):
            rows = gather(side, cases, kept).select(
                "case", *(pl.col(name).alias(f"{side_name}_{name}") for name in OF_SIDE[side.stream])
            )
            pairs = pairs.join(rows, on="case", how="left").with_columns(
                pl.col(name).alias(f"{side_name}_{name}") for name in COMMON
            )
        return self._broken(pairs)

    def _broken(self, pairs: pl.DataFrame) -> pl.DataFrame:
        first = pl.coalesce([pl.when(self.where & when).then(pl.lit(n, pl.Int64)) for n, when in enumerate(self.when)])
        pairs = pairs.with_columns(broken=first)
        amount = pl.coalesce([pl.when(pl.col("broken") == n).then(each) for n, each in enumerate(self.amount)])
        side_names = [(n, each.claims) for n, each in enumerate(self.breaks)]
        currency = pl.coalesce([pl.when(pl.col("broken") == n).then(pl.col(f"{h}_currency")) for n, h in side_names])
        since = pl.coalesce([pl.when(pl.col("broken") == n).then(pl.col(f"{h}_first_at")) for n, h in side_names])
        return pairs.with_columns(amount=amount.cast(pl.Int64), currency=currency, since=since).select(
            "case",
            "product_id",
            "as_of",
            "time",
            "full",
            "cycle",
            "unit_start",
            "unit_end",
            "account_id",
            "broken",
            "amount",
            "currency",
            "since",
            final=pl.col("billed") & pl.col("snapshot").is_not_null(),
        )


def _ready(sql: str, names: Mapping[str, pl.DataType], where: str) -> pl.Expr:
    return pl.sql_expr(check(flat(sql), names, where=where).sql())


def covered(cases: pl.DataFrame, kept: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """Number the cases and add whose they are; a case of another bill cycle than its account's falls away."""
    known = owners(cases.unique(maintain_order=True).with_row_index("case"), kept)
    return known.filter(pl.col("cycle").is_null() | (pl.col("cycle") == pl.col("bill_cycle")))


def gather(side: Side, cases: pl.DataFrame, kept: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """One row per case with what a side's expressions may name."""
    return _services(cases, kept) if side.stream == "provisioned" else _lines(side, cases, kept)


def _services(cases: pl.DataFrame, kept: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    found = days(cases, kept).join(prices(cases, kept), on="case", how="left")
    length = (cases["unit_end"] - cases["unit_start"] + DAY - 1) // DAY
    found = found.join(cases.select("case", days=length), on="case")
    return found.with_columns(
        fee_micros=share("price_micros", "active_days", "days"), records=(pl.col("present_days") > 0).cast(pl.Int64)
    )


def lines_of(side: Side, cases: pl.DataFrame, kept: Mapping[str, pl.DataFrame], *, counted: bool) -> pl.DataFrame:
    """The lines of each case that overlap its period: those that count, or those that offset them too."""
    rows = seen_by(cases, kept[side.stream], "period_start").filter(pl.col("period_end") > pl.col("unit_start"))
    parts = [part for part in (side.where, None if counted else side.offsets) if part is not None]
    where = " or ".join(f"({part})" for part in parts) or "true"
    tree = check(where, schema(side.stream), where=f"side `{side.stream}`")
    return rows.filter(pl.sql_expr(tree.sql())).sort("case", "_seq")


def _lines(side: Side, cases: pl.DataFrame, kept: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """Count the lines that overlap the period; the money of a line belongs to the period it begins in."""
    value = pl.sql_expr(check(side.value or "0", schema(side.stream), where=f"side `{side.stream}`, value").sql())
    counting = lines_of(side, cases, kept, counted=True).with_columns(value=value)
    first = counting.group_by("case").agg(
        records=pl.len().cast(pl.Int64),
        currency=pl.col("currency").first(),
        first_value_micros=pl.col("value").first(),
        first_at=pl.max_horizontal("period_start", "unit_start").min(),
    )
    money = (
        lines_of(side, cases, kept, counted=False)
        .with_columns(value=value)
        .join(first.select("case", own="currency"), on="case")
        .filter((pl.col("currency") == pl.col("own")) & (pl.col("period_start") >= pl.col("unit_start")))
    )
    total = money.group_by("case").agg(value_micros=pl.col("value").cast(pl.Int128).sum().cast(pl.Int64))
    found = cases.select("case").join(first, on="case", how="left").join(total, on="case", how="left")
    return found.with_columns(pl.col("records", "value_micros").fill_null(0))


class Proof(msgspec.Struct, frozen=True):
    """The rows behind one case: stream and rows of either side, in order of time and id."""

    left: list[tuple[str, pl.DataFrame]]
    right: list[tuple[str, pl.DataFrame]]


def proof(control: Control, case: pl.DataFrame, kept: Mapping[str, pl.DataFrame]) -> Proof:
    """The rows that a finding of one case speaks about."""
    return Proof(_rows_of(control.left, case, kept), _rows_of(control.right, case, kept))


def _rows_of(side: Side, case: pl.DataFrame, kept: Mapping[str, pl.DataFrame]) -> list[tuple[str, pl.DataFrame]]:
    if side.stream != "provisioned":
        found = [(side.stream, lines_of(side, case, kept, counted=False))]
    else:
        found = [
            ("provisioned", seen_by(case, kept["provisioned"], "since")),
            ("orders", seen_by(case, kept["orders"], "event_time")),
        ]
    return [
        (name, rows.select(list(kept_schema(name))).sort("event_time", "event_id")) for name, rows in found if len(rows)
    ]


def claimed(broken: Break, found: Proof) -> tuple[str, pl.DataFrame] | None:
    """The rows that the money is about."""
    rows = found.left if broken.claims == "left" else found.right
    return rows[0] if rows else None
