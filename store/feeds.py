"""How the feeds are: what each source brought, how late, where it was silent."""

from typing import NamedTuple

from tollwatch.ports import Store

DAY_MS = 86_400_000
FEEDS = """
WITH (SELECT max(minute) FROM feed_health WHERE tenant = {tenant:String} AND run = {run:String}) AS now
SELECT stream, source, toInt64(sum(events)) AS events, toInt64(sum(late)) AS late,
    toInt64(sum(duplicates)) AS duplicates, toInt64(sum(quarantined)) AS quarantined, toInt64(max(lag_ms)) AS lag_ms,
    toUnixTimestamp64Milli(max(minute)) AS last_ms, toInt64(uniqExact(minute)) AS minutes,
    toInt64(arrayMax(arrayPushBack(arrayDifference(arraySort(groupUniqArray(toUnixTimestamp64Milli(minute)))), 60000)))
    AS silence_ms
FROM feed_health FINAL
WHERE tenant = {tenant:String} AND run = {run:String} AND minute > now - INTERVAL 1 DAY
GROUP BY stream, source ORDER BY stream, source
"""
RATES = """
WITH (SELECT max(minute) FROM feed_health WHERE tenant = {tenant:String} AND run = {run:String}) AS now
SELECT toInt64(toUnixTimestamp(toStartOfHour(minute))) * 1000 AS hour, toString(stream) AS stream,
    toInt64(sum(events)) AS events
FROM feed_health FINAL
WHERE tenant = {tenant:String} AND run = {run:String} AND minute > now - INTERVAL 1 DAY
GROUP BY hour, stream ORDER BY hour, stream
"""


class Feed(NamedTuple):
    """What a source brought of a stream within the last day of event time; `silence_ms` is its longest gap."""

    stream: str
    source: str
    events: int
    late: int
    duplicates: int
    quarantined: int
    lag_ms: int | None
    last_ms: int
    minutes: int
    silence_ms: int


def feeds(store: Store, tenant: str, run: str) -> list[Feed]:
    """Every source that brought something within the last day of event time."""
    return [Feed(*row) for row in store.query(FEEDS, {"tenant": tenant, "run": run}).iter_rows()]


def rates(store: Store, tenant: str, run: str) -> list[tuple[int, str, int]]:
    """(start of the hour in ms, stream, events) of the last day of event time."""
    return list(store.query(RATES, {"tenant": tenant, "run": run}).iter_rows())
