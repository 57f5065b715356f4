"""The language of detectors, one event at a time and with nothing remembered but the events: slow and plain.

It lives in tests only. What the engine computes with panes, rings and hashes is computed here from the whole past.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from detectors.language import Feature
from detectors.rule import Rule
from tests.make import HASHER, Row

Test = Callable[[Row], bool]
LATE_REVISIONS = 1000


def ms(duration: timedelta | None) -> int:
    """Milliseconds of a duration."""
    return 0 if duration is None else duration // timedelta(milliseconds=1)


@dataclass
class Seen:
    """A row as it was taken: its time, the time it counts at, and the row."""

    time: int
    now: int
    row: Row
    late: bool


@dataclass
class Episode:
    """An open episode."""

    start: int
    since: int
    last: int = 0
    severity: int = 0
    revision: int = 0
    rows: list[Row] = field(default_factory=list)
    mark: int = 0
    features: dict[str, Any] = field(default_factory=dict)


@dataclass
class Naive:
    """One rule; `tests` gives the filter of each feature as a function, `conditions` those of the two severities."""

    rule: Rule
    tests: dict[str, Test]
    conditions: dict[str, Callable[[dict[str, Any]], bool]]
    past: dict[str, list[Seen]] = field(default_factory=lambda: defaultdict(list))
    open: dict[str, Episode] = field(default_factory=dict)
    written: list[tuple[Any, ...]] = field(default_factory=list)

    def advance(self, rows: Sequence[tuple[Row, bool]], watermark: int) -> None:
        """Take rows in order, then close what is over."""
        for row, late in rows:
            self._take(row, late)
        for key, episode in list(self.open.items()):
            if self._over(episode, watermark):
                self._close(key, episode)

    def _take(self, row: Row, late: bool) -> None:
        key = row[self.rule.by]
        touched = any(self.tests[name](row) for name in self.rule.features)
        if key is None or not touched:
            return
        past = self.past[key]
        now = max([row["event_time"], *(seen.now for seen in past[-1:])])
        past.append(Seen(row["event_time"], now, row, late))
        features = {name: self.value(name, feature, past) for name, feature in self.rule.features.items()}
        severity = 2 if self.conditions["critical"](features) else int(self.conditions["warning"](features))
        if severity:
            self._hit(key, past, features, severity)

    def _within(self, name: str, feature: Feature, past: list[Seen]) -> list[Row]:
        """Rows that pass the filter and lie in the window, as the window's ring still had room for them."""
        pane = ms(feature.over) // (1 if feature.tumbling else feature.panes)
        panes = 1 if feature.tumbling else feature.panes
        delay = ms(feature.delayed) // pane
        last = past[-1].now // pane - delay
        return [
            seen.row
            for seen in past
            if self.tests[name](seen.row)
            and last - panes < seen.time // pane <= last
            and seen.time // pane > seen.now // pane - panes - delay
        ]

    def value(self, name: str, feature: Feature, past: list[Seen]) -> Any:  # noqa: PLR0911  (one for each kind)
        """The feature as it stands after the last of `past`."""
        if feature.kind == "since":
            return self._since(name, feature, past)
        if feature.kind == "concurrent":
            return self._concurrent(name, feature, past)
        rows = self._within(name, feature, past)
        values = [row.get(feature.value) for row in rows] if feature.value else []
        known = [value for value in values if value is not None]
        if feature.kind == "count":
            return len(rows)
        if feature.kind == "sum":
            return sum(known)
        if feature.kind == "max":
            return max(known, default=None)
        if feature.kind == "distinct":
            return len(set(known))
        return sum(self._overlaps(name, row, past) for row in rows)

    def _since(self, name: str, feature: Feature, past: list[Seen]) -> int | None:
        before = [seen.now for seen in past[:-1] if self.tests[name](seen.row)]
        gap = past[-1].now - before[-1] if before else None
        return None if gap is None or gap > ms(feature.over) else gap // 1000

    def _overlaps(self, name: str, row: Row, past: list[Seen]) -> bool:
        at = next(n for n, seen in enumerate(past) if seen.row is row)
        ends = [seen.time for seen in past[:at] if self.tests[name](seen.row)]
        return bool(ends) and row.get("start_time") is not None and row["start_time"] < max(ends)

    def _concurrent(self, name: str, feature: Feature, past: list[Seen]) -> int:
        if not self.tests[name](past[-1].row):
            return 0
        sessions: list[list[Any]] = []  # id, start, end; end None while open
        for seen in past:
            row = seen.row
            if not self.tests[name](row):
                continue
            sessions = [s for s in sessions if s[2] is not None or s[1] + ms(feature.over) >= seen.time]
            begins = row["start_time"] if row.get("start_time") is not None else seen.time
            ends = None if row.get("phase") in ("start", "interim") else seen.time
            session = row.get("session_id")
            mine = next((s for s in sessions if session is not None and s[0] == session and s[2] is None), None)
            if mine is not None:
                begins = mine[1]
                sessions.remove(mine)
            sessions.append([session, begins, ends])
        _, begins, ends = sessions[-1]
        limit = past[-1].time + 1 if ends is None else ends
        moments = [max(s[1], begins) for s in sessions]
        return max(
            [1, *(sum(s[1] <= m and (s[2] is None or m < s[2]) for s in sessions) for m in moments if m < limit)]
        )

    def _hit(self, key: str, past: list[Seen], features: dict[str, Any], severity: int) -> None:
        now, late = past[-1].now, past[-1].late
        episode = self.open.get(key)
        if episode is not None and self._over(episode, now):
            self._close(key, episode)
            episode = None
        opened = episode is None
        if episode is None:
            claimed = self.rule.features[self.rule.claim]
            pane = ms(claimed.over) // (1 if claimed.tumbling else claimed.panes)
            panes = 1 if claimed.tumbling else claimed.panes
            since = (
                now - ms(claimed.over) if claimed.kind in ("since", "concurrent") else (now // pane - panes + 1) * pane
            )
            tumbling = ms(self.rule.tumbling)
            episode = Episode(start=now - now % tumbling if tumbling else now, since=since)
            episode.revision = LATE_REVISIONS if late else 0
            self.open[key] = episode
        test = self.tests[self.rule.claim]
        episode.rows += [s.row for s in past[episode.mark :] if test(s.row) and s.time >= episode.since]
        episode.mark = len(past)
        raised = severity > episode.severity
        episode.severity = max(severity, episode.severity)
        episode.last, episode.features = now, features
        if opened or raised or late:
            self._write(key, episode, "open" if opened else "escalated" if raised else "altered", now)

    def _over(self, episode: Episode, now: int) -> bool:
        if self.rule.tumbling:
            return episode.start + ms(self.rule.tumbling) <= now
        return episode.last + ms(self.rule.quiet_period) < now

    def _close(self, key: str, episode: Episode) -> None:
        tumbling = ms(self.rule.tumbling)
        end = episode.start + tumbling if tumbling else episode.last + ms(self.rule.quiet_period)
        del self.open[key]
        self._write(key, episode, "closed", end)

    def _write(self, key: str, episode: Episode, state: str, time: int) -> None:
        episode.revision += 1
        hashes = sum(HASHER.text(row["event_id"], f"id of {row['_stream']}") for row in episode.rows) % 2**64
        severity = "critical" if episode.severity == 2 else "warning"
        claim = (episode.since, episode.last, len(episode.rows), hashes)
        self.written.append(
            (key, episode.start, episode.revision, state, severity, time, dict(episode.features), claim)
        )
