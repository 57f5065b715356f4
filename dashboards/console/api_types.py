"""What the API gives and takes; its OpenAPI description is made of these."""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta


class ApiAlert(msgspec.Struct, frozen=True, kw_only=True):
    """An alert as the queue has it. Identifiers are masked unless the token's owner sees them."""

    alert_id: str
    revision: int
    state: str
    detector: str
    severity: str
    subject_kind: str
    subject: str
    account_id: str | None
    subscriber_id: str | None
    episode_start: Annotated[int, Meta(description="event time, ms since the epoch")]
    event_time: int
    stored_at: int
    amount_micros: Annotated[int | None, Meta(description="money at risk, millionths of the currency")]
    currency: str | None
    case_id: str
    verdict: str | None
    assigned_to: str | None
    snoozed_until: int | None
    rank: Annotated[float, Meta(description="expected loss avoided per minute of work, millionths")]
    probability: float
    avoided_micros: float
    minutes: float


class ApiAlerts(msgspec.Struct, frozen=True, kw_only=True):
    """Alerts in the order in which they were stored; `next_cursor` is null at the end."""

    items: list[ApiAlert]
    next_cursor: str | None


class ApiAlertWhole(msgspec.Struct, frozen=True, kw_only=True):
    """An alert with its story, every revision's document, and its evidence."""

    alert: ApiAlert
    sentence: str
    revisions: list[dict[str, Any]]
    evidence: list[dict[str, Any]]


class ApiVerdict(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an alert was."""

    verdict: Literal["fraud", "leakage", "false_alarm", "unsure"]
    note: Annotated[str, Meta(max_length=2000)] | None = None
    loss: Annotated[str, Meta(pattern=r"^[0-9]{1,12}(\.[0-9]{1,6})?$", description="such as 12.50")] | None = None
    currency: Annotated[str, Meta(pattern=r"^[A-Z]{3}$")] | None = None


class ApiGiven(msgspec.Struct, frozen=True, kw_only=True):
    """That a verdict is recorded, and who gave it."""

    alert_id: str
    verdict: str
    by: str


class ApiRows(msgspec.Struct, frozen=True, kw_only=True):
    """Rows of a listing."""

    items: list[dict[str, Any]]


class ApiError(msgspec.Struct, frozen=True, kw_only=True):
    """Why it was not done, and what to do."""

    error: str
