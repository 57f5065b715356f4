"""One finding of every kind, with the awkward values each may hold."""

from typing import Any

import polars as pl

from tollwatch.findings import (
    Alert,
    ChallengerScore,
    Claim,
    ControlRun,
    Evidence,
    FeedHealth,
    FrameMark,
    Leakage,
    LedgerPosition,
    LedgerUnits,
    ModelHealth,
    Quarantined,
)
from tollwatch.frames import Findings, ScoreRows

START = 1_767_225_600_000
CLAIM = Claim(
    stream="usage",
    key="447100000001",
    where="service = 'voice'",
    since=START,
    until=START + 60_000,
    count=3,
    hash_sum=2**64 - 1,
)


def alert(number: int, revision: int = 1, **changes: Any) -> Alert:
    """An alert with an id of its own."""
    fields: dict[str, Any] = {
        "alert_id": f"{number:016x}",
        "revision": revision,
        "state": "open",
        "detector": "wangiri",
        "detector_version": 1,
        "thresholds": {"warn_at": 20, "share": 0.25, "mode": "it's"},
        "severity": "warning",
        "subject_kind": "calling_number",
        "subject": "447100000001",
        "episode_start": START,
        "event_time": START + 1000 * number,
        "features": {"victims": 20.0, "ratio": None, "tiny": 1e-9},
        "condition": "victims >= 20",
        "claim": CLAIM,
        "amount_micros": 9_007_199_254_740_993,
        "currency": "EUR",
    }
    return Alert(**fields | changes)


def leakage(number: int, revision: int = 1, **changes: Any) -> Leakage:
    """A leakage with an id of its own; negative: the operator gains."""
    fields: dict[str, Any] = {
        "leakage_id": f"{number:016x}",
        "revision": revision,
        "state": "provisional",
        "control": "provisioned_not_billed",
        "control_version": 2,
        "break_kind": "missing",
        "subject_kind": "product",
        "subject": "p-1",
        "period_start": START,
        "period_end": START + 86_400_000,
        "records": 1,
        "amount_micros": -9_007_199_254_740_993,
        "currency": "DKK",
        "occurred_at": START,
        "event_time": START + 5,
        "age_s": 60,
        "claim": CLAIM,
        "account_id": 'á/1\t"x"',
    }
    return Leakage(**fields | changes)


def quarantined(position: int, raw: bytes, **changes: Any) -> Quarantined:
    """A record that could not be taken."""
    fields: dict[str, Any] = {
        "stream": "usage",
        "partition": "usage.ndjson",
        "position": position,
        "line": position + 1,
        "reason": "not JSON",
        "raw": raw,
    }
    return Quarantined(**fields | changes)


def mark(sequence: int) -> FrameMark:
    """The mark of a frame."""
    return FrameMark(
        key_space="usage",
        frame_partition=0,
        sequence=sequence,
        partition="usage.ndjson",
        begin=sequence * 10,
        end=sequence * 10 + 10,
        watermark=-(1 << 62),
    )


EVIDENCE = Evidence(
    finding_id=f"{1:016x}",
    revision=1,
    ordinal=0,
    stream="usage",
    event_id="eé",
    event_time=START,
    row='{"event_id":"e\\u00e9","text":"a\\tb\\\\c\'d"}',
)
SCORES = ScoreRows(
    stream="payments",
    model="payment_risk",
    model_version=1,
    model_hash="",
    subject_kind="card",
    events=pl.DataFrame({"event_id": ["p1"], "event_time": [START], "subject": ["c1"], "score": [0.1]}),
    features=pl.DataFrame({"a": [1.5], "b": [None]}, {"a": pl.Float64, "b": pl.Float64}),
    tenant="main",
    run="live",
)
CONTROL_RUN = ControlRun(
    control="provisioned_not_billed",
    control_version=2,
    event_time=START,
    inputs={"billed": 2, "provisioned": 3},
    breaks=1,
    amount_micros=-5,
    state="final",
)
POSITION = LedgerPosition(
    finding_id=f"{3:016x}",
    kind="leakage",
    name="provisioned_not_billed",
    area="order and provisioning",
    break_kind="provisioned not billed",
    side="loss",
    state="confirmed",
    is_final=True,
    is_dismissed=False,
    subject_kind="product",
    subject="p'1",
    records=1,
    period_start=START,
    period_end=START + 1,
    amount_micros=-(2**62),
    currency="EUR",
    own_micros=9_007_199_254_740_993,
    claimed_micros=7,
    net_micros=6,
    detected_micros=1,
    confirmed_micros=2,
    recovering_micros=3,
    recovered_micros=0,
    prevented_micros=0,
    averted_micros=4,
    written_off_micros=0,
    excess_micros=5,
    occurred_at=START,
    detected_at=START + 2,
)
CHALLENGER_SCORE = ChallengerScore(
    event_id="e\u00e9", event_time=START, detector="payment_risk", artifact="0123456789abcdef", subject="c1", score=0.1
)
MODEL_HEALTH = ModelHealth(
    detector="payment_risk",
    watched_at=START,
    scored_by="0123456789abcdef",
    scores=2**40,
    score_drifts=1,
    drifted_at=START - 5,
    mean_before=0.1,
    mean_after=1 / 3,
    judged=4,
    frauds=1,
    precision_drifts=0,
    labelled=0,
)
HEALTH = FeedHealth(
    stream="usage", source="gateway", minute=START, events=5, late=1, quarantined=1, duplicates=2, watermark=START
)


def one_of_each() -> Findings:
    """Findings with one of every kind, and a null wherever one may be."""
    return Findings(
        alerts=[alert(1), alert(2, amount_micros=None, currency=None, score=0.123456789012345678)],
        evidence=[EVIDENCE],
        leakages=[leakage(3)],
        score_rows=[SCORES],
        control_runs=[CONTROL_RUN],
        positions=[POSITION],
        challenger_scores=[CHALLENGER_SCORE],
        model_health=[MODEL_HEALTH],
        units=[LedgerUnits(finding_id=f"{3:016x}", revision=2, units=["usage:e\u00e9", "usage:f"], weights=[0, 2**62])],
        quarantined=[
            quarantined(7, b"\xff\x00{'\\\n", source="gateway", event_time=4_000_000_000_000),
            quarantined(8, b"", line=None),
        ],
        health=[HEALTH],
        frame_marks=[mark(0)],
    )
