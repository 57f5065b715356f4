"""Sign in, sign out."""

from urllib.parse import urlsplit

from starlette.responses import Response

from dashboards.console.desk import Ask, Page
from dashboards.console.guard import COOKIE, keep_token
from services.roles import May
from services.sign_in import sign_in, sign_out
from tollwatch.errors import ConfigurationError


def show(ask: Ask) -> Response:
    """The form."""
    return ask.page("sign_in.html", title="Sign in", to=_own(ask.text("to")), sentence="")


def enter(ask: Ask) -> Response:
    """Begin a session, and go where one wanted to."""
    address = ask.request.client.host if ask.request.client is not None else ""
    to = _own(ask.text("to"))
    password = ask.form.get("password", "")
    try:
        found = sign_in(
            ask.text("name"), password if isinstance(password, str) else "", address, ask.home, ask.desk.settings
        )
    except ConfigurationError as error:
        status = 429 if "too many" in str(error) else 403
        return ask.page("sign_in.html", status=status, title="Sign in", to=to, sentence=str(error))
    response = ask.go(to)
    assert found.token is not None
    keep_token(response, ask.request, found.token)
    return response


def leave(ask: Ask) -> Response:
    """End the session."""
    sign_out(ask.token, ask.home, ask.settings, by=ask.person.name)
    response = ask.go("/sign-in")
    response.delete_cookie(COOKIE, path="/")
    return response


def _own(to: str) -> str:
    r"""An address of the console itself, else the queue.

    >>> _own("/alerts/1"), _own("//evil.example"), _own("https://evil.example/"), _own("/\\evil.example")
    ('/alerts/1', '/', '/', '/')
    """
    parts = urlsplit(to)
    fine = to.startswith("/") and not parts.netloc and not parts.scheme and "\\" not in to and "\n" not in to
    return to if fine and not to.startswith("//") else "/"


PAGES = (
    Page("/sign-in", show, None, is_public=True),
    Page("/sign-in", enter, None, ("POST",), is_public=True),
    Page("/sign-out", leave, May.LOOK, ("POST",)),
)
