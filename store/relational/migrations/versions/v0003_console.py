"""The console: who may sign in, what is done with alerts, what waits for a second person, tokens and webhooks."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

ORDINAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
ROLES = "role IN ('viewer', 'analyst', 'assurance', 'scientist', 'admin')"
FORMER_ROLES = "role IN ('viewer', 'analyst', 'admin')"
FORMER_ACTIONS = (
    *("insert", "update", "delete", "publish", "query", "show", "refuse", "configure", "export", "erase", "retain"),
    *("verify",),
)
ACTIONS = (*FORMER_ACTIONS, "sign_in", "sign_out")
TABLES = (
    *("webhook_delivery", "webhook", "sign_in", "saved_view", "rule_version", "proposal", "api_token", "alert_work"),
    *("sign_in_failure",),
)
REFUSAL = "the audit is never changed"


def _tenant() -> sa.Column[str]:
    return sa.Column("tenant", sa.String(64), server_default="main", nullable=False)


def _by() -> sa.Column[str]:
    return sa.Column("by", sa.String(64), nullable=False)


def upgrade() -> None:
    """Make the tables, and give users a password and a tenant."""
    with op.batch_alter_table("users") as table:
        table.add_column(sa.Column("tenant", sa.String(64), server_default="main", nullable=False))
        table.add_column(sa.Column("password", sa.String(255)))
        table.drop_constraint(op.f("ck_users_role_known"), type_="check")
        table.create_check_constraint(op.f("ck_users_role_known"), ROLES)
    _allow(ACTIONS)
    op.add_column("list_entry", sa.Column("expires_at", sa.BigInteger()))
    _people()
    _webhooks()
    _triage()
    _decisions()
    _rules()


def _allow(actions: tuple[str, ...]) -> None:
    """Let the audit have other words; SQLite makes the table anew, and with it the triggers that protect it."""
    with op.batch_alter_table("audit") as table:
        table.drop_constraint(op.f("ck_audit_action_known"), type_="check")
        table.create_check_constraint(op.f("ck_audit_action_known"), f"action IN ({', '.join(map(repr, actions))})")
    if op.get_bind().dialect.name == "sqlite":
        for verb in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER IF NOT EXISTS audit_no_{verb.lower()} BEFORE {verb} ON audit "
                f"BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END"
            )


def _people() -> None:
    op.create_table(
        "sign_in_failure",
        sa.Column("failure_id", ORDINAL, nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("address", sa.String(64), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("failure_id", name=op.f("pk_sign_in_failure")),
    )
    op.create_index(op.f("ix_sign_in_failure_address_at"), "sign_in_failure", ["address", "at"])
    op.create_index(op.f("ix_sign_in_failure_name_at"), "sign_in_failure", ["name", "at"])
    op.create_table(
        "api_token",
        sa.Column("token_id", sa.String(64), nullable=False),
        sa.Column("token_hash", sa.String(64), nullable=False),
        sa.Column("name", sa.String(255), nullable=False),
        _by(),
        sa.Column("scopes", sa.String(255), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("revoked_at", sa.BigInteger()),
        sa.ForeignKeyConstraint(["by"], ["users.name"], name=op.f("fk_api_token_by_users")),
        sa.PrimaryKeyConstraint("token_id", name=op.f("pk_api_token")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_api_token_token_hash")),
    )
    op.create_table(
        "sign_in",
        sa.Column("token_hash", sa.String(64), nullable=False),
        sa.Column("user", sa.String(64), nullable=False),
        sa.Column("csrf", sa.String(64), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("rotated_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("former_hash", sa.String(64)),
        sa.Column("former_until", sa.BigInteger()),
        sa.Column("unmasked", sa.String(255)),
        sa.Column("unmasked_until", sa.BigInteger()),
        sa.ForeignKeyConstraint(["user"], ["users.name"], name=op.f("fk_sign_in_user_users")),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_sign_in")),
    )
    op.create_index(op.f("ix_sign_in_former_hash"), "sign_in", ["former_hash"])


def _triage() -> None:
    op.create_table(
        "alert_work",
        _tenant(),
        sa.Column("alert_id", sa.String(16), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("assigned_to", sa.String(64)),
        sa.Column("opened_at", sa.BigInteger()),
        sa.Column("judged_at", sa.BigInteger()),
        sa.Column("verdict", sa.String(16)),
        sa.Column("snoozed_until", sa.BigInteger()),
        sa.Column("note", sa.Text()),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.Column("changed_by", sa.String(64), nullable=False),
        sa.ForeignKeyConstraint(["changed_by"], ["users.name"], name=op.f("fk_alert_work_changed_by_users")),
        sa.PrimaryKeyConstraint("tenant", "alert_id", name=op.f("pk_alert_work")),
    )
    op.create_index(op.f("ix_alert_work_changed_at"), "alert_work", ["changed_at"])
    op.create_table(
        "saved_view",
        sa.Column("view_id", ORDINAL, nullable=False),
        _tenant(),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("filters", sa.Text(), nullable=False),
        sa.Column("shared", sa.Boolean(), nullable=False),
        _by(),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["by"], ["users.name"], name=op.f("fk_saved_view_by_users")),
        sa.PrimaryKeyConstraint("view_id", name=op.f("pk_saved_view")),
    )


def _decisions() -> None:
    op.create_table(
        "proposal",
        sa.Column("proposal_id", ORDINAL, nullable=False),
        _tenant(),
        sa.Column("kind", sa.String(64), nullable=False),
        sa.Column("about", sa.String(16)),
        sa.Column("target", sa.String(255)),
        sa.Column("entry", sa.String(255)),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("state", sa.String(64), nullable=False),
        _by(),
        sa.Column("proposed_at", sa.BigInteger(), nullable=False),
        sa.Column("decided_by", sa.String(64)),
        sa.Column("decided_at", sa.BigInteger()),
        sa.Column("decision_note", sa.Text()),
        sa.Column("exported_at", sa.BigInteger()),
        sa.CheckConstraint(
            "kind IN ('bar', 'list_add', 'list_remove', 'rule', 'rule_remove')", name=op.f("ck_proposal_kind_known")
        ),
        sa.CheckConstraint(
            "state IN ('waiting', 'confirmed', 'rejected', 'withdrawn')", name=op.f("ck_proposal_state_known")
        ),
        sa.ForeignKeyConstraint(["by"], ["users.name"], name=op.f("fk_proposal_by_users")),
        sa.PrimaryKeyConstraint("proposal_id", name=op.f("pk_proposal")),
    )
    op.create_index(op.f("ix_proposal_tenant_state"), "proposal", ["tenant", "state"])


def _rules() -> None:
    op.create_table(
        "rule_version",
        sa.Column("rule_version_id", ORDINAL, nullable=False),
        _tenant(),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("state", sa.String(64), nullable=False),
        _by(),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("from_ms", sa.BigInteger()),
        sa.Column("until_ms", sa.BigInteger()),
        sa.Column("note", sa.Text()),
        sa.Column("exported_at", sa.BigInteger()),
        sa.CheckConstraint(
            "state IN ('draft', 'published', 'paused', 'retired')", name=op.f("ck_rule_version_state_known")
        ),
        sa.ForeignKeyConstraint(["by"], ["users.name"], name=op.f("fk_rule_version_by_users")),
        sa.PrimaryKeyConstraint("rule_version_id", name=op.f("pk_rule_version")),
    )
    op.create_index(
        op.f("ix_rule_version_tenant_name_version"), "rule_version", ["tenant", "name", "version"], unique=True
    )


def _webhooks() -> None:
    op.create_table(
        "webhook",
        sa.Column("webhook_id", sa.String(64), nullable=False),
        _tenant(),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("secret", sa.String(64), nullable=False),
        sa.Column("severity", sa.String(64), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        _by(),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("severity IN ('warning', 'critical')", name=op.f("ck_webhook_severity_known")),
        sa.ForeignKeyConstraint(["by"], ["users.name"], name=op.f("fk_webhook_by_users")),
        sa.PrimaryKeyConstraint("webhook_id", name=op.f("pk_webhook")),
    )
    op.create_table(
        "webhook_delivery",
        sa.Column("delivery_id", ORDINAL, nullable=False),
        sa.Column("webhook_id", sa.String(64), nullable=False),
        sa.Column("alert_id", sa.String(64), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("state", sa.String(64), nullable=False),
        sa.Column("attempts", sa.BigInteger(), nullable=False),
        sa.Column("next_at", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("delivered_at", sa.BigInteger()),
        sa.Column("error", sa.Text()),
        sa.CheckConstraint("state IN ('waiting', 'delivered', 'failed')", name=op.f("ck_webhook_delivery_state_known")),
        sa.ForeignKeyConstraint(
            ["webhook_id"], ["webhook.webhook_id"], name=op.f("fk_webhook_delivery_webhook_id_webhook")
        ),
        sa.PrimaryKeyConstraint("delivery_id", name=op.f("pk_webhook_delivery")),
    )
    op.create_index(op.f("ix_webhook_delivery_state_next_at"), "webhook_delivery", ["state", "next_at"])
    op.create_index(
        op.f("ix_webhook_delivery_webhook_id_alert_id_revision"),
        "webhook_delivery",
        ["webhook_id", "alert_id", "revision"],
        unique=True,
    )


def downgrade() -> None:
    """Without the console. Roles and actions that were not known before are those nearest to them."""
    for name in TABLES:
        op.drop_table(name)
    op.drop_column("list_entry", "expires_at")
    op.execute("UPDATE users SET role = 'analyst' WHERE role IN ('assurance', 'scientist')")
    with op.batch_alter_table("users") as table:
        table.drop_column("password")
        table.drop_column("tenant")
        table.drop_constraint(op.f("ck_users_role_known"), type_="check")
        table.create_check_constraint(op.f("ck_users_role_known"), FORMER_ROLES)
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TRIGGER audit_no_update")
        op.execute("DROP TRIGGER audit_no_delete")
    else:
        op.execute("ALTER TABLE audit DISABLE TRIGGER audit_no_change")
    op.execute("DELETE FROM audit WHERE action IN ('sign_in', 'sign_out')")
    _allow(FORMER_ACTIONS)
    if op.get_bind().dialect.name != "sqlite":
        op.execute("ALTER TABLE audit ENABLE TRIGGER audit_no_change")
