"""The relational tables, a file per domain, on one metadata and so with one history of migrations.

Times are milliseconds since the epoch and money millionths, as everywhere.
"""

from store.relational.models.base import Base
from store.relational.models.lab import ModelChange, ModelVersion
from store.relational.models.lists import ListEntry, NamedList
from store.relational.models.people import (
    ROLES,
    ApiToken,
    Audit,
    SignIn,
    SignInFailure,
    User,
    Webhook,
    WebhookDelivery,
)
from store.relational.models.triage import AlertWork, Proposal, RuleVersion, SavedView
from store.relational.models.verdicts import KEYS, LossAction, Verdict

__all__ = [
    "KEYS",
    "ROLES",
    "AlertWork",
    "ApiToken",
    "Audit",
    "Base",
    "ListEntry",
    "LossAction",
    "ModelChange",
    "ModelVersion",
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
