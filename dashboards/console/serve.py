"""Serve the console: HTTP in the foreground, what has to be done again and again beside it."""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

import uvicorn

from dashboards.console.app import make_app
from dashboards.console.desk import Desk
from tollwatch.errors import ConfigurationError, TollwatchError

log = logging.getLogger("tollwatch.console")
EVERY_S = 2.0


class Address(NamedTuple):
    """Where the console listens, and under which names it is reached."""

    host: str = "127.0.0.1"
    port: int = 8080
    names: tuple[str, ...] = ()

    @property
    def url(self) -> str:
        """Where a browser on this machine finds it."""
        shown = "localhost" if self.host in ("127.0.0.1", "0.0.0.0", "::") else self.host  # noqa: S104  (compared only)
        return f"http://{shown}:{self.port}"

    def hosts(self) -> list[str]:
        """The values of `Host` that are answered."""
        return list(dict.fromkeys([*self.names, "localhost", "127.0.0.1", "[::1]", self.host]))


def keep_up(desk: Desk, ended: threading.Event, duties: list[Callable[[Desk], object]]) -> None:
    """Read what is new into the queue, and do the duties, until the console ends; a failure is told and tried again."""
    while not ended.wait(EVERY_S):
        for duty in (lambda own: own.queue.refresh(), *duties):
            try:
                duty(desk)
            except TollwatchError as error:
                log.warning("%s", error)
            except Exception:
                log.exception("a duty of the console failed; it is tried again")


@contextmanager
def serving(
    desk: Desk, address: Address, duties: list[Callable[[Desk], object]] | None = None
) -> Iterator[uvicorn.Server]:
    """The console, served in a thread while this is entered. Raises ConfigurationError where it cannot listen."""
    options = uvicorn.Config(
        make_app(desk, address.hosts()),
        host=address.host,
        port=address.port,
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=2,
    )
    server, ended = uvicorn.Server(options), threading.Event()
    thread = threading.Thread(target=server.run, name="console", daemon=True)
    thread.start()
    beside = threading.Thread(target=keep_up, args=(desk, ended, duties or []), name="console-duties", daemon=True)
    beside.start()
    try:
        while not server.started:
            if not thread.is_alive():
                raise ConfigurationError(f"{address.host}:{address.port}: cannot listen there; choose another --port")
            time.sleep(0.02)
        yield server
    finally:
        ended.set()
        server.should_exit = True
        thread.join(10)
        beside.join(10)
