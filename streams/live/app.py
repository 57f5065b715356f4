"""The Faust app of a worker, as it is set up."""

import tempfile
from pathlib import Path

import faust

from streams.live.client import LARGEST, credentials, servers
from tollwatch.config import Settings


def make_app(settings: Settings) -> faust.App:
    """The app, without agents: no web server, no leader, no tables, frames as bytes."""
    return faust.App(
        settings.app,
        broker="kafka://" + ";".join(servers(settings.kafka)),
        value_serializer="raw",
        broker_credentials=credentials(settings.kafka),
        consumer_auto_offset_reset="earliest",
        broker_session_timeout=settings.session_timeout_s,
        broker_heartbeat_interval=settings.session_timeout_s / 5,
        broker_request_timeout=max(40.0, settings.session_timeout_s + 10),
        topic_disable_leader=True,
        topic_allow_declare=False,
        web_enabled=False,
        store="memory://",
        stream_buffer_maxsize=64,
        stream_wait_empty=False,
        broker_max_poll_records=64,
        consumer_max_fetch_size=4 << 20,
        stream_processing_timeout=600.0,
        broker_commit_livelock_soft_timeout=600.0,
        broker_commit_interval=1.0,
        autodiscover=False,
        producer_max_request_size=LARGEST,
        table_cleanup_interval=3600.0,
        broker_max_poll_interval=1000.0,
        datadir=Path(tempfile.gettempdir(), "tollwatch-faust"),
    )
