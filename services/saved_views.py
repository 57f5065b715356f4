"""Filters of the queue, kept under a name: for oneself, or for everybody of the tenant."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import or_, select

from services.relational import open_database
from store.relational import SavedView
from store.relational.audit import now_ms
from tollwatch.config import Settings
from tollwatch.errors import ConfigurationError

MOST = 50


def save_view(
    name: str, filters: Mapping[str, str], data: Path, settings: Settings, *, by: str, shared: bool = False
) -> None:
    """Keep filters. Of the same name and person they take the place of those before."""
    name = name.strip()
    if not name or len(name) > 64:
        raise ConfigurationError("a view needs a name of at most 64 characters")
    own = select(SavedView).where(SavedView.tenant == settings.tenant, SavedView.by == by)
    with open_database(data, settings) as database, database.session(by) as session:
        mine = list(session.scalars(own))
        found = next((view for view in mine if view.name == name), None)
        if found is None and len(mine) >= MOST:
            raise ConfigurationError(f"you have {MOST} views; remove one first")
        if found is None:
            found = SavedView(tenant=settings.tenant, name=name, by=by, created_at=now_ms(), filters="", shared=shared)
            session.add(found)
        found.filters, found.shared = msgspec.json.encode(dict(filters), order="sorted").decode(), shared


def drop_view(view_id: int, data: Path, settings: Settings, *, by: str) -> None:
    """Remove a view of one's own."""
    with open_database(data, settings) as database, database.session(by) as session:
        found = session.get(SavedView, view_id)
        if found is None or found.by != by or found.tenant != settings.tenant:
            raise ConfigurationError("this view is not yours, or is gone already")
        session.delete(found)


def saved_views(data: Path, settings: Settings, *, by: str) -> list[dict[str, Any]]:
    """One's own views, and those that are for everybody."""
    wanted = (
        select(SavedView)
        .where(SavedView.tenant == settings.tenant, or_(SavedView.by == by, SavedView.shared))
        .order_by(SavedView.name, SavedView.view_id)
    )
    with open_database(data, settings) as database, database.reading() as session:
        return [
            {"view_id": view.view_id, "name": view.name, "mine": view.by == by, "shared": view.shared}
            | {"filters": msgspec.json.decode(view.filters)}
            for view in session.scalars(wanted)
        ]
