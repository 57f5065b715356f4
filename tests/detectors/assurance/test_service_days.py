"""Service days in SQL: on months of any kind the two controls say what pairing the streams says."""

import itertools
from collections.abc import Callable, Iterator

import polars as pl
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from detectors.assurance.billed_not_provisioned import BilledNotProvisioned
from detectors.assurance.provisioned_not_billed import ProvisionedNotBilled
from services.controls import ControlsRunner
from store.chdb_store import ChdbStore
from tests.detectors.pairing import months as m
from tests.detectors.pairing.months import PRICE, at, closing, line, month, offering, order, seen
from tests.detectors.pairing.test_pairing import ROWS, history
from tollwatch.config import Settings
from tollwatch.findings import FrameMark, Leakage
from tollwatch.frames import Findings

Said = set[tuple[str, str, str, int, int, str, str | None]]
Told = Callable[[list[m.Row]], list[Leakage]]
LONG_AGO = at(1) - 20 * m.DAY


def said(leakages: list[Leakage]) -> Said:
    """What stands: the last revision of each leakage that is not withdrawn, without when it was written."""
    last = {each.leakage_id: each for each in leakages}
    return {
        (
            each.control,
            each.subject,
            each.state,
            each.amount_micros,
            each.period_start,
            each.currency,
            each.account_id,
        )
        for each in last.values()
        if each.state != "withdrawn"
    }


@pytest.fixture(scope="module")
def in_sql(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    """Stores rows, each time as another tenant's, and gives what both controls find."""
    store = ChdbStore(tmp_path_factory.mktemp("months"))
    store.apply_tables()
    tenants = itertools.count()

    def told(rows: list[m.Row]) -> list[Leakage]:
        tenant = f"t{next(tenants)}"
        ordered = sorted(rows, key=lambda each: (each["event_time"], each["event_id"]))
        marks = []
        for stream in {row["_stream"] for row in ordered}:
            mine = [row for row in ordered if row["_stream"] == stream]
            names = sorted({name for row in mine for name in row} - {"_stream"})
            table = pl.DataFrame([{n: row.get(n) for n in names} for row in mine], infer_schema_length=None)
            place = f"{tenant}-{stream}"
            store.write_raw(
                stream,
                place,
                table.with_columns(
                    tenant=pl.lit(tenant), source=pl.lit("test"), _offset=pl.int_range(pl.len(), dtype=pl.Int64)
                ),
            )
            mark = FrameMark(
                key_space="event",
                frame_partition=0,
                sequence=0,
                partition=place,
                begin=0,
                end=len(mine),
                watermark=0,
                tenant=tenant,
            )
            marks.append(mark)
        store.write(Findings(frame_marks=marks))
        runner = ControlsRunner(store, Settings(tenant="main", tenants=[tenant]), tenant=tenant)
        found = [*runner.run(ProvisionedNotBilled()).leakages, *runner.run(BilledNotProvisioned()).leakages]
        runner.forget()
        return found

    yield told
    store.close()


@settings(
    max_examples=20,
    deadline=None,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(rows=ROWS, spare=st.integers(0, 1))
def test_sql_says_what_pairing_says(in_sql: Told, rows: list[m.Row], spare: int) -> None:
    """Orders, snapshots, lines, credits and prices in any order, two accounts, three months: the same leakages."""
    log = history(rows, spare)
    assert said(in_sql(log)) == said(m.run(log).leakages)


def test_a_month_of_free_service_costs_its_price(in_sql: Told) -> None:
    """With its beginning, its age and the row that proves it."""
    (leakage,) = in_sql(month([order("p1", "add", LONG_AGO), seen("p1", 1, since=LONG_AGO)]))
    assert (leakage.state, leakage.amount_micros, leakage.account_id) == ("final", PRICE, "a1")
    assert (leakage.period_start, leakage.period_end, leakage.occurred_at) == (at(1), at(2), at(1))
    assert leakage.age_s == (leakage.event_time - at(1)) // 1000
    assert (leakage.claim.stream, leakage.claim.count) == ("provisioned", 1)


def test_what_orders_alone_tell_is_claimed_by_orders(in_sql: Told) -> None:
    """No snapshot ever showed it."""
    (leakage,) = in_sql(month([order("p1", "add", at(1, 5)), order("p1", "delete", at(1, 8))]))
    assert (leakage.amount_micros, leakage.claim.stream, leakage.claim.count) == (3 * PRICE // 31, "orders", 2)


def test_a_line_without_service_is_negative(in_sql: Told) -> None:
    """And half a credit leaves half of it."""
    credit = line("p2", 1, -PRICE // 2, kind="credit", batch_id=None, event_id="half")
    found = {each.subject: each.amount_micros for each in in_sql(month([line("p1", 1), line("p2", 1), credit]))}
    assert found == {"p1": -PRICE, "p2": -PRICE // 2}


def test_nothing_is_absent_before_all_has_been_read(in_sql: Told) -> None:
    """One line of the run is still on its way; then the snapshot is."""
    service = [offering(), m.account(), order("p1", "add", LONG_AGO), seen("p1", 1, since=LONG_AGO)]
    waiting = in_sql([*service, line("p2", 1), closing("provisioned", 1, 1), closing("billed", 1, 2)])
    assert [(each.control, each.subject, each.state) for each in waiting] == [
        ("billed_not_provisioned", "p2", "provisional")
    ]
    (due,) = in_sql([*service, closing("provisioned", 1, 2), closing("billed", 1, 0)])
    assert (due.state, due.control) == ("provisional", "provisioned_not_billed")
