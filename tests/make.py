"""Events and findings for tests: a row in a line, a detector run over rows as the line would run it."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl

from detectors.engine import Engine
from detectors.language import Detector
from detectors.plan import KeySpaceRules, rules_by_key_space
from detectors.rule import Rule, rule_of
from streams.shard import KEY
from tollwatch.columns import schema
from tollwatch.findings import Alert
from tollwatch.frames import TO_ALL, Aligned
from tollwatch.identity import Hasher

HASHER = Hasher()
START_MS = 1_767_225_600_000  # 2026-01-01T00:00:00Z, a Thursday

Row = dict[str, Any]


def usage(event_id: str, *, after_s: float = 0, **changes: Any) -> Row:
    """An answered voice call of one minute that ends `after_s` seconds after the start of 2026."""
    row = {
        "_stream": "usage",
        "event_id": event_id,
        "event_time": START_MS + round(after_s * 1000),
        "service": "voice",
        "record_type": "originating",
        "calling_number": "447100000001",
        "called_number": "447300000001",
        "account_id": "a1",
        "ring_s": 10,
        "duration_s": 60,
        "currency": "EUR",
    }
    return row | changes


def payment(event_id: str, *, after_s: float = 0, **changes: Any) -> Row:
    """A settled card payment of ten units."""
    row = {
        "_stream": "payments",
        "event_id": event_id,
        "event_time": START_MS + round(after_s * 1000),
        "payment_id": event_id,
        "kind": "payment",
        "state": "settled",
        "hop": "gateway",
        "method": "card",
        "account_id": "a1",
        "card_fingerprint": "card-1",
        "amount_micros": 10_000_000,
        "currency": "EUR",
    }
    return row | changes


def account(account_id: str, *, after_s: float = 0, **changes: Any) -> Row:
    """A reference row of an account with a limit of 50 units a day."""
    row = {
        "_stream": "reference",
        "event_id": f"account-{account_id}-{after_s}",
        "event_time": START_MS + round(after_s * 1000),
        "entity": "account",
        "id": account_id,
        "limit_micros": 50_000_000,
        "currency": "EUR",
    }
    return row | changes


def aligned(
    rows: Sequence[Row], part: KeySpaceRules, *, watermark: int | None = None, late: Sequence[bool] = ()
) -> Aligned:
    """Rows in the order given, as the engine is handed them."""
    space = part.key_space
    tables, position = {}, {}
    keys = np.zeros(len(rows), np.uint64)
    ids = np.zeros(len(rows), np.uint64)
    for stream in sorted({row["_stream"] for row in rows} & space.columns.keys()):
        at = np.array([n for n, row in enumerate(rows) if row["_stream"] == stream], np.int64)
        columns = {name: schema(stream)[name] for name in space.columns[stream]}
        table = pl.DataFrame([{name: rows[n].get(name) for name in columns} for n in at], schema=columns)
        key = HASHER.texts(table[space.by[stream]], KEY) if stream in space.by else np.zeros(len(table), np.uint64)
        hashed = pl.DataFrame({"_id": HASHER.texts(table["event_id"], f"id of {stream}"), "_key": key})
        tables[stream], position[stream] = table.with_columns(hashed), at
        keys[at], ids[at] = hashed["_key"].to_numpy(), hashed["_id"].to_numpy()
    time = np.array([row["event_time"] for row in rows], np.int64)
    flags = np.array(late, np.bool_) if len(late) else np.zeros(len(rows), np.bool_)
    reached = watermark if watermark is not None else int(time.max())
    shard = (keys >> np.uint64(58)).astype(np.uint8)
    shard[[row["_stream"] == "reference" and row["entity"] in ("list", "rule") for row in rows]] = TO_ALL
    nowhere, n = np.zeros(len(rows), np.int32), np.arange(len(rows))
    return Aligned(tables, position, time, keys, ids, shard, flags, nowhere, n, reached, ("here",))


def in_order(rows: Iterable[Row]) -> list[Row]:
    """As alignment gives them: by time and id, each id once, keyed rows only."""
    once = {row["event_id"]: row for row in rows}
    return sorted(once.values(), key=lambda row: (row["event_time"], row["event_id"]))


def part_of(rule: Rule | Detector) -> KeySpaceRules:
    """The key space that a single rule needs."""
    (part,) = rules_by_key_space([rule_of(rule) if isinstance(rule, Detector) else rule]).values()
    return part


def findings(
    rule: Rule | Detector, rows: Iterable[Row], *, until_s: float | None = None, cut: int = 1000
) -> list[Alert]:
    """All revisions of all alerts, in the order of the log; `until_s` moves the watermark on to close episodes."""
    part = part_of(rule)
    engine = Engine(part.key_space, part.rules)
    found: list[Alert] = []
    ordered = [row for row in in_order(rows) if row["_stream"] in part.key_space.columns]
    for first in range(0, len(ordered), cut):
        found += alerts(engine, aligned(ordered[first : first + cut], part))
    end = START_MS + round(until_s * 1000) if until_s is not None else START_MS + 10 * 86_400_000
    found += alerts(engine, empty(end))
    return found


def alerts(engine: Engine, rows: Aligned) -> list[Alert]:
    """What the engine says of these rows, written down at once."""
    found = engine.advance(rows)
    found.extend(engine.flush())
    return list(found.all_alerts())


def empty(watermark: int) -> Aligned:
    """No rows, but time went on."""
    none = np.zeros(0, np.int64)
    hashes = np.zeros(0, np.uint64)
    shard, late = np.zeros(0, np.uint8), np.zeros(0, np.bool_)
    return Aligned({}, {}, none, hashes, hashes, shard, late, none.astype(np.int32), none, watermark)


def subjects(alerts: Iterable[Alert]) -> set[str]:
    """Who is alerted on."""
    return {alert.subject for alert in alerts}


def changed(row: Row, changes: Mapping[str, Any]) -> Row:
    """A row with some fields different."""
    return {**row, **changes}


def event(stream: str, event_id: str, *, after_s: float = 0, **fields: Any) -> Row:
    """An event of any stream, `after_s` seconds after the start of 2026."""
    return {"_stream": stream, "event_id": event_id, "event_time": START_MS + round(after_s * 1000), **fields}
