"""A report in one of its forms, as bytes."""

import io
from typing import Any, Literal

import msgspec
import polars as pl

from dashboards.report.page import page_of
from dashboards.report.workbook import workbook_of
from services.leakage_report import Report
from tollwatch.safe_text import for_spreadsheet

Form = Literal["html", "xlsx", "csv", "ndjson"]


def report_in(report: Report, form: Form, *, machine: bool = False) -> bytes:
    """The report. CSV has a row for each finding; NDJSON too, with its proof rows, and the key figures first.

    Texts of CSV that a spreadsheet would take for formulas are guarded, unless a `machine` reads it.
    """
    if form == "html":
        return page_of(report).encode()
    if form == "xlsx":
        return workbook_of(report)
    if form == "ndjson":
        return b"".join(msgspec.json.encode(each, order="sorted") + b"\n" for each in _documents(report))
    frame, out = report.findings, io.BytesIO()
    if not machine:
        frame = frame.with_columns(
            pl.col(pl.String).map_elements(for_spreadsheet, return_dtype=pl.String, skip_nulls=True)
        )
    frame.write_csv(out)
    return out.getvalue()


def _documents(report: Report) -> list[dict[str, Any]]:
    head = {"what": "report", "period": report.period.name, "tenant": report.tenant, "read_until": report.read_until}
    rows = [
        {"what": "finding"} | row | {"proof": [_proof(*each) for each in report.proof.get(row["finding_id"], [])]}
        for row in report.findings.iter_rows(named=True)
    ]
    return [head | {"kpis": report.kpis}, *rows]


def _proof(side: str, stream: str, columns: dict[str, Any]) -> dict[str, Any]:
    return {"side": side, "stream": stream, "row": columns}
