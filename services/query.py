"""Ask the store what it holds, in ClickHouse's SQL: one SELECT over our own tables, and nothing else."""

from pathlib import Path
from typing import Literal

from services.stores import reading

Answer = Literal["JSONCompactEachRowWithNames", "JSONEachRow", "CSVWithNames", "Parquet"]


def ask(data: Path | None, sql: str, form: Answer) -> bytes:
    """The answer to one question. Raises RuleError where it asks for what is not ours, StoreError where it fails."""
    with reading(data) as store:
        return store.answer(sql, form)
