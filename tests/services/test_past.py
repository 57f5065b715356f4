"""What a plan finds in the past: the same from the columns it reads as from all of them, with copies in between."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest

from services.assembly import make_plan
from services.past import run_on_the_past
from services.run import run_line
from services.stores import reading
from store.stored_source import stored_sources
from streams.in_memory_sink import InMemorySink
from streams.plan import EVENT
from streams.read import open_sources
from tollwatch.config import Settings

BEGUN = 1_772_323_200_000
SETTINGS = Settings(installation_key="0" * 32, enabled=["wangiri"])


def call(n: int, **more: Any) -> dict[str, Any]:
    """Somebody rings a number for a second."""
    own = {"event_id": f"c{n}", "event_time": BEGUN + n * 1000, "service": "voice", "record_type": "originating"}
    own |= {"calling_number": "447199999999", "called_number": f"4473{n:08}", "duration_s": 0, "ring_s": 1}
    return own | {"imsi": f"2340{n:011}", "cell_id": f"cell{n % 7}", "charge_micros": n} | more


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wangiri attack; records of it come twice, and one says something else the second time."""
    folder = tmp_path_factory.mktemp("past")
    rows = [call(n) for n in range(60)] + [call(n) for n in range(30, 60)] + [call(59, called_number="447300000000")]
    (folder / "usage.ndjson").write_bytes(b"".join(msgspec.json.encode(row) + b"\n" for row in rows))
    run_line(open_sources({"usage": [folder / "usage.ndjson"]}), folder / "data", SETTINGS, as_of_ms=BEGUN + 10**8)
    return folder / "data"


def test_what_is_not_read_changes_no_finding(data: Path) -> None:
    """To the byte what the run had found; of the calls neither SIM, nor cell, nor charge was read."""
    sink, plan = InMemorySink(), make_plan(SETTINGS)
    with reading(data, SETTINGS) as store:
        assert run_on_the_past(plan, store, SETTINGS, sink) == 91
        kept = store.query("SELECT alert_id, revision FROM alert FINAL ORDER BY alert_id, revision").rows()
        columns = plan.columns()["usage"]
        (source,) = stored_sources(store, columns=plan.columns())
        (batch,) = source.batches()
    assert sorted((alert.alert_id, alert.revision) for alert in sink.alerts.values()) == kept
    assert kept
    assert {"calling_number", "called_number", "duration_s"} <= set(columns)
    assert not {"imsi", "cell_id"} & set(batch.rows.columns)


def test_a_plan_without_marks_has_no_key_space_of_all_events() -> None:
    """Which is what marks copies and counts feeds: a run has it, the past need not have it again."""
    plan = make_plan(SETTINGS)
    assert EVENT in plan.key_spaces()
    assert EVENT not in replace(plan, marks=False).key_spaces()
