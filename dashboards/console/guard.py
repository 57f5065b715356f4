"""Every request goes through here: who asks, whether they may, whether the form is one of ours; and headers."""

import hmac
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from dashboards.console.desk import Ask, Desk, Page
from services.roles import May
from services.sign_in import Person, SignedIn, TooManyAttemptsError, signed_in
from services.tokens import token_owner
from services.triage import SomebodyWasQuickerError
from tollwatch.errors import TollwatchError

COOKIE = "tollwatch"
MOST_BYTES = 256_000
"""No form of ours is longer; a rule is at most a tenth of it."""
MOST_FIELDS = 1_000
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; manifest-src 'self'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "Cache-Control": "no-store",
}


def route(desk: Desk, page: Page) -> Route:
    """A page as Starlette serves it."""

    async def endpoint(request: Request) -> Response:
        response = await _answer(desk, page, request)
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        return response

    return Route(page.path, endpoint, methods=list(page.methods))


async def _answer(desk: Desk, page: Page, request: Request) -> Response:
    is_api = page.path.startswith("/api/")
    try:
        form = await _form(request)
    except TollwatchError as error:
        return _refused(request, 413, str(error), is_api=is_api)
    token = request.cookies.get(COOKIE, "")
    try:
        found = await run_in_threadpool(_who, desk, page, request, token)
    except TollwatchError as error:
        return _refused(request, 401, str(error), is_api=is_api)
    if found is None and not page.is_public:
        return _refused(request, 401, "sign in first", is_api=is_api)
    person = found.person if found is not None else None
    if page.may is not None and (person is None or not person.may(page.may)):
        return _refused(request, 403, _not_allowed(person, page.may), is_api=is_api)
    if request.method not in ("GET", "HEAD") and not _is_ours(request, form, person, page):
        return _refused(request, 403, "this form is not from the console; load the page again", is_api=is_api)
    ask = Ask(desk, request, person, form, token)
    response = await run_in_threadpool(_safely, page, ask, is_api=is_api)
    if found is not None and found.token is not None:
        keep_token(response, request, found.token)
    if "say" in request.cookies and response.status_code == 200 and "text/html" in response.headers["content-type"]:
        response.delete_cookie("say", path="/")
    return response


def keep_token(response: Response, request: Request, token: str) -> None:
    """Give the browser the token of its session, which no script can read and no other site can send."""
    secure = request.url.scheme == "https"
    response.set_cookie(COOKIE, token, httponly=True, samesite="strict", secure=secure, path="/")


def _who(desk: Desk, page: Page, request: Request, token: str) -> SignedIn | None:
    bearer = request.headers.get("authorization", "")
    if page.scope is not None and bearer.startswith("Bearer "):
        person = token_owner(bearer.removeprefix("Bearer ").strip(), page.scope, desk.home, desk.settings)
        return SignedIn(person, None)
    return signed_in(token, desk.home, desk.settings) if token else None


def _not_allowed(person: Person | None, permission: May) -> str:
    role = person.role if person is not None else "nobody"
    return f"the role {role} may not do this (it needs `{permission}`); ask who looks after the people"


async def _form(request: Request) -> Mapping[str, Any]:
    """What was filled in: of a form, or of the address; files are not taken."""
    if request.method in ("GET", "HEAD"):
        return dict(request.query_params)
    length = request.headers.get("content-length", "0")
    if not length.isdigit() or int(length) > MOST_BYTES:
        raise TollwatchError(f"more than {MOST_BYTES:,} bytes; send less at once")
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > MOST_BYTES:
            raise TollwatchError(f"more than {MOST_BYTES:,} bytes; send less at once")
    request._body = body  # noqa: SLF001  (Starlette reads a body once; this is how it keeps it)
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "application/x-www-form-urlencoded":
        form = await request.form(max_fields=MOST_FIELDS, max_files=0)
        return {name: form.getlist(name) if name.endswith("s[]") else form[name] for name in form}
    return {"body": body}


def _is_ours(request: Request, form: Mapping[str, Any], person: Person | None, page: Page) -> bool:
    """Whether a change was asked for by a page of ours: a token of the API, or the session's own secret."""
    if page.scope is not None and request.headers.get("authorization", "").startswith("Bearer "):
        return True
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        return False
    origin = request.headers.get("origin")
    if origin is not None and origin.partition("://")[2] != request.headers.get("host"):
        return False
    if person is None:
        return True  # signing in: there is no session yet whose rights could be used
    given = form.get("csrf") or request.headers.get("x-csrf-token") or ""
    return isinstance(given, str) and hmac.compare_digest(given.encode(), person.csrf.encode())


def _safely(page: Page, ask: Ask, *, is_api: bool) -> Response:
    try:
        return page.answer(ask)
    except SomebodyWasQuickerError as error:
        return _told(ask, 409, str(error), is_api=is_api)
    except TooManyAttemptsError as error:
        return _told(ask, 429, str(error), is_api=is_api)
    except TollwatchError as error:
        return _told(ask, 400, str(error), is_api=is_api)


def _told(ask: Ask, status: int, sentence: str, *, is_api: bool) -> Response:
    if is_api:
        return JSONResponse({"error": sentence}, status)
    back = ask.request.headers.get("referer", "")
    own = back.partition("://")[2].partition("/")
    here = f"/{own[2].lstrip('/')}" if own[0] == ask.request.headers.get("host") else "/"
    return ask.page("error.html", status=status, sentence=sentence, back=here, title="Not done")


def _refused(request: Request, status: int, sentence: str, *, is_api: bool) -> Response:
    if is_api:
        headers = {"WWW-Authenticate": "Bearer"} if status == 401 else None
        return JSONResponse({"error": sentence}, status, headers=headers)
    if status == 401 and request.method == "GET":
        target = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        if request.headers.get("hx-request"):
            return Response(status_code=204, headers={"HX-Redirect": "/sign-in"})
        return RedirectResponse(f"/sign-in?to={quote(target, safe='')}", 303)
    return Response(f"{sentence}\n", status, media_type="text/plain; charset=utf-8")
