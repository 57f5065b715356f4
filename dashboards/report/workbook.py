"""The report as a workbook: key figures, sums, every finding, and the rows that prove them."""

import io
from typing import Any

import msgspec
import xlsxwriter

from services.leakage_report import Report
from tollwatch.safe_text import printable

WIDTHS = {"finding_id": 18, "name": 24, "subject": 18, "cause": 60, "correction": 60}
TIMES = ("occurred_at", "detected_at", "settled_at", "period_start", "period_end")
COLUMNS = (
    *("finding_id", "kind", "name", "area", "break_kind", "side", "state", "is_final", "subject_kind", "subject"),
    *("account_id", "records", "occurred_at", "detected_at", "settled_at", "amount_micros", "currency", "net_micros"),
    *("detected_micros", "confirmed_micros", "recovering_micros", "recovered_micros", "prevented_micros"),
    *("averted_micros", "written_off_micros", "owner", "age", "cause", "correction"),
)
MOST_ROWS = 1_048_575
"""So many rows has a sheet of Excel beside its heading."""


def workbook_of(report: Report) -> bytes:
    """The workbook. Amounts are in units of the currency; every sum of the first sheet is a formula over the findings.

    Texts are never formulas, whatever they begin with. Proof rows beyond what a sheet has are told and left out.
    """
    out = io.BytesIO()
    options = {"strings_to_formulas": False, "strings_to_urls": False, "constant_memory": True}
    with xlsxwriter.Workbook(out, options) as book:
        forms = {
            "money": book.add_format({"num_format": "#,##0.00####"}),
            "head": book.add_format({"bold": True, "bg_color": "#e5edff"}),
            "share": book.add_format({"num_format": "0.00%"}),
            "time": book.add_format({"num_format": "yyyy-mm-dd hh:mm"}),
        }
        _figures(book.add_worksheet("Key figures"), report, forms, max(min(len(report.findings), MOST_ROWS), 1) + 1)
        _findings(book, report, forms)
        _sums(book, report, forms)
        _proof(book, report, forms)
    return out.getvalue()


def _figures(sheet: Any, report: Report, forms: dict[str, Any], last: int) -> None:
    sheet.set_column(0, 0, 34)
    sheet.set_column(1, 2, 20)
    sheet.write_row(0, 0, [f"Leakage {report.period.name}", "loss", "overcharge"], forms["head"])
    sums = (
        *(("found", "net"), ("recovered", "recovered"), ("written off", "written_off"), ("open, detected", "detected")),
        *(("open, confirmed", "confirmed"), ("open, recovering", "recovering"), ("prevented", "prevented")),
        ("kept from being lost", "averted"),
    )
    names = COLUMNS
    side = _letter(names.index("side"))
    for n, (word, column) in enumerate(sums, 1):
        sheet.write_string(n, 0, word)
        letter = _letter(names.index(f"{column}_micros"))
        for m, each in enumerate(("loss", "overcharge"), 1):
            value = report.findings.filter(report.findings["side"] == each)[f"{column}_micros"].sum() / 1_000_000
            formula = f'=SUMIF(Findings!${side}$2:${side}${last},"{each}",Findings!${letter}$2:${letter}${last})'
            sheet.write_formula(n, m, formula, forms["money"], value)
    k = report.kpis
    shares = (
        *(("share of revenue", k.revenue_share), ("coverage", k.coverage), ("effectiveness", k.effectiveness)),
        ("feeds complete", k.completeness),
    )
    for n, (word, share) in enumerate(shares, len(sums) + 2):
        sheet.write_string(n, 0, word)
        sheet.write(n, 1, "–" if share is None else share, forms["share"])
    numbers = (
        ("revenue", k.revenue_micros / 1_000_000),
        ("days to detection", k.days_to_detection),
        ("days to fix", k.days_to_fix),
    )
    for n, (word, number) in enumerate(numbers, len(sums) + len(shares) + 3):
        sheet.write_string(n, 0, word)
        sheet.write(n, 1, "–" if number is None else number, forms["money"])


def _letter(column: int) -> str:
    """The letters of a column, from 0.

    >>> _letter(0), _letter(25), _letter(26)
    ('A', 'Z', 'AA')
    """
    return (_letter(column // 26 - 1) if column >= 26 else "") + chr(ord("A") + column % 26)


def _findings(book: Any, report: Report, forms: dict[str, Any]) -> None:
    """The findings, one below the other."""
    sheet = book.add_worksheet("Findings")
    names = COLUMNS
    for n, name in enumerate(names):
        form = forms["money"] if name.endswith("_micros") else forms["time"] if name in TIMES else None
        sheet.set_column(n, n, WIDTHS.get(name, 14), form)
    sheet.write_row(0, 0, [name.removesuffix("_micros").replace("_", " ") for name in names], forms["head"])
    rows = report.findings.select(*COLUMNS).head(MOST_ROWS)
    for n, row in enumerate(rows.iter_rows(), 1):
        for m, (name, value) in enumerate(zip(names, row, strict=True)):
            if value is None:
                continue
            if name.endswith("_micros"):
                sheet.write_number(n, m, value / 1_000_000)
            elif name in TIMES:
                sheet.write_number(n, m, value / 86_400_000 + 25_569)
            elif isinstance(value, bool):
                sheet.write_boolean(n, m, value)
            elif isinstance(value, int):
                sheet.write_number(n, m, value)
            else:
                sheet.write_string(n, m, printable(value))
    sheet.autofilter(0, 0, max(len(rows), 1), len(names) - 1)
    sheet.freeze_panes(1, 1)


def _sums(book: Any, report: Report, forms: dict[str, Any]) -> None:
    for title, column in (("By control", "name"), ("By account", "account_id"), ("By age", "age"), ("By day", "day")):
        sheet = book.add_worksheet(title)
        table = report.by(column)
        sheet.set_column(0, 0, 28)
        sheet.set_column(3, len(table.columns) - 1, 16, forms["money"])
        sheet.write_row(0, 0, [name.removesuffix("_micros").replace("_", " ") for name in table.columns], forms["head"])
        for n, row in enumerate(table.head(MOST_ROWS).iter_rows(), 1):
            for m, (name, value) in enumerate(zip(table.columns, row, strict=True)):
                if isinstance(value, str):
                    sheet.write_string(n, m, printable(value))
                elif value is not None:
                    sheet.write_number(n, m, value / 1_000_000 if name.endswith("_micros") else value)


def _proof(book: Any, report: Report, forms: dict[str, Any]) -> None:
    sheet = book.add_worksheet("Proof")
    sheet.set_column(0, 2, 18)
    sheet.set_column(3, 3, 120)
    sheet.write_row(0, 0, ["finding", "side", "stream", "row"], forms["head"])
    n = 0
    encode = msgspec.json.Encoder(order="sorted").encode
    for finding_id, rows in report.proof.items():
        for side, stream, columns in rows:
            n += 1
            if n >= MOST_ROWS:
                sheet.write_string(n, 0, "more rows are left out: the sheet is full; NDJSON has them all")
                return
            text = printable(encode(columns).decode())[:32_767]
            for m, value in enumerate((finding_id, side, stream, text)):
                sheet.write_string(n, m, value)
