"""What controls need to know: batches, counts, suspense, tests, reference data, verdicts, actions."""

from typing import Literal

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
    "route_rate",
    "contract",
    "dealer",
    "agent",
    "device",
    "bill_cycle",
    "exchange_rate",
    "list",
    "rule",
]


class Batch(Event, frozen=True, kw_only=True, gc=False):
    """A set of rows that is awaited: a snapshot, a bill run, a statement, a file.

    It is closed once its closing event and its declared number of `records` have been read; only then does
    absence count. `scope` is `stream` or `stream:bill_cycle`; the period's end is excluded.
    """

    batch_id: str
    kind: Literal["snapshot", "bill_run", "statement", "file"]
    scope: str
    state: Literal["open", "closed"]
    period_start: int
    period_end: int
    sequence_number: int | None = None
    records: int | None = None
    units: int | None = None
    amount_micros: int | None = None


class Count(Event, frozen=True, kw_only=True, gc=False):
    """What a node says it passed on in an hour; `hour` is its start in milliseconds."""

    node: str
    hop: str
    hour: int
    records: int
    seconds: int | None = None
    bytes: int | None = None


class Suspense(Event, frozen=True, kw_only=True, gc=False):
    """A record held back at a hop, and what became of it."""

    refers_to: str
    hop: str
    state: Literal["suspended", "released", "discarded"]
    reason: str | None = None


class PlannedTest(Event, frozen=True, kw_only=True, gc=False):
    """An event that is going to happen, and the hops where it must be seen."""

    calling_number: str | None = None
    called_number: str | None = None
    planned_at: int | None = None
    hops: list[str] | None = None


class Reference(Event, frozen=True, kw_only=True, gc=False):
    """One version of one entity, in force from `valid_from` (included) to `valid_to` (excluded)."""

    entity: Entity
    id: str
    valid_from: int | None = None
    valid_to: int | None = None
    attributes: Attributes | None = None


class Verdict(Event, frozen=True, kw_only=True, gc=False):
    """What an analyst found out about a finding, an event or a subject, and the keys of the row it refers to."""

    verdict: Literal["fraud", "false_alarm", "unsure"]
    refers_to: str | None = None
    subject_kind: str | None = None
    subject: str | None = None
    account_id: str | None = None
    subscriber_id: str | None = None
    card_fingerprint: str | None = None
    terminal_id: str | None = None
    calling_number: str | None = None
    called_number: str | None = None
    loss_micros: int | None = None
    currency: str | None = None
    by: str | None = None


class Action(Event, frozen=True, kw_only=True, gc=False):
    """What was done about a finding."""

    kind: Literal["bar", "limit", "refund", "rebill", "notify"]
    state: str
    refers_to: str | None = None
    subject: str | None = None
    by: str | None = None
