"""Feeds that promised a file and have fallen silent."""

from typing import ClassVar

from detectors.controls import Break, Control, Side


class SilentFeed(Control, frozen=True):
    """Find sources whose next file has been due for as long again as they promised to write one.

    What it costs nobody knows: the amount is nothing, the records are the files that are overdue.

    >>> SilentFeed().breaks()[0].kind
    'no file'
    """

    number = 35
    area = "finance"
    subject_kind = "feed"
    weight = 3
    sides: ClassVar[dict[str, Side]] = {
        "files": Side(
            stream="batches",
            where="kind = 'file' AND state = 'closed' AND cadence_s IS NOT NULL",
            subject="source",
            values={"cadence_ms": "cadence_s * 1000", "until": "period_end"},
            currency="''",
            account="''",
        )
    }
    runbook = "Ask whoever runs the source; what depends on it says nothing meanwhile."

    tolerated: int = 1

    def breaks(self) -> list[Break]:
        """Overdue."""
        overdue = "intDiv(as_of - files.until, greatest(files.cadence_ms, 1))"
        return [
            Break(
                kind="no file",
                when=f"{overdue} > {self.tolerated}",
                amount="0",
                claims="files",
                records=overdue,
                cause="Nothing from {subject}.",
                correction="Ask the source; read what it holds back.",
            )
        ]
