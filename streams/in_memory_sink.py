"""Findings in memory, for runs over stored events that must not touch what is stored."""

import msgspec
import polars as pl

from tollwatch.findings import Alert, Leakage
from tollwatch.frames import Findings, ScoreRows


class InMemorySink:
    """A store that keeps findings in memory, each revision once; with `scores` also what models said."""

    def __init__(self, *, scores: bool = False) -> None:
        self.score_rows: list[ScoreRows] | None = [] if scores else None
        self.alerts: dict[tuple[str, int], Alert] = {}
        self.leakages: dict[tuple[str, int], Leakage] = {}

    def write(self, found: Findings) -> None:
        """Keep them."""
        self.alerts |= {(each.alert_id, each.revision): each for each in found.all_alerts()}
        self.leakages |= {(each.leakage_id, each.revision): each for each in found.leakages}
        if self.score_rows is not None:
            self.score_rows += found.score_rows

    def settle_evidence(self, read: object) -> int:
        """Nothing waits."""
        del read
        return 0

    def write_raw(self, stream: str, partition: str, rows: pl.DataFrame) -> None:
        """They are stored already."""

    def write_event_marks(self, marks: pl.DataFrame) -> None:
        """They are stored already."""

    def lines(self, kind: str, since: int) -> list[bytes]:
        """Findings as `tollwatch alerts --all-revisions --format ndjson` prints them, from an event time on."""
        encode = msgspec.json.Encoder(order="sorted").encode
        found: dict[tuple[str, int], Alert] | dict[tuple[str, int], Leakage]
        found = self.alerts if kind == "alerts" else self.leakages
        begun = {key[0]: getattr(each, "episode_start", since) for key, each in found.items()}
        return [encode(found[key]) for key in sorted(found) if begun[key[0]] >= since]
