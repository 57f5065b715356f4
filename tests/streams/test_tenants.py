"""Tenants are apart: in one line each finds what it would find alone, under its own name."""

from collections.abc import Iterator

import msgspec
import pytest

from services.assembly import make_plan
from store.evidence import looked_up
from streams.embedded import Run
from tests.streams.memory import AS_OF_MS, InMemoryStore, Row, Rows
from tests.streams.test_embedded import happened
from tollwatch.config import Settings, SourceSettings
from tollwatch.events import STREAMS
from tollwatch.frames import Findings

TENANTS = ["b", "c"]


class Keeping(InMemoryStore):
    """A store that keeps evidence, too."""

    def __init__(self) -> None:
        super().__init__()
        self.evidence: list[bytes] = []

    def write(self, found: Findings) -> None:
        """By kind."""
        super().write(found)
        self.evidence += [
            msgspec.json.encode(each, order="sorted") for each in looked_up(found, self)[0].all_evidence()
        ]

    def kinds(self, tenant: str) -> dict[str, list[bytes]]:
        """Everything of one tenant, by kind, as bytes."""
        kinds = {"alerts": self.alerts, "leakages": self.leakages, "scores": self.scores, "health": self.health}
        made = {
            kind: sorted(msgspec.json.encode(each, order="sorted") for each in found if each.tenant == tenant)
            for kind, found in kinds.items()
        }
        return made | {"evidence": sorted(each for each in self.evidence if f'"tenant":"{tenant}"'.encode() in each)}


def rows_of(tenant: str | None, part: slice = slice(None)) -> dict[str, list[Row]]:
    """What happened, to this tenant."""
    own = {} if tenant is None else {"tenant": tenant}
    found = {
        stream: [row | own for row in sorted(rows[part], key=lambda row: row["event_time"])]
        for stream, rows in happened().items()
    }
    found["verdicts"] = [
        {
            "event_id": f"v{n}",
            "event_time": row["event_time"] + 60_000,
            "verdict": "fraud",
            "refers_to": row["event_id"],
        }
        | own
        for n, row in enumerate(found["payments"][:4])
    ]
    return found


def ran(*feeds: dict[str, list[Row]], partitions: int = 2) -> Keeping:
    """One line over the rows of all feeds, by stream and time."""
    allowed = {"unknown": SourceSettings(may_send=[*STREAMS, "account"])}
    settings = Settings(tenants=TENANTS, partitions=partitions, sources=allowed)
    kept = Keeping()

    def sources() -> Iterator[Rows]:
        for stream in feeds[0]:
            rows = [row for feed in feeds for row in feed[stream]]
            yield Rows(stream, stream, sorted(rows, key=lambda row: (row["event_time"], row["event_id"])), 37)

    Run(list(sources()), make_plan(settings), settings, as_of_ms=AS_OF_MS, store=kept).go()
    return kept


@pytest.fixture(scope="module")
def together() -> Keeping:
    """Three tenants with the same numbers, accounts, cards and event ids; one has fewer calls."""
    return ran(rows_of(None), rows_of("b"), rows_of("c", slice(None, None, -2)))


@pytest.mark.parametrize(("tenant", "part"), [("main", slice(None)), ("b", slice(None)), ("c", slice(None, None, -2))])
def test_each_finds_what_it_finds_alone(together: Keeping, tenant: str, part: slice) -> None:
    """Every kind of finding, to the byte: windows, episodes, models, evidence and feed health do not mix."""
    alone = ran(rows_of(None if tenant == "main" else tenant, part)).kinds(tenant)
    found = together.kinds(tenant)
    if part == slice(None):
        assert found["alerts"]
        assert found["evidence"]
        assert found["scores"]
        assert found["health"]
    without_health = {kind: [each for each in made if kind != "health"] for kind, made in alone.items()}
    assert {kind: [each for each in made if kind != "health"] for kind, made in found.items()} == without_health


def test_the_same_fraud_in_two_tenants_is_two_alerts(together: Keeping) -> None:
    """Their ids differ though every other word is the same; the same event ids are no duplicates."""
    by_tenant = {t: {a.alert_id for a in together.alerts if a.tenant == t} for t in ("main", "b")}
    assert len(by_tenant["main"]) == len(by_tenant["b"])
    assert not by_tenant["main"] & by_tenant["b"]
    assert not [mark for mark in together.marks if mark[3] in ("duplicate", "conflict")]


def test_a_tenant_that_is_not_served_is_refused() -> None:
    """A name that nobody configured opens nothing, and costs no memory."""
    kept = ran(rows_of(None), {stream: rows[:3] for stream, rows in rows_of("nobody").items()})
    assert kept.quarantined
    assert all("tenant `nobody` is not served here" in each.reason for each in kept.quarantined)


def test_a_feed_that_names_every_record_another_source_is_refused() -> None:
    """The first 256 count; the others go aside, so that they cost neither time nor memory."""
    rows = rows_of(None)
    rows["usage"] = [row | {"source": f"s{n}"} for n, row in enumerate(rows["usage"] * 3)]
    for n, row in enumerate(rows["usage"]):
        row["event_id"] = f"{n}"
    kept = ran(rows)
    refused = [each for each in kept.quarantined if "more than 256 in this partition" in each.reason]
    assert len(refused) > len(rows["usage"]) - 400
