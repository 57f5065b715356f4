"""The state of the controls as bytes: the same state gives the same bytes."""

import io
from collections.abc import Mapping

import msgspec
import polars as pl
import pyarrow as pa

from detectors.pairing.batches import Batch, Batches
from detectors.pairing.revisions import Held, Revisions
from detectors.pairing.units import Unit, Units
from tollwatch.saved import decode_saved

VERSION = 2


class Saved(msgspec.Struct, kw_only=True):
    """Everything that is not a table."""

    version: int
    seq: int
    batches: list[Batch]
    units: list[Unit]
    snapshots: list[Batch]
    horizon: int | None
    held: list[Held]
    open: list[tuple[str, str, int, int]]


def save(
    seq: int, kept: Mapping[str, pl.DataFrame], batches: Batches, units: Units, revisions: Revisions
) -> dict[str, bytes]:
    """One segment for each table and one for the rest."""
    rest = Saved(
        version=VERSION,
        seq=seq,
        batches=[batch for _, batch in sorted(batches.known.items())],
        units=units.units,
        snapshots=units.snapshots,
        horizon=units.horizon,
        held=[held for _, held in sorted(revisions.held.items())],
        open=[(*pair, broken) for pair, broken in sorted(revisions.open.items())],
    )
    return {"00": msgspec.msgpack.encode(rest)} | {name: _bytes(kept[name]) for name in sorted(kept)}


def load(
    segments: Mapping[str, bytes], batches: Batches, units: Units, revisions: Revisions
) -> tuple[int, dict[str, pl.DataFrame]]:
    """Put back what was saved; gives the place in the log and the tables."""
    rest = decode_saved(segments["00"], Saved, VERSION, what="the state of the controls")
    batches.known = {batch.batch_id: batch for batch in rest.batches}
    units.units, units.snapshots, units.horizon = rest.units, rest.snapshots, rest.horizon
    revisions.held = {(h.control, h.product_id, h.period_start, h.broken): h for h in rest.held}
    revisions.open = {(control, product, start): broken for control, product, start, broken in rest.open}
    return rest.seq, {name: _table(data) for name, data in segments.items() if name != "00"}


def _bytes(table: pl.DataFrame) -> bytes:
    """Built anew value by value, because what lies under a null or past the last bit depends on the way there."""
    schema = table.clear().to_arrow(compat_level=pl.CompatLevel.oldest()).schema
    columns = pa.table([pa.array(table[f.name].to_list(), f.type) for f in schema], schema=schema)
    out = io.BytesIO()
    with pa.ipc.new_file(out, schema, options=pa.ipc.IpcWriteOptions(compression="lz4")) as file:
        file.write_table(columns)
    return out.getvalue()


def _table(data: bytes) -> pl.DataFrame:
    table = pl.from_arrow(pa.ipc.open_file(data).read_all())
    assert isinstance(table, pl.DataFrame)
    return table
