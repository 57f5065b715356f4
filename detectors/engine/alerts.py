"""Write down what the episodes gave: alerts with their subject and money, and their evidence, many at a time."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import polars as pl

from detectors.engine import episodes as e
from detectors.engine import kernel as k
from detectors.engine.episode_slots import Subject
from detectors.engine.expressions import condition
from detectors.engine.program import Program
from detectors.engine.state import State
from detectors.rule import Rule
from tollwatch.findings import Alert, Claim
from tollwatch.frames import EvidencePlaces, Findings, Ints
from tollwatch.identity import Hasher, escaped, joined

STATES: tuple[Literal["open", "escalated", "closed"], ...] = ("open", "escalated", "closed")


@dataclass(frozen=True, slots=True)
class EngineAlerts:
    """Revisions of alerts as columns: numbers as episodes wrote them (`written`, `values`), ids, subjects, money."""

    rules: list[Rule]
    written: Ints
    values: Ints
    ids: list[str]
    subjects: list[Subject]
    amounts: list[int | None]
    tenant: str
    run: str

    def __len__(self) -> int:
        """How many revisions."""
        return len(self.written)

    def opened(self) -> dict[str, int]:
        """How many episodes were opened, by detector."""
        rules = self.written[self.written[:, e.WHAT] == e.OPENED, e.RULE]
        return Counter({self.rules[d].name: n for d, n in enumerate(np.bincount(rules).tolist()) if n})

    def __iter__(self) -> Iterator[Alert]:
        """One `Alert` per revision."""
        rows = zip(self.written.tolist(), self.values.tolist(), self.ids, self.subjects, self.amounts, strict=True)
        for row, values, alert_id, subject, amount in rows:
            yield self._alert(row, values, alert_id, subject, amount)

    def _alert(self, row: list[int], values: list[int], alert_id: str, subject: Subject, amount: int | None) -> Alert:
        rule = self.rules[row[e.RULE]]
        severity = "critical" if row[e.SEVERITY] == 2 else "warning"
        name = subject[0] or ""
        what = row[e.WHAT]
        return Alert(
            alert_id=alert_id,
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
            claim=_claim(rule, row, name),
            account_id=name if rule.by == "account_id" else subject[1],
            subscriber_id=name if rule.by == "subscriber_id" else subject[2],
            amount_micros=amount,
            currency=subject[3] if amount is not None else None,
            tenant=self.tenant,
            run=self.run,
        )


def _claim(rule: Rule, row: list[int], key: str) -> Claim:
    claimed = rule.features[rule.claim]
    return Claim(
        stream=claimed.of or rule.streams[0],
        key=key,
        where=claimed.where or "",
        since=row[e.SINCE_MS],
        until=row[e.UNTIL],
        count=row[e.COUNT],
        hash_sum=row[e.HASH] % (1 << 64),
    )


def _value(value: int) -> float | int | None:
    return None if value == k.NULL else value


def amounts_of(program: Program) -> list[pl.Expr | None]:
    """The money of each rule over its features, None where it says none. Raises RuleError."""
    return [
        condition(rule.amount, {n: n for n in rule.features}, f"rule `{rule.name}`, amount", amount=True)
        if rule.amount
        else None
        for rule in program.rules
    ]


class AlertWriter:
    """Turns rows of numbers into alerts. They wait, so that many are written at a time."""

    def __init__(self, program: Program, state: State, hasher: Hasher, *, tenant: str, run: str) -> None:
        self.program, self.state, self.tenant, self.run = program, state, tenant, run
        self.hasher = hasher
        self.pending: list[e.WrittenRevisions] = []
        self.subjects: list[Subject] = []
        self.amounts = amounts_of(program)

    def __len__(self) -> int:
        """How many revisions wait."""
        return len(self.subjects)

    def take(self, written: e.WrittenRevisions, count: int) -> None:
        """Take the first `count` revisions that were written."""
        if count:
            numbers, values, evidence = written
            self.pending.append((numbers[:count].copy(), values[:count].copy(), evidence[:count].copy()))
            known = self.state.slots.subjects
            self.subjects += [known[seq] for seq in numbers[:count, e.SEQ].tolist()]

    def write(self, found: Findings) -> None:
        """Write down everything that waits."""
        if not self.pending:
            return
        written, values, evidence = (np.concatenate(columns) for columns in zip(*self.pending, strict=True))
        subjects = self.subjects
        self.pending, self.subjects = [], []
        ids = self._ids(written, subjects)
        amounts = self._amounts(written, values)
        found.alert_rows.append(
            EngineAlerts(self.program.rules, written, values, ids, subjects, amounts, self.tenant, self.run)
        )
        opened = written[:, e.WHAT] == e.OPENED
        if opened.any():
            self._evidence(np.array(ids, object)[opened], written[opened, e.REVISION], evidence[opened], found)

    def _ids(self, written: Ints, subjects: list[Subject]) -> list[str]:
        """The ids of alerts, as `finding_id` makes them."""
        begin = [joined(self.tenant, self.run, rule.name, "", rule.by, "") for rule in self.program.rules]
        rows = zip(written[:, e.RULE].tolist(), subjects, written[:, e.START].tolist(), strict=True)
        return self.hasher.ids_of([f"{begin[d]}{escaped(subject[0] or '')}\x1f{start}" for d, subject, start in rows])

    def _amounts(self, written: Ints, values: Ints) -> list[int | None]:
        amounts: list[int | None] = [None] * len(written)
        for d, expr in enumerate(self.amounts):
            if expr is None:
                continue
            mine = np.flatnonzero(written[:, e.RULE] == d)
            names = list(self.program.rules[d].features)
            frame = pl.DataFrame({name: values[mine, n] for n, name in enumerate(names)})
            frame = frame.select(pl.when(pl.all() != int(k.NULL)).then(pl.all()).name.keep())
            result = frame.select(expr.cast(pl.Int64, strict=False).alias("a"))["a"].to_list()
            for index, amount in zip(mine.tolist(), result, strict=True):
                amounts[index] = amount
        return amounts

    def _evidence(self, ids: npt.NDArray[Any], revisions: Ints, evidence: Ints, found: Findings) -> None:
        """Say which rows alerts show when they open, in the order of the log."""
        evidence = np.sort(np.where(evidence < 0, np.iinfo(np.int64).max, evidence), axis=1)
        owner, ordinal = np.nonzero(evidence != np.iinfo(np.int64).max)
        about = pl.DataFrame(
            {"finding_id": ids[owner], "revision": revisions[owner], "ordinal": ordinal},
            schema={"finding_id": pl.String, "revision": pl.Int64, "ordinal": pl.Int64},
        )
        places = self.state.log.kept(self.state.log.place, evidence[owner, ordinal])
        found.evidence_places.append(
            EvidencePlaces(
                about.hstack(self.state.places.read(places)), self.program.key_space.columns, self.tenant, self.run
            )
        )
