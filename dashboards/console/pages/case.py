"""A case: the alerts of one subject, account or device, and what happened to it over all streams."""

import polars as pl
from starlette.responses import Response

from dashboards.console.desk import Ask, Page
from services.roles import May
from services.timeline import days_before, events, keys_of
from tollwatch.errors import ConfigurationError

DAY_MS = 86_400_000
MOST_ALERTS, MOST_EVENTS = 200, 100


def show(ask: Ask) -> Response:
    """The case that an alert belongs to."""
    case, _ = _case(ask)
    kinds = sorted(case["detector"].value_counts().iter_rows(), key=lambda pair: (-pair[1], pair[0]))
    return ask.page(
        "case.html",
        title="Case",
        total=len(case),
        alerts=case.tail(MOST_ALERTS).to_dicts(),
        kinds=kinds,
        at_risk=case["own_micros"].sum() or 0,
        unknown=case["own_micros"].null_count(),
        first=ask.path("alert_id"),
        see=ask.person.sees(f"alert:{ask.path('alert_id')}"),
    )


def _case(ask: Ask) -> tuple[pl.DataFrame, int]:
    case = ask.desk.queue.case(ask.tenant, ask.path("alert_id"))
    if case.is_empty():
        raise ConfigurationError("no alert of yours has this id")
    return case, max(case["event_time"].to_list()) + 60_000


def chart(ask: Ask) -> Response:
    """The last days of all subjects of the case."""
    case, until = _case(ask)
    found = days_before(keys_of(case), ask.data, ask.settings, until_ms=until)
    values = [(each.since_ms, each.stream, each.events) for each in found]
    return ask.page("chart.html", values=values, until=until, step=DAY_MS, steps=14)


def timeline(ask: Ask) -> Response:
    """The last events of all subjects of the case, its last alerts among them."""
    case, until = _case(ask)
    found = events(keys_of(case), ask.data, ask.settings, until_ms=until, most=MOST_EVENTS)
    see = ask.person.sees(f"alert:{ask.path('alert_id')}")
    return ask.page("timeline.html", events=found, alerts=case.tail(MOST_ALERTS).to_dicts(), see=see, more="")


PAGES = (
    Page("/cases/{alert_id}", show, May.LOOK),
    Page("/cases/{alert_id}/chart", chart, May.LOOK),
    Page("/cases/{alert_id}/timeline", timeline, May.LOOK),
)
