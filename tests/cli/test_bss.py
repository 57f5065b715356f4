"""`tollwatch bss`: an operator's own files from order to cash, by the commands of the guide."""

import gzip
from pathlib import Path

import polars as pl
import pytest

from cli import call
from tests.services.bss import operator
from tollwatch.columns import schema

NAME = "bss"


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> operator.Files:
    """A village's files."""
    return operator.write(tmp_path_factory.mktemp("village") / "in", 120)


def test_the_commands_of_the_guide_take_an_operator_from_order_to_cash(
    files: operator.Files, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Each prints what became of it, and the events can be read by the line."""
    books = ["--database", str(tmp_path / "bss.sqlite"), "--out", str(tmp_path / "events")]

    def run(*words: str | Path) -> str:
        assert call(["bss", *map(str, words), *books]) in (0, None), capfd.readouterr().err
        return " ".join(capfd.readouterr().out.split())

    assert "problems" in _checked(files, capfd)
    for catalogue in files.catalogues:
        assert "is in force" in run("catalogue", catalogue, "--at", "2026-03-01")
    assert "180" in run("reference", files.reference)
    assert "completed" in run("order", *files.orders, "--at", "2026-03-31")
    told = run("mediate", files.folder / "usage", "--modulus", "10000")
    assert "60 files" in told
    assert "missing" not in told
    usage = sorted((tmp_path / "events").glob("usage-*.ndjson"))
    assert "rated" in run("rate", *usage)
    assert "True" in run("rate", usage[0])  # known
    assert "backlog" in run("rate", "--backlog", "--at", "2026-04-01")
    assert "repeated" in run("charge", "--rated", usage[0].with_name(f"rated-{usage[0].name}"))
    assert "balances" in run("balances", "--at", "2026-04-01")
    assert "refused" in run("vouchers", _vouchers(tmp_path))
    assert "60" in run("bill", "--period", "2026-01")
    assert "bill run" in run("bill", "--period", "2026-02")
    payments = tmp_path / "pay.ndjson"
    _pay(tmp_path, payments)
    assert "payments" in run("pay", payments)
    assert "dunning" in run("dun", "--at", "2026-03-10")
    assert "snapshot" in run("snapshot", "--period", "2026-03")
    assert "nothing" in run("settle", "--period", "2026-03", "--usage", *usage[:2])
    assert "1200" in run("post", "--period", "2026-02")
    assert "0 records" in run("suspense")
    assert "let go" in run("suspense", "--release", "--at", "2026-04-01")
    streams = {path.name.split("-")[0] for path in (tmp_path / "events").iterdir()}
    assert {"orders", "usage", "rated", "billed", "invoices", "payments", "batches", "postings"} <= streams
    data = ["--data", str(tmp_path / "data"), "--json"]
    given = [word for path in usage[:3] for word in ("--usage", str(path))]
    assert call(["run", *given, *data, "--as-of", "2026-04-01"]) in (0, None)
    assert '"quarantined":0' in capfd.readouterr().out


def _checked(files: operator.Files, capfd: pytest.CaptureFixture[str]) -> str:
    assert call(["bss", "check", str(files.catalogues[0]), "--at", "2026-03-01"]) in (0, None)
    return capfd.readouterr().out


def _vouchers(folder: Path) -> Path:
    """One voucher, used twice: the second use is refused."""
    path = folder / "vouchers.ndjson"
    states = ["created", "activated", "used", "used"]
    pl.DataFrame({"state": states, "event_time": [1, 2, 3, 4], "account_id": [None, None, "A", "B"]}).with_columns(
        event_id=pl.format("v{}", "event_time"),
        serial=pl.lit("V1"),
        payment_id=pl.format("p{}", "event_time"),
        face_value_micros=pl.lit(10_000_000),
        currency=pl.lit("EUR"),
        event_time=pl.col("event_time") + 1_772_000_000_000,
    ).write_ndjson(path)
    return path


def _pay(folder: Path, path: Path) -> None:
    """Everybody pays what is open of the first invoices."""
    heads = pl.concat(
        pl.read_ndjson(each, schema=schema("invoices")) for each in (folder / "events").glob("invoices-*")
    )
    heads.filter(pl.col("total_micros") > 0).select(
        "account_id",
        "currency",
        event_id=pl.format("p-{}", "invoice_id"),
        payment_id=pl.format("p-{}", "invoice_id"),
        event_time="issued",
        kind=pl.lit("payment"),
        state=pl.lit("settled"),
        amount_micros="total_micros",
    ).write_ndjson(path)


def test_a_catalogue_with_problems_is_named_row_by_row_and_not_taken(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Exit code 3, and nothing is written."""
    (tmp_path / "c.yaml").write_text(
        "currency: EUR\nzone: UTC\nvalid_from: 2026-01-01\nofferings:\n  - {id: m, fee: -1, tariff: gone}\n", "utf-8"
    )
    assert call(["bss", "check", str(tmp_path / "c.yaml")]) == 3
    assert "price_micros is negative" in capfd.readouterr().out
    words = [
        "bss",
        "catalogue",
        str(tmp_path / "c.yaml"),
        "--database",
        str(tmp_path / "b"),
        "--out",
        str(tmp_path / "o"),
    ]
    assert call(words) == 3
    assert "2 problems" in capfd.readouterr().err
    assert not (tmp_path / "o").exists()


def test_what_cannot_be_read_is_kept_with_its_reason(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """A broken line of a switch's file does not stop the file; it stands in a file of its own, whole."""
    good = b'{"event_id":"a","event_time":1772400000000,"service":"sms","subscriber_id":"S1"}'
    path = tmp_path / "sw_0007.ndjson.gz"
    path.write_bytes(gzip.compress(good + b"\n{broken\n"))
    words = ["--database", str(tmp_path / "b.sqlite"), "--out", str(tmp_path / "o")]
    assert call(["bss", "mediate", str(path), *words]) == 3
    assert "sw_0007" in capfd.readouterr().out
    (refused,) = (tmp_path / "o").glob("refused-*")
    assert b"e2Jyb2tlbg==" in refused.read_bytes()  # {broken
    assert len(list((tmp_path / "o").glob("usage-*"))) == 1


def test_words_that_make_no_sense_are_refused(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """A month that is none, a directory that is none, books that nobody has filled."""
    words = ["--database", str(tmp_path / "b.sqlite"), "--out", str(tmp_path / "o")]
    assert call(["bss", "bill", "--period", "March", *words]) == 4
    assert "2026-03" in capfd.readouterr().err
    usage = tmp_path / "u.ndjson"
    usage.write_text('{"event_id":"a","event_time":1772400000000,"service":"sms"}\n', "utf-8")
    assert call(["bss", "rate", str(usage), *words]) == 3
    assert "take orders in first" in capfd.readouterr().err
