"""Who did what, when and why; and whether anybody changed it."""

from starlette.responses import Response

from dashboards.console.desk import Ask, Page
from services.audit import latest_audit, verify_audit
from services.roles import May


def show(ask: Ask) -> Response:
    """The last rows."""
    rows = latest_audit(ask.home, ask.settings, before=ask.number("before"), by=ask.text("by")[:64])
    return ask.page("audit.html", title="Audit", rows=rows, by=ask.text("by")[:64], verified=None)


def verify(ask: Ask) -> Response:
    """Go through the whole chain."""
    found = verify_audit(ask.home, ask.settings)
    rows = latest_audit(ask.home, ask.settings)
    return ask.page("audit.html", title="Audit", rows=rows, by="", verified=found)


PAGES = (Page("/audit", show, May.AUDIT), Page("/audit/verify", verify, May.AUDIT, ("POST",)))
