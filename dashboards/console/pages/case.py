"""A case: the alerts of one subject, account or device, and what happened to it over all streams."""

from starlette.responses import Response

from dashboards.console.desk import Ask, Page
from services.roles import May
from tollwatch.errors import ConfigurationError


def show(ask: Ask) -> Response:
    """The case that an alert belongs to."""
    case = ask.desk.queue.case(ask.tenant, ask.path("alert_id"))
    if case.is_empty():
        raise ConfigurationError("no alert of yours has this id")
    kinds = sorted(case["detector"].value_counts().iter_rows(), key=lambda pair: (-pair[1], pair[0]))
    return ask.page(
        "case.html",
        title="Case",
        alerts=case.to_dicts(),
        kinds=kinds,
        at_risk=case["own_micros"].sum() or 0,
        unknown=case["own_micros"].null_count(),
        first=case["alert_id"][-1],
        see=ask.person.sees(f"alert:{ask.path('alert_id')}"),
    )


PAGES = (Page("/cases/{alert_id}", show, May.LOOK),)
