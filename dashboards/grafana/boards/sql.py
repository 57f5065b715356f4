"""What panels have in common: the rows they ask for, money in one currency, and what an empty range says."""

from dashboards.grafana.boards.panel import Panel, Variable

TENANT = "tenant IN (${tenant:singlequote})"
LIVE = f"run = 'live' AND {TENANT}"
TENANTS = Variable("tenant", "Tenant", "SELECT DISTINCT tenant FROM feed_health ORDER BY tenant")
CURRENCIES = (
    "SELECT currency FROM (SELECT assumeNotNull(currency) AS currency FROM alert_last WHERE currency IS NOT NULL "
    "UNION ALL SELECT currency FROM leakage_last) GROUP BY currency ORDER BY count() DESC, currency"
)
CURRENCY = Variable("currency", "Currency", CURRENCIES, several=False)
CHOSEN_RATE = (
    "(SELECT if(count() = 0, 1000000, argMax(rate_micros, since)) FROM exchange_rate "
    "WHERE currency = ${currency:singlequote})"
)
TIMELINE = "/d/tollwatch-timeline?${__url_time_range}&var-subject=${__value.raw}"
ALERT = "/d/tollwatch-timeline?${__url_time_range}&var-subject=${__data.fields.subject}"
NO_CURRENCY = "unknown"


def within(column: str) -> str:
    """Of the chosen tenants, in the chosen time."""
    return f"{LIVE} AND $__timeFilter({column})"


def alerts(where: str = "1 = 1") -> str:
    """Alerts of episodes that began in the chosen time, as they stand now."""
    return f"(SELECT * FROM alert_last FINAL WHERE {within('episode_start')} AND state != 'suppressed' AND {where})"


def unjudged(where: str = "1 = 1") -> str:
    """Alerts that nobody has judged, open or closed, whenever they were."""
    return f"(SELECT * FROM alert_unjudged WHERE {LIVE} AND {where})"


def converted(rows: str) -> str:
    """Rows with `money_micros`: their amount in the chosen currency, by the rate that was in force; NULL where unknown.

    Whole numbers throughout. Without a rate a foreign amount stays unknown: it is never added up as it is.
    """
    return (
        "(SELECT a.*, multiIf(a.currency = ${currency:singlequote}, toInt128(a.amount_micros), "
        "ifNull(r.rate_micros, 0) = 0, NULL, intDiv(toInt128(a.amount_micros) * r.rate_micros, "
        f"{CHOSEN_RATE})) AS money_micros FROM (SELECT *, ifNull(currency, '') AS currency_key FROM {rows}) AS a "
        "ASOF LEFT JOIN exchange_rate AS r ON r.tenant = a.tenant AND r.currency = a.currency_key AND r.since <= a.event_time)"
    )


def money(amount: str = "sum(money_micros)") -> str:
    """A sum of millionths as an amount for the eye."""
    return f"toDecimal128({amount}, 6) / 1000000"


def known(expression: str, column: str = "minute") -> str:
    """A number, or NULL where nothing at all was read in the chosen time: no healthy zeros of an empty range."""
    read = f"SELECT count() FROM feed_health WHERE {within(column)}"
    return f"if(({read}) = 0, NULL, {expression})"


def stored(expression: str) -> str:
    """A number, or NULL where nothing is stored at all."""
    return f"if((SELECT count() FROM feed_health WHERE {LIVE}) = 0, NULL, {expression})"


def range_panel() -> Panel:
    """What the chosen time holds, and where the data is when it holds nothing."""
    health = f"SELECT sum(events) AS total, sumIf(events, $__timeFilter(minute)) AS inside, max(minute) AS last FROM feed_health FINAL WHERE {LIVE}"
    until = "formatDateTime(last, '%Y-%m-%d %H:%i')"
    return Panel(
        "stat",
        "Data",
        "What was read in the chosen time, by event time.",
        "SELECT multiIf(total = 0, 'Nothing is stored yet: run files with tollwatch run, or start a worker', inside = 0, "
        f"concat('No events in this range; the data ends on ', {until}, ' UTC'), concat(formatReadableQuantity(inside), "
        f"' events in this range; the data ends on ', {until}, ' UTC')) AS data FROM ({health})",
        unit="string",
        width=24,
        height=3,
        empty="Nothing is stored yet: run files with tollwatch run, or start a worker",
    )
