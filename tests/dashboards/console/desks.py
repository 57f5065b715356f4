"""A console over a few findings, with a person of each role, asked as a browser asks it."""

import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import polars as pl

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from starlette.testclient import TestClient

from dashboards.console.app import make_app, make_desk
from dashboards.console.desk import Desk
from services.roles import ROLES
from services.stores import held_open, open_store
from services.users import put_user
from tests.store.found import START, alert
from tollwatch.config import Settings
from tollwatch.findings import Evidence
from tollwatch.frames import Findings

PASSWORD = "correct horse"
SETTINGS = Settings(tenants=["other"], installation_key="00112233445566778899aabbccddeeff")
HOSTILE = '447"><script>alert(1)</script>=cmd|\u202e'
"""What a subscriber may call themselves."""


def rows(alert_id: str, count: int = 2, **columns: Any) -> list[Evidence]:
    """Events that were copied for an alert."""
    import msgspec  # noqa: PLC0415

    made = []
    for n in range(count):
        event = {
            "event_id": f"e{n}",
            "event_time": START + n,
            "calling_number": "447100000001",
            "imei": "350000",
            **columns,
        }
        made.append(
            Evidence(
                finding_id=alert_id,
                revision=1,
                ordinal=n,
                stream="usage",
                event_id=f"e{n}",
                event_time=START + n,
                row=msgspec.json.encode(event, order="sorted").decode(),
            )
        )
    return made


def found() -> Findings:
    """Alerts of two tenants, two of one account, one of somebody hostile."""
    alerts = [
        alert(1, account_id="A1", amount_micros=5_000_000),
        alert(
            2, account_id="A1", detector="high_usage", subject_kind="account_id", subject="A1", amount_micros=90_000_000
        ),
        alert(3, subject="447100000003", severity="critical", amount_micros=None, currency=None),
        alert(4, subject=HOSTILE, amount_micros=1_000_000),
        alert(9, tenant="other", subject="447100000009"),
    ]
    return Findings(alerts=alerts, evidence=rows(f"{1:016x}") + rows(f"{4:016x}", calling_number=HOSTILE))


def usage(event_id: str, **columns: Any) -> dict[str, Any]:
    """A raw event of usage."""
    own = {"event_id": event_id, "event_time": START, "source": "sw", "tenant": "main", "service": "voice"}
    return own | columns


class Browser:
    """One person's browser."""

    def __init__(self, desk: Desk, *, address: str = "testclient") -> None:
        self.desk = desk
        self.client = TestClient(make_app(desk, ["testserver"]), follow_redirects=False, client=(address, 5000))

    def sign_in(self, name: str, password: str = PASSWORD) -> "Browser":
        """With the password that everybody has."""
        answer = self.client.post("/sign-in", data={"name": name, "password": password})
        assert answer.status_code == 303, answer.text
        return self

    def get(self, path: str, **given: Any) -> Any:
        """A page."""
        return self.client.get(path, **given)

    def post(self, path: str, **fields: Any) -> Any:
        """A form of ours, sent."""
        return self.client.post(path, data={"csrf": self.csrf(), **fields})

    def csrf(self) -> str:
        """The secret of the session, as pages carry it."""
        match = re.search(r'data-csrf="([^"]+)"', self.get("/").text)
        assert match is not None
        return match.group(1)


def write_raw(data: Path, settings: Settings, stream: str, events: list[dict[str, Any]]) -> None:
    """Store raw events as the line does."""
    store = open_store(data, settings)
    placed = pl.DataFrame(events).with_row_index("_offset").with_columns(_partition=pl.lit("p"))
    store.write_raw(stream, "p", placed.with_columns(pl.col("_offset").cast(pl.Int64)))
    store.flush_raw()  # type: ignore[attr-defined]
    store.close()


@contextmanager
def console(data: Path, findings: Findings | None = None, settings: Settings = SETTINGS) -> Iterator[Desk]:
    """A desk over a data directory with findings, and one person of each role: `ada` is an analyst, as is `bob`."""
    with held_open(data, settings, must_exist=False):
        store = open_store(data, settings)
        store.write(findings if findings is not None else found())
        for role in ROLES:
            put_user(role, data, settings, role=role, password=PASSWORD)
        for name in ("ada", "bob"):
            put_user(name, data, settings, role="analyst", password=PASSWORD)
        put_user("olga", data, settings, role="admin", tenant="other", password=PASSWORD)
        yield make_desk(data, settings)
