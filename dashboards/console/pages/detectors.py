"""What runs, what it found, and what verdicts say of it."""

from starlette.responses import Response

from dashboards.console.desk import Ask, Page
from services.detector_report import detector_report
from services.roles import May


def show(ask: Ask) -> Response:
    """Every detector and model."""
    rows = detector_report(ask.desk.rules(), ask.desk.queue.table(ask.tenant))
    return ask.page("detectors.html", title="Detectors", rows=rows)


PAGES = (Page("/detectors", show, May.LOOK),)
