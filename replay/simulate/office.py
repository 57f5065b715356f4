"""The simulated operator's back office: usage, orders, payments and months through the companions, slice by slice."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl

from bss.billing.bill import Known, Run, batches, bill
from bss.billing.lines import LINES, told_invoices, told_lines
from bss.charging.balances import BALANCES, HOLDS, REQUESTS, charge
from bss.charging.balances import snapshot as balances_snapshot
from bss.inventory.snapshot import snapshot
from bss.ledger.journal import of_invoices, posted
from bss.mediation.assembly import assembled, is_part
from bss.mediation.mediate import State, mediate
from bss.mediation.register import File
from bss.payment.hops import through
from bss.rating.allowances import no_buckets
from bss.rating.plan import compile_plan
from bss.rating.rate import Contracts, rate
from bss_kit.frames import every, shaped, whole
from bss_kit.places import Places
from replay.simulate.catalogue import HISTORY_DAYS, OFFERINGS, PRICES, ZONE, catalogue
from replay.simulate.chance import DAY, HOUR, scatter
from replay.simulate.debts import Debts
from replay.simulate.money import class_of
from replay.simulate.orders import NetworkOverTime, ordered
from replay.simulate.partners import Partners
from replay.simulate.planted import Planted
from replay.simulate.population import CURRENCY, PREPAID, World, account_id
from replay.simulate.probes import TEST, probed
from replay.simulate.records import HOME_NETWORK
from replay.simulate.services import former, month_name, months
from replay.simulate.switches import MODULUS, SLOT, file_name, in_parts, writes
from replay.simulate.used import accounts_of, ids_of, strangers
from replay.simulate.vouchers import Vouchers

Streams = dict[str, pl.DataFrame]
HOME = frozenset({HOME_NETWORK})
RATED_AFTER_MS = 60_000
IN_BILLING = (
    *("double_charge", "wrong_proration", "attribute_mismatch", "bill_start_lag", "unauthorised_credit", "old_price"),
    "provisioned_not_billed",
)
"""Faults of a month, each on subscribers of its own."""
OPENING_MICROS = 5_000_000
MOVED_AFTER_MS, CLOSED_AFTER_MS = 300_000, 2 * HOUR
"""Behind a snapshot before a migration the one after it; behind the end the last, when all calls are over."""
NOBODY = pl.DataFrame(
    schema={
        **dict.fromkeys(("subscriber_id", "account_id", "msisdn", "imsi"), pl.String),
        **dict.fromkeys(("valid_from", "valid_to"), pl.Int64),
    }
)
CREDITS = {
    **dict.fromkeys(("credit_id", "account_id", "currency", "agent_id", "ticket_id", "approved_by"), pl.String),
    "amount_micros": pl.Int64,
}
SUMS = {
    **dict.fromkeys(("account_id", "subscriber_id", "currency", "unit", "destination"), pl.String),
    **dict.fromkeys(("day", "usage_count", "units", "amount_micros"), pl.Int64),
}


class Office:
    """Everything behind the network, with the faults that are planted in it."""

    def __init__(self, world: World, planted: Planted | None = None) -> None:
        self.world = world
        self.places = (planted or Planted()).places(lambda: self)
        first = world.start - HISTORY_DAYS * DAY
        self.reference = self.places.at("catalog.reference", catalogue(first))
        self.ordered = ordered(world, self.places)
        self.partners = Partners(self.reference, self.ordered.rows, self.places)
        self.vouchers = Vouchers(world, self.places)
        self.debts = Debts(world, accounts_of(planted or Planted()), self.places)
        self.settled_until = world.start
        self.network = NetworkOverTime(self.ordered.to_do, self.places)
        self.plan, self.sound_plan = compile_plan(self.reference), compile_plan(catalogue(first))
        held = pl.concat([self.ordered.spans, strangers(world, planted or Planted())])
        self.contracts = Contracts.of(held, whole(self.reference, "reference"), self.plan)
        self.planted_ids = ids_of(planted or Planted())
        self.now, self.period, self.file = 0, (0, 0), ""
        self.files_written: dict[str, int] = {}
        self.asked = pl.DataFrame()
        self.mediation: dict[str, State] = {}
        self.legs = State().legs
        self.usage = pl.DataFrame(schema=SUMS)
        self.billed = pl.DataFrame(schema=LINES)
        self.balances = pl.DataFrame(schema=BALANCES)
        self.holds = pl.DataFrame(schema=HOLDS)
        self.recharges = pl.DataFrame(schema=REQUESTS)

    def orders(self, day: int) -> pl.DataFrame:
        """The rows of `orders` of a day."""
        return self.ordered.rows.filter(pl.col("event_time").is_between(day, day + DAY - 1))

    def payments(self, rows: pl.DataFrame) -> Streams:
        """The gateway's payments of a day at every hop, and what became of vouchers; recharges wait for balances."""
        natural = self.is_natural("event_id")
        told = through(self.debts.asked(self.vouchers.paid(rows, natural), natural), self.places)
        self.debts.paid(told)
        paid = told.filter(
            (pl.col("hop") == "account") & (pl.col("kind") == "recharge") & (pl.col("state") == "settled")
        )
        requests = paid.select(
            "account_id",
            "currency",
            "amount_micros",
            request_id="event_id",
            kind=pl.lit("top_up"),
            at="event_time",
        )
        self.recharges = pl.concat([self.recharges, shaped(requests, REQUESTS)])
        return {"payments": told, "vouchers": self.vouchers.used(told, natural)}

    def opening(self) -> Streams:
        """What is on prepaid balances when the simulation begins, with their batch; and which invoices are overdue."""
        holders = np.flatnonzero(class_of(self.world) == PREPAID)
        rows = pl.DataFrame({"account_id": [account_id(n) for n in holders.tolist()]}).with_columns(
            request_id=pl.format("opening-{}", "account_id"),
            currency=pl.lit(CURRENCY),
            kind=pl.lit("top_up"),
            amount_micros=OPENING_MICROS + pl.Series(scatter(holders, 26, 40)) * 1_000_000,
            at=pl.lit(self.world.start - 1),
        )
        self._charge(shaped(rows, REQUESTS))
        return self.balances_at(self.world.start) | {"invoices": self.debts.opening()}

    def migrated(self, day: int) -> Streams:
        """On the second day balances move to another charging system: all of them before, and all of them after."""
        if day != self.world.start + DAY:
            return {}
        before = self.balances_at(day, "before", "balances:migration")
        after = self.balances_at(day + MOVED_AFTER_MS, "after", "balances:migration")
        after["balances"] = self.places.at("charging.migrated", after["balances"])
        after["batches"] = after["batches"].with_columns(records=pl.lit(len(after["balances"]), pl.Int64))
        return {name: pl.concat([before[name], after[name]]) for name in before}

    def balances_at(self, moment: int, word: str = "balances", scope: str = "balances") -> Streams:
        """A snapshot of all prepaid balances."""
        name = f"{word}-{moment}"
        rows = balances_snapshot(self.balances, moment, name)
        batch = pl.DataFrame({"event_id": [f"{name}-closed"], "event_time": [moment], "records": [len(rows)]})
        return {
            "balances": rows,
            "batches": batch.with_columns(
                batch_id=pl.lit(name),
                kind=pl.lit("snapshot"),
                scope=pl.lit(scope),
                state=pl.lit("closed"),
                period_start=pl.lit(self.world.start),
                period_end=pl.lit(moment),
                source=pl.lit("charging"),
            ),
        }

    def use(self, rows: pl.DataFrame, until: int) -> Streams:
        """The records that end within a slot of time, as files through mediation, rating and charging."""
        self.now = until
        natural = self.is_natural("event_id")
        given = self.debts.served(self.partners.routed(rows, natural), natural).with_columns(
            node=writes(self.is_natural("event_id"))
        )
        files = given.group_by("source", "node", maintain_order=True)
        parts = [self._mediated((str(source), str(node)), some, until) for (source, node), some in files]
        made = {
            name: pl.concat([part[name] for part in parts if len(part[name])] or [pl.DataFrame()], how="diagonal")
            for name in ("usage", "suspense", "batches", "counts")
        }
        usage = made["usage"]
        own = usage.filter(pl.col("subscriber_id").is_not_null()) if len(usage) else usage
        rated = self._rated(own) if len(own) else own
        sent = self.partners.count(usage, rated)
        made["usage"] = every([usage, sent])
        made["batches"] = every([made["batches"], probed(until, self.places)])
        return made | {"rated": rated}

    def _mediated(self, writer: tuple[str, str], rows: pl.DataFrame, until: int) -> Mapping[str, pl.DataFrame]:
        """One file of a network element, with what its last transfer repeated."""
        source, node = writer
        state = self.mediation.get(node, State())
        number = self.files_written.get(node, self.world.start // SLOT) + 1
        self.files_written[node], self.file = number, file_name(node, number)
        name, written = self.file, in_parts(rows)
        within = written.filter(pl.col("event_time") >= until - SLOT)
        repeated = within.tail(2).with_columns(event_id=pl.col("event_id") + "-again")
        given = self.places.at("network.file", pl.concat([written, repeated], how="diagonal"))
        if given.is_empty():
            return dict.fromkeys(("usage", "suspense", "batches", "counts"), given)
        file = File(node, name, f"{name}-{until}", number % MODULUS, MODULUS)
        before = replace(state, legs=self.legs)
        made = mediate(file, given, before, NOBODY, hold_unknown=False, places=self.places)
        new = made.state
        recent = new.seen.filter(pl.col("event_time") >= until - 2 * SLOT)
        self.mediation[node] = State(new.files.tail(1), recent, new.held.head(0), new.parts)
        self.legs = new.legs
        usage = made.usage.with_columns(source=pl.lit(source))
        return {"usage": usage, "suspense": made.suspense, "batches": made.batches, "counts": made.counts}

    def is_natural(self, column: str) -> pl.Expr:
        """Whether an id is none of what scenarios have planted: faults leave frauds alone."""
        return ~pl.col(column).is_in(self.planted_ids.implode()) & ~pl.col(column).str.starts_with(TEST)

    def may_be_wrong(self, fault: str) -> pl.Expr:
        """Whether a subscriber is one of those on whom a fault of the month may happen; each fault has its own."""
        number = pl.col("subscriber_id").str.slice(1).cast(pl.Int64, strict=False).fill_null(0)
        return number % len(IN_BILLING) == IN_BILLING.index(fault)

    def is_own_account(self) -> pl.Expr:
        """Whether an account is one of the population's."""
        return pl.col("account_id").str.contains(r"^A\d{7}$")

    def charged(self, rows: pl.DataFrame) -> pl.DataFrame:
        """The records that nobody has planted and somebody pays for, with `worth`: what rating makes of them."""
        own = rows.filter(self.is_natural("event_id") & pl.col("subscriber_id").is_not_null())
        price = self.rating(own).select(event_id="refers_to", worth="charge_micros").filter(pl.col("worth") > 0)
        return own.join(price.unique("event_id", keep="first"), on="event_id", maintain_order="left")

    def worth(self, rows: pl.DataFrame) -> int:
        """What rating makes of records in all."""
        own = whole(rows.filter(pl.col("subscriber_id").is_not_null()), "usage")
        joined = assembled(own.filter(is_part()), self.now)[0]
        parts = (own.filter(~is_part()), joined)
        return sum(int(self.rating(some)["charge_micros"].sum()) for some in parts if len(some))

    def price(self, offering: str) -> int:
        """The monthly fee of an offering."""
        return int(PRICES[OFFERINGS.index(offering)])

    def this_month(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """A row with the month that is being closed, and whose product it is."""
        start, end = self.period
        whose = self.world.names.row(int(str(row["subscriber_id"])[1:]), named=True)["account_id"]
        return {"account_id": whose} | dict(row) | {"period_start": start, "period_end": end}

    def rating(self, rows: pl.DataFrame) -> pl.DataFrame:
        """What rating makes of records of subscribers when nothing is wrong."""
        return rate(rows, self.sound_plan, self.contracts, no_buckets(), home=HOME).rated

    def _rated(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Rows of `rated`, a minute behind their usage; prepaid ones with the balance that is left."""
        self.asked = rows
        made = rate(rows, self.plan, self.contracts, no_buckets(), home=HOME, places=self.places).rated
        rated = made.with_columns(pl.col("event_time") + RATED_AFTER_MS)
        online = rated.filter((pl.col("charging") == "online") & (pl.col("charge_micros") > 0))
        until = rows["event_time"].max()
        due = self.recharges.filter(pl.col("at") <= until)
        self.recharges = self.recharges.filter(pl.col("at") > until)
        asked = online.select(
            "account_id",
            "currency",
            request_id="event_id",
            kind=pl.lit("charge"),
            amount_micros="charge_micros",
            at="event_time",
        )
        done = self._charge(pl.concat([due, shaped(asked, REQUESTS)]))
        left = done.select(event_id="request_id", left="balance_after_micros")
        offline = rated.filter((pl.col("charging") == "offline") & pl.col("charge_micros").is_not_null())
        self.usage = pl.concat([self.usage, _sums(offline)])
        return (
            rated.join(left, on="event_id", how="left", maintain_order="left")
            .with_columns(balance_after_micros="left")
            .drop("left")
        )

    def _charge(self, requests: pl.DataFrame) -> pl.DataFrame:
        """Carry requests out on the balances; gives them with what is left."""
        none = requests.head(0).select(pl.col("tenant").cast(pl.String), "request_id")
        done = charge(requests, self.balances, self.holds, none, self.places)
        self.balances, self.holds = done.balances, done.holds
        return done.requests

    def month(self, day: int) -> Streams:
        """On the first of a month: the network's snapshot, the bill run, and the batches that count both."""
        found = next(((start, end) for start, end in months(self.world) if end == day), None)
        if found is None:
            return {}
        start, end = self.period = found
        name = month_name(end)
        given, counted = snapshot(
            self.network.at(end - 1), (start, end), f"snapshot-{name}", HOUR, places=self.places, at=end + HOUR
        )
        run = Run(start, end, end + 6 * HOUR, since=next(months(self.world))[0])
        made = bill(run, self._known(run), self._with_mistakes(start, end))
        self.billed = pl.concat([self.billed, made.lines])
        self.usage = self.usage.filter(pl.col("day") >= end)
        self.debts.billed(made.invoices)
        settled = self.settled(start, end, end + 12 * HOUR)
        booked = posted(of_invoices(made.lines, run.issued, ZONE), self.places)
        return settled | {
            "postings": every([booked.drop("booked_at"), settled["postings"]]),
            "provisioned": given,
            "billed": told_lines(made.lines, run.issued, 4 * HOUR),
            "invoices": told_invoices(made.invoices),
            "batches": every([counted, batches(run, len(made.lines), 5 * HOUR), settled["batches"]]),
        }

    def settled(self, start: int, end: int, at: int) -> Streams:
        """The statements of a period with all partners."""
        self.settled_until = end
        return self.partners.statements((start, end), at)

    def dunned(self, at: int) -> pl.DataFrame:
        """The steps of dunning that are due, carried out."""
        told, orders = self.debts.dunned(at)
        self.network.to_do = pl.concat([self.network.to_do, orders])
        return told

    def closing(self) -> Streams:
        """What ends with the simulation: the last balances, and the statements of what is not settled yet."""
        end = self.world.end
        self._charge(self.recharges)
        balances, settled = self.balances_at(end + CLOSED_AFTER_MS), self.settled(self.settled_until, end, end)
        self.places.at("simulation.end", pl.DataFrame())
        return balances | settled | {"batches": every([balances["batches"], settled["batches"]])}

    def _with_mistakes(self, start: int, end: int) -> Places:
        """The places, with charges among the lines that were made by mistake and credited in the same run."""
        changes = dict(self.places.changes)
        mistakes = changes.get("billing.lines", [])
        changes["billing.lines"] = [lambda lines: credited_again(self.world, lines, start, end), *mistakes]
        return Places(changes)

    def _known(self, run: Run) -> Known:
        """What billing knows of this month."""
        holders = np.arange(self.world.accounts)
        kinds = np.where(self.world.has_habit("test line"), "test", "customer")
        accounts = pl.DataFrame({"account_id": [account_id(n) for n in holders.tolist()], "account_class": kinds})
        usage = self.usage.filter(pl.col("day") < run.end)
        return Known(self.ordered.spans, self.reference, accounts, usage, pl.DataFrame(schema=CREDITS), self.billed)


def credited_again(world: World, lines: pl.DataFrame, start: int, end: int) -> pl.DataFrame:
    """Lines of a run with charges for what had ended long ago that were credited in the same run: nobody lost money."""
    old = (
        former(world)
        .filter("credited")
        .select(
            "account_id",
            "subscriber_id",
            "product_id",
            product_offering_id="offering",
            amount_micros=pl.col("price").cast(pl.Int64),
            currency=pl.lit(CURRENCY),
            period_start=pl.lit(start),
            period_end=pl.lit(end),
            kind=pl.lit("recurring"),
        )
    )
    both = [
        old.with_columns(line_id=pl.format("{}-{}-mistake", pl.lit(month_name(end)), "product_id")),
        old.with_columns(
            amount_micros=-pl.col("amount_micros"),
            kind=pl.lit("credit"),
            line_id=pl.format("{}-{}-mistake-credit", pl.lit(month_name(end)), "product_id"),
        ),
    ]
    return pl.concat([lines, *both], how="diagonal_relaxed")


def _sums(rated: pl.DataFrame) -> pl.DataFrame:
    """Rated usage by line and day, to be billed."""
    key = ("account_id", "subscriber_id", "currency", "unit", "destination")
    return shaped(
        rated.group_by(*key, (pl.col("usage_time") // DAY * DAY).alias("day"), maintain_order=True).agg(
            usage_count=pl.len().cast(pl.Int64),
            units=pl.col("units").sum(),
            amount_micros=pl.col("charge_micros").sum(),
        ),
        SUMS,
    )
