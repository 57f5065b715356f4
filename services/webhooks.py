"""Tell other systems of new and changed alerts over HTTP: signed, tried again, and visible when it fails.

The body is the alert's document. `Tollwatch-Signature: t=SECONDS,v1=HEX` holds HMAC-SHA256 of `SECONDS.BODY` under the
webhook's secret, so that who receives it knows who sent it and when. An alert's revision is sent until it is answered
with 2xx, at most `MOST_ATTEMPTS` times, twice as long apart each time.
"""

import hashlib
import hmac
import secrets
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import niquests
import polars as pl
from sqlalchemy import func, select

from services.findings import hidden
from services.relational import open_database
from services.roles import May, may
from services.stores import reading
from store.alerts import documents_of
from store.relational import User, Webhook, WebhookDelivery
from store.relational.audit import now_ms
from tollwatch.config import Settings
from tollwatch.errors import ConfigurationError

MOST_ATTEMPTS = 8
FIRST_WAIT_MS = 10_000
ANSWER_S = 5
AT_ONCE = 50
SEVERITIES = {"warning": ["warning", "critical"], "critical": ["critical"]}


def add_webhook(url: str, severity: str, data: Path, settings: Settings, *, by: str) -> str:
    """Tell an address of alerts from now on; gives its id. Raises ConfigurationError where it is no HTTP address."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username is not None:
        raise ConfigurationError("webhook: write https://host/path, without a password in it")
    if severity not in SEVERITIES:
        raise ConfigurationError("webhook: choose warning (every alert) or critical")
    webhook_id = secrets.token_hex(6)
    with open_database(data, settings) as database, database.session(by) as session:
        session.add(
            Webhook(
                webhook_id=webhook_id,
                tenant=settings.tenant,
                url=url[:2000],
                secret=secrets.token_urlsafe(32),
                severity=severity,
                active=True,
                by=by,
                created_at=now_ms(),
            )
        )
    return webhook_id


def drop_webhook(webhook_id: str, data: Path, settings: Settings, *, by: str) -> None:
    """Tell an address of nothing more."""
    with open_database(data, settings) as database, database.session(by) as session:
        found = session.get(Webhook, webhook_id)
        if found is None or found.by != by:
            raise ConfigurationError("webhook: you have none of this id")
        found.active = False


def try_again(webhook_id: str, data: Path, settings: Settings, *, by: str) -> None:
    """Send again what was given up."""
    with open_database(data, settings) as database, database.session(by) as session:
        found = session.get(Webhook, webhook_id)
        if found is None or found.by != by:
            raise ConfigurationError("webhook: you have none of this id")
        failed = WebhookDelivery.webhook_id == webhook_id, WebhookDelivery.state == "failed"
        for each in session.scalars(select(WebhookDelivery).where(*failed)):
            each.state, each.attempts, each.next_at = "waiting", 0, now_ms()


def list_webhooks(data: Path, settings: Settings, *, by: str) -> list[dict[str, Any]]:
    """Somebody's webhooks, with what became of their deliveries and the last thing that went wrong."""
    found = []
    with open_database(data, settings) as database, database.reading() as session:
        for row in session.scalars(select(Webhook).where(Webhook.by == by).order_by(Webhook.created_at)):
            own = WebhookDelivery.webhook_id == row.webhook_id
            counted = select(WebhookDelivery.state, func.count()).where(own).group_by(WebhookDelivery.state)
            last = select(WebhookDelivery.error).where(own, WebhookDelivery.error.is_not(None))
            error = session.scalar(last.order_by(WebhookDelivery.delivery_id.desc()).limit(1))
            names = ("webhook_id", "url", "secret", "severity", "active")
            counts = {row[0]: row[1] for row in session.execute(counted)}
            found.append({name: getattr(row, name) for name in names} | {"counts": counts, "error": error})
    return found


def deliver(alerts: dict[str, pl.DataFrame], data: Path | None, home: Path, settings: Settings) -> int:
    """Put what is new in line, and send what is due; gives how many were taken. `alerts` are those of each tenant."""
    with open_database(home, settings) as database, database.reading() as session:
        for hook in session.scalars(select(Webhook).where(Webhook.active)).all():
            since = session.scalar(
                select(func.max(WebhookDelivery.created_at)).where(WebhookDelivery.webhook_id == hook.webhook_id)
            )
            table = alerts.get(hook.tenant)
            if table is None:
                continue
            new = table.filter(
                pl.col("stored_at") > (since or hook.created_at), pl.col("severity").is_in(SEVERITIES[hook.severity])
            )
            owner = session.get(User, hook.by)
            see = owner is not None and owner.active and may(owner.role, May.SEE)
            _put_in_line(session, hook, new.sort("stored_at", "alert_id"), see=see, place=(data, settings))
        session.commit()
        due = WebhookDelivery.state == "waiting", WebhookDelivery.next_at <= now_ms()
        taken = 0
        for each in session.scalars(select(WebhookDelivery).where(*due).limit(AT_ONCE)).all():
            hook = session.get_one(Webhook, each.webhook_id)
            taken += _send(each, hook)
            session.commit()
    return taken


def _put_in_line(
    session: Any, hook: Webhook, new: pl.DataFrame, *, see: bool, place: tuple[Path | None, Settings]
) -> None:
    if new.is_empty():
        return
    data, settings = place
    with reading(data, settings) as store:
        documents = documents_of(store, hook.tenant, settings.run, new["alert_id"].to_list())
    known = select(WebhookDelivery.alert_id, WebhookDelivery.revision)
    there = {(row[0], row[1]) for row in session.execute(known.where(WebhookDelivery.webhook_id == hook.webhook_id))}
    for alert_id, revision, stored_at in new.select("alert_id", "revision", "stored_at").iter_rows():
        if (alert_id, revision) in there or alert_id not in documents:
            continue
        body = documents[alert_id].encode()
        session.add(
            WebhookDelivery(
                webhook_id=hook.webhook_id,
                alert_id=alert_id,
                revision=revision,
                body=(body if see else hidden(body)).decode(),
                state="waiting",
                attempts=0,
                next_at=now_ms(),
                created_at=stored_at,
            )
        )


def signature(secret: str, seconds: int, body: bytes) -> str:
    """What the header says.

    >>> signature("s", 5, b"{}")
    't=5,v1=773bda493dbd21f7ba124152afde2ffc93155f8f6599511f49b7bf4641bda33e'
    """
    digest = hmac.new(secret.encode(), f"{seconds}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={seconds},v1={digest}"


def _send(delivery: WebhookDelivery, hook: Webhook) -> bool:
    body, now = delivery.body.encode(), now_ms()
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "Tollwatch",
        "Tollwatch-Signature": signature(hook.secret, now // 1000, body),
    }
    delivery.attempts += 1
    try:
        answer = niquests.post(hook.url, data=body, headers=headers, timeout=ANSWER_S, allow_redirects=False)
        status = answer.status_code or 0
        error = None if 200 <= status < 300 else f"answered {status}"
    except (niquests.RequestException, OSError) as failure:
        error = f"{type(failure).__name__}"
    if error is None:
        delivery.state, delivery.delivered_at, delivery.error = "delivered", now, None
        return True
    delivery.error = f"{hook.url}: {error} (attempt {delivery.attempts})"
    delivery.next_at = now + FIRST_WAIT_MS * 2 ** (delivery.attempts - 1)
    if delivery.attempts >= MOST_ATTEMPTS or not hook.active:
        delivery.state = "failed"
    return False
