"""Serve the console, in which alerts are triaged, rules tried and feeds watched."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from dashboards.console.app import make_desk
from dashboards.console.duties import DUTIES
from dashboards.console.serve import Address, serving
from services.stores import DATA, held_open
from services.users import list_users
from tollwatch.config import Settings, load_settings
from tollwatch.errors import ConfigurationError


def console(
    *,
    data: Path | None = None,
    host: str = "127.0.0.1",
    port: int = 8080,
    name: Annotated[tuple[str, ...], Parameter(consume_multiple=True)] = (),
    rules: Annotated[tuple[Path, ...], Parameter(consume_multiple=True)] = (),
    config: Path | None = None,
) -> None:
    """Serve the console until Ctrl-C.

    With a data directory, this process holds it: run files into it with `tollwatch run --console`. With `clickhouse` in
    the settings, any number of consoles may run anywhere. Who may sign in: `tollwatch users add`.

    Try: tollwatch console --data data

    Parameters
    ----------
    data
        The data directory; default: the server of the settings, else `tollwatch-data`.
    host
        The address to listen on. Beyond this machine put a proxy with TLS before it.
    port
        The port.
    name
        Host names under which it is reached, beside this machine's.
    rules
        The rules files that the line runs with.
    config
        A settings file.
    """
    settings = load_settings(config)
    with held_open(data, settings), console_over(data, settings, Address(host, port, name), rules=rules) as address:
        print(f"The console is at {address.url} (Ctrl-C ends it)", flush=True)
        until_ended()


@contextmanager
def console_over(
    data: Path | None, settings: Settings, address: Address, *, rules: tuple[Path, ...] = ()
) -> Iterator[Address]:
    """The console of a store that is held open. Raises ConfigurationError where nobody can sign in."""
    if not any(user.may_sign_in and user.active for user in list_users(data or DATA, settings, every_tenant=True)):
        raise ConfigurationError("nobody can sign in yet; `tollwatch users add NAME --role admin` adds somebody")
    with serving(make_desk(data, settings, rules=rules), address, DUTIES):
        yield address


def until_ended() -> None:
    """Wait for Ctrl-C, or for SIGTERM."""
    ended = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    try:
        while not ended.wait(1):
            pass
    except KeyboardInterrupt:
        return
