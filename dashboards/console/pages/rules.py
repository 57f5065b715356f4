"""Rules of analysts: write, check while typing, try on the past, publish with a second person, go back."""

import time

from starlette.responses import Response

from dashboards.console.desk import Ask, Page
from services.background import Job
from services.roles import May
from services.rule_drafts import (
    Change,
    alerts_of_last_hour,
    capacity,
    go_back,
    list_rules,
    propose_change,
    save_draft,
    try_draft,
    versions_of,
)
from services.rule_help import complete, faults
from tollwatch.errors import ConfigurationError
from tollwatch.times import parse_moment

DAY_MS = 86_400_000
NEW = """\
name: dropped-calls-to-strangers
reads: usage
by: calling_number
features:
  victims: >-
    distinct(called_number) over 10m
    where record_type = 'originating' and service = 'voice' and duration_s = 0 and ring_s <= 4
warning: victims >= 20
critical: victims >= 40
"""


def show(ask: Ask) -> Response:
    """Every rule of the tenant's, with its live rate."""
    rows = list_rules(ask.home, ask.settings)
    often = alerts_of_last_hour(ask.data, ask.settings, now=time.time_ns() // 1_000_000) if rows else {}
    most = capacity(ask.home, ask.settings)
    return ask.page("rules.html", title="Rules", rows=rows, often=often, most=most)


def edit(ask: Ask) -> Response:
    """The editor of one rule; `new` begins with an example."""
    name = ask.path("name")
    versions = versions_of(name, ask.home, ask.settings) if name != "new" else []
    if name != "new" and not versions:
        raise ConfigurationError(f"no rule of yours is called {name}")
    text = versions[-1]["text"] if versions else NEW
    return ask.page("rule.html", title=name, name=name, versions=versions, text=text, faults=[], words=[])


def check(ask: Ask) -> Response:
    """What is wrong with the text, at the word, and what may follow at the cursor."""
    text = _text(ask)
    words = complete(text, ask.number("cursor") or len(text))
    return ask.page("rule_check.html", faults=faults(text, ask.settings, ask.desk.rules_files), words=words)


def save(ask: Ask) -> Response:
    """Keep the text as a draft."""
    name = ask.path("name")
    saved = save_draft(_text(ask), ask.home, ask.settings, by=ask.person.name, name=None if name == "new" else name)
    return ask.go(f"/rules/{saved}", "The draft is saved. Try it on the past, then have it published.")


def _text(ask: Ask) -> str:
    text = ask.form.get("text", "")
    return text.replace("\r\n", "\n") if isinstance(text, str) else ""


def begin(ask: Ask) -> Response:
    """Run the text over everything that is stored."""
    text, settings = _text(ask), ask.settings
    judged = ask.desk.queue.table(ask.tenant)
    judged = judged.filter(judged["verdict"].is_not_null())
    faults_found = faults(text)
    if faults_found:
        return ask.page("rule_check.html", faults=faults_found, words=[])
    job = Job("trial", ask.person.name, ask.tenant)
    ask.desk.background.start(job, lambda own: try_draft(text, ask.data, settings, judged, own))
    return ask.page("trial.html", job=job, see=ask.person.may(May.SEE), step=DAY_MS)


def trial(ask: Ask) -> Response:
    """How far it is, or what came of it."""
    return ask.page("trial.html", job=_job(ask), see=ask.person.may(May.SEE), step=DAY_MS)


def cancel(ask: Ask) -> Response:
    """End it."""
    job = _job(ask)
    job.cancel()
    return ask.page("trial.html", job=job, see=False, step=DAY_MS)


def _job(ask: Ask) -> Job:
    job = ask.desk.background.find(ask.path("job_id"), ask.tenant)
    if job is None:
        raise ConfigurationError("this trial is gone; begin another")
    return job


def ask_for(ask: Ask) -> Response:
    """Propose to publish the draft, or to take the rule out."""
    when = ask.text("from")
    change = Change(
        ask.path("name"),
        ask.text("note"),
        ask.text("do") == "remove",
        parse_moment(when, where="from") if when else None,
    )
    done = propose_change(change, ask.home, ask.settings, by=ask.person.name, running=ask.desk.rules_files)
    return ask.go(f"/rules/{ask.path('name')}", done.sentence)


def back(ask: Ask) -> Response:
    """Take the text of an earlier version up again."""
    go_back(ask.path("name"), ask.number("version") or 0, ask.home, ask.settings, by=ask.person.name)
    return ask.go(f"/rules/{ask.path('name')}", "The earlier text is the draft now; have it published.")


PAGES = (
    Page("/rules", show, May.LOOK),
    Page("/rules/check", check, May.RULES, ("POST",)),
    Page("/rules/trial", begin, May.RULES, ("POST",)),
    Page("/rules/trial/{job_id}", trial, May.RULES),
    Page("/rules/trial/{job_id}/cancel", cancel, May.RULES, ("POST",)),
    Page("/rules/{name}", edit, May.LOOK),
    Page("/rules/{name}", save, May.RULES, ("POST",)),
    Page("/rules/{name}/propose", ask_for, May.RULES, ("POST",)),
    Page("/rules/{name}/back", back, May.RULES, ("POST",)),
)
