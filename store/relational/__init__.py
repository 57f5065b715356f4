"""Relational data: verdicts, lists, users, and the audit of every change; SQLite by default, PostgreSQL by URL."""

from store.relational.database import Database
from store.relational.models import Audit, Base, ListEntry, NamedList, User, Verdict

__all__ = ["Audit", "Base", "Database", "ListEntry", "NamedList", "User", "Verdict"]
