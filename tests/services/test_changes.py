"""What people decide reaches the line with the next run: once, and without making what is read later come too late."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from services.approvals import Wish, decide, propose
from services.lists import add_entries
from services.rule_drafts import Change, carry_out, propose_change, save_draft
from services.run import run_line
from services.stores import open_store
from services.tables import apply_tables
from services.triage import judge
from services.verdicts import Said
from streams.read import open_sources
from tests.store.found import alert
from tollwatch.config import Settings
from tollwatch.findings import Evidence
from tollwatch.frames import Findings

DAY0 = 1_772_323_200_000
DAY_MS = 86_400_000
SETTINGS = Settings(installation_key="00112233445566778899aabbccddeeff")
RULE = """\
name: own-wangiri
reads: usage
by: calling_number
features:
  strangers: >-
    distinct(called_number) over 10m
    where record_type = 'originating' and service = 'voice' and duration_s = 0 and ring_s <= 4
warning: strangers >= 5
"""


def calls(day: int, number: str = "447100000001", count: int = 30) -> list[dict[str, Any]]:
    """A number that rings and drops, on some day."""
    at = DAY0 + day * DAY_MS
    own = {"source": "sw", "service": "voice", "record_type": "originating", "duration_s": 0, "ring_s": 2}
    return [
        own
        | {
            "event_id": f"{number}-{day}-{n}",
            "event_time": at + n * 5_000,
            "calling_number": number,
            "called_number": f"4472{n}",
        }
        for n in range(count)
    ]


def _sim_box(day: int, number: str, imsi: str) -> list[dict[str, Any]]:
    """A SIM that stands still and calls strangers all day."""
    at = DAY0 + day * DAY_MS
    own = {"source": "sw", "service": "voice", "record_type": "originating", "duration_s": 90, "ring_s": 8}
    own |= {"calling_number": number, "imsi": imsi, "cell_id": "c1", "serving_network": "999-07"}
    return [
        own | {"event_id": f"{imsi}-{day}-{n}", "event_time": at + n * 120_000, "called_number": f"44733{n}"}
        for n in range(150)
    ]


def run(data: Path, stream: str, events: list[dict[str, Any]], *, day: int = 30) -> Any:
    """One run over one file."""
    path = data.parent / f"{stream}-{events[0]['event_id']}.ndjson"
    path.write_bytes(b"".join(msgspec.json.encode(event) + b"\n" for event in events))
    return run_line(open_sources({stream: [path]}), data, SETTINGS, as_of_ms=DAY0 + day * DAY_MS)


def asked(data: Path, sql: str) -> list[tuple[Any, ...]]:
    """What the store says."""
    store = open_store(data, SETTINGS)
    try:
        return store.query(sql).rows()
    finally:
        store.close()


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A directory in which one run has ended."""
    made = tmp_path / "data"
    assert run(made, "usage", calls(0)).summary.alerts
    return made


def test_a_verdict_is_read_once_and_nothing_comes_too_late(data: Path) -> None:
    """It is dated right behind what was read: events of the next days are as they were."""
    (alert_id,) = asked(data, "SELECT toString(alert_id) FROM alert_latest")[0]
    judge([alert_id], Said("fraud"), data, SETTINGS, by="ada")
    assert run(data, "usage", calls(1)).summary.late == 0
    assert run(data, "usage", calls(2)).summary.late == 0
    rows = asked(data, "SELECT refers_to, event_time FROM raw_verdicts FINAL")
    assert [row[0] for row in rows] == [alert_id]
    assert rows[0][1] < DAY0 + DAY_MS
    assert asked(data, "SELECT count() FROM event_mark WHERE mark IN ('late', 'too_late')") == [(0,)]
    assert asked(data, "SELECT verdict FROM alert_verdict") == [("fraud",)]
    assert list((data / "changes").glob("*")) == []


def test_a_list_entry_prevents_the_alert_of_the_next_run(data: Path) -> None:
    """A known caller is left alone from the next run on; another one, and one without an entry, is found."""
    boxes = [("447100000011", "2340001"), ("447100000012", "2340002")]
    add_entries("known_caller", [boxes[0][0]], data, SETTINGS, by="ada")
    run(data, "usage", [call for box in boxes for call in _sim_box(1, *box)])
    found = asked(data, "SELECT subject FROM alert_latest WHERE detector = 'sim_box'")
    assert found == [("2340002",)]


def test_a_bar_that_was_confirmed_is_an_action(data: Path) -> None:
    """Whoever carries it out reads it; one that waits, or was rejected, is none."""
    propose(Wish("bar", None, "447100000001", {}, "rings strangers"), data, SETTINGS, by="ada")
    propose(Wish("bar", None, "447100000002", {}, "so does this"), data, SETTINGS, by="ada")
    decide(1, confirm=True, note="", data=data, settings=SETTINGS, by="bob")
    decide(2, confirm=False, note="", data=data, settings=SETTINGS, by="bob")
    run(data, "usage", calls(1))
    run(data, "usage", calls(2))
    assert asked(data, "SELECT kind, state, subject, by FROM raw_actions FINAL") == [
        ("bar", "requested", "447100000001", "bob")
    ]


def test_a_published_rule_runs_with_the_next_run_and_a_draft_does_not(data: Path) -> None:
    """From empty to live and back: taken out, it alerts no more."""
    save_draft(RULE, data, SETTINGS, by="ada")
    run(data, "usage", calls(1))
    assert asked(data, "SELECT count() FROM alert_latest WHERE detector = 'own-wangiri'") == [(0,)]
    _decided(data, is_removal=False)
    run(data, "usage", calls(2))
    assert asked(data, "SELECT count() FROM alert_latest WHERE detector = 'own-wangiri'") == [(1,)]
    _decided(data, is_removal=True)
    run(data, "usage", calls(3))
    assert asked(data, "SELECT count() FROM alert_latest WHERE detector = 'own-wangiri'") == [(1,)]


def _decided(data: Path, *, is_removal: bool) -> None:
    done = propose_change(Change("own-wangiri", "tried", is_removal), data, SETTINGS, by="ada")
    assert done.proposal_id is not None

    def publish(proposal: dict[str, Any]) -> None:
        carry_out(proposal, data, SETTINGS, by="bob", live=False)

    decide(done.proposal_id, confirm=True, note="", data=data, settings=SETTINGS, by="bob", publish=publish)


@pytest.mark.parametrize("is_judged", [True, False])
def test_a_verdict_reaches_the_model_as_a_delayed_label(tmp_path: Path, *, is_judged: bool) -> None:
    """Nine days after a payment was judged fraud its terminal has a share of fraud; without the verdict it has none."""
    data = tmp_path / "data"
    apply_tables(data, SETTINGS)
    run(data, "payments", [_payment(n, day=0) for n in range(20)])
    store = open_store(data, SETTINGS)
    row = msgspec.json.encode(_payment(0, day=0), order="sorted").decode()
    found = alert(1, detector="payment_risk", score=0.9, subject_kind="card_fingerprint", subject="c0")
    own = {"finding_id": found.alert_id, "revision": 1, "ordinal": 0, "stream": "payments"}
    proof = Evidence(**own, event_id="p0-0", event_time=DAY0, row=row)
    store.write(Findings(alerts=[found], evidence=[proof]))
    store.close()
    if is_judged:
        judge([found.alert_id], Said("fraud"), data, SETTINGS, by="ada")
    run(data, "payments", [_payment(n, day=1) for n in range(5)])
    run(data, "payments", [_payment(n, day=9) for n in range(5)])
    late = f"event_time > fromUnixTimestamp64Milli({DAY0 + 8 * DAY_MS})"
    shares = asked(data, f"SELECT max(features['terminal_fraud_share']) FROM score WHERE {late}")
    assert (shares[0][0] > 0) == is_judged


def _payment(n: int, *, day: int) -> dict[str, Any]:
    return {
        "event_id": f"p{day}-{n}",
        "event_time": DAY0 + day * DAY_MS + n * 60_000,
        "source": "gateway",
        "payment_id": f"p{day}-{n}",
        "kind": "payment",
        "hop": "gateway",
        "state": "settled",
        "amount_micros": 10_000_000,
        "currency": "EUR",
        "account_id": f"a{n}",
        "card_fingerprint": f"c{n}",
        "terminal_id": "T1",
        "method": "card",
    }
