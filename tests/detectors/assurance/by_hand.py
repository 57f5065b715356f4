"""What the two controls of service days must find, worked out product by product in plain Python."""

from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

from tests.detectors.assurance.months import DAY
from tests.make import Row

NEVER, FOREVER = -(2**62), 2**62
Said = tuple[str, str, str, int, int, str, str | None]
"""Control, product, state, amount, start of the period, currency, account."""


class Seen(NamedTuple):
    """A state that the network was seen in: since when, until when it was seen so, when that was first read."""

    at: int
    seen: int
    read: int
    state: str
    is_there: bool


class Unit(NamedTuple):
    """A period of a bill cycle, and what was read of it."""

    cycle: str
    start: int
    end: int
    is_billed: bool
    snapshot: str | None
    snapshot_first: int


class Day(NamedTuple):
    """How a service stood on the days of a period."""

    active: int
    present: int


def by_hand(rows: Iterable[Row]) -> set[Said]:
    """All that both controls say of these rows."""
    streams: defaultdict[str, list[Row]] = defaultdict(list)
    for row in rows:
        streams[row["_stream"]].append(row)
    as_of = max(row["event_time"] for of in streams.values() for row in of)
    orders = [row for row in streams["orders"] if row["state"] == "completed"]
    products = {row["product_id"] for row in [*streams["provisioned"], *orders, *streams["billed"]]}
    said = set()
    for unit in _units(streams):
        for product in sorted(products):
            seen = [row for row in streams["provisioned"] if row["product_id"] == product and row["since"] < unit.end]
            told = [row for row in orders if row["product_id"] == product and row["event_time"] < unit.end]
            lines = [row for row in streams["billed"] if row["product_id"] == product]
            said |= _judged(unit, product, (seen, told, lines), streams["reference"], as_of)
    return said


def _units(streams: dict[str, list[Row]]) -> list[Unit]:
    closed = {row["batch_id"]: row for row in streams["batches"] if row["state"] == "closed"}

    def whole(batch: str, stream: str) -> bool:
        there = sum(row.get("batch_id") == batch for row in streams[stream])
        return batch in closed and there >= (closed[batch]["records"] or 0)

    runs = defaultdict(list)
    for row in streams["batches"]:
        if row["kind"] == "bill_run":
            cycle = row["scope"].partition(":")[2]
            runs[cycle, row["period_start"], row["period_end"]].append(whole(row["batch_id"], "billed"))
    shown = sorted(
        (row["event_time"], batch, row["period_start"], row["period_end"])
        for batch, row in closed.items()
        if row["kind"] == "snapshot" and whole(batch, "provisioned")
    )
    units = []
    for (cycle, start, end), complete in runs.items():
        covering = next(((at, batch) for at, batch, since, until in shown if since < end <= until), None)
        first, snapshot = 0, None
        if covering is not None:
            snapshot = covering[1]
            read = [row["event_time"] for row in streams["provisioned"] if row.get("batch_id") == snapshot]
            first = min(read, default=covering[0])
        units.append(Unit(cycle, start, end, all(complete), snapshot, first))
    return units


def _judged(
    unit: Unit, product: str, known: tuple[list[Row], list[Row], list[Row]], reference: list[Row], as_of: int
) -> set[Said]:
    seen, told, lines = known
    account, offering = _owned(unit, seen, told, lines)
    facts = _in_force(unit, reference, "account", account) or {}
    if facts.get("account_class") == "test" or (unit.cycle and facts.get("bill_cycle") != unit.cycle):
        return set()
    day = _days(unit, seen, told)
    met = [row for row in lines if row["period_start"] < unit.end and row["period_end"] > unit.start]
    charged = [row for row in met if row["kind"] == "recurring"]
    own = [row for row in met if row["period_start"] >= unit.start and row["kind"] in {"recurring", "credit"}]
    taken = sum(row["amount_micros"] for row in own)
    state = "final" if unit.is_billed and unit.snapshot else "provisional"
    said: set[Said] = set()
    price = _in_force(unit, [row for row in reference if row.get("price_micros") is not None], "offering", offering)
    ceased = [row["event_time"] for row in told if row["action"] == "delete" and row["event_time"] <= unit.start]
    ended = max(ceased, default=0)
    is_over = ended > max((row["event_time"] for row in told if row["action"] == "add"), default=0)
    is_due = unit.is_billed and (unit.snapshot or as_of >= unit.end)
    if price and day.active and not charged and not is_over and is_due:
        fee = _half_even(price["price_micros"] * day.active, -(-(unit.end - unit.start) // DAY))
        if fee > 0:
            said.add(("provisioned_not_billed", product, state, fee, unit.start, price["currency"], account))
    if not day.present and charged and taken > 0 and unit.snapshot and (unit.is_billed or as_of >= unit.end):
        said.add(("billed_not_provisioned", product, state, -taken, unit.start, "EUR", account))
    return said


def _near(unit: Unit, at: int, read: int) -> tuple[bool, int, int]:
    """What was in force when the period began comes first, then what began soonest after."""
    return at > unit.start, at if at > unit.start else -at, -read


def _owned(unit: Unit, seen: list[Row], told: list[Row], lines: list[Row]) -> tuple[str | None, str | None]:
    named = [(0, row["event_time"], row, row.get("product_offering_id")) for row in told]
    named += [
        (1, row["period_start"], row, row.get("product_offering_id")) for row in lines if row["period_start"] < unit.end
    ]
    named += [(2, row["since"], row, row.get("service_specification")) for row in seen]
    named.sort(key=lambda each: (each[0], _near(unit, each[1], each[2]["event_time"])))
    account = next((row["account_id"] for _, _, row, _ in named if row.get("account_id")), None)
    return account, next((offering for _, _, _, offering in named if offering), None)


def _in_force(unit: Unit, reference: list[Row], entity: str, name: str | None) -> Row | None:
    versions = [
        (_near(unit, row.get("valid_from") or NEVER, row["event_time"]), row["event_id"], row)
        for row in reference
        if row["entity"] == entity
        and row["id"] == name
        and ((row.get("valid_from") or NEVER) > unit.start or (row.get("valid_to") or FOREVER) > unit.start)
    ]
    return min(versions)[2] if versions else None


def _days(unit: Unit, seen: list[Row], told: list[Row]) -> Day:
    grouped = defaultdict(list)
    for row in seen:
        grouped[row["since"], row["state"]].append(row)
    net = [
        Seen(
            at,
            max(row["event_time"] for row in same),
            min(row["event_time"] for row in same),
            state,
            any(row.get("batch_id") == unit.snapshot for row in same) and unit.snapshot is not None,
        )
        for (at, state), same in grouped.items()
    ]
    active = days = 0
    used = -1
    points = _points(unit, net, [row for row in told if row["action"] != "modify"])
    ends = [*(each[0] for each in points[1:]), FOREVER]
    for (at, _, _, state), until in zip(points, ends, strict=False):
        start, end = max(at, unit.start), min(until, unit.end)
        if start < end and state != "terminated":
            first, last = (start - unit.start) // DAY, (end - 1 - unit.start) // DAY
            count = last - max(first, used + 1) + 1
            used, days = last, days + count
            active += count if state == "active" else 0
    return Day(active, days)


def _points(unit: Unit, net: list[Seen], told: list[Row]) -> list[tuple[int, int, int, str]]:
    """When the state changed: as the network says, and as orders say where it was not looked at."""
    is_missing = unit.snapshot is not None and not any(each.is_there for each in net)
    ended = max((row["event_time"] for row in told if row["action"] == "delete"), default=NEVER)
    latest = max((each.at for each in net), default=NEVER)
    points = [
        (each.at, 1, each.read, each.state)
        for each in net
        if not any(other.at < each.at <= other.seen and other.read > each.read for other in net)
    ]
    for row in told:
        at, is_cease = row["event_time"], row["action"] == "delete"
        is_contradicted = any(other.at < at <= other.seen for other in net)
        never_was = is_missing and not is_cease and at < unit.snapshot_first - DAY and ended < at and latest < at
        if not never_was and (not is_contradicted or (is_cease and is_missing)):
            points.append((at, 0, at, "terminated" if is_cease else "active"))
    if is_missing and net:
        last = max(net, key=lambda each: (each.seen, each.read))
        if last.state != "terminated" and ended < last.at:
            points.append((max(last.at, last.seen // DAY * DAY), 2, last.seen, "terminated"))
    return sorted(points)


def _half_even(product: int, divisor: int) -> int:
    whole, rest = divmod(product, divisor)
    return whole + (2 * rest > divisor or (2 * rest == divisor and whole % 2 == 1))
