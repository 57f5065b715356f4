"""What every page works with: where the data is, the queue, the templates; and one request of one person."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from dashboards.console.shown import environment
from detectors.rule import Rule
from services.assembly import rules_in_force
from services.background import Background
from services.ledger.books import Books
from services.quarantine import is_live
from services.queue import Queue
from services.roles import May
from services.rule_drafts import rules_published
from services.sign_in import Person
from services.stores import DATA
from tollwatch.config import Settings


class Desk:
    """One console: its data, its settings, its queue, its templates."""

    def __init__(self, data: Path | None, settings: Settings, *, rules: tuple[Path, ...] = ()) -> None:
        self.data, self.settings, self.rules_files = data, settings, rules
        self.home = data or DATA
        self.queue = Queue(data, self.home, settings)
        self.background = Background()
        self.templates = environment()
        self.is_closing = False
        self.ledgers: dict[str, Books] = {}

    def settings_of(self, tenant: str) -> Settings:
        """The settings, for one tenant alone."""
        return msgspec.structs.replace(self.settings, tenant=tenant, tenants=[])

    def books(self, tenant: str) -> Books:
        """The ledger of a tenant."""
        return self.ledgers.setdefault(tenant, Books(self.data, self.home, self.settings_of(tenant)))

    def rules(self) -> list[Rule]:
        """The detectors and rules in force, as the settings and the files have them."""
        shipped = rules_in_force(self.settings, self.rules_files)
        own = rules_published(self.home, self.settings)
        return [*(rule for rule in shipped if rule.name not in {each.name for each in own}), *own]

    @property
    def is_live(self) -> bool:
        """Whether workers run, which are told at once; a data directory's next run reads what was decided."""
        return is_live(self.data, self.settings)


class Ask:
    """One request: who asks, as which tenant, and what was filled in."""

    def __init__(
        self, desk: Desk, request: Request, person: Person | None, form: Mapping[str, Any], token: str
    ) -> None:
        self.desk, self.request, self._person, self.form, self.token = desk, request, person, form, token

    @property
    def person(self) -> Person:
        """Who is signed in."""
        assert self._person is not None, "the page is open to everybody"
        return self._person

    @property
    def tenant(self) -> str:
        """Whose records are shown."""
        return self.person.tenant

    @property
    def settings(self) -> Settings:
        """The settings, for the person's tenant alone."""
        return self.desk.settings_of(self.tenant)

    @property
    def books(self) -> Books:
        """The ledger of the person's tenant."""
        return self.desk.books(self.tenant)

    @property
    def home(self) -> Path:
        """Where the relational database of a data directory is."""
        return self.desk.home

    @property
    def data(self) -> Path | None:
        """The data directory that was named."""
        return self.desk.data

    def path(self, name: str) -> str:
        """A part of the address."""
        return str(self.request.path_params[name])

    def text(self, name: str) -> str:
        """What was filled in under a name."""
        value = self.form.get(name, "")
        return value.strip() if isinstance(value, str) else ""

    def number(self, name: str) -> int | None:
        """A whole number that was filled in, None where it is none."""
        text = self.text(name)
        return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else None

    def page(self, template: str, /, *, status: int = 200, **values: Any) -> HTMLResponse:
        """A page out of a template; `see` says whether identifiers are shown whole."""
        own = {"person": self._person, "ask": self, "May": May, "see": False, "tenants": self.desk.settings.tenants}
        made = self.desk.templates.get_template(template).render(own | values)
        return HTMLResponse(made, status)

    @property
    def said(self) -> str:
        """The sentence that the page before wanted shown."""
        text = self.request.cookies.get("say", "").strip('"')
        return text.encode("ascii", "replace").decode("unicode_escape", "replace")

    def go(self, to: str, say: str = "") -> Response:
        """On to another page, with a sentence that it shows."""
        response = RedirectResponse(to, 303)
        if say:
            response.set_cookie("say", _safe(say), max_age=30, httponly=True, samesite="strict", path="/")
        return response


def _safe(text: str) -> str:
    """A sentence as a cookie can hold it."""
    return text.encode("unicode_escape").decode("ascii").replace(";", ",")[:400]


class Page(NamedTuple):
    """An address, who may ask for it (None: everybody), and what answers. `scope`: a token of the API may too."""

    path: str
    answer: Callable[[Ask], Response]
    may: May | None
    methods: tuple[str, ...] = ("GET",)
    scope: str | None = None
    is_public: bool = False
