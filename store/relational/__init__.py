"""Relational data: verdicts, lists, users, and the audit of every change; SQLite by default, PostgreSQL by URL."""

from store.relational.database import Database
from store.relational.models import (
    ROLES,
    AlertWork,
    ApiToken,
    Audit,
    Base,
    ListEntry,
    LossAction,
    NamedList,
    Proposal,
    RuleVersion,
    SavedView,
    SignIn,
    SignInFailure,
    User,
    Verdict,
    Webhook,
    WebhookDelivery,
)

__all__ = [
    "ROLES",
    "AlertWork",
    "ApiToken",
    "Audit",
    "Base",
    "Database",
    "ListEntry",
    "LossAction",
    "NamedList",
    "Proposal",
    "RuleVersion",
    "SavedView",
    "SignIn",
    "SignInFailure",
    "User",
    "Verdict",
    "Webhook",
    "WebhookDelivery",
]
