"""Published bills through the controls: what was charged rightly is no break, what is put in is found to the micro."""

from collections.abc import Iterator

import polars as pl
import pytest

from detectors.assurance.wrong_price import WrongPrice
from services.controls_runner import ControlsRunner
from store.chdb_store import ChdbStore
from tests.bss.plans import catalogue
from tests.shared import shared
from tollwatch.columns import schema
from tollwatch.config import Settings
from tollwatch.findings import FrameMark
from tollwatch.frames import Findings

RATES = {"Day": ("1", "0.17"), "Eve": ("2", "0.085"), "Night": ("3", "0.045"), "Intl": ("4", "0.27")}
MOMENT = 1_770_000_000_000
HALF_A_CENT_MICROS = 5_000


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ChdbStore]:
    """The minutes of 3,333 customers of four kinds, as usage, with the charges that were published."""
    folder = tmp_path_factory.mktemp("bills")
    given = pl.read_csv(shared("np_dl_telco_cdr/bigml_churn_3333.csv.gz"), encoding="utf8-lossy")
    given = given.rename({name: name.strip("\ufeff ") for name in given.columns})
    calls = pl.concat(
        given.select(
            event_id=pl.format("{}-{}", pl.lit(kind), pl.int_range(pl.len())),
            event_time=pl.lit(MOMENT),
            subscriber_id=pl.col("Phone"),
            called_number=pl.lit(number),
            duration_s=(pl.col(f"{kind} Mins") * 60).round().cast(pl.Int64),
            published=(pl.col(f"{kind} Charge") * 100).round().cast(pl.Int64) * 10_000,
        )
        for kind, (number, _) in RATES.items()
    ).with_columns(service=pl.lit("voice"), record_type=pl.lit("originating"))
    rated = calls.select(
        "event_time",
        "subscriber_id",
        event_id=pl.format("rated-{}", "event_id"),
        refers_to="event_id",
        charging=pl.lit("offline"),
        charge_micros="published",
        currency=pl.lit("EUR"),
    )
    prices = [f"retail,voice,{number},{kind},{rate},60" for kind, (number, rate) in RATES.items()]
    plan = catalogue(folder, "\n".join(["tariff,service,exact,destination,rate,per", *prices]))
    people = calls.select(id="subscriber_id", entity=pl.lit("subscriber"), product_offering_id=pl.lit("basic")).unique()
    reference = pl.concat([plan, people], how="diagonal_relaxed").with_columns(
        event_id=pl.format("ref-{}", pl.int_range(pl.len())), event_time=pl.lit(0, pl.Int64)
    )
    opened = ChdbStore(folder / "data")
    opened.apply_tables()
    for stream, rows in (("usage", calls), ("rated", rated), ("reference", reference)):
        write(opened, stream, rows)
    yield opened
    opened.close()


def write(store: ChdbStore, stream: str, rows: pl.DataFrame) -> None:
    """Events of a stream, read to their end."""
    names = [name for name in schema(stream) if name in rows.columns]
    table = rows.select(names).with_columns(
        tenant=pl.lit("main"), source=pl.lit("test"), _offset=pl.int_range(pl.len(), dtype=pl.Int64)
    )
    store.write_raw(stream, stream, table)
    mark = FrameMark(
        key_space="event", frame_partition=0, sequence=0, partition=stream, begin=0, end=len(rows), watermark=0
    )
    store.write(Findings(frame_marks=[mark]))


def broken(store: ChdbStore) -> dict[str, int]:
    """What the control finds, with half a cent for what publishing has rounded."""
    control = WrongPrice(tolerance_micros=HALF_A_CENT_MICROS)
    found = ControlsRunner(store, Settings(), is_anew=True).run(control).leakages
    return {each.subject: each.amount_micros for each in found}


def test_published_bills_are_right(store: ChdbStore) -> None:
    """13,332 charges, published rounded to the cent."""
    assert int(store.query("SELECT count() FROM events_rated").item()) == 4 * 3_333
    assert broken(store) == {}


def test_what_is_put_in_is_found(store: ChdbStore) -> None:
    """Three charges made otherwise by a cent, an amount and a whole charge: found, with what they are off by."""
    rows = store.query("SELECT * EXCEPT (stored_at) FROM raw_rated ORDER BY _offset")
    chosen = rows.filter(pl.col("charge_micros") > 1_000_000)["event_id"].gather_every(3_000)[:3].to_list()
    less = dict(zip(chosen, (10_000, 777_777, 1_000_000), strict=True))
    changed = rows.with_columns(
        charge_micros=pl.col("charge_micros") - pl.col("event_id").replace_strict(less, default=0)
    )
    store.run("TRUNCATE TABLE raw_rated")
    store.write_raw("rated", "rated", changed.drop("_partition"))
    store.flush_raw()
    found = broken(store)
    assert found.keys() == {each.removeprefix("rated-") for each in chosen}
    for each, off in less.items():
        assert abs(found[each.removeprefix("rated-")] - off) <= HALF_A_CENT_MICROS
