"""Where events and findings are kept, behind one interface: chDB in the data directory, or a server."""

from store.chdb_store import ChdbStore
from store.listing import about, listed
from store.server_store import ServerStore

__all__ = ["ChdbStore", "ServerStore", "about", "listed"]
