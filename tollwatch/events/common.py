"""What every event carries."""

from typing import Annotated

import msgspec
from msgspec import Meta


class Event(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One fact, complete at `event_time`. Times are milliseconds since the epoch, UTC.

    `event_id` is unique within tenant and stream. `received_at` serves lateness and health, never detection.
    `source` is the feed that brought it and `file_id` the file it came in.
    """

    event_id: Annotated[str, Meta(description="unique within tenant and stream")]
    event_time: Annotated[int, Meta(description="when the fact was complete")]
    source: Annotated[
        str, Meta(description="the feed that brought it (switch, gateway, partner); lateness is declared per source")
    ] = "unknown"
    received_at: Annotated[
        int | None, Meta(description="when it reached us; for lateness and health, never for detection")
    ] = None
    file_id: Annotated[str | None, Meta(description="the file it came in, if it came in a file")] = None
    tenant: Annotated[str, Meta(description="the operator or MVNO; first in every key, id and table order")] = "main"
