"""One alert as an analyst works on it: what it says, what it rests on, and what was done with it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from detectors.rule import Rule
from services.alert_story import Story, story_of
from services.stores import reading
from services.triage import Work, work_of
from store.alerts import EvidenceRow, Place, evidence_of, revisions_of
from tollwatch.config import Settings


class AlertPage(NamedTuple):
    """An alert's last document, all its revisions, its story, its evidence and the work on it."""

    document: dict[str, Any]
    revisions: list[dict[str, Any]]
    story: Story
    evidence: list[EvidenceRow]
    work: Work


def alert_page(
    alert_id: str,
    data: Path | None,
    home: Path,
    settings: Settings,
    rules: list[Rule],
    *,
    row: Mapping[str, Any] | None = None,
) -> AlertPage | None:
    """The alert of an id that belongs to the settings' tenant and run; None where there is none.

    `row` is the alert as the queue has it, by which it is found more quickly.
    """
    known = (row["detector"], row["episode_start"]) if row else ()
    with reading(data, settings) as store:
        revisions = revisions_of(store, Place(settings.tenant, settings.run, alert_id, *known))
        if not revisions:
            return None
        evidence = evidence_of(store, settings.tenant, settings.run, alert_id)
    return AlertPage(
        revisions[-1], revisions, story_of(revisions[-1], rules), evidence, work_of(alert_id, home, settings)
    )
