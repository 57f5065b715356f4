"""The invoices of accounts for a period: what is owed, less what was billed before; discounts, commitments, tax."""

from dataclasses import dataclass

import polars as pl

from bss.billing.charges import DUE, due, versions
from bss.billing.lines import INVOICES, LINES, shaped
from bss_kit.money import MICROS, Ints, rounded, shares, smallest_micros
from bss_kit.periods import period_name, period_of
from bss_kit.places import NOWHERE, Places
from tollwatch.expressions import check, never_failing

LOOK_BACK = 2
"""For how many earlier periods a run corrects what late orders and prices have changed."""
PAYABLE_MS = 14 * 86_400_000
MAY_ASK = ("account_class", "channel", "product_offering_id", "currency")
"""What the condition of a promotion may ask for."""
UNBILLED = ("test", "staff")
"""Classes of accounts that get no invoice."""


@dataclass(frozen=True)
class Run:
    """One bill run: a cycle's period, in its zone, issued at a moment. What came before `since` others have billed."""

    start: int
    end: int
    issued: int
    zone: str = "UTC"
    day: int = 1
    tenant: str = "main"
    since: int = 0

    @property
    def name(self) -> str:
        """The run's name and batch: run-2026-03-01."""
        return f"run-{period_name(self.start, self.zone)}"

    def periods(self) -> list[tuple[int, int]]:
        """The period itself, those that are looked back at, and the one that is billed in advance."""
        found = [(self.start, self.end)]
        for _ in range(LOOK_BACK):
            if found[0][0] > self.since:
                found.insert(0, period_of(found[0][0] - 1, self.zone, self.day))
        return [*found, period_of(self.end, self.zone, self.day)]


@dataclass(frozen=True)
class Known:
    """What a run reads: who has what, the catalogue, unbilled usage by line, credits, and lines of earlier runs."""

    spans: pl.DataFrame
    reference: pl.DataFrame
    accounts: pl.DataFrame
    usage: pl.DataFrame
    credits: pl.DataFrame
    billed: pl.DataFrame


@dataclass(frozen=True)
class Bill:
    """What a run makes."""

    lines: pl.DataFrame
    invoices: pl.DataFrame


def bill(run: Run, known: Known, places: Places = NOWHERE) -> Bill:
    """The invoices of a run. An invoice is the sum of its lines; its total can be paid in its currency.

    The same run again, with the lines it made among `billed`, owes nothing more for them.
    """
    whose = known.accounts.filter(~pl.col("account_class").fill_null("").is_in(UNBILLED)).select("account_id")
    spans = places.at("billing.subscriptions", known.spans).join(whose, on="account_id", how="semi")
    recurring = _recurring(run, spans, known)
    one_off = _one_off(run, spans, known)
    usage = _usage(run, known.usage.join(whose, on="account_id", how="semi"))
    discounts = _discounts(run, recurring, known)
    net = pl.concat([recurring.drop("started_at", "channel", "promotable"), one_off, usage, discounts], how="diagonal")
    net = pl.concat([net, _commitments(run, spans, net, known), _credits(run, known.credits)], how="diagonal")
    shown = net.filter((pl.col("amount_micros") != 0) | (pl.col("kind") == "usage"))
    net = places.at("billing.lines", shown).with_columns(tenant=pl.lit(run.tenant))
    net = net.with_columns(
        invoice_id=pl.format("I{}-{}-{}", pl.lit(period_name(run.start, run.zone)), "account_id", "currency")
    )
    taxed = pl.concat([net, _taxes(run, net, known)], how="diagonal")
    lines = shaped(pl.concat([taxed, _roundings(run, taxed)], how="diagonal"), run.name)
    return Bill(lines, invoices(run, lines))


def _recurring(run: Run, spans: pl.DataFrame, known: Known) -> pl.DataFrame:
    """Fees owed for this period and those before, less what was billed; and, in advance, those of the next."""
    parts = []
    for start, end in run.periods():
        owed = due(spans, known.reference, (start, end), run.zone)
        if start >= run.end:
            owed = owed.filter(pl.col("in_advance").fill_null(value=False))
        parts.append(owed)
    owed = pl.concat(parts)
    before = known.billed.filter(pl.col("kind").is_in(["recurring", "credit"]) & pl.col("product_id").is_not_null())
    paid = before.group_by(DUE).agg(before=pl.col("amount_micros").sum())
    stopped = before.filter(pl.col("period_start") >= run.periods()[0][0]).join(owed, on=DUE, how="anti")
    gone = stopped.group_by(DUE, maintain_order=True).agg(
        pl.col("period_end", "account_id", "subscriber_id", "currency").first(),
        amount_micros=pl.lit(0, pl.Int64),
        days=pl.lit(0, pl.Int64),
    )
    gone = gone.join(spans.select("account_id").unique(), on="account_id", how="semi")
    both = pl.concat([owed, gone], how="diagonal").join(paid, on=DUE, how="left", maintain_order="left")
    left = pl.col("amount_micros") - pl.col("before").fill_null(0)
    made = both.with_columns(amount_micros=left, promotable=pl.col("before").is_null()).filter(left != 0)
    name = pl.lit(period_name(run.start, run.zone))
    day = pl.from_epoch("period_start", time_unit="ms").dt.strftime("%Y%m%d%H")
    return made.select(
        "account_id",
        "subscriber_id",
        "product_id",
        "product_offering_id",
        "period_start",
        "period_end",
        "amount_micros",
        "currency",
        "started_at",
        "channel",
        "promotable",
        kind=pl.when(pl.col("amount_micros") < 0).then(pl.lit("credit")).otherwise(pl.lit("recurring")),
        units="days",
        line_id=pl.format("{}-{}-fee-{}-{}", name, "product_id", "product_offering_id", day),
    )


def _one_off(run: Run, spans: pl.DataFrame, known: Known) -> pl.DataFrame:
    """Charges for what began in this period or shortly before, each once for a product."""
    prices = versions(known.reference, "price").filter(pl.col("charge_kind") == "one_off")
    prices = prices.select("product_offering_id", "price_micros", "currency", "since", "until", price_id="id")
    begun = spans.filter(
        (pl.col("valid_from") == pl.col("started_at"))
        & (pl.col("started_at") < run.end)
        & (pl.col("started_at") >= run.periods()[0][0])
    )
    rows = begun.join(prices, on="product_offering_id", maintain_order="left").filter(
        (pl.col("since") <= pl.col("started_at")) & (pl.col("until") > pl.col("started_at"))
    )
    rows = rows.select(
        "account_id",
        "subscriber_id",
        "product_id",
        "currency",
        amount_micros="price_micros",
        product_offering_id="price_id",
        period_start=pl.lit(run.start),
        period_end=pl.lit(run.end),
        kind=pl.lit("one_off"),
        line_id=pl.format("{}-{}-{}", pl.lit(period_name(run.start, run.zone)), "product_id", "price_id"),
    )
    key = ["product_id", "product_offering_id"]
    done = known.billed.filter(pl.col("kind") == "one_off").select(key)
    return rows.unique(key, keep="first", maintain_order=True).join(done, on=key, how="anti", maintain_order="left")


def _usage(run: Run, usage: pl.DataFrame) -> pl.DataFrame:
    """One line for each subscriber, unit and destination."""
    key = ("account_id", "subscriber_id", "currency", "unit", "destination")
    sums = usage.group_by(key, maintain_order=True).agg(pl.col("usage_count", "units", "amount_micros").sum())
    name = pl.lit(period_name(run.start, run.zone))
    return sums.select(
        "account_id",
        "subscriber_id",
        "currency",
        "usage_count",
        "units",
        "amount_micros",
        product_offering_id=pl.format("{} {}", "unit", pl.col("destination").fill_null("")).str.strip_chars(),
        period_start=pl.lit(run.start),
        period_end=pl.lit(run.end),
        kind=pl.lit("usage"),
        line_id=pl.format(
            "{}-{}-use-{}-{}-{}", name, "subscriber_id", "unit", pl.col("destination").fill_null(""), "currency"
        ),
    )


def _discounts(run: Run, recurring: pl.DataFrame, known: Known) -> pl.DataFrame:
    """What promotions take off fees: of products that began while they were offered, for their first months.

    A share is taken of every fee and given back with every credit; an amount is taken off once for each period.
    """
    offered = versions(known.reference, "promotion").select(
        "product_offering_id", "share_ppm", "months", "condition", "since", "until", off="price_micros", promotion="id"
    )
    rows = recurring.join(offered, on="product_offering_id", maintain_order="left").filter(
        (pl.col("started_at") >= pl.col("since")) & (pl.col("started_at") < pl.col("until"))
    )
    rows = rows.join(known.accounts.select("account_id", "account_class"), on="account_id", how="left")
    rows = rows.filter(pl.col("period_start") < _months_on(run.zone))
    parts = []
    for condition, some in rows.group_by("condition", maintain_order=True):
        text = condition[0]
        if isinstance(text, str):
            tree = check(text, {n: some.schema[n] for n in MAY_ASK}, where=f"promotion {some['promotion'][0]}")
            parts.append(some.filter(pl.sql_expr(never_failing(tree).sql())))
        else:
            parts.append(some)
    if not parts:
        return pl.DataFrame(schema=LINES).drop("tenant", "invoice_id", "account_code", "batch_id")
    fits = pl.concat(parts)
    share = pl.Series(shares(fits["amount_micros"].to_numpy(), fits["share_ppm"].fill_null(0).to_numpy(), MICROS))
    once = pl.when(pl.col("promotable")).then(pl.min_horizontal("off", "amount_micros")).otherwise(0)
    return fits.with_columns(
        amount_micros=-pl.when(pl.col("share_ppm").is_not_null()).then(pl.lit(share)).otherwise(once),
        kind=pl.lit("discount"),
        units=pl.lit(None, pl.Int64),
        line_id=pl.format("{}-{}", "line_id", "promotion"),
        product_offering_id="promotion",
    ).select(
        "account_id",
        "subscriber_id",
        "product_id",
        "product_offering_id",
        "period_start",
        "period_end",
        "amount_micros",
        "currency",
        "kind",
        "units",
        "line_id",
    )


def _months_on(zone: str) -> pl.Expr:
    """When a promotion ends for a product that began at some moment; never, where it says nothing of months."""
    began = pl.from_epoch("started_at", time_unit="ms").dt.replace_time_zone("UTC").dt.convert_time_zone(zone)
    ends = began.dt.offset_by(pl.format("{}mo", pl.col("months").fill_null(0))).dt.epoch("ms")
    return pl.when(pl.col("months").is_null()).then(2**62).otherwise(ends)


def _commitments(run: Run, spans: pl.DataFrame, net: pl.DataFrame, known: Known) -> pl.DataFrame:
    """What is missing to the least amount of a product's offering, for the days it had in this period."""
    rows = due(spans, known.reference, (run.start, run.end), run.zone)
    rows = rows.filter(pl.col("commitment_micros").fill_null(0) > 0)
    least = shares(rows["commitment_micros"].to_numpy(), rows["days"].to_numpy(), rows["period_days"].to_numpy())
    rows = rows.with_columns(least=pl.Series(least, dtype=pl.Int64))
    own = net.filter(pl.col("period_start") == run.start).group_by("subscriber_id").agg(pl.col("amount_micros").sum())
    both = rows.drop("amount_micros").join(own, on="subscriber_id", how="left", maintain_order="left")
    missing = pl.col("least") - pl.col("amount_micros").fill_null(0)
    line = pl.format("{}-{}-commitment", pl.lit(period_name(run.start, run.zone)), "product_id")
    done = known.billed.select("line_id")
    return (
        both.filter(missing > 0)
        .select(
            "account_id",
            "subscriber_id",
            "product_id",
            "currency",
            amount_micros=missing,
            product_offering_id=pl.lit("commitment"),
            period_start=pl.lit(run.start),
            period_end=pl.lit(run.end),
            kind=pl.lit("one_off"),
            line_id=line,
        )
        .unique("line_id", keep="first", maintain_order=True)
        .join(done, on="line_id", how="anti", maintain_order="left")
    )


def _credits(run: Run, given: pl.DataFrame) -> pl.DataFrame:
    """Credits that care has given: account_id, amount_micros (what the customer gets), currency, who, ticket."""
    name = pl.lit(period_name(run.start, run.zone))
    return given.select(
        "account_id",
        "currency",
        "agent_id",
        "ticket_id",
        "approved_by",
        amount_micros=-pl.col("amount_micros"),
        period_start=pl.lit(run.start),
        period_end=pl.lit(run.end),
        kind=pl.lit("credit"),
        line_id=pl.format("{}-credit-{}", name, "credit_id"),
    )


def _taxes(run: Run, net: pl.DataFrame, known: Known) -> pl.DataFrame:
    """Each tax in force when the period ends, on the lines of each invoice, to the smallest amount of the currency."""
    taxes = versions(known.reference, "tax").filter((pl.col("since") < run.end) & (pl.col("until") >= run.end))
    key = ["invoice_id", "account_id", "currency", "tenant"]
    sums = net.group_by(key, maintain_order=True).agg(pl.col("amount_micros").sum())
    rows = sums.join(taxes.select("share_ppm", tax_id="id"), how="cross")
    exact = shares(rows["amount_micros"].to_numpy(), rows["share_ppm"].to_numpy(), MICROS)
    return rows.select(
        *key,
        "tax_id",
        amount_micros=pl.Series(rounded(exact, _smallest(rows)), dtype=pl.Int64),
        period_start=pl.lit(run.start),
        period_end=pl.lit(run.end),
        kind=pl.lit("tax"),
        line_id=pl.format("{}-{}", "invoice_id", "tax_id"),
    ).filter(pl.col("amount_micros") != 0)


def _roundings(run: Run, taxed: pl.DataFrame) -> pl.DataFrame:
    """What makes each invoice's total payable: to the smallest amount of its currency, half to even."""
    key = ["invoice_id", "account_id", "currency", "tenant"]
    sums = taxed.group_by(key, maintain_order=True).agg(pl.col("amount_micros").sum())
    exact = sums["amount_micros"].to_numpy()
    rest = pl.Series(rounded(exact, _smallest(sums)) - exact, dtype=pl.Int64)
    return sums.select(
        *key,
        amount_micros=rest,
        product_offering_id=pl.lit("rounding"),
        period_start=pl.lit(run.start),
        period_end=pl.lit(run.end),
        kind=pl.when(rest < 0).then(pl.lit("credit")).otherwise(pl.lit("one_off")),
        line_id=pl.format("{}-rounding", "invoice_id"),
    ).filter(pl.col("amount_micros") != 0)


def _smallest(rows: pl.DataFrame) -> Ints:
    smallest = {code: smallest_micros(code) for code in rows["currency"].unique()}
    return rows["currency"].replace_strict(smallest, return_dtype=pl.Int64).to_numpy()


def invoices(run: Run, lines: pl.DataFrame) -> pl.DataFrame:
    """The heads of the invoices that lines make."""
    tax = pl.col("amount_micros").filter(pl.col("kind") == "tax").sum()
    sums = lines.group_by("tenant", "invoice_id", "account_id", "currency", maintain_order=True).agg(
        total_micros=pl.col("amount_micros").sum(), tax_micros=tax
    )
    return sums.with_columns(
        issued=pl.lit(run.issued, pl.Int64),
        due=pl.lit(run.issued + PAYABLE_MS, pl.Int64),
        period_start=pl.lit(run.start, pl.Int64),
        period_end=pl.lit(run.end, pl.Int64),
        open_micros="total_micros",
        state=pl.lit("issued"),
        batch_id=pl.lit(run.name),
    ).select(*INVOICES)


def batches(run: Run, records: int, lasts_ms: int) -> pl.DataFrame:
    """The bill run as a batch: opened when it is issued, closed with how many lines it has."""
    return pl.DataFrame(
        {
            "event_id": [f"{run.name}-open", f"{run.name}-closed"],
            "event_time": [run.issued, run.issued + lasts_ms],
            "state": ["open", "closed"],
            "records": [None, records],
        }
    ).with_columns(
        tenant=pl.lit(run.tenant),
        batch_id=pl.lit(run.name),
        kind=pl.lit("bill_run"),
        scope=pl.lit("billed"),
        period_start=pl.lit(run.start),
        period_end=pl.lit(run.end),
        source=pl.lit("billing"),
    )
