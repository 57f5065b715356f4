"""What others wrote obeys nobody: no terminal, no spreadsheet; and no secret is told."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tollwatch.safe_text import for_spreadsheet, printable, without_secrets


@given(st.text(max_size=30))
def test_a_terminal_gets_nothing_to_obey(text: str) -> None:
    """No control, no mark of direction, no break of a line; what people write stays as it is."""
    shown = printable(text)
    assert not {unicodedata.category(each) for each in shown} & {"Cc", "Cf", "Zl", "Zp"}
    if all(unicodedata.category(each)[0] in "LNP" for each in text) and "\\" not in text:
        assert shown == text


@given(st.text(max_size=10))
def test_a_spreadsheet_gets_no_formula(text: str) -> None:
    """Nor one behind a tab or a return, nor in wide letters."""
    assert not for_spreadsheet(text).startswith(("=", "+", "-", "@", "\t", "\r", "\n", "＝"))
    assert for_spreadsheet(text).endswith(text)


@pytest.mark.parametrize(
    "text",
    [
        "http://user:hunter2@grafana:3000/x",
        "clickhouse://me:hunter2@db:9000/t",
        "postgresql+psycopg://me:hun%2Fhunter2@db/t",
        "postgresql://db/t?user=me&password=hunter2",
        "postgresql://db/t?PASSWORD=hunter2#x",
        "s3://bucket/state?secret=hunter2&key=hunter2",
        "s3://b/x?aws_secret_access_key=hunter2",
        "az://c/x?sas_token=hunter2",
        "cannot reach http://a:hunter2@b/ and http://c:hunter2@d/",
        "FATAL: connection failed: host=db password=hunter2 user=me",
        "redis://:hunter2@db",
        "x: token: hunter2",
        "a://u:p@ss:hunter2@h/db",
    ],
)
def test_secrets_are_taken_out(text: str) -> None:
    """Of any URL, by any of the usual names, several in a sentence."""
    assert "hunter2" not in without_secrets(text)
    assert "***" in without_secrets(text)


@pytest.mark.parametrize(
    "text", ["http://grafana:3000/x", "usage.ndjson: line 3", "s3://bucket/state?region=eu", "a@b: c"]
)
def test_what_is_no_secret_stays(text: str) -> None:
    """An address without one is told as it is."""
    assert without_secrets(text) == text
