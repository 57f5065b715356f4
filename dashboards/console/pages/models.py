"""The models: which one scores, how it is, which stand beside it; who proposes a change of it, and why."""

from typing import Any

from starlette.responses import Response

from dashboards.console.desk import Ask, Page
from services.lab.champions import changes_of, propose_promotion, propose_rollback
from services.lab.comparison import compare, sentence
from services.lab.health import health_of_models
from services.lab.labelling import estimate_sentence, missed_fraud, worth_labelling
from services.lab.registry import challenge, models, retire
from services.roles import May
from services.verdicts import Said, Word, give_verdict
from tollwatch.errors import ConfigurationError, InputError

WORDS: dict[str, Word] = {"fraud": "fraud", "false_alarm": "false_alarm", "unsure": "unsure"}


def show(ask: Ask) -> Response:
    """Every scored detector: its health, its models, who scored until now."""
    every = models(ask.home, ask.settings)
    detectors = [
        {
            "health": each,
            "models": [row for row in every if row["detector"] == each.detector],
            "changes": changes_of(each.detector, ask.home, ask.settings),
            "asked": worth_labelling(each.detector, ask.data, ask.settings),
            "estimate": estimate_sentence(missed_fraud(each.detector, ask.data, ask.settings)),
        }
        for each in health_of_models(ask.data, ask.settings)
    ]
    beside = {row["artifact"]: _beside(ask, row) for row in every if row["state"] == "challenger"}
    see = ask.person.may(May.SEE)
    return ask.page("models.html", title="Models", detectors=detectors, beside=beside, see=see)


def _beside(ask: Ask, row: dict[str, Any]) -> str:
    """How a challenger does against the champion, as a sentence."""
    try:
        return sentence(compare(row["artifact"], ask.data, ask.settings))
    except InputError:
        return "It has scored nothing yet: it begins with the next run."


def change(ask: Ask) -> Response:
    """Let a model stand beside the champion, take it away, or ask a second person to let it score."""
    name, word, by = ask.path("artifact"), ask.text("do"), ask.person.name
    if word == "challenge":
        challenge(name, ask.home, ask.settings, by=by)
        return ask.go("/models", f"{name} scores beside the champion from the next run on; it alerts on nothing.")
    if word == "retire":
        retire(name, ask.home, ask.settings, by=by)
        return ask.go("/models", f"{name} scores no more.")
    if word == "promote":
        propose_promotion(name, ask.home, ask.settings, by=by, why=ask.text("why"))
        return ask.go("/decisions", "Proposed: a second person confirms it.")
    raise ConfigurationError("let it challenge, promote it, or retire it")


def roll_back(ask: Ask) -> Response:
    """Ask a second person to let the model before score again."""
    propose_rollback(ask.path("name"), ask.home, ask.settings, by=ask.person.name, why=ask.text("why"))
    return ask.go("/decisions", "Proposed: a second person confirms it.")


def label(ask: Ask) -> Response:
    """Say what an event was that was asked for; the line learns it as it learns a verdict on an alert."""
    event_id, word = ask.text("event_id"), ask.text("verdict")
    asked = {each.event_id for each in worth_labelling(ask.path("name"), ask.data, ask.settings)}
    if event_id not in asked:
        raise ConfigurationError("this event is not asked for, or has its label by now")
    if word not in WORDS:
        raise ConfigurationError("say fraud, false_alarm or unsure")
    said = Said(WORDS[word], note=ask.text("note") or None, by=ask.person.name)
    give_verdict(event_id, said, ask.home, ask.settings, is_event=True)
    return ask.go("/models", "Noted; the line learns it as any verdict.")


PAGES = (
    Page("/models", show, May.LOOK),
    Page("/models/{artifact}", change, May.RULES, ("POST",)),
    Page("/models/{name}/rollback", roll_back, May.RULES, ("POST",)),
    Page("/models/{name}/label", label, May.TRIAGE, ("POST",)),
)
