"""Copy the rows that findings show out of the raw events, by their places.

The raw tables lie in the order of places, so that a few thousand rows are found among millions in a tenth of a second.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple, Protocol

import polars as pl

from store.stored_source import as_read
from tollwatch.columns import schema, with_defaults
from tollwatch.frames import EvidencePlaces, EvidenceRows, Findings
from tollwatch.ports import ReadRecord

AT_ONCE = 20_000
MOST_WAITING = 200_000
ROW = ["finding_id", "revision", "ordinal"]
PLACE = ["_partition", "_offset"]


class Lookup(Protocol):
    """What finds raw events by their places."""

    def rows_at(self, stream: str, names: Sequence[str], places: pl.DataFrame, tenants: Sequence[str]) -> pl.DataFrame:
        """The columns, `_partition` and `_offset` of the raw events at places; of one place perhaps several times."""
        ...


def rows_at(stream: str, columns: Sequence[str], places: str) -> str:
    """The SELECT of raw events at places, which `places` is the table of."""
    names = ", ".join(f"`{name}`" for name in (*columns, *PLACE))
    return (
        f"SELECT {names} FROM raw_{stream} WHERE tenant IN {{tenants:Array(String)}} "  # noqa: S608  (our own names)
        f"AND (_partition, _offset) IN (SELECT _partition, _offset FROM {places})"
    )


def evidence_of(places: EvidencePlaces, lookup: Lookup) -> tuple[list[EvidenceRows], EvidencePlaces]:
    """The rows of evidence, and the places at which no raw event lies (yet)."""
    found, missing = [], []
    for part in places.about.iter_slices(AT_ONCE):
        for (stream,), about in part.group_by("stream", maintain_order=True):
            rows = _rows(str(stream), about, places, lookup)
            there = about.drop("stream").join(
                rows, left_on=["partition", "offset"], right_on=PLACE, how="left", maintain_order="left"
            )
            lost = there["event_id"].is_null()
            missing.append(about.filter(lost))
            there = there.filter(~lost)
            if len(there):
                own = there.select("finding_id", "revision", "ordinal"), there.select(rows.drop(PLACE).columns)
                found.append(EvidenceRows(str(stream), *own, places.tenant, places.run))
    left = pl.concat(missing) if missing else places.about.clear()
    return found, EvidencePlaces(left, places.columns, places.tenant, places.run)


def _rows(stream: str, about: pl.DataFrame, places: EvidencePlaces, lookup: Lookup) -> pl.DataFrame:
    """The raw events at some places, each once, with the columns that are shown, as the line saw them."""
    wanted = about.select(_partition="partition", _offset="offset").unique()
    shown = dict.fromkeys(["event_id", "event_time", *places.columns[stream]])
    rows = lookup.rows_at(stream, [*shown], wanted, ["", places.tenant])
    if rows.is_empty():
        schema = {"event_id": pl.String, "event_time": pl.Int64, "_partition": pl.String, "_offset": pl.Int64}
        return pl.DataFrame(schema=schema)
    rows = with_defaults(stream, as_read(stream, rows)).unique(PLACE, keep="any")
    return rows.select(*(name for name in shown if name in rows.columns), *PLACE)


def looked_up(findings: Findings, lookup: Lookup) -> tuple[Findings, list[EvidencePlaces]]:
    """Findings with the rows that they show, and the places at which none lies (yet)."""
    found, missing = [*findings.evidence_rows], []
    for places in findings.evidence_places:
        rows, left = evidence_of(places, lookup)
        found += rows
        missing += [left] if len(left.about) else []
    return replace(findings, evidence_rows=found, evidence_places=[]), missing


def place_rows(places: Sequence[EvidencePlaces], *, settled: bool = False) -> list[dict[str, object]]:
    """Places as rows of `evidence_place`."""
    return [
        {
            "tenant": each.tenant,
            "run": each.run,
            **row,
            "columns": list(each.columns[row["stream"]]),
            "settled": int(settled),
        }
        for each in places
        for row in each.about.iter_rows(named=True)
    ]


class Settled(NamedTuple):
    """Rows of evidence that have come, as findings, and the places that they fill."""

    findings: Findings
    places: list[EvidencePlaces]


class Database(Lookup, Protocol):
    """A store that can be asked."""

    def query(self, sql: str, parameters: Mapping[str, Any] | None = None) -> pl.DataFrame:
        """Run a SELECT."""
        ...


def settle(store: Database, read: ReadRecord) -> tuple[Settled | None, int]:
    """Look again for what was not there; gives what has come, if anything has, and how many rows have not."""
    waiting = store.query(
        "SELECT tenant, run, finding_id, revision, ordinal, stream, partition, offset, columns "  # noqa: S608  (our own number)
        f"FROM evidence_place FINAL WHERE settled = 0 ORDER BY stored_at LIMIT {MOST_WAITING}"
    )
    found, filled, missing = Findings(), list[EvidencePlaces](), 0
    raw = _refused_by_place(store) if len(waiting) else {}
    for places in _places(waiting):
        rows, left = evidence_of(places, store)
        refused, lost = _refused(left, raw, read)
        found.evidence_rows += rows + refused
        filled.append(replace(places, about=places.about.join(lost, on=ROW, how="anti")))
        missing += len(lost)
    return (Settled(found, filled) if found.evidence_rows else None), missing


def _places(waiting: pl.DataFrame) -> Iterator[EvidencePlaces]:
    """Rows of `evidence_place` by what must be the same for all rows of `EvidencePlaces`."""
    if waiting.is_empty():
        return
    kinds = {"revision": pl.Int64, "ordinal": pl.Int64, "offset": pl.Int64}
    shown = waiting.cast(kinds).with_columns(shown=pl.col("columns").list.join(","))  # type: ignore[arg-type]
    for (tenant, run, stream, names), part in shown.group_by("tenant", "run", "stream", "shown", maintain_order=True):
        about = part.select(*ROW, "stream", "partition", "offset")
        yield EvidencePlaces(about, {str(stream): tuple(str(names).split(","))}, str(tenant), str(run))


def _refused_by_place(store: Database) -> dict[tuple[str, str, int], str]:
    """The records that ClickHouse refused and evidence waits for, in one question for all."""
    rows = store.query(
        "SELECT stream, _partition, _offset, raw FROM raw_refused FINAL WHERE (stream, _partition, _offset) IN "
        "(SELECT stream, partition, offset FROM evidence_place FINAL WHERE settled = 0)"
    )
    return {(stream, partition, offset): raw for stream, partition, offset, raw in rows.iter_rows()}


def _refused(
    left: EvidencePlaces, raw: Mapping[tuple[str, str, int], str], read: ReadRecord
) -> tuple[list[EvidenceRows], pl.DataFrame]:
    """The rows of records that ClickHouse refused, and the places that are still missing."""
    found, lost = list[EvidenceRows](), left.about
    for row in left.about.iter_rows(named=True) if raw else ():
        text = raw.get((row["stream"], row["partition"], row["offset"]))
        said = read(row["stream"], text.encode()) if text is not None else None
        if said is None:
            continue
        kinds = {name: kind for name, kind in schema(row["stream"]).items() if name in said}
        whole = with_defaults(row["stream"], pl.DataFrame([said], schema=kinds))
        about = pl.DataFrame([row], schema=left.about.schema).select(ROW)
        shown = dict.fromkeys(["event_id", "event_time", *left.columns[row["stream"]]])
        columns = [name for name in shown if name in whole.columns]
        found.append(EvidenceRows(row["stream"], about, whole.select(columns), left.tenant, left.run))
        lost = lost.join(about, on=ROW, how="anti")
    return found, lost
