"""Leakage in the console: sums, one break with both sides, recovery by whose it is, write-offs by two, the report."""

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import openpyxl
import pytest

from dashboards.console.desk import Desk
from dashboards.console.duties import keep_books
from services.audit import latest_audit
from services.ledger.verify import verify
from services.users import put_user
from tests.dashboards.console.desks import HOSTILE, PASSWORD, SETTINGS, Browser, console
from tests.store.found import START, leakage
from tollwatch.findings import Evidence
from tollwatch.frames import Findings

LOSS, OVERCHARGE, TWICE = (f"{n:016x}" for n in (21, 22, 23))


def _row(finding_id: str, ordinal: int, side: str, stream: str, **columns: Any) -> Evidence:
    event = {"event_id": f"{side}{ordinal}", "event_time": START, **columns}
    row = msgspec.json.encode(event, order="sorted").decode()
    return Evidence(
        finding_id=finding_id,
        revision=1,
        ordinal=ordinal,
        stream=stream,
        event_id=f"{side}{ordinal}",
        event_time=START,
        row=row,
        side=side,
    )


def found() -> Findings:
    """A loss with both sides, an overcharge, two that speak of one record, another tenant's."""
    own = {"account_id": "A0000021", "occurred_at": START, "own_micros": None}
    leakages = [
        leakage(21, subject="P0000021", amount_micros=34_500_000, correction="Bill account A0000021.", **own),
        leakage(
            22, control="double_charge", subject="P0000022", amount_micros=-9_000_000, **own | {"account_id": HOSTILE}
        ),
        leakage(23, control="usage_not_rated", subject_kind="event", subject="r1", amount_micros=5_000_000, **own),
        leakage(24, control="wrong_price", subject_kind="event", subject="r1", amount_micros=7_000_000, **own),
        leakage(29, tenant="other", amount_micros=99_000_000, subject="P0000029", **own),
    ]
    evidence = [
        _row(LOSS, 0, "network", "provisioned", product_id="P0000021", state="active", account_id="A0000021"),
        _row(LOSS, 1, "orders", "orders", order_id="O21", account_id="A0000021"),
    ]
    return Findings(leakages=leakages, evidence=evidence)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """A console over leakages; `rita` and `rolf` are of revenue assurance."""
    with console(tmp_path / "data", found()) as made:
        for name in ("rita", "rolf"):
            put_user(name, tmp_path / "data", SETTINGS, role="assurance", password=PASSWORD)
        yield made


@pytest.fixture
def rita(desk: Desk) -> Browser:
    """Revenue assurance."""
    return Browser(desk).sign_in("rita")


def test_sums_and_findings_of_ones_own_tenant(rita: Browser) -> None:
    """By control, period, account or age; two that speak of one record are 7.00 together, not 12.00."""
    page = rita.get("/leakage").text
    assert "provisioned not billed" in page
    assert page.count("data-row") == 4
    assert "4 findings, 50.50" in page
    assert "5.00 counted elsewhere" in page
    assert f"{29:016x}" not in page
    assert "A0000021" not in page.replace("account_id=A0000021", "")
    for by, word in (("account", "By account"), ("period", ">2026-01</a>"), ("age", ">older</a>")):
        assert word in rita.get(f"/leakage?by={by}").text
    only = rita.get("/leakage?side=overcharge").text
    assert only.count("data-row") == 1
    assert "Nothing fits these filters" in rita.get("/leakage?state=recovered").text
    assert rita.get("/leakage?by=x&state=y&page=0").status_code == 200


def test_one_break_shows_both_sides_masked_until_asked(rita: Browser) -> None:
    """The rows of the network and of the orders; whom it is about after a reason, which the audit keeps."""
    page = rita.get(f"/leakage/{LOSS}").text
    assert "<h2>Network" in page
    assert "<h2>Orders" in page
    assert "A0000021" not in page.replace("account_id=A0000021", "")
    assert rita.post(f"/leakage/{LOSS}/unmask", reason="the customer called").status_code == 303
    page = rita.get(f"/leakage/{LOSS}").text
    assert "Bill account A0000021." in page
    assert rita.get(f"/leakage/{29:016x}").status_code == 400
    hostile = rita.get(f"/leakage/{OVERCHARGE}").text
    assert "<script>alert" not in hostile


def test_from_detected_to_recovered_with_every_step_in_the_audit(desk: Desk, rita: Browser) -> None:
    """Owner, verdict, asked for, half of it done, the rest done; who did it stands there."""
    steps: tuple[dict[str, str], ...] = (
        {"do": "assign", "to": "rita"},
        {"do": "leakage", "note": "seen in the network"},
        {"do": "requested", "kind": "rebill", "note": "bill run 7"},
        {"do": "done", "kind": "rebill", "amount": "20.00", "note": "invoice 1"},
        {"do": "done", "kind": "rebill", "note": "invoice 2"},
    )
    states = ("detected", "confirmed", "recovering", "confirmed", "recovered")
    for step, state in zip(steps, states, strict=True):
        answer = rita.post(f"/leakage/{LOSS}/act", **step)
        assert answer.status_code == 303, answer.text
        assert desk.books("main").position(LOSS).state == state
    page = rita.get(f"/leakage/{LOSS}").text
    assert 'id="recovered">34.50<' in page
    refused = rita.post(f"/leakage/{LOSS}/act", do="done", kind="rebill", note="again")
    assert (refused.status_code, "nothing of it is open" in refused.text) == (400, True)
    tables = [row["table_name"] for row in latest_audit(desk.home, SETTINGS, by="rita")]
    assert tables.count("loss_action") == 3
    assert {"alert_work", "verdict"} <= set(tables)
    keep_books(desk)
    assert verify(desk.data, desk.home, SETTINGS).faults == []


def test_many_at_once(desk: Desk, rita: Browser) -> None:
    """Chosen in the list, done together, or nothing where one of them cannot be."""
    both = {"findings[]": [LOSS, TWICE]}
    assert rita.post("/leakage/many", do="leakage", **both).status_code == 303
    assert rita.post("/leakage/many", do="done", kind="collect", note="paid", **both).status_code == 303
    assert {desk.books("main").position(each).state for each in (LOSS, TWICE)} == {"recovered"}
    again = rita.post("/leakage/many", do="done", kind="collect", note="x", **{"findings[]": [OVERCHARGE, TWICE]})
    assert again.status_code == 400
    assert desk.books("main").position(OVERCHARGE).state == "detected"
    assert rita.post("/leakage/many", do="leakage").status_code == 400


def test_a_write_off_takes_two_of_revenue_assurance(desk: Desk, rita: Browser) -> None:
    """An analyst may neither propose nor confirm it, nor note a recovery; who proposed it may not confirm it."""
    ada, rolf = Browser(desk).sign_in("ada"), Browser(desk).sign_in("rolf")
    assert ada.post(f"/leakage/{LOSS}/write-off", note="too old").status_code == 403
    refused = ada.post(f"/leakage/{LOSS}/act", do="done", kind="rebill", note="x")
    assert (refused.status_code, "of that role" in refused.text) == (400, True)
    assert "Propose to write off" not in ada.get(f"/leakage/{LOSS}").text
    assert rita.post(f"/leakage/{LOSS}/write-off", note="too old", amount="30").status_code == 303
    assert rita.post(f"/leakage/{LOSS}/write-off", note="too old").status_code == 400
    assert "30.00" in rolf.get("/decisions").text
    assert ada.post("/decisions/1", do="confirm").status_code == 400
    assert rita.post("/decisions/1", do="confirm").status_code == 400
    assert desk.books("main").position(LOSS).written_off_micros == 0
    assert rolf.post("/decisions/1", do="confirm").status_code == 303
    stands = desk.books("main").position(LOSS)
    assert (stands.written_off_micros, stands.confirmed_micros) == (30_000_000, 4_500_000)
    page = rita.get(f"/leakage/{LOSS}").text
    assert "proposed by rita: too old" in page


def test_a_write_off_of_what_is_not_open_any_more_waits(desk: Desk, rita: Browser) -> None:
    """It was recovered in the meantime: nothing is written off, and the proposal can be rejected."""
    rolf = Browser(desk).sign_in("rolf")
    rita.post(f"/leakage/{LOSS}/write-off", note="too old")
    rita.post(f"/leakage/{LOSS}/act", do="done", kind="collect", note="paid after all")
    assert rolf.post("/decisions/1", do="confirm").status_code == 400
    assert desk.books("main").position(LOSS).written_off_micros == 0
    assert rolf.post("/decisions/1", do="reject").status_code == 303


def test_the_report_is_downloaded_in_every_form(rita: Browser) -> None:
    """As a file, masked; what is no month or no form is refused."""
    for form in ("html", "xlsx", "csv", "ndjson"):
        answer = rita.get(f"/leakage/report?period=2026-01&format={form}")
        assert answer.status_code == 200
        assert f'filename="leakage-2026-01.{form}"' in answer.headers["content-disposition"]
        assert b"A0000021" not in answer.content
    book = openpyxl.load_workbook(io.BytesIO(rita.get("/leakage/report?period=2026-01&format=xlsx").content))
    assert book.sheetnames[0] == "Key figures"
    assert rita.get("/leakage/report?period=soon").status_code == 400
    assert rita.get("/leakage/report?period=2026-01&format=exe").status_code == 400
