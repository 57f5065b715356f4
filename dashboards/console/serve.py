"""Serve the console: HTTP in the foreground, what has to be done again and again beside it."""

import logging
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import NamedTuple

import niquests
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


def free_port(wanted: int) -> int:
    """A port of this machine that nobody listens on: the one that is wanted, if it is free."""
    for port in (wanted, 0):
        with socket.socket() as made, suppress(OSError):
            made.bind(("127.0.0.1", port))
            return int(made.getsockname()[1])
    raise ConfigurationError("no port of this machine is free")


def answers(address: Address) -> None:
    """See that the entrance is served. Raises ConfigurationError where it is not."""
    with niquests.get(f"{address.url}/sign-in", timeout=10) as answer:
        if answer.status_code != 200:
            raise ConfigurationError(f"{address.url}: answers {answer.status_code}")


def keep_up(desk: Desk, ended: threading.Event, duties: Sequence[Callable[[Desk], object]]) -> None:
    """Do the duties again and again until the console ends; a failure is told and tried again."""
    while not ended.wait(EVERY_S):
        for duty in duties:
            try:
                duty(desk)
            except TollwatchError as error:
                log.warning("%s", error)
            except Exception:
                log.exception("a duty of the console failed; it is tried again")


@contextmanager
def serving(desk: Desk, address: Address, duties: Sequence[Callable[[Desk], object]] = ()) -> Iterator[uvicorn.Server]:
    """The console, served in a thread while this is entered. Raises ConfigurationError where it cannot listen."""
    options = uvicorn.Config(
        make_app(desk, address.hosts()),
        host=address.host,
        port=address.port,
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=4,
    )
    server, ended = uvicorn.Server(options), threading.Event()
    thread = threading.Thread(target=server.run, name="console", daemon=True)
    thread.start()
    groups = {"queue": [lambda own: own.queue.refresh()], "duties": duties}
    beside = [threading.Thread(target=keep_up, args=(desk, ended, g), name=n, daemon=True) for n, g in groups.items()]
    for each in beside:
        each.start()
    try:
        while not server.started:
            if not thread.is_alive():
                raise ConfigurationError(f"{address.host}:{address.port}: cannot listen there; choose another --port")
            time.sleep(0.02)
        yield server
    finally:
        ended.set()
        desk.is_closing = True
        server.should_exit = True
        thread.join(10)
        for each in beside:
            each.join(10)
