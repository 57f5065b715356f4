"""On which days of a bill cycle's period the network gave each service, whose it was and what it cost: as SQL.

A **unit** is a period of one bill cycle (of all accounts, where runs name none); a **case** is a product in a unit.
What the network was seen to have, and what completed orders say where it was not looked at, are points in time; a
spell goes from one to the next. A point is overruled where the network was later seen in one state since before it. A
service that the complete snapshot of the period does not show ended; an activation that nobody ever saw never was.

Points of a case stand in arrays of tuples: time, seen until, first read, state, whether the snapshot shows it.
"""

from typing import Any

from detectors.controls.language import Side
from detectors.controls.parts import FOREVER, complete, half_even

DAY = 86_400_000
ORDERED = """
    SELECT event_id, event_time, assumeNotNull(product_id) AS product, toString(action) AS action,
        ifNull(account_id, '') AS account, ifNull(product_offering_id, '') AS offering
    FROM {orders} WHERE state = 'completed' AND product_id IS NOT NULL
        AND action IN ('add', 'delete', 'modify', 'port_in', 'port_out')"""
NEAR = "at > unit_start, if(at > unit_start, at, -at)"
"""What was in force when the unit began comes first, then what began soonest after."""
UNITS = f"""
WITH shown AS (
    SELECT s.batch AS batch, s.since AS since, s.until AS until, s.closed_at AS closed_at,
        if(f.first = 0, s.closed_at, f.first) AS first
    FROM ({complete("provisioned", "snapshot")}) AS s LEFT JOIN (
        SELECT assumeNotNull(batch_id) AS of_batch, min(event_time) AS first FROM {{provisioned}}
        WHERE batch_id IS NOT NULL GROUP BY of_batch
    ) AS f ON s.batch = f.of_batch
),
runs AS (
    SELECT cycle, unit_start, unit_end, min(is_whole) AS is_billed FROM (
        SELECT DISTINCT batch_id AS batch, period_start AS unit_start, period_end AS unit_end,
            if(position(scope, ':') > 0, substring(scope, position(scope, ':') + 1), '') AS cycle,
            batch_id IN (SELECT batch FROM ({complete("billed", "bill_run")})) AS is_whole
        FROM {{batches}} WHERE kind = 'bill_run' AND startsWith(scope, 'billed')
    ) GROUP BY cycle, unit_start, unit_end
)
SELECT r.cycle AS cycle, toInt64(r.unit_start) AS unit_start, toInt64(r.unit_end) AS unit_end, r.is_billed AS is_billed,
    argMinIf(s.batch, (s.closed_at, s.batch), s.since < r.unit_end AND r.unit_end <= s.until) AS snapshot,
    argMinIf(s.first, (s.closed_at, s.batch), s.since < r.unit_end AND r.unit_end <= s.until) AS snapshot_first
FROM runs AS r LEFT JOIN shown AS s ON 1 = 1 GROUP BY cycle, unit_start, unit_end, is_billed"""
"""Periods of bill cycles: whether all their runs have been read, and which complete snapshot covers them."""
_COLLECTED = f"""
SELECT product, cycle, unit_start, any(unit_end) AS unit_end, any(snapshot) AS snapshot,
    any(snapshot_first) AS snapshot_first,
    arraySort(groupArrayIf((at, seen, read, state, is_there), source = 1)) AS net,
    arraySort(groupArrayIf((at, seen, read, state, is_there), source = 0)) AS told
FROM (
    SELECT product_id AS product, u.cycle AS cycle, u.unit_start AS unit_start, u.unit_end AS unit_end,
        u.snapshot AS snapshot, u.snapshot_first AS snapshot_first, toInt64(p.since) AS at, max(p.event_time) AS seen,
        min(p.event_time) AS read, toString(p.state) AS state, max(ifNull(p.batch_id = u.snapshot, 0)) AS is_there,
        1 AS source
    FROM {{provisioned}} AS p CROSS JOIN {{service_units}} AS u WHERE p.since < u.unit_end
    GROUP BY product, cycle, unit_start, unit_end, snapshot, snapshot_first, at, state
    UNION ALL
    SELECT o.product AS product, u.cycle AS cycle, u.unit_start AS unit_start, u.unit_end AS unit_end,
        u.snapshot AS snapshot, u.snapshot_first AS snapshot_first, toInt64(o.event_time) AS at, at AS seen, at AS read,
        if(o.action IN ('add', 'port_in'), 'active', 'terminated') AS state, 0 AS is_there, 0 AS source
    FROM ({ORDERED}) AS o CROSS JOIN {{service_units}} AS u WHERE o.event_time < u.unit_end AND o.action != 'modify'
) GROUP BY product, cycle, unit_start"""
_MISSED = f"""
SELECT *, snapshot != '' AND NOT arrayExists(p -> p.5 = 1, net) AS is_missing,
    arraySort(p -> (p.2, p.3), net)[-1] AS last,
    arrayMax(arrayPushBack(arrayMap(o -> o.1, arrayFilter(o -> o.4 = 'terminated', told)),
        toInt64(-{FOREVER}))) AS ended,
    arrayMax(arrayPushBack(arrayMap(p -> p.1, net), toInt64(-{FOREVER}))) AS latest
FROM ({_COLLECTED})"""
_POINTS = f"""
SELECT product, cycle, unit_start, unit_end, arraySort(arrayConcat(
    arrayMap(p -> (p.1, 1, p.3, p.4), arrayFilter(
        p -> NOT arrayExists(s -> s.1 < p.1 AND p.1 <= s.2 AND s.3 > p.3, net), net)),
    arrayMap(o -> (o.1, 0, o.3, o.4), arrayFilter(
        o -> NOT (arrayExists(s -> s.1 < o.1 AND o.1 <= s.2, net) AND NOT (o.4 = 'terminated' AND is_missing))
            AND NOT (o.4 = 'active' AND is_missing AND o.1 < snapshot_first - {DAY} AND ended < o.1 AND latest < o.1),
        told)),
    if(is_missing AND notEmpty(net) AND last.4 != 'terminated' AND ended < last.1,
        [(greatest(last.1, intDiv(last.2, {DAY}) * {DAY}), 2, last.2, 'terminated')], [])
)) AS points
FROM ({_MISSED})"""
_SPELLS = f"""
SELECT product, cycle, unit_start, unit_end, arrayFilter(z -> z.1 < z.2 AND z.3 != 'terminated', arrayMap(
    (p, follows) -> (greatest(p.1, unit_start), least(follows, unit_end), p.4), points,
    if(empty(points), [], arrayPushBack(arrayPopFront(arrayMap(p -> p.1, points)), toInt64({FOREVER}))))) AS spells
FROM ({_POINTS})"""
_DAYS = f"""
SELECT product, cycle, unit_start, spells,
    arrayMap((z, last, used) -> last - greatest(intDiv(z.1 - unit_start, {DAY}), used + 1) + 1, spells, lasts,
        if(empty(lasts), [], arrayPushFront(arrayPopBack(lasts), toInt64(-1)))) AS days
FROM (SELECT *, arrayMap(z -> intDiv(z.2 - 1 - unit_start, {DAY}), spells) AS lasts FROM ({_SPELLS}))"""
_OWNED = f"""
SELECT product, cycle, unit_start, argMinIf(account, (rank, {NEAR}, -read), account != '') AS account,
    argMinIf(offering, (rank, {NEAR}, -read), offering != '') AS offering
FROM (
    SELECT o.product AS product, u.cycle AS cycle, u.unit_start AS unit_start, o.account AS account,
        o.offering AS offering, o.event_time AS at, o.event_time AS read, 0 AS rank
    FROM ({ORDERED}) AS o CROSS JOIN {{service_units}} AS u WHERE o.event_time < u.unit_end
    UNION ALL
    SELECT assumeNotNull(b.product_id) AS product, u.cycle AS cycle, u.unit_start AS unit_start,
        b.account_id AS account, ifNull(b.product_offering_id, '') AS offering, assumeNotNull(b.period_start) AS at,
        b.event_time AS read, 1 AS rank
    FROM {{billed}} AS b CROSS JOIN {{service_units}} AS u
    WHERE b.product_id IS NOT NULL AND b.period_start IS NOT NULL AND b.period_start < u.unit_end
    UNION ALL
    SELECT p.product_id AS product, u.cycle AS cycle, u.unit_start AS unit_start, s.account AS account,
        ifNull(p.service_specification, '') AS offering, p.since AS at, p.event_time AS read, 2 AS rank
    FROM {{provisioned}} AS p CROSS JOIN {{service_units}} AS u LEFT JOIN (
        SELECT id AS who, argMax(ifNull(account_id, ''), ifNull(valid_from, 0)) AS account
        FROM {{reference}} WHERE entity = 'subscriber' GROUP BY who
    ) AS s ON p.subscriber_id = s.who WHERE p.since < u.unit_end
) GROUP BY product, cycle, unit_start"""


def _in_force(entity: str, key: str, values: dict[str, str], where: str = "1") -> str:
    """Versions of an entity in force when a unit began, or the first that begin behind it."""
    named = ", ".join(f"argMin({name}, ({NEAR}, -r.read)) AS {name}" for name in values)
    given = ", ".join(f"{sql} AS {name}" for name, sql in values.items())
    return f"""
    SELECT o.product AS product, o.cycle AS cycle, o.unit_start AS unit_start, {named}
    FROM ({_OWNED}) AS o INNER JOIN (
        SELECT id AS named, ifNull(valid_from, -{FOREVER}) AS at, ifNull(valid_to, {FOREVER}) AS until,
            event_time AS read, {given}
        FROM {{reference}} WHERE entity = '{entity}' AND {where}
    ) AS r ON o.{key} = r.named WHERE at > unit_start OR r.until > unit_start
    GROUP BY product, cycle, unit_start"""


_ON = "c.product = {0}.product AND c.cycle = {0}.cycle AND c.unit_start = {0}.unit_start"
_FEE = half_even(
    "toInt128(price) * active_days", f"toInt128(greatest(intDiv(unit_end - unit_start + {DAY - 1}, {DAY}), 1))"
)
SERVICES = f"""
SELECT *, {_FEE} AS fee FROM (
    SELECT c.product AS product, c.unit_start AS unit_start, c.unit_end AS unit_end, c.is_billed AS is_billed,
        c.snapshot != '' AS is_shown, o.account AS owner, p.paid_in AS paid_in, toInt64(p.price) AS price,
        toInt64(arraySum((z, n) -> if(z.3 = 'active', n, 0), d.spells, d.days)) AS active_days,
        toInt64(arraySum(d.days)) AS present_days,
        arrayMin(arrayPushBack(arrayMap(z -> z.1, arrayFilter(z -> z.3 = 'active', d.spells)), toInt64({FOREVER})))
            AS begun_at
    FROM (
        SELECT product, cycle, unit_start, unit_end, is_billed, snapshot FROM (
            SELECT product_id AS product FROM {{provisioned}}
            UNION DISTINCT SELECT product FROM ({ORDERED})
            UNION DISTINCT SELECT assumeNotNull(product_id) AS product FROM {{billed}} WHERE product_id IS NOT NULL
        ) AS k CROSS JOIN {{service_units}} AS u
    ) AS c
    LEFT JOIN ({_DAYS}) AS d ON {_ON.format("d")}
    LEFT JOIN ({_OWNED}) AS o ON {_ON.format("o")}
    LEFT JOIN ({
    _in_force("account", "account", {"class": "ifNull(account_class, '')", "bill": "ifNull(bill_cycle, '')"})
})
        AS a ON {_ON.format("a")}
    LEFT JOIN ({
    _in_force(
        "offering",
        "offering",
        {"price": "toInt64(price_micros)", "paid_in": "ifNull(currency, '')"},
        "price_micros IS NOT NULL",
    )
}) AS p ON {_ON.format("p")}
    WHERE a.class != 'test' AND (c.cycle = '' OR c.cycle = a.bill)
)"""
"""Each case with its days, fee, owner and currency; what test accounts have, and other cycles' runs, are left out."""
DERIVED = {"service_units": UNITS, "service_days": SERVICES}
"""Tables that a run of the controls makes once, in this order, for those that name them."""

NETWORK = "SELECT event_id, event_time, product_id, since AS began FROM {provisioned}"
ORDERS = (
    "SELECT event_id, event_time, product_id, event_time AS began, toString(action) AS told FROM {orders} "
    "WHERE state = 'completed' AND product_id IS NOT NULL"
)
LINES = (
    "SELECT event_id, event_time, product_id, kind, amount_micros, currency, period_start, period_end FROM {billed} "
    "WHERE product_id IS NOT NULL AND period_start IS NOT NULL AND period_end IS NOT NULL"
)
OVERLAP = "r.period_start < c.unit_end AND r.period_end > c.unit_start"
FINAL = {"is_final": "is_billed AND is_shown"}
DAYS = {"active_days": "active_days", "present_days": "present_days", "fee": "fee", "begun_at": "begun_at"} | FINAL

TOLD = {
    "ended": "if(told IN ('delete', 'port_out') AND began <= unit_start, began, 0)",
    "added": "if(told IN ('add', 'port_in'), began, 0)",
}
"""When an order ended the service before the period, and when one gave it."""

NEWS = {
    "orders": "event_time < (SELECT max(period_end) FROM {batches} WHERE kind = 'bill_run')",
    "batches": "kind IN ('bill_run', 'snapshot')",
}
"""What may change a period that is billed: orders from before its end, the runs and snapshots themselves."""


def service_sides(due: str) -> dict[str, Side]:
    """What the network shows and orders say of a product in a period, and what is billed for it; `due`: which cases."""

    def side(stream: str, select: str, met: str, currency: str, **others: Any) -> Side:
        rows = f"""
    SELECT r.*, c.* FROM ({select}) AS r INNER JOIN {{service_days}} AS c ON r.product_id = c.product
    WHERE ({met}) AND ({due})"""
        return Side(
            stream=stream,
            rows=rows,
            subject="product",
            slot="unit_start",
            slot_end="unit_end",
            account="owner",
            currency=currency,
            **others,
        )

    began = "r.began < c.unit_end"
    return {
        "network": side("provisioned", NETWORK, began, "paid_in", values=DAYS),
        "orders": side("orders", ORDERS, began, "paid_in", values=DAYS | TOLD),
        "billing": side(
            "billed",
            LINES,
            OVERLAP,
            "currency",
            where="kind = 'recurring'",
            money="if(period_start >= unit_start, amount_micros, 0)",
            values={"begun_at": "greatest(period_start, unit_start)"} | FINAL,
        ),
        "offsets": side(
            "billed",
            LINES,
            OVERLAP,
            "currency",
            where="kind IN ('credit', 'discount') AND period_start >= unit_start",
            money="amount_micros",
            values=FINAL,
        ),
    }
