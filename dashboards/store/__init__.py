"""Where events and findings are kept: chDB in the data directory, or later a ClickHouse server, behind one interface."""

from dashboards.store.chdb_store import ChdbStore

__all__ = ["ChdbStore"]
