"""Books in PostgreSQL say what books in SQLite say."""

from pathlib import Path

import polars as pl

from services.bss.bill import run_bill
from services.bss.catalogue import publish_catalogue, take_reference
from services.bss.charge import charge_files
from services.bss.mediate import mediate_files
from services.bss.order import take_orders, take_snapshot
from services.bss.pay import dun_accounts
from services.bss.rate import rate_backlog, rate_files
from services.bss.settle import post
from tests.postgres import postgres_url
from tests.services.bss import operator
from tests.services.bss.operator import MARCH

__all__ = ["postgres_url"]


def test_an_operator_is_the_same_on_either(postgres_url: str, tmp_path: Path) -> None:
    """Orders, files, ratings, balances, a bill run twice, dunning, a snapshot, the ledger."""
    files = operator.write(tmp_path / "in", 200)
    recharges = tmp_path / "recharges.ndjson"
    pl.DataFrame(
        {"event_id": ["r1"], "payment_id": ["r1"], "account_id": ["A0"], "amount_micros": [5_000_000]}
    ).with_columns(
        event_time=pl.lit(MARCH[0]),
        kind=pl.lit("recharge"),
        state=pl.lit("settled"),
        hop=pl.lit("account"),
        currency=pl.lit("EUR"),
    ).write_ndjson(recharges)
    made = []
    for number, where in enumerate((postgres_url, tmp_path / "books.sqlite")):
        out = tmp_path / f"out{number}"
        for catalogue in files.catalogues:
            publish_catalogue(catalogue, where, out, MARCH[1])
        take_reference([files.reference], where, out)
        take_orders(files.orders, where, out, until=MARCH[1])
        list(mediate_files(sorted(files.usage)[:20], where, out))
        rated = list(rate_files(sorted(out.glob("usage-*")), where, out))
        made.append(
            [
                rated,
                rate_backlog(where, out, 1),
                charge_files(where, out, payments=[recharges, recharges]),
                run_bill(where, out, "2026-01"),
                run_bill(where, out, "2026-01"),
                dun_accounts(where, out, MARCH[1]),
                take_snapshot(where, out, "2026-03"),
                post(where, out, "2026-02").rows(),
            ]
        )
    assert made[0] == made[1]
    assert made[0][2].repeated == 1
