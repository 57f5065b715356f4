"""What leaves Tollwatch: alerts, evidence, leakages, scores, profiles, health. Frozen, and in plain types."""

from typing import Literal

import msgspec


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """Which facts a finding speaks about. Two findings with overlapping claims cannot both count the money.

    `since` and `until` are event times in milliseconds, both included; `hash_sum` is the sum, modulo 2**64, of the
    XXH64 of the rows' event ids.
    """

    stream: str
    key: str
    where: str
    since: int
    until: int
    count: int
    hash_sum: int


class Alert(msgspec.Struct, frozen=True, kw_only=True):
    """One revision of an alert; the highest revision of an id is the alert."""

    alert_id: str
    revision: int
    state: Literal["open", "escalated", "closed", "suppressed"]
    detector: str
    detector_version: int
    thresholds: dict[str, int | float | str]
    severity: Literal["warning", "critical"]
    subject_kind: str
    subject: str
    episode_start: int
    event_time: int
    features: dict[str, float | None]
    condition: str
    claim: Claim
    account_id: str | None = None
    subscriber_id: str | None = None
    score: float | None = None
    amount_micros: int | None = None
    currency: str | None = None
    tenant: str = "main"
    run: str = "live"


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """One row copied when a finding was made; `row` is the event as JSON, keys sorted, nulls left out.

    `side` is `row` for alerts, `left` or `right` for the two sides of a control.
    """

    finding_id: str
    revision: int
    ordinal: int
    stream: str
    event_id: str
    event_time: int
    row: str
    side: str = "row"
    tenant: str = "main"
    run: str = "live"


class Leakage(msgspec.Struct, frozen=True, kw_only=True):
    """One revision of a leakage. A positive amount is the operator's loss."""

    leakage_id: str
    revision: int
    state: Literal["provisional", "final", "withdrawn"]
    control: str
    control_version: int
    break_kind: str
    subject_kind: str
    subject: str
    period_start: int
    period_end: int
    records: int
    amount_micros: int
    currency: str
    occurred_at: int
    event_time: int
    age_s: int
    claim: Claim
    account_id: str | None = None
    tenant: str = "main"
    run: str = "live"


class Score(msgspec.Struct, frozen=True, kw_only=True):
    """What a model said of one event."""

    event_id: str
    event_time: int
    stream: str
    model: str
    model_version: int
    features: dict[str, float | None]
    score: float
    subject_kind: str
    subject: str
    tenant: str = "main"
    run: str = "live"


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """A subject's features at the end of a window."""

    detector: str
    subject_kind: str
    subject: str
    event_time: int
    features: dict[str, float | None]
    tenant: str = "main"
    run: str = "live"


class FeedHealth(msgspec.Struct, frozen=True, kw_only=True):
    """What one source brought in one minute of event time, as one partition of all events counted it.

    The feed's numbers are the sums over `frame_partition`. `lag_ms` is the largest received − event time.
    """

    stream: str
    source: str
    minute: int
    events: int
    late: int
    quarantined: int
    duplicates: int
    watermark: int
    lag_ms: int | None = None
    frame_partition: int = 0
    tenant: str = "main"
    run: str = "live"


class ControlRun(msgspec.Struct, frozen=True, kw_only=True):
    """What a control ran on, and with what result."""

    control: str
    control_version: int
    event_time: int
    inputs: dict[str, int]
    breaks: int
    amount_micros: int
    state: Literal["provisional", "final"]
    tenant: str = "main"
    run: str = "live"


class Quarantined(msgspec.Struct, frozen=True, kw_only=True):
    """A record that could not be taken, whole, with the reason.

    `partition` is the source partition (a file's name, a topic's partition), `position` the ordinal of the record
    in it, from 0; `line` the line or row for people, from 1.
    """

    stream: str
    partition: str
    position: int
    reason: str
    raw: bytes
    line: int | None = None
    source: str | None = None
    event_time: int | None = None
    tenant: str = "main"
    run: str = "live"


class FrameMark(msgspec.Struct, frozen=True, kw_only=True):
    """How far a source partition had been read when a frame was made."""

    key_space: str
    frame_partition: int
    sequence: int
    partition: str
    begin: int
    end: int
    watermark: int
    tenant: str = "main"
    run: str = "live"


FINDINGS: dict[str, type[msgspec.Struct]] = {
    "alert": Alert,
    "evidence": Evidence,
    "leakage": Leakage,
    "score": Score,
    "profile": Profile,
    "feed_health": FeedHealth,
    "control_run": ControlRun,
    "quarantine": Quarantined,
    "frame_mark": FrameMark,
}
