"""The console as an application: every page behind the guard, what is shipped beside it, and nothing else."""

import logging
import pkgutil
from importlib import import_module
from pathlib import Path

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles

from dashboards.console import pages
from dashboards.console.desk import Desk, Page
from dashboards.console.guard import HEADERS, route
from dashboards.console.shown import STATIC
from tollwatch.config import Settings

log = logging.getLogger("tollwatch.console")


def every_page() -> list[Page]:
    """The pages of every file of the folder; a new file needs no list."""
    found = [import_module(f"{pages.__name__}.{each.name}") for each in pkgutil.iter_modules(pages.__path__)]
    return [page for module in found for page in module.PAGES]


def _missing(request: Request, error: Exception) -> Response:
    del error
    if request.url.path.startswith("/api/"):
        return JSONResponse({"error": "there is nothing at this address; /api/openapi.json lists what there is"}, 404)
    return PlainTextResponse("There is nothing at this address. The queue is at /\n", 404, headers=HEADERS)


def _method(request: Request, error: Exception) -> Response:
    allowed = getattr(error, "headers", None) or {}
    if request.url.path.startswith("/api/"):
        return JSONResponse({"error": "this address takes another method"}, 405, headers=allowed)
    return PlainTextResponse("This address takes another method.\n", 405, headers={**HEADERS, **allowed})


def _broken(request: Request, error: Exception) -> Response:
    log.error("%s %s failed", request.method, request.url.path, exc_info=error)
    sentence = "this is a fault of the console; its log says more, nothing was changed"
    if request.url.path.startswith("/api/"):
        return JSONResponse({"error": sentence}, 500)
    return PlainTextResponse(f"Sorry, {sentence}.\n", 500, headers=HEADERS)


def make_app(desk: Desk, hosts: list[str]) -> Starlette:
    """The application. `hosts` are the names under which it is reached: what asks for another is refused."""
    return Starlette(
        routes=[*(route(desk, page) for page in every_page()), Mount("/static", StaticFiles(directory=STATIC))],
        middleware=[
            Middleware(TrustedHostMiddleware, allowed_hosts=hosts),
            Middleware(GZipMiddleware, minimum_size=2000),
        ],
        exception_handlers={404: _missing, 405: _method, 500: _broken},
    )


def make_desk(data: Path | None, settings: Settings, *, rules: tuple[Path, ...] = ()) -> Desk:
    """A console's desk with its queue read."""
    desk = Desk(data, settings, rules=rules)
    desk.queue.refresh()
    return desk
