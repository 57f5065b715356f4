"""What waits for a second person, and what was decided."""

from starlette.responses import Response

from dashboards.console.desk import Ask, Page
from services.approvals import decide, proposals
from services.lab.champions import put_in_force
from services.roles import May, may_decide
from services.rule_drafts import carry_out
from tollwatch.errors import ConfigurationError


def show(ask: Ask) -> Response:
    """Those that wait first."""
    found = proposals(ask.home, ask.settings)
    waiting = [each for each in found if each["state"] == "waiting"]
    decided = [each for each in found if each["state"] != "waiting"]
    see = ask.person.may(May.SEE)
    return ask.page(
        "decisions.html", title="Decisions", waiting=waiting, decided=decided, see=see, may_decide=may_decide
    )


def answer(ask: Ask) -> Response:
    """Confirm, or reject, each by whom it takes; who proposed it may withdraw it."""
    number, word = ask.path("proposal_id"), ask.text("do")
    if word not in ("confirm", "reject") or not number.isdigit():
        raise ConfigurationError("confirm it or reject it")

    def publish(proposal: dict[str, object]) -> None:
        if proposal["kind"] == "write_off":
            ask.books.write_off(proposal)
            return
        if proposal["kind"] == "model":
            put_in_force(proposal, ask.home, ask.settings, by=ask.person.name, live=ask.desk.is_live)
            return
        carry_out(proposal, ask.home, ask.settings, by=ask.person.name, live=ask.desk.is_live)

    done = decide(
        int(number),
        confirm=word == "confirm",
        note=ask.text("note"),
        data=ask.home,
        settings=ask.settings,
        by=ask.person.name,
        publish=publish,
        role=ask.person.role,
    )
    return ask.go("/decisions", f"{done['kind'].replace('_', ' ')}: {done['state']}.")


PAGES = (
    Page("/decisions", show, May.LOOK),
    Page("/decisions/{proposal_id}", answer, May.LOOK, ("POST",)),
)
