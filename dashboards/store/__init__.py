"""Where events and findings are kept, behind one interface: chDB in the data directory, or later a server."""

from dashboards.store.chdb_store import ChdbStore
from dashboards.store.listing import about, listed

__all__ = ["ChdbStore", "about", "listed"]
