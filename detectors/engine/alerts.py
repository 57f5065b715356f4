"""Write down what the episodes gave: alerts with their subject and money, evidence in bulk."""

import numpy as np
import polars as pl

from detectors.engine import episodes as e
from detectors.engine import kernel as k
from detectors.engine.content import Content
from detectors.engine.expressions import condition
from detectors.engine.program import Program
from tollwatch.findings import Alert, Claim
from tollwatch.frames import EvidenceRows, Findings, Ints
from tollwatch.identity import finding_id

STATES = ("open", "escalated", "closed")
SUBJECT = ("account_id", "subscriber_id", "currency")


class Writer:
    """Turns rows of numbers into alerts. Evidence waits, so that rows are fetched many at a time."""

    def __init__(self, program: Program, content: Content, *, tenant: str, run: str) -> None:
        self.program, self.content, self.tenant, self.run = program, content, tenant, run
        self.pending: list[tuple[str, int, Ints]] = []
        self.waiting = 0
        self.subject_columns = {*program.key_space.by.values(), *SUBJECT}
        self.amounts = [
            condition(rule.amount, {n: n for n in rule.features}, f"rule `{rule.name}`, amount")
            if rule.amount
            else None
            for rule in program.rules
        ]

    def alerts(self, written: Ints, values: Ints, evidence: Ints, found: Findings) -> None:
        """Write one alert per revision; `evidence` are the places of the rows to be shown."""
        if not len(written):
            return
        subjects = self._subjects(written[:, e.SEQ])
        amounts = self._amounts(written, values)
        for n in range(len(written)):
            row = written[n].tolist()
            alert = self._alert(row, values[n].tolist(), subjects[n], amounts[n])
            found.alerts.append(alert)
            if row[e.WHAT] == e.OPENED:
                places = evidence[n][evidence[n] >= 0]
                self.pending.append((alert.alert_id, alert.revision, np.sort(places)))
                self.waiting += len(places)

    def _alert(self, row: list[int], values: list[int], subject: tuple[str | None, ...], amount: int | None) -> Alert:
        rule = self.program.rules[row[e.RULE]]
        severity = "critical" if row[e.SEVERITY] == 2 else "warning"
        name = subject[0] or ""
        what = row[e.WHAT]
        claimed = rule.features[rule.claim]
        return Alert(
            alert_id=finding_id(self.tenant, self.run, rule.name, "", rule.by, name, row[e.START]),
            revision=row[e.REVISION],
            state="escalated" if what == e.ALTERED and severity == "critical" and rule.warning else STATES[what % 3],
            detector=rule.name,
            detector_version=rule.version,
            thresholds=rule.thresholds,
            severity="critical" if severity == "critical" else "warning",
            subject_kind=rule.by,
            subject=name,
            episode_start=row[e.START],
            event_time=row[e.TIME],
            features={f: _value(v) for f, v in zip(rule.features, values, strict=False)},
            condition=rule.condition(severity),
            claim=Claim(
                stream=claimed.of or rule.streams[0],
                key=name,
                where=claimed.where or "",
                since=row[e.SINCE_MS],
                until=row[e.UNTIL],
                count=row[e.COUNT],
                hash_sum=row[e.HASH] % (1 << 64),
            ),
            account_id=name if rule.by == "account_id" else subject[1],
            subscriber_id=name if rule.by == "subscriber_id" else subject[2],
            amount_micros=amount,
            currency=subject[3] if amount is not None else None,
            tenant=self.tenant,
            run=self.run,
        )

    def _subjects(self, places: Ints) -> list[tuple[str | None, ...]]:
        found: list[tuple[str | None, ...]] = [(None,) * 4] * len(places)
        for stream, (indices, table) in self.content.fetch(places, self.subject_columns).items():
            key = self.program.key_space.by[stream]
            columns = [
                table[name].to_list() if name in table.columns else [None] * len(table) for name in (key, *SUBJECT)
            ]
            for index, row in zip(indices.tolist(), zip(*columns, strict=True), strict=True):
                found[index] = row
        return found

    def _amounts(self, written: Ints, values: Ints) -> list[int | None]:
        amounts: list[int | None] = [None] * len(written)
        for d, expr in enumerate(self.amounts):
            mine = np.flatnonzero(written[:, e.RULE] == d)
            if expr is None or not len(mine):
                continue
            names = list(self.program.rules[d].features)
            frame = pl.DataFrame({name: values[mine, n] for n, name in enumerate(names)})
            frame = frame.select(pl.when(pl.all() != int(k.NULL)).then(pl.all()).name.keep())
            result = frame.select(expr.cast(pl.Int64).alias("a"))["a"].to_list()
            for index, amount in zip(mine.tolist(), result, strict=True):
                amounts[index] = amount
        return amounts

    def evidence(self, found: Findings) -> None:
        """Fetch the rows of all evidence that waits."""
        if not self.pending:
            return
        places = np.concatenate([places for _, _, places in self.pending])
        owner = np.repeat(np.arange(len(self.pending)), [len(places) for _, _, places in self.pending])
        starts = np.cumsum([0, *(len(places) for _, _, places in self.pending)])
        about = pl.DataFrame(
            {
                "finding_id": np.array([alert_id for alert_id, _, _ in self.pending], object)[owner],
                "revision": np.array([revision for _, revision, _ in self.pending], np.int64)[owner],
                "ordinal": np.arange(len(places)) - starts[owner],
            },
            schema={"finding_id": pl.String, "revision": pl.Int64, "ordinal": pl.Int64},
        )
        for stream, (indices, table) in self.content.fetch(places).items():
            found.evidence_rows.append(EvidenceRows(stream, about[indices], table, self.tenant, self.run))
        self.pending, self.waiting = [], 0


def _value(value: int) -> float | int | None:
    return None if value == k.NULL else value
