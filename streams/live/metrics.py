"""What a worker tells Prometheus."""

from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter

from prometheus_client import CollectorRegistry, Counter, Gauge, start_http_server


class Metrics:
    """Counters and gauges of one worker, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        self.events = Counter("tollwatch_events", "events framed", ["stream"], registry=registry)
        self.late = Counter("tollwatch_late", "events that came below the watermark", registry=registry)
        self.quarantined = Counter("tollwatch_quarantined", "records put into quarantine", registry=registry)
        self.duplicates = Counter("tollwatch_duplicates", "events that came twice", registry=registry)
        self.conflicts = Counter("tollwatch_conflicts", "events whose id came with other content", registry=registry)
        self.alerts = Counter("tollwatch_alerts", "alerts opened", ["detector"], registry=registry)
        self.leakages = Counter("tollwatch_leakages", "leakages found", registry=registry)
        self.frames = Counter("tollwatch_frames", "frames", ["key_space", "way"], registry=registry)
        self.frame_bytes = Counter("tollwatch_frame_bytes", "bytes of frames", ["key_space", "way"], registry=registry)
        self.seconds = Counter("tollwatch_stage_seconds", "seconds spent, by stage", ["stage"], registry=registry)
        self.lag = Gauge("tollwatch_lag", "messages not framed yet", ["partition"], registry=registry)
        self.watermark = Gauge("tollwatch_watermark_ms", "watermark, ms", ["key_space", "partition"], registry=registry)
        self.held = Gauge(
            "tollwatch_held_rows", "rows that wait for others", ["key_space", "partition"], registry=registry
        )
        self.state = Gauge(
            "tollwatch_state_bytes", "bytes of the last snapshot", ["key_space", "partition"], registry=registry
        )
        self.memory = Gauge(
            "tollwatch_memory_bytes",
            "bytes of state in memory, by part (of the part keys: how many keys)",
            ["key_space", "partition", "part"],
            registry=registry,
        )
        self.snapshots = Counter("tollwatch_snapshots", "snapshots written", registry=registry)
        self.stage_failures = Counter(
            "tollwatch_stage_failures",
            "times that a stage failed and rows were put aside",
            ["key_space"],
            registry=registry,
        )
        self.store_up = Gauge("tollwatch_store_up", "whether the store took the last findings", registry=registry)
        self.store_up.set(1)
        self.evidence_waiting = Gauge(
            "tollwatch_evidence_waiting", "rows of evidence whose raw events are not stored yet", registry=registry
        )

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Count the seconds that something takes."""
        began = perf_counter()
        try:
            yield
        finally:
            self.seconds.labels(name).inc(perf_counter() - began)

    def serve(self, port: int) -> None:
        """Answer Prometheus on a port."""
        start_http_server(port, registry=self.registry)
