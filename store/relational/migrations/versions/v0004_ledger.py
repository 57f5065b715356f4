"""The ledger of loss: what was done about findings, `leakage` as a verdict, write-offs for a second person."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

FORMER_VERDICTS = ("fraud", "false_alarm", "unsure")
VERDICTS = ("fraud", "leakage", "false_alarm", "unsure")
FORMER_PROPOSALS = ("bar", "list_add", "list_remove", "rule", "rule_remove")
PROPOSALS = (*FORMER_PROPOSALS, "write_off")
ACTIONS = ("rebill", "refund", "dispute", "collect", "correct", "write_off", "bar", "limit", "notify")
STATES = ("requested", "done", "failed", "cancelled")


def _allow(table: str, column: str, words: tuple[str, ...]) -> None:
    """Let a column have these words, and no others."""
    name = op.f(f"ck_{table}_{column}_known")
    with op.batch_alter_table(table) as change:
        change.drop_constraint(name, type_="check")
        change.create_check_constraint(name, f"{column} IN ({', '.join(map(repr, words))})")


def upgrade() -> None:
    """Make the table, and let the others have the new words."""
    _allow("verdict", "verdict", VERDICTS)
    _allow("proposal", "kind", PROPOSALS)
    op.create_table(
        "loss_action",
        sa.Column("action_id", sa.String(32), nullable=False),
        sa.Column("tenant", sa.String(64), server_default="main", nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.Column("finding_id", sa.String(16), nullable=False),
        sa.Column("subject", sa.String(255)),
        sa.Column("kind", sa.String(64), nullable=False),
        sa.Column("state", sa.String(64), nullable=False),
        sa.Column("amount_micros", sa.BigInteger()),
        sa.Column("currency", sa.String(3)),
        sa.Column("by", sa.String(64), nullable=False),
        sa.Column("note", sa.Text()),
        sa.Column("exported_at", sa.BigInteger()),
        sa.CheckConstraint(f"kind IN ({', '.join(map(repr, ACTIONS))})", name=op.f("ck_loss_action_kind_known")),
        sa.CheckConstraint(f"state IN ({', '.join(map(repr, STATES))})", name=op.f("ck_loss_action_state_known")),
        sa.CheckConstraint(
            "(amount_micros IS NULL) = (currency IS NULL)", name=op.f("ck_loss_action_amount_has_currency")
        ),
        sa.ForeignKeyConstraint(["by"], ["users.name"], name=op.f("fk_loss_action_by_users")),
        sa.PrimaryKeyConstraint("action_id", name=op.f("pk_loss_action")),
    )
    op.create_index(op.f("ix_loss_action_tenant_finding_id"), "loss_action", ["tenant", "finding_id"])
    op.create_index(op.f("ix_loss_action_exported_at_recorded_at"), "loss_action", ["exported_at", "recorded_at"])


def downgrade() -> None:
    """Without the ledger. Losses without fraud become `unsure`; write-offs that wait are gone."""
    op.drop_table("loss_action")
    op.execute("UPDATE verdict SET verdict = 'unsure' WHERE verdict = 'leakage'")
    op.execute("DELETE FROM proposal WHERE kind = 'write_off'")
    _allow("proposal", "kind", FORMER_PROPOSALS)
    _allow("verdict", "verdict", FORMER_VERDICTS)
