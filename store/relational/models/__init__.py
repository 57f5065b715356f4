"""The relational tables, a file per domain, on one metadata and so with one history of migrations.

Times are milliseconds since the epoch and money millionths, as everywhere.
"""

from store.relational.models.base import Base
from store.relational.models.lists import ListEntry, NamedList
from store.relational.models.people import Audit, User
from store.relational.models.verdicts import KEYS, Verdict

__all__ = ["KEYS", "Audit", "Base", "ListEntry", "NamedList", "User", "Verdict"]
