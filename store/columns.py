"""Findings as Arrow tables with the columns of their ClickHouse tables."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import msgspec
import numpy as np
import polars as pl
import pyarrow as pa

from tollwatch.findings import (
    Alert,
    ChallengerScore,
    ControlRun,
    FeedHealth,
    Leakage,
    LedgerPosition,
    LedgerUnits,
    ModelHealth,
    Quarantined,
    Score,
)
from tollwatch.frames import Findings, ScoreRows

MS = pa.timestamp("ms", "UTC")
NUMBERS = pa.map_(pa.string(), pa.float64())
TIMES = {"episode_start", "event_time", "period_start", "period_end", "occurred_at", "last_at", "minute"}
TEXTS = {"account_id", "subscriber_id", "currency", "source", "form", "cause", "correction", "owner"}
NUMERIC = {"amount_micros", "own_micros", "lag_ms", "line"}


def document(finding: msgspec.Struct) -> str:
    """A finding as its listing prints it: JSON, keys sorted."""
    return msgspec.json.encode(finding, order="sorted").decode()


def _kind(name: str, own: dict[str, pa.DataType]) -> pa.DataType | None:
    if name in own:
        return own[name]
    if name in TIMES:
        return MS
    if name == "features":
        return NUMBERS
    if name in TEXTS:
        return pa.string()
    return pa.int64() if name in NUMERIC else None


def _table(
    items: Sequence[Any],
    names: Iterable[str],
    extra: dict[str, Callable[[Any], Any]] | None = None,
    kinds: dict[str, pa.DataType] | None = None,
) -> pa.Table:
    columns = {}
    for name in names:
        values = [getattr(item, name) for item in items]
        if name == "features":
            values = [list(value.items()) for value in values]
        columns[name] = pa.array(values, _kind(name, kinds or {}))
    for name, get in (extra or {}).items():
        columns[name] = pa.array([get(item) for item in items], (kinds or {}).get(name))
    return pa.table(columns)


def _alerts(alerts: Sequence[Alert]) -> pa.Table:
    names = [n for n in Alert.__struct_fields__ if n not in ("thresholds", "claim")]
    return _table(
        alerts,
        names,
        {
            "claim_stream": lambda a: a.claim.stream,
            "claim_where": lambda a: a.claim.where,
            "claim_since": lambda a: a.claim.since,
            "claim_until": lambda a: a.claim.until,
            "claim_count": lambda a: a.claim.count,
            "claim_hash_sum": lambda a: a.claim.hash_sum,
            "document": document,
        },
        {"claim_since": MS, "claim_until": MS, "claim_hash_sum": pa.uint64(), "score": pa.float64()},
    )


def _leakages(leakages: Sequence[Leakage]) -> pa.Table:
    return _table(leakages, [n for n in Leakage.__struct_fields__ if n != "claim"], {"document": document})


def _simple(items: Sequence[Any]) -> pa.Table:
    return _table(items, type(items[0]).__struct_fields__)


def _scores(rows: ScoreRows) -> pa.Table:
    names, number = rows.features.columns, len(rows)
    values = rows.features.select(pl.concat_list(pl.all()).explode()).to_series().to_arrow()
    keys = pa.array(np.tile(np.arange(len(names)), number))
    offsets = pa.array(np.arange(number + 1, dtype=np.int32) * len(names))
    same = {
        "stream": rows.stream,
        "model": rows.model,
        "model_version": rows.model_version,
        "subject_kind": rows.subject_kind,
        "model_hash": rows.model_hash,
        "tenant": rows.tenant,
        "run": rows.run,
    }
    columns = {name: pa.repeat(value, number) for name, value in same.items()}
    columns |= {name: rows.events[name].to_arrow().cast(pa.string()) for name in ("event_id", "subject")}
    columns["event_time"] = pa.array(rows.events["event_time"].to_numpy()).cast(MS)
    columns["score"] = pa.array(rows.events["score"].to_numpy())
    columns["features"] = pa.MapArray.from_arrays(offsets, pa.array(names).take(keys), values)
    return pa.table({name: columns[name] for name in Score.__struct_fields__})


def tables_of(found: Findings) -> dict[str, pa.Table]:
    """Table name → rows, for everything that was found; in the order of writing, the marks of frames last."""
    evidence = list(found.all_evidence())
    made: dict[str, pa.Table] = {}
    if alerts := list(found.all_alerts()):
        made["alert"] = _alerts(alerts)
    if found.leakages:
        made["leakage"] = _leakages(found.leakages)
    if evidence:
        made["evidence"] = _simple(evidence)
    if found.score_rows:
        made["score"] = pa.concat_tables(_scores(rows) for rows in found.score_rows)
    if found.health:
        made["feed_health"] = _table(found.health, FeedHealth.__struct_fields__, kinds={"watermark": MS})
    if found.quarantined:
        kinds = {"event_time": pa.int64(), "raw": pa.binary()}
        made["quarantine"] = _table(found.quarantined, Quarantined.__struct_fields__, kinds=kinds)
    if found.control_runs:
        own = [n for n in ControlRun.__struct_fields__ if n not in ("inputs", "cut")]
        made["control_run"] = _table(found.control_runs, own, {"inputs": _inputs, "cut": _cut})
    made |= _kept_beside(found)
    if found.frame_marks:
        made["frame_mark"] = _simple(found.frame_marks)
    return made


def _kept_beside(found: Findings) -> dict[str, pa.Table]:
    made: dict[str, pa.Table] = {}
    if found.positions:
        kinds = dict.fromkeys(("detected_at", "settled_at"), MS)
        made["ledger_position"] = _table(found.positions, LedgerPosition.__struct_fields__, kinds=kinds)
    if found.units:
        kinds = {"units": pa.list_(pa.string()), "weights": pa.list_(pa.int64())}
        made["ledger_units"] = _table(found.units, LedgerUnits.__struct_fields__, kinds=kinds)
    if found.challenger_scores:
        kinds = {"event_time": MS}
        made["challenger_score"] = _table(found.challenger_scores, ChallengerScore.__struct_fields__, kinds=kinds)
    if found.model_health:
        kinds = dict.fromkeys(("watched_at", "drifted_at"), MS)
        made["model_health"] = _table(found.model_health, ModelHealth.__struct_fields__, kinds=kinds)
    return made


def _cut(run: ControlRun) -> str:
    return msgspec.json.encode(run.cut, order="sorted").decode()


def _inputs(run: ControlRun) -> str:
    return msgspec.json.encode(run.inputs, order="sorted").decode()
