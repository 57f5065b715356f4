"""Ask the store what it holds, in ClickHouse's SQL; nothing can be changed by it."""

from pathlib import Path
from typing import Literal

from services.stores import reading

Answer = Literal["JSONCompactEachRowWithNames", "JSONEachRow", "CSVWithNames", "Parquet"]


def ask(data: Path | None, sql: str, form: Answer) -> bytes:
    """The answer to one SELECT, SHOW, DESCRIBE or EXPLAIN. Raises StoreError where the database refuses."""
    with reading(data) as store:
        return store.answer(sql, form)
