"""Events stored, controls run over them, what was found given."""

import itertools
from collections.abc import Iterable, Iterator, Mapping

import polars as pl
import pytest

from detectors.controls import Control
from services.controls_runner import ControlsRunner
from store.chdb_store import ChdbStore
from tests.make import Row
from tollwatch.config import Settings
from tollwatch.findings import FrameMark, Leakage
from tollwatch.frames import Findings


class Stored:
    """A store in which each history is another tenant's."""

    def __init__(self, store: ChdbStore) -> None:
        self.store, self.tenants = store, itertools.count()

    def found(self, *parts: Iterable[Row], controls: Iterable[Control]) -> Findings:
        """Store rows, part after part, and run the controls behind each; gives all that they found."""
        tenant, ends = f"t{next(self.tenants)}", dict[str, int]()
        everything = Findings()
        for part in parts:
            self._keep(tenant, part, ends)
            runner = self.runner(tenant)
            found = Findings()
            for control in controls:
                found.extend(runner.run(control))
            runner.forget()
            self.store.write(found)
            everything.extend(found)
        return everything

    def leakages(self, *parts: Iterable[Row], control: Control) -> list[Leakage]:
        """All revisions of one control's leakages."""
        return list(self.found(*parts, controls=[control]).leakages)

    def _keep(self, tenant: str, rows: Iterable[Row], ends: dict[str, int]) -> None:
        ordered = sorted(rows, key=lambda each: (each["event_time"], each["event_id"]))
        frames = {}
        for stream in sorted({row["_stream"] for row in ordered}):
            mine = [row for row in ordered if row["_stream"] == stream]
            names = sorted({name for row in mine for name in row} - {"_stream"})
            frames[stream] = pl.DataFrame([{n: row.get(n) for n in names} for row in mine], infer_schema_length=None)
        self.keep(tenant, frames, ends)

    def keep(self, tenant: str, frames: Mapping[str, pl.DataFrame], ends: dict[str, int] | None = None) -> None:
        """Store events of streams as read to their ends; `ends` says how far each had been read, and is moved on."""
        ends, marks = {} if ends is None else ends, []
        for stream, table in frames.items():
            place, begin = f"{tenant}-{stream}", ends.get(stream, 0)
            ends[stream] = end = begin + len(table)
            places = pl.int_range(begin, end, dtype=pl.Int64)
            told = table.with_columns(tenant=pl.lit(tenant), source=pl.lit("test"), _offset=places)
            self.store.write_raw(stream, place, told)
            marks.append(
                FrameMark(
                    key_space="event",
                    frame_partition=0,
                    sequence=begin,
                    partition=place,
                    begin=begin,
                    end=end,
                    watermark=0,
                    tenant=tenant,
                )
            )
        self.store.write(Findings(frame_marks=marks))

    def runner(self, tenant: str) -> ControlsRunner:
        """What runs controls over a tenant's events."""
        return ControlsRunner(self.store, Settings(tenant="main", tenants=[tenant]), tenant=tenant)


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stored]:
    """An empty store."""
    store = ChdbStore(tmp_path_factory.mktemp("stored"))
    store.apply_tables()
    yield Stored(store)
    store.close()
