"""A desk for the tests of pages; passwords are hashed cheaply, which the library's own tests are for."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from argon2 import PasswordHasher

from dashboards.console.desk import Desk
from services import sign_in
from tests.dashboards.console.desks import Browser, console


@pytest.fixture(autouse=True)
def _cheap_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sign_in, "hasher", lambda: PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """A console over a few findings."""
    with console(tmp_path / "data") as made:
        yield made


@pytest.fixture
def ada(desk: Desk) -> Browser:
    """An analyst's browser."""
    return Browser(desk).sign_in("ada")
