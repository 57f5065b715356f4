"""What controls need to know: batches, counts, suspense, tests, reference data, verdicts, actions."""

from typing import Annotated, Literal

from msgspec import Meta

from tollwatch.events.attributes import Attributes
from tollwatch.events.common import Event

Entity = Literal[
    "account",
    "subscriber",
    "trunk",
    "cell",
    "number_range",
    "offering",
    "tariff",
    "allowance",
    "price",
    "promotion",
    "tax",
    "route_rate",
    "contract",
    "dealer",
    "agent",
    "device",
    "bill_cycle",
    "product",
    "exchange_rate",
    "list",
    "rule",
    "model",
]


class Batch(Event, frozen=True, kw_only=True, gc=False):
    """A set of rows that is awaited: a snapshot, a bill run, a statement, a file.

    It is closed once its closing event and its declared number of `records` have been read; only then does
    absence count. `scope` is `stream` or `stream:bill_cycle`; the period's end is excluded.
    """

    batch_id: Annotated[str, Meta(description="the batch that awaits this row")]
    kind: Annotated[Literal["snapshot", "bill_run", "statement", "file"], Meta(description="what awaits the rows")]
    scope: Annotated[str, Meta(description="what the batch covers: `stream` or `stream:bill_cycle`")]
    state: Annotated[Literal["open", "closed"], Meta(description="its state after this event")]
    period_start: Annotated[int, Meta(description="first instant of the period")]
    period_end: Annotated[int, Meta(description="end of the period, excluded")]
    sequence_number: Annotated[int | None, Meta(description="ordinal within its source, to notice gaps")] = None
    records: Annotated[
        int | None, Meta(description="how many records were declared; it is closed once all of them have been read")
    ] = None
    units: Annotated[int | None, Meta(description="how many units")] = None
    amount_micros: Annotated[int | None, Meta(description="the amount in millionths of the currency's unit")] = None
    currency: Annotated[str | None, Meta(description="ISO 4217")] = None
    file_name: Annotated[str | None, Meta(description="the file's name")] = None
    sequence_modulus: Annotated[int | None, Meta(description="sequence numbers begin anew after so many")] = None
    cadence_s: Annotated[int | None, Meta(description="seconds between two files, where one is promised")] = None


class Count(Event, frozen=True, kw_only=True, gc=False):
    """What a node says it passed on in an hour; `hour` is its start in milliseconds."""

    node: Annotated[str, Meta(description="the node that counts")]
    hop: Annotated[str, Meta(description="the place in the chain that is counted")]
    hour: Annotated[int, Meta(description="start of the hour")]
    records: Annotated[int, Meta(description="how many records")]
    seconds: Annotated[int | None, Meta(description="how many seconds of usage")] = None
    bytes: Annotated[int | None, Meta(description="how many bytes")] = None


class Suspense(Event, frozen=True, kw_only=True, gc=False):
    """A record held back at a hop, and what became of it."""

    refers_to: Annotated[str, Meta(description="the id of what it speaks about")]
    hop: Annotated[str, Meta(description="where it is held")]
    state: Annotated[Literal["suspended", "released", "discarded"], Meta(description="its state after this event")]
    reason: Annotated[str | None, Meta(description="why")] = None
    stream: Annotated[str | None, Meta(description="the stream of the record that is held")] = None
    node: Annotated[str | None, Meta(description="the network element that wrote the record")] = None
    batch_id: Annotated[str | None, Meta(description="the batch the record came in")] = None
    duplicate_of: Annotated[str | None, Meta(description="the record that says the same")] = None
    units: Annotated[int | None, Meta(description="how many units")] = None
    unit: Annotated[str | None, Meta(description="the unit: second, byte, event, …")] = None
    amount_micros: Annotated[int | None, Meta(description="the amount in millionths of the currency's unit")] = None
    currency: Annotated[str | None, Meta(description="ISO 4217")] = None


class PlannedTest(Event, frozen=True, kw_only=True, gc=False):
    """An event that is going to happen, and the hops where it must be seen."""

    calling_number: Annotated[
        str | None, Meta(description="who called: E.164 digits without `+`; an SMS sender may be alphanumeric")
    ] = None
    called_number: Annotated[str | None, Meta(description="who was called: E.164 digits without `+`")] = None
    planned_at: Annotated[int | None, Meta(description="when it is going to happen")] = None
    hops: Annotated[list[str] | None, Meta(description="where it must be seen")] = None
    expected_duration_s: Annotated[int | None, Meta(description="seconds it is to last")] = None
    expected_charge_micros: Annotated[int | None, Meta(description="what it is to cost, in millionths")] = None
    currency: Annotated[str | None, Meta(description="ISO 4217")] = None
    tolerance_s: Annotated[int | None, Meta(description="seconds by which its time and length may differ")] = None


class Reference(Event, frozen=True, kw_only=True, gc=False):
    """One version of one entity, in force from `valid_from` (included) to `valid_to` (excluded)."""

    entity: Annotated[Entity, Meta(description="the kind of entity")]
    id: Annotated[str, Meta(description="the entity's id; of a number range or a list, the digits it begins with")]
    valid_from: Annotated[int | None, Meta(description="first instant it is in force")] = None
    valid_to: Annotated[int | None, Meta(description="end of its force, excluded")] = None
    attributes: Annotated[Attributes | None, Meta(description="what is known of the entity; see `Attributes`")] = None


class Verdict(Event, frozen=True, kw_only=True, gc=False):
    """What an analyst found out about a finding, an event or a subject, and the keys of the row it refers to."""

    verdict: Annotated[
        Literal["fraud", "leakage", "false_alarm", "unsure"],
        Meta(description="what was found out; `leakage`: a loss without fraud"),
    ]
    refers_to: Annotated[str | None, Meta(description="the id of what it speaks about")] = None
    subject_kind: Annotated[
        str | None, Meta(description="the column that names the subject (`calling_number`, `account_id`, …)")
    ] = None
    subject: Annotated[str | None, Meta(description="the subject it speaks about")] = None
    account_id: Annotated[str | None, Meta(description="the account that pays")] = None
    subscriber_id: Annotated[str | None, Meta(description="the subscriber")] = None
    card_fingerprint: Annotated[str | None, Meta(description="keyed hash of the card number")] = None
    terminal_id: Annotated[str | None, Meta(description="the terminal or merchant")] = None
    calling_number: Annotated[
        str | None, Meta(description="who called: E.164 digits without `+`; an SMS sender may be alphanumeric")
    ] = None
    called_number: Annotated[str | None, Meta(description="who was called: E.164 digits without `+`")] = None
    loss_micros: Annotated[int | None, Meta(description="what was lost, in millionths")] = None
    currency: Annotated[str | None, Meta(description="ISO 4217")] = None
    by: Annotated[str | None, Meta(description="who did it")] = None
    recorded_at: Annotated[
        int | None, Meta(description="when it was said, where the event itself is dated behind what was read")
    ] = None


class Action(Event, frozen=True, kw_only=True, gc=False):
    """What was done about a finding."""

    kind: Annotated[
        Literal["bar", "limit", "refund", "rebill", "dispute", "collect", "correct", "write_off", "notify"],
        Meta(
            description="`rebill`, `refund`, `dispute` (with a partner) and `collect` recover; `correct`: put right "
            "before it cost anything; `bar` and `limit` keep more from being lost"
        ),
    ]
    state: Annotated[str, Meta(description="its state after this event: `requested`, `done`, `failed`, `cancelled`")]
    refers_to: Annotated[str | None, Meta(description="the id of what it speaks about")] = None
    subject: Annotated[str | None, Meta(description="the subject it speaks about")] = None
    by: Annotated[str | None, Meta(description="who did it")] = None
    amount_micros: Annotated[
        int | None, Meta(description="what it comes to, in millionths; absent: all that is open")
    ] = None
    currency: Annotated[str | None, Meta(description="ISO 4217")] = None
    note: Annotated[str | None, Meta(description="why, in words")] = None
    recorded_at: Annotated[
        int | None, Meta(description="when it was said, where the event itself is dated behind what was read")
    ] = None
