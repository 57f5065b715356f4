"""What every event carries."""

import msgspec


class Event(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One fact, complete at `event_time`. Times are milliseconds since the epoch, UTC.

    `event_id` is unique within tenant and stream. `received_at` serves lateness and health, never detection.
    `source` is the feed that brought it and `file_id` the file it came in.
    """

    event_id: str
    event_time: int
    source: str = "unknown"
    received_at: int | None = None
    file_id: str | None = None
    tenant: str = "main"
