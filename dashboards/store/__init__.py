"""Where events and findings are kept, behind one interface: chDB in the data directory, or a server."""

from dashboards.store.chdb_store import ChdbStore
from dashboards.store.listing import about, listed
from dashboards.store.server_store import ServerStore

__all__ = ["ChdbStore", "ServerStore", "about", "listed"]
