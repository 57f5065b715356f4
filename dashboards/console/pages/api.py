"""The API: what the pages show, for programs, with tokens that have scopes. /api/openapi.json describes it."""

import re
from collections.abc import Mapping
from typing import Any

import msgspec
import polars as pl
from starlette.responses import JSONResponse, Response

from dashboards.console.api_types import (
    ApiAlert,
    ApiAlerts,
    ApiAlertWhole,
    ApiError,
    ApiGiven,
    ApiRows,
    ApiVerdict,
)
from dashboards.console.desk import Ask, Page
from dashboards.console.openapi import Operation, describe
from services.alert_page import alert_page
from services.detector_report import detector_report
from services.feeds import feeds_now
from services.lists import list_entries
from services.roles import May
from services.triage import judge
from services.verdicts import Said
from tollwatch.errors import ConfigurationError
from tollwatch.personal import masked, without_identifiers

MOST = 500
CURSOR = re.compile(r"([0-9]{1,15})-([0-9a-f]{16})")
ALERT_ID = re.compile(r"[0-9a-f]{16}")
NAME = {"type": "string", "minLength": 1, "maxLength": 64, "pattern": "^[A-Za-z0-9_.-]+$"}
QUERY: dict[str, dict[str, Any]] = {
    "cursor": {"type": "string", "pattern": f"^{CURSOR.pattern}$"},
    "limit": {"type": "integer", "minimum": 1, "maximum": MOST, "default": 100},
    "severity": {"type": "string", "enum": ["warning", "critical"]},
    "detector": NAME,
}


def _given(value: Any) -> Response:
    return Response(msgspec.json.encode(value, order="sorted"), media_type="application/json")


def _not_there(sentence: str) -> Response:
    return JSONResponse(msgspec.to_builtins(ApiError(error=sentence)), 404)


def _checked(ask: Ask, known: Mapping[str, dict[str, Any]]) -> dict[str, str]:
    """What stands in the address; a word that is not known, or has another form, is refused, never left out."""
    pairs = ask.request.query_params.multi_items()
    if len({name for name, _ in pairs}) != len(pairs):
        raise ConfigurationError("a parameter stands there twice")
    for name, value in pairs:
        schema = known.get(name)
        if schema is None:
            raise ConfigurationError(f"there is no parameter `{name[:64]}`; there are {', '.join(known) or 'none'}")
        fits = _fits(schema, value)
        if not fits:
            raise ConfigurationError(f"`{name}` does not fit; /api/openapi.json says what it may be")
    return dict(pairs)


def _fits(schema: Mapping[str, Any], value: str) -> bool:
    if schema["type"] == "integer":
        number = int(value) if re.fullmatch(r"[0-9]{1,9}", value) else -1
        return bool(schema["minimum"] <= number <= schema["maximum"])
    if "enum" in schema:
        return value in schema["enum"]
    return re.fullmatch(schema["pattern"].strip("^$"), value) is not None and len(value) <= 64


def _alert(row: Mapping[str, Any], *, see: bool) -> ApiAlert:
    own = {name: row[name] for name in ApiAlert.__struct_fields__}
    if not see:
        own |= {n: masked(own[n]) for n in ("subject", "account_id", "subscriber_id") if own[n] is not None}
    return ApiAlert(**own)


def alerts(ask: Ask) -> Response:
    """The tenant's alerts, in the order in which they were stored."""
    wanted = _checked(ask, QUERY)
    table = ask.desk.queue.table(ask.tenant).sort("stored_at", "alert_id")
    if "cursor" in wanted:
        at, last = wanted["cursor"].split("-")
        beyond = (pl.col("stored_at") > int(at)) | ((pl.col("stored_at") == int(at)) & (pl.col("alert_id") > last))
        table = table.filter(beyond)
    for name in ("severity", "detector"):
        if name in wanted:
            table = table.filter(pl.col(name) == wanted[name])
    limit = int(wanted.get("limit", "100"))
    rows = table.head(limit).to_dicts()
    cursor = f"{rows[-1]['stored_at']}-{rows[-1]['alert_id']}" if len(table) > limit else None
    see = ask.person.may(May.SEE)
    return _given(ApiAlerts(items=[_alert(row, see=see) for row in rows], next_cursor=cursor))


def alert(ask: Ask) -> Response:
    """One alert whole."""
    _checked(ask, {})
    row = ask.desk.queue.row(ask.tenant, ask.path("alert_id"))
    page = alert_page(ask.path("alert_id"), ask.data, ask.home, ask.settings, ask.desk.rules()) if row else None
    if row is None or page is None:
        return _not_there("no alert of yours has this id")
    see = ask.person.may(May.SEE)
    rows = [each.columns | {"stream": each.stream} for each in page.evidence]
    shown = [each if see else without_identifiers(each) for each in (*page.revisions, *rows)]
    count = len(page.revisions)
    return _given(
        ApiAlertWhole(
            alert=_alert(row, see=see), sentence=page.story.sentence, revisions=shown[:count], evidence=shown[count:]
        )
    )


def verdict(ask: Ask) -> Response:
    """Record what an alert was."""
    _checked(ask, {})
    alert_id = ask.path("alert_id")
    if ask.desk.queue.row(ask.tenant, alert_id) is None:
        return _not_there("no alert of yours has this id")
    try:
        said = msgspec.json.decode(ask.form.get("body") or b"", type=ApiVerdict)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"the body is no verdict: {error}") from error
    own = Said(said.verdict, said.loss, said.currency, said.note)
    judge([alert_id], own, ask.home, ask.settings, by=ask.person.name)
    ask.desk.queue.refresh()
    return _given(ApiGiven(alert_id=alert_id, verdict=said.verdict, by=ask.person.name))


def lists(ask: Ask) -> Response:
    """What is on the lists now, masked unless the owner sees identifiers."""
    _checked(ask, {})
    see = ask.person.may(May.SEE)
    found = list_entries((), ask.home, ask.settings, identifiers=see, by=ask.person.name)
    return _given(ApiRows(items=[msgspec.json.decode(each) for each in found]))


def feeds(ask: Ask) -> Response:
    """What each source brought within the last day of event time."""
    _checked(ask, {})
    return _given(ApiRows(items=[each._asdict() for each in feeds_now(ask.data, ask.settings).sources]))


def detectors(ask: Ask) -> Response:
    """What runs, and what it found."""
    _checked(ask, {})
    rows = detector_report(ask.desk.rules(), ask.desk.queue.table(ask.tenant))
    return _given(ApiRows(items=[each._asdict() for each in rows]))


def openapi(ask: Ask) -> Response:
    """The description."""
    del ask
    return _given(describe(OPERATIONS))


READ, WRITE = "alerts:read", "verdicts:write"
OPERATIONS = [
    Operation("/api/alerts", "GET", READ, "The alerts, in the order in which they were stored", ApiAlerts, query=QUERY),
    Operation("/api/alerts/{alert_id}", "GET", READ, "One alert whole", ApiAlertWhole),
    Operation("/api/alerts/{alert_id}/verdict", "POST", WRITE, "Record a verdict", ApiGiven, takes=ApiVerdict),
    Operation("/api/detectors", "GET", READ, "The detectors in force", ApiRows),
    Operation("/api/lists", "GET", "lists:read", "What is on the lists", ApiRows),
    Operation("/api/feeds", "GET", "feeds:read", "How the feeds are", ApiRows),
]
ANSWERS = (alerts, alert, verdict, detectors, lists, feeds)
PAGES = (
    *(
        Page(each.path, answer, May.TRIAGE if each.scope == WRITE else May.LOOK, (each.method,), each.scope)
        for each, answer in zip(OPERATIONS, ANSWERS, strict=True)
    ),
    Page("/api/openapi.json", openapi, None, is_public=True),
)
