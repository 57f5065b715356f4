"""Who owes the simulated operator: open invoices, who pays them, and the steps against those who do not."""

import numpy as np
import polars as pl

from bss.ordering.decompose import SERVICE_ORDERS
from bss.payment.allocation import RECEIVABLES, allocated
from bss.payment.dunning import DONE, dun
from bss_kit.frames import shaped
from bss_kit.places import Places
from replay.simulate.chance import DAY, HOUR, scatter
from replay.simulate.money import class_of
from replay.simulate.population import CURRENCY, POSTPAID, World, account_id

ONE_IN = 20
"""Of so many households one has not paid its last invoice when the simulation begins."""
TOLD_BEFORE = (("reminder", 3), ("second_reminder", 10))
BARRED_AFTER, PAYS_AFTER = 20, 30
"""Days behind the due date until a bar, and behind the beginning until who did not pay pays."""


class Debts:
    """Open invoices, and what is done about them, day by day."""

    def __init__(self, world: World, left_alone: set[str], places: Places) -> None:
        self.world, self.places = world, places
        holders = np.flatnonzero(class_of(world) == POSTPAID)
        odd = np.isin(np.arange(world.accounts), world.account[(world.habit != 0) | (world.active_since > world.start)])
        late = [n for n in holders[scatter(holders, 35, ONE_IN) == 0].tolist() if not odd[n]]
        self.late = [name for name in map(account_id, late) if name not in left_alone]
        self.receivables = self._overdue()
        self.done = self._told_before()
        self.barred = pl.DataFrame(schema={"account_id": pl.String, "barred_at": pl.Int64})

    def _overdue(self) -> pl.DataFrame:
        number = np.array([int(name[1:]) for name in self.late], np.int64)
        due = self.world.start - BARRED_AFTER * DAY + 6 * HOUR + scatter(number, 36, 12) * HOUR
        amount = (30 + scatter(number, 37, 60)) * 1_000_000
        rows = pl.DataFrame({"account_id": self.late, "due": due, "total_micros": amount, "open_micros": amount})
        return shaped(
            rows.with_columns(
                tenant=pl.lit("main"),
                invoice_id=pl.format("old-{}", "account_id"),
                currency=pl.lit(CURRENCY),
                issued=pl.col("due") - 10 * DAY,
            ),
            RECEIVABLES,
        )

    def _told_before(self) -> pl.DataFrame:
        steps = pl.DataFrame(TOLD_BEFORE, schema={"step": pl.String, "days": pl.Int64}, orient="row")
        rows = self.receivables.join(steps, how="cross").with_columns(due_at=pl.col("due") + pl.col("days") * DAY)
        done = rows.with_columns(at="due_at", executed=pl.lit(value=True), amount_micros="open_micros")
        return shaped(done, DONE)

    def opening(self) -> pl.DataFrame:
        """Rows of `invoices`: what is overdue when the simulation begins."""
        return self.receivables.drop("tenant").with_columns(
            event_id=pl.format("{}-open", "invoice_id"),
            event_time=pl.lit(self.world.start),
            state=pl.lit("overdue"),
            source=pl.lit("billing"),
        )

    def billed(self, invoices: pl.DataFrame) -> None:
        """Await the payment of invoices."""
        self.receivables = pl.concat([self.receivables, shaped(invoices, RECEIVABLES)])

    def asked(self, rows: pl.DataFrame, natural: pl.Expr) -> pl.DataFrame:
        """The gateway's payments: each bill that is paid is paid as it is; who owes nothing pays nothing."""
        day = rows["event_time"].min()
        open_ = (
            self.receivables.filter(pl.col("open_micros") > 0)
            .sort("due", "invoice_id")
            .group_by("account_id", maintain_order=True)
            .agg(owed=pl.col("open_micros").sum(), first=pl.col("invoice_id").first())
        )
        bill = natural & (pl.col("kind") == "payment")
        waits = pl.col("account_id").is_in(self.late) & (pl.lit(day) < self.world.start + PAYS_AFTER * DAY)
        both = rows.join(open_, on="account_id", how="left", maintain_order="left")
        kept = both.filter((~bill | (pl.col("owed").is_not_null() & ~waits)).fill_null(value=True))
        invoice = pl.col("invoice_id") if "invoice_id" in rows.columns else pl.lit(None, pl.String)
        return kept.with_columns(
            amount_micros=pl.when(bill).then("owed").otherwise("amount_micros"),
            invoice_id=pl.when(bill).then("first").otherwise(invoice),
        ).drop("owed", "first")

    def paid(self, told: pl.DataFrame) -> None:
        """Allocate what has reached accounts."""
        came = told.filter(
            (pl.col("hop") == "account") & (pl.col("kind") == "payment") & (pl.col("state") == "settled")
        )
        rows = came.select(
            "payment_id",
            "account_id",
            "currency",
            "amount_micros",
            "invoice_id",
            tenant=pl.lit("main"),
            at="event_time",
        )
        _, self.receivables = allocated(rows, self.receivables)

    def dunned(self, at: int) -> tuple[pl.DataFrame, pl.DataFrame]:
        """The steps that are due: rows of `dunning`, and service orders for the network."""
        made = dun(self.receivables, self.done, at, self.places)
        self.done = made.done
        some = made.effects.filter(pl.col("verb").is_in(["suspend", "resume"]))
        back = some.filter(pl.col("verb") == "resume")["account_id"].to_list()
        new = some.filter(pl.col("verb") == "suspend").select("account_id", barred_at=pl.lit(at, pl.Int64))
        self.barred = pl.concat([self.barred.filter(~pl.col("account_id").is_in(back)), new])
        self.barred = self.barred.unique("account_id", keep="first", maintain_order=True)
        return made.told, self._orders(some, at)

    def _orders(self, effects: pl.DataFrame, at: int) -> pl.DataFrame:
        """What the network is to do with the products of accounts."""
        names = self.world.names.head(len(self.world)).with_row_index("n")
        rows = names.join(effects.select("account_id", "verb"), on="account_id", maintain_order="left")
        return shaped(
            rows.with_columns(
                tenant=pl.lit("main"),
                product_id=pl.format("P{}", pl.col("n").cast(pl.String).str.zfill(7)),
                service_order_id=pl.format("so-dun-{}-{}-{}", "verb", "subscriber_id", pl.lit(at)),
                state=pl.lit("acknowledged"),
                state_at=pl.lit(at, pl.Int64),
                due_at=pl.lit(at, pl.Int64),
            ),
            SERVICE_ORDERS,
        )

    def served(self, rows: pl.DataFrame, natural: pl.Expr) -> pl.DataFrame:
        """What is used by those who are not barred: they call nobody, and are called."""
        if self.barred.is_empty():
            return rows
        both = rows.join(self.barred, on="account_id", how="left", maintain_order="left")
        moment = pl.coalesce("start_time", "event_time")
        sent = natural & (pl.col("record_type") == "originating")
        refused = both.filter((sent & (moment >= pl.col("barred_at"))).fill_null(value=False))["event_id"]
        legs = pl.concat([refused, refused + "t"])
        return rows.filter(~pl.col("event_id").is_in(legs.implode()))
