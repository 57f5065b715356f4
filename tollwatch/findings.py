"""What leaves Tollwatch: alerts, evidence, leakages, scores, health. Frozen, and in plain types."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """Which facts a finding speaks about. Two findings with overlapping claims cannot both count the money.

    `since` and `until` are event times in milliseconds, both included; `hash_sum` is the sum, modulo 2**64, of the
    keyed hashes of the rows' event ids.
    """

    stream: Annotated[str, Meta(description="the stream that is spoken about")]
    key: Annotated[str, Meta(description="the subject's column and value")]
    where: Annotated[str, Meta(description="the filter that the rows satisfy")]
    since: Annotated[int, Meta(description="event time of the first row, included")]
    until: Annotated[int, Meta(description="event time of the last row, included")]
    count: Annotated[int, Meta(description="how many rows")]
    hash_sum: Annotated[
        int,
        Meta(
            description="sum of the keyed hashes of the rows' event ids, modulo 2**64: claims can be compared by it "
            "without the rows"
        ),
    ]


class Alert(msgspec.Struct, frozen=True, kw_only=True):
    """One revision of an alert; the highest revision of an id is the alert."""

    alert_id: Annotated[
        str, Meta(description="hash of what never changes for it: tenant, run, detector, subject, start of the episode")
    ]
    revision: Annotated[int, Meta(description="1, 2, …; the highest of an id is the finding")]
    state: Annotated[
        Literal["open", "escalated", "closed", "suppressed"], Meta(description="its state after this event")
    ]
    detector: Annotated[str, Meta(description="the detector that found it")]
    detector_version: Annotated[int, Meta(description="its version")]
    thresholds: Annotated[dict[str, int | float | str], Meta(description="the thresholds in force")]
    severity: Annotated[Literal["warning", "critical"], Meta(description="how bad")]
    subject_kind: Annotated[
        str, Meta(description="the column that names the subject (`calling_number`, `account_id`, …)")
    ]
    subject: Annotated[str, Meta(description="the subject it speaks about")]
    episode_start: Annotated[int, Meta(description="event time of the first event that satisfied a condition")]
    event_time: Annotated[int, Meta(description="of the event that made this revision")]
    features: Annotated[dict[str, float | None], Meta(description="the features' values at that moment, rounded")]
    condition: Annotated[str, Meta(description="the condition that held")]
    claim: Annotated[Claim, Meta(description="which facts it speaks about; see `Claim`")]
    account_id: Annotated[str | None, Meta(description="the account that pays")] = None
    subscriber_id: Annotated[str | None, Meta(description="the subscriber")] = None
    score: Annotated[float | None, Meta(description="what the model said, higher is worse")] = None
    amount_micros: Annotated[int | None, Meta(description="money at risk, in millionths")] = None
    currency: Annotated[str | None, Meta(description="ISO 4217")] = None
    tenant: Annotated[str, Meta(description="the operator or MVNO; first in every key, id and table order")] = "main"
    run: Annotated[str, Meta(description="`live`, or the name of a replay")] = "live"


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """One row copied when a finding was made; `row` is the event as JSON, keys sorted, nulls left out.

    `side` is `row` for alerts, of a control the name of its side.
    """

    finding_id: Annotated[str, Meta(description="the alert or leakage that it proves")]
    revision: Annotated[int, Meta(description="1, 2, …; the highest of an id is the finding")]
    ordinal: Annotated[int, Meta(description="its place among the rows, from 0")]
    stream: Annotated[str, Meta(description="the stream that is spoken about")]
    event_id: Annotated[str, Meta(description="unique within tenant and stream")]
    event_time: Annotated[int, Meta(description="when the fact was complete")]
    row: Annotated[str, Meta(description="the event as JSON, keys sorted, nulls left out")]
    side: Annotated[str, Meta(description="`row` for alerts; of a control the name of its side")] = "row"
    tenant: Annotated[str, Meta(description="the operator or MVNO; first in every key, id and table order")] = "main"
    run: Annotated[str, Meta(description="`live`, or the name of a replay")] = "live"


class Leakage(msgspec.Struct, frozen=True, kw_only=True):
    """One revision of a leakage. A positive amount is the operator's loss."""

    leakage_id: Annotated[
        str, Meta(description="hash of what never changes for it: tenant, run, control, break kind, subject, period")
    ]
    revision: Annotated[int, Meta(description="1, 2, …; the highest of an id is the finding")]
    state: Annotated[Literal["provisional", "final", "withdrawn"], Meta(description="its state after this event")]
    control: Annotated[str, Meta(description="the control")]
    control_version: Annotated[int, Meta(description="its version")]
    break_kind: Annotated[str, Meta(description="how the pair is broken")]
    subject_kind: Annotated[
        str, Meta(description="the column that names the subject (`calling_number`, `account_id`, …)")
    ]
    subject: Annotated[str, Meta(description="the subject it speaks about")]
    period_start: Annotated[int, Meta(description="first instant of the period")]
    period_end: Annotated[int, Meta(description="end of the period, excluded")]
    records: Annotated[int, Meta(description="how many records")]
    amount_micros: Annotated[int, Meta(description="positive: the operator loses; in millionths")]
    currency: Annotated[str, Meta(description="ISO 4217")]
    occurred_at: Annotated[int, Meta(description="when the loss began")]
    event_time: Annotated[int, Meta(description="when the fact was complete")]
    age_s: Annotated[int, Meta(description="seconds from then to this revision")]
    claim: Annotated[Claim, Meta(description="which facts it speaks about; see `Claim`")]
    account_id: Annotated[str | None, Meta(description="the account that pays")] = None
    units: Annotated[int, Meta(description="seconds, bytes or events of what is claimed; 0: not counted")] = 0
    own_micros: Annotated[
        int | None, Meta(description="in the operator's own currency, by the rate in force when the loss began")
    ] = None
    last_at: Annotated[int | None, Meta(description="when it happened last")] = None
    cause: Annotated[str | None, Meta(description="where it went wrong, where that can be told")] = None
    correction: Annotated[str | None, Meta(description="what would put it right")] = None
    tenant: Annotated[str, Meta(description="the operator or MVNO; first in every key, id and table order")] = "main"
    run: Annotated[str, Meta(description="`live`, or the name of a replay")] = "live"


class LedgerPosition(msgspec.Struct, frozen=True, kw_only=True):
    """What stands of one finding in the ledger of loss. Amounts but for the first are in the operator's own currency.

    `detected` to `written_off` come to `net_micros`, and what `averted_micros` says; they are never below zero: `side`
    says who lost.
    """

    finding_id: Annotated[str, Meta(description="the alert or leakage")]
    kind: Annotated[Literal["alert", "leakage"], Meta(description="which it is")]
    name: Annotated[str, Meta(description="the detector or control that found it")]
    area: Annotated[str, Meta(description="`fraud`, or the control's area")]
    break_kind: Annotated[str, Meta(description="how it is broken; of an alert its severity")]
    side: Annotated[
        Literal["loss", "overcharge"], Meta(description="`loss`: the operator's; `overcharge`: others', to be repaid")
    ]
    state: Annotated[str, Meta(description="`detected`, `confirmed`, `recovering`, `prevented`, …; `none`: no money")]
    is_final: Annotated[bool, Meta(description="whether more input can change what was found")]
    is_dismissed: Annotated[bool, Meta(description="whether somebody said that it is a false alarm")]
    subject_kind: Annotated[str, Meta(description="the column that names the subject")]
    subject: Annotated[str, Meta(description="the subject it speaks about")]
    account_id: Annotated[str | None, Meta(description="the account that pays")] = None
    records: Annotated[int, Meta(description="how many records")]
    period_start: Annotated[int, Meta(description="first instant of the period")]
    period_end: Annotated[int, Meta(description="end of the period, excluded")]
    amount_micros: Annotated[int, Meta(description="as it was found, signed, in its own currency")]
    currency: Annotated[str, Meta(description="ISO 4217")]
    own_micros: Annotated[int, Meta(description="as it was found, signed")]
    claimed_micros: Annotated[int, Meta(description="what it claims now, after verdicts and recoveries")]
    net_micros: Annotated[int, Meta(description="what of that no other finding claims before it")]
    detected_micros: Annotated[int, Meta(description="open, and nobody has looked at it")]
    confirmed_micros: Annotated[int, Meta(description="open, and confirmed")]
    recovering_micros: Annotated[int, Meta(description="open, and asked for")]
    recovered_micros: Annotated[int, Meta(description="got back, or paid back")]
    prevented_micros: Annotated[int, Meta(description="put right before it cost anything")]
    averted_micros: Annotated[int, Meta(description="kept from being lost beside it, by a bar or a limit")]
    written_off_micros: Annotated[int, Meta(description="given up")]
    excess_micros: Annotated[int, Meta(description="settled beyond what is its own; booked nowhere")]
    occurred_at: Annotated[int, Meta(description="when the loss began")]
    detected_at: Annotated[int, Meta(description="when it was first found")]
    settled_at: Annotated[int | None, Meta(description="when nothing of it was open any more")] = None
    owner: Annotated[str | None, Meta(description="who works on it")] = None
    tenant: Annotated[str, Meta(description="the operator or MVNO; first in every key, id and table order")] = "main"
    run: Annotated[str, Meta(description="`live`, or the name of a replay")] = "live"


class LedgerUnits(msgspec.Struct, frozen=True, kw_only=True):
    """In which units the money of one finding lies: two that name the same unit speak about the same money."""

    finding_id: Annotated[str, Meta(description="the alert or leakage")]
    revision: Annotated[int, Meta(description="the revision whose claim was looked up")]
    units: Annotated[list[str], Meta(description="`usage:ID`, `payment:ID`, `credit:ACCOUNT:AMOUNT`, …")]
    weights: Annotated[list[int], Meta(description="in what proportion its money lies in them")]
    tenant: Annotated[str, Meta(description="the operator or MVNO; first in every key, id and table order")] = "main"
    run: Annotated[str, Meta(description="`live`, or the name of a replay")] = "live"


class ChallengerScore(msgspec.Struct, frozen=True, kw_only=True):
    """What a challenger said of one event that the champion scored; it alerts on nothing."""

    event_id: Annotated[str, Meta(description="unique within tenant and stream")]
    event_time: Annotated[int, Meta(description="when the fact was complete")]
    detector: Annotated[str, Meta(description="the detector whose champion it challenges")]
    artifact: Annotated[str, Meta(description="the hash of the model")]
    subject: Annotated[str, Meta(description="whom or what it is about")]
    score: Annotated[float, Meta(description="what the model said, higher is worse")]
    tenant: Annotated[str, Meta(description="the operator or MVNO; first in every key, id and table order")] = "main"
    run: Annotated[str, Meta(description="`live`, or the name of a replay")] = "live"


class ModelHealth(msgspec.Struct, frozen=True, kw_only=True):
    """How a scored detector was when it had scored its last event; written anew with every look at it.

        float | None, Meta(description="mean distance of scores from what came true; where they are chances at all")
    among judged alerts. `calibration_error` is how far scores are from the share of frauds among events like them.
    """

    detector: Annotated[str, Meta(description="the detector")]
    watched_at: Annotated[int, Meta(description="the time of the last event that it scored")]
    scored_by: Annotated[str, Meta(description="the hash of the model that scored it")]
    scores: Annotated[int, Meta(description="how many of the newest scores were watched")]
    score_drifts: Annotated[int, Meta(description="how often their mean has changed")]
    drifted_at: Annotated[int | None, Meta(description="when it changed last")] = None
    mean_before: Annotated[float | None, Meta(description="the mean before that")] = None
    mean_after: Annotated[float | None, Meta(description="the mean since")] = None
    judged: Annotated[int, Meta(description="alerts on which somebody gave a verdict")]
    frauds: Annotated[int, Meta(description="those of them that were fraud")]
    precision_drifts: Annotated[int, Meta(description="how often the share of frauds among them has changed")]
    labelled: Annotated[int, Meta(description="scored events whose label is known, of the last sixty days")]
    calibration_error: Annotated[
        float | None,
        Meta(description="mean distance of scores from what came true; absent where scores are no chances"),
    ] = None
    tenant: Annotated[str, Meta(description="the operator or MVNO; first in every key, id and table order")] = "main"
    run: Annotated[str, Meta(description="`live`, or the name of a replay")] = "live"


class Score(msgspec.Struct, frozen=True, kw_only=True):
    """What a model said of one event."""

    event_id: Annotated[str, Meta(description="unique within tenant and stream")]
    event_time: Annotated[int, Meta(description="when the fact was complete")]
    stream: Annotated[str, Meta(description="the stream that is spoken about")]
    model: Annotated[str, Meta(description="the model")]
    model_version: Annotated[int, Meta(description="its version")]
    features: Annotated[dict[str, float | None], Meta(description="the features' values at that moment, rounded")]
    score: Annotated[float, Meta(description="what the model said, higher is worse")]
    subject_kind: Annotated[
        str, Meta(description="the column that names the subject (`calling_number`, `account_id`, …)")
    ]
    subject: Annotated[str, Meta(description="the subject it speaks about")]
    model_hash: Annotated[str, Meta(description="hash of the model's inputs and of what it was made with")] = ""
    tenant: Annotated[str, Meta(description="the operator or MVNO; first in every key, id and table order")] = "main"
    run: Annotated[str, Meta(description="`live`, or the name of a replay")] = "live"


class FeedHealth(msgspec.Struct, frozen=True, kw_only=True):
    """What one source brought in one minute of event time, as one partition of all events counted it.

    The feed's numbers are the sums over `frame_partition`. `lag_ms` is the largest received − event time.
    """

    stream: Annotated[str, Meta(description="the stream that is spoken about")]
    source: Annotated[
        str, Meta(description="the feed that brought it (switch, gateway, partner); lateness is declared per source")
    ]
    minute: Annotated[int, Meta(description="start of the minute")]
    events: Annotated[int, Meta(description="how many events")]
    late: Annotated[int, Meta(description="how many came below the watermark")]
    quarantined: Annotated[int, Meta(description="how many could not be taken")]
    duplicates: Annotated[int, Meta(description="how many were already known")]
    watermark: Annotated[int, Meta(description="every event in order below it has been read")]
    lag_ms: Annotated[int | None, Meta(description="largest received − event time, in milliseconds")] = None
    frame_partition: Annotated[int, Meta(description="the partition of all events that counted it")] = 0
    tenant: Annotated[str, Meta(description="the operator or MVNO; first in every key, id and table order")] = "main"
    run: Annotated[str, Meta(description="`live`, or the name of a replay")] = "live"


class ControlRun(msgspec.Struct, frozen=True, kw_only=True):
    """What a control ran on, and with what result."""

    control: Annotated[str, Meta(description="the control")]
    control_version: Annotated[int, Meta(description="its version")]
    event_time: Annotated[int, Meta(description="when the fact was complete")]
    inputs: Annotated[dict[str, int], Meta(description="how many records of each stream it judged")]
    breaks: Annotated[int, Meta(description="how many breaks it found")]
    amount_micros: Annotated[int, Meta(description="the amount in millionths of the currency's unit")]
    state: Annotated[Literal["provisional", "final"], Meta(description="its state after this event")]
    cut: Annotated[dict[str, int], Meta(description="how far each source partition had been read")] = {}
    thresholds: Annotated[str, Meta(description="the thresholds in force, as JSON")] = ""
    tenant: Annotated[str, Meta(description="the operator or MVNO; first in every key, id and table order")] = "main"
    run: Annotated[str, Meta(description="`live`, or the name of a replay")] = "live"


class Quarantined(msgspec.Struct, frozen=True, kw_only=True):
    """A record that could not be taken, whole, with the reason.

    `partition` is the source partition (a file's name, a topic's partition), `position` the ordinal of the record
    in it, from 0; `line` the line or row for people, from 1.
    """

    stream: Annotated[str, Meta(description="the stream that is spoken about")]
    partition: Annotated[str, Meta(description="the source partition: a file's name, a topic's partition")]
    position: Annotated[int, Meta(description="ordinal of the record in it, from 0")]
    reason: Annotated[str, Meta(description="why")]
    raw: Annotated[bytes, Meta(description="the record as it came, whole")]
    line: Annotated[int | None, Meta(description="its line or row for people, from 1")] = None
    source: Annotated[
        str | None,
        Meta(description="the feed that brought it (switch, gateway, partner); lateness is declared per source"),
    ] = None
    event_time: Annotated[int | None, Meta(description="when the fact was complete")] = None
    tenant: Annotated[str, Meta(description="the operator or MVNO; first in every key, id and table order")] = "main"
    run: Annotated[str, Meta(description="`live`, or the name of a replay")] = "live"
    form: Annotated[
        str | None, Meta(description="of a CSV: its separator, encoding and columns, as JSON, to read the record again")
    ] = None


class FrameMark(msgspec.Struct, frozen=True, kw_only=True):
    """How far a source partition had been read when a frame was made."""

    key_space: Annotated[str, Meta(description="the key space of the frame")]
    frame_partition: Annotated[int, Meta(description="the frames partition")]
    sequence: Annotated[int, Meta(description="ordinal of the frame in it")]
    partition: Annotated[str, Meta(description="the source partition: a file's name, a topic's partition")]
    begin: Annotated[int, Meta(description="ordinal of the first record")]
    end: Annotated[int, Meta(description="ordinal after the last record")]
    watermark: Annotated[int, Meta(description="every event in order below it has been read")]
    tenant: Annotated[str, Meta(description="the operator or MVNO; first in every key, id and table order")] = "main"
    run: Annotated[str, Meta(description="`live`, or the name of a replay")] = "live"


FINDINGS: dict[str, type[msgspec.Struct]] = {
    "alert": Alert,
    "evidence": Evidence,
    "leakage": Leakage,
    "score": Score,
    "feed_health": FeedHealth,
    "control_run": ControlRun,
    "quarantine": Quarantined,
    "frame_mark": FrameMark,
}
