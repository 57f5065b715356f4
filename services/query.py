"""Ask the store what it holds, in ClickHouse's SQL: one SELECT over our own tables, and nothing else."""

from pathlib import Path
from typing import Literal

from services.audit import note
from services.stores import DATA, reading

MOST_NOTED = 4_000
Answer = Literal["JSONCompactEachRowWithNames", "JSONEachRow", "CSVWithNames", "Parquet"]


def ask(data: Path | None, sql: str, form: Answer) -> bytes:
    """The answer to one question, which the audit keeps. Raises StoreError where it asks for what is not ours."""
    note(data or DATA, "query", "store", form, {"sql": [None, sql[:MOST_NOTED]]})
    with reading(data) as store:
        return store.answer(sql, form)
