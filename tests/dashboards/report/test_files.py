"""The report as files: the page in a browser and on paper, the workbook read back and added up, CSV, NDJSON."""

import io
from pathlib import Path

import msgspec
import openpyxl
import polars as pl
import pytest
from playwright.sync_api import expect

from dashboards.report.files import report_in
from services.leakage_report import Report, leakage_report, period_of
from store import ChdbStore
from tests.dashboards.console.browsing import browser
from tests.dashboards.console.test_leakage import LOSS, found
from tests.services.test_leakage_report import SETTINGS


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Report:
    """Four leakages, one of somebody hostile; identifiers as they are, so that what is hostile is there."""
    data = tmp_path_factory.mktemp("report") / "data"
    store = ChdbStore(data)
    store.apply_tables()
    store.write(found())
    store.close()
    return leakage_report(period_of("2026-01"), data, SETTINGS, identifiers=True)


def test_the_page_needs_nothing_else_and_goes_down_to_the_proof(report: Report, tmp_path: Path) -> None:
    """Opened from the disk: every control's findings, a finding's rows, found by word; printed, too."""
    page_file = tmp_path / "report.html"
    page_file.write_bytes(report_in(report, "html"))
    text = page_file.read_text("utf-8")
    assert "<script>alert" not in text
    assert "http://" not in text.replace("http://www.w3.org", "")
    with browser() as chrome:
        page = chrome.new_page()
        faults: list[str] = []
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", lambda said: faults.append(said.text) if said.type == "error" else None)
        page.on("request", lambda asked: faults.append(asked.url) if not asked.url.startswith("file:") else None)
        page.goto(page_file.as_uri())
        expect(page.locator(".tile b").first).to_have_text("41.50")
        expect(page.locator("details.control")).to_have_count(4)
        details = page.locator("#provisioned_not_billed")
        details.locator("summary").click()
        row = details.locator(f"tr.row[data-id='{LOSS}']")
        row.click()
        proof = details.locator(".proof")
        expect(proof).to_contain_text("2 rows prove it")
        expect(proof).to_contain_text("product_id=P0000021")
        expect(proof).to_contain_text("Bill account A0000021.")
        details.locator("input[type=search]").fill("nobody")
        expect(details.locator("tr.row")).to_have_count(0)
        for name in ("double_charge", "usage_not_rated", "wrong_price"):
            page.locator(f"#{name} summary").click()
            expect(page.locator(f"#{name} tr.row")).to_have_count(1)
        printed = page.pdf(format="A4")
        assert printed.startswith(b"%PDF")
        assert len(printed) > 10_000
        assert faults == []


def test_the_workbook_adds_up(report: Report) -> None:
    """Read back: the findings come to the key figures, each sum is a formula over them, and no text is one."""
    data = report_in(report, "xlsx")
    values, formulas = (openpyxl.load_workbook(io.BytesIO(data), data_only=only) for only in (True, False))
    assert values.sheetnames == ["Key figures", "Findings", "By control", "By account", "By age", "By day", "Proof"]
    rows = list(values["Findings"].iter_rows(values_only=True))
    names = list(rows[0])
    net = sum(round(row[names.index("net")] * 1_000_000) for row in rows[1:])
    assert net == 50_500_000
    figures = {row[0]: row[1:] for row in values["Key figures"].iter_rows(values_only=True)}
    assert figures["found"] == (41.5, 9)
    assert formulas["Key figures"]["B2"].value.startswith("=SUMIF(Findings!")
    letter = formulas["Key figures"]["B2"].value.partition(",Findings!$")[2].partition("$")[0]
    assert formulas["Findings"][f"{letter}1"].value == "net"
    by_control = list(values["By control"].iter_rows(values_only=True))
    column = list(by_control[0]).index("net")
    assert sum(round(row[column] * 1_000_000) for row in by_control[1:]) == 50_500_000
    kinds = {cell.data_type for row in formulas["Findings"].iter_rows() for cell in row}
    assert "f" not in kinds
    proof = [row[0] for row in values["Proof"].iter_rows(values_only=True)]
    assert proof.count(LOSS) == 2


def test_csv_and_ndjson_have_every_finding(report: Report) -> None:
    """CSV guards what a spreadsheet takes for a formula; NDJSON has the key figures first, and the proof."""
    rows = pl.read_csv(io.BytesIO(report_in(report, "csv")))
    assert rows["net_micros"].sum() == 50_500_000
    first, *findings = [msgspec.json.decode(line) for line in report_in(report, "ndjson").splitlines()]
    assert first["kpis"]["loss"][0] == 41_500_000
    assert sum(each["net_micros"] for each in findings) == 50_500_000
    assert [len(each["proof"]) for each in findings if each["finding_id"] == LOSS] == [2]


def test_an_empty_report_is_written_too(report: Report) -> None:
    """A month in which nothing leaked."""
    empty = report._replace(findings=report.findings.clear(), proof={})
    for form in ("html", "xlsx", "csv", "ndjson"):
        assert report_in(empty, form)  # type: ignore[arg-type]
