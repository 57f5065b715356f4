"""Users, verdicts, lists and the audit."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

KEYS = ("account_id", "subscriber_id", "card_fingerprint", "terminal_id", "calling_number", "called_number")
ORDINAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _tenant() -> sa.Column[str]:
    return sa.Column("tenant", sa.String(64), server_default="main", nullable=False)


def _by() -> sa.Column[str]:
    return sa.Column("by", sa.String(64), nullable=False)


def upgrade() -> None:
    """Make the tables."""
    _users()
    _verdict()
    _lists()
    _audit()


def _users() -> None:
    op.create_table(
        "users",
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("role", sa.String(64), nullable=False),
        sa.Column("display_name", sa.String(255)),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.CheckConstraint("role IN ('viewer', 'analyst', 'admin')", name=op.f("ck_users_role_known")),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_users")),
    )


def _verdict() -> None:
    op.create_table(
        "verdict",
        sa.Column("verdict_id", sa.String(32), nullable=False),
        _tenant(),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.Column("refers_to", sa.String(255), nullable=False),
        sa.Column("finding_id", sa.String(16)),
        sa.Column("subject_kind", sa.String(255)),
        sa.Column("subject", sa.String(255)),
        *(sa.Column(name, sa.String(255)) for name in KEYS),
        sa.Column("verdict", sa.String(64), nullable=False),
        sa.Column("loss_micros", sa.BigInteger()),
        sa.Column("currency", sa.String(3)),
        _by(),
        sa.Column("note", sa.Text()),
        sa.Column("exported_at", sa.BigInteger()),
        sa.CheckConstraint("verdict IN ('fraud', 'false_alarm', 'unsure')", name=op.f("ck_verdict_verdict_known")),
        sa.CheckConstraint("(loss_micros IS NULL) = (currency IS NULL)", name=op.f("ck_verdict_loss_has_currency")),
        sa.ForeignKeyConstraint(["by"], ["users.name"], name=op.f("fk_verdict_by_users")),
        sa.PrimaryKeyConstraint("verdict_id", name=op.f("pk_verdict")),
    )
    op.create_index(op.f("ix_verdict_tenant_refers_to"), "verdict", ["tenant", "refers_to"])
    op.create_index(op.f("ix_verdict_exported_at_recorded_at"), "verdict", ["exported_at", "recorded_at"])


def _lists() -> None:
    op.create_table(
        "list",
        _tenant(),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("description", sa.Text()),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "name", name=op.f("pk_list")),
    )
    op.create_table(
        "list_entry",
        sa.Column("entry_id", ORDINAL, autoincrement=True, nullable=False),
        _tenant(),
        sa.Column("list_name", sa.String(64), nullable=False),
        sa.Column("entry", sa.String(255), nullable=False),
        sa.Column("risk", sa.BigInteger(), nullable=False),
        sa.Column("valid_from", sa.BigInteger(), nullable=False),
        sa.Column("valid_to", sa.BigInteger()),
        sa.Column("exported", sa.BigInteger(), nullable=False),
        _by(),
        sa.Column("note", sa.Text()),
        sa.ForeignKeyConstraint(["by"], ["users.name"], name=op.f("fk_list_entry_by_users")),
        sa.ForeignKeyConstraint(
            ["tenant", "list_name"], ["list.tenant", "list.name"], name=op.f("fk_list_entry_tenant_list_name_list")
        ),
        sa.PrimaryKeyConstraint("entry_id", name=op.f("pk_list_entry")),
    )
    columns = ["tenant", "list_name", "entry", "valid_from"]
    op.create_index(op.f("ix_list_entry_tenant_list_name_entry_valid_from"), "list_entry", columns, unique=True)


def _audit() -> None:
    op.create_table(
        "audit",
        sa.Column("audit_id", ORDINAL, autoincrement=True, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        _by(),
        sa.Column("action", sa.String(64), nullable=False),
        sa.Column("table_name", sa.String(64), nullable=False),
        sa.Column("key", sa.String(255), nullable=False),
        sa.Column("changes", sa.JSON(), nullable=False),
        sa.CheckConstraint("action IN ('insert', 'update', 'delete')", name=op.f("ck_audit_action_known")),
        sa.PrimaryKeyConstraint("audit_id", name=op.f("pk_audit")),
    )
    op.create_index(op.f("ix_audit_table_name_key"), "audit", ["table_name", "key"])


def downgrade() -> None:
    """Take them away."""
    for name in ("audit", "list_entry", "list", "verdict", "users"):
        op.drop_table(name)
