"""What is billed, against what the general ledger has of it."""

from typing import ClassVar

from detectors.controls import Break, Control, Side
from detectors.controls.parts import complete

RUNS = complete("billed", "bill_run")
BILLED = f"SELECT b.*, since, until FROM {{billed}} AS b INNER JOIN ({RUNS}) AS r ON b.batch_id = r.batch"
POSTED = (
    f"SELECT p.*, since, until FROM {{postings}} AS p INNER JOIN ({RUNS}) AS r ON p.batch_id = r.batch "
    "WHERE p.account_code IN (SELECT account_code FROM {billed} WHERE account_code IS NOT NULL)"
)


class UnpostedRevenue(Control, frozen=True):
    """Find account codes of which the general ledger has less, or more, of a bill run than its lines say.

    A run is judged once all its lines have been read, `within_s` seconds behind them.

    Revenue and tax are credits: a posting below zero. What is deferred keeps its run and counts with it.

    >>> UnpostedRevenue().breaks()[0].amount
    '(lines.money + posted.money)'
    """

    number = 33
    area = "finance"
    subject_kind = "account_code"
    weight = 4
    by_currency = True
    sides: ClassVar[dict[str, Side]] = {
        "lines": Side(
            stream="billed",
            rows=BILLED,
            where="account_code IS NOT NULL",
            subject="account_code",
            money="amount_micros",
            slot="since",
            slot_end="until",
            account="''",
        ),
        "posted": Side(
            stream="postings",
            rows=POSTED,
            subject="account_code",
            money="amount_micros",
            slot="since",
            slot_end="until",
            account="''",
        ),
    }
    needs = ("billed", "postings", "batches")
    runbook = "Post what is missing with an entry that names the run; mend the mapping of account codes."

    tolerance_micros: int = 0
    within_s: int = 86_400

    def breaks(self) -> list[Break]:
        """Sub-ledger and ledger differ."""
        off = "(lines.money + posted.money)"
        due = f"as_of - lines.last_at >= {self.within_s * 1000}"
        return [
            Break(
                kind="not posted",
                when=f"{due} and abs({off}) > {self.tolerance_micros} and posted.records = 0",
                amount=off,
                claims="lines",
                correction="Post {amount} to account {subject}.",
            ),
            Break(
                kind="posted otherwise",
                when=f"{due} and abs({off}) > {self.tolerance_micros}",
                amount=off,
                claims="lines",
                correction="Post {amount} to account {subject}.",
            ),
        ]
