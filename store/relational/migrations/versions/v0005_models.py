"""Trained models and who scores for a detector; a change of it as something that a second person decides."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

FORMER_PROPOSALS = ("bar", "list_add", "list_remove", "rule", "rule_remove", "write_off")
PROPOSALS = (*FORMER_PROPOSALS, "model")
STATES = ("registered", "challenger", "champion", "retired")


def _allow(table: str, column: str, words: tuple[str, ...]) -> None:
    """Let a column have these words, and no others."""
    name = op.f(f"ck_{table}_{column}_known")
    with op.batch_alter_table(table) as change:
        change.drop_constraint(name, type_="check")
        change.create_check_constraint(name, f"{column} IN ({', '.join(map(repr, words))})")


def upgrade() -> None:
    """Make the tables, and let proposals have the new word."""
    _allow("proposal", "kind", PROPOSALS)
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "model_version",
        sa.Column("model_version_id", number, nullable=False),
        sa.Column("tenant", sa.String(64), server_default="main", nullable=False),
        sa.Column("detector", sa.String(64), nullable=False),
        sa.Column("artifact", sa.String(16), nullable=False),
        sa.Column("algorithm", sa.String(64), nullable=False),
        sa.Column("state", sa.String(64), nullable=False),
        sa.Column("metrics", sa.Text(), nullable=False),
        sa.Column("card", sa.Text(), nullable=False),
        sa.Column("by", sa.String(64), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("challenged_at", sa.BigInteger()),
        sa.Column("from_ms", sa.BigInteger()),
        sa.Column("until_ms", sa.BigInteger()),
        sa.Column("note", sa.Text()),
        sa.CheckConstraint(f"state IN ({', '.join(map(repr, STATES))})", name=op.f("ck_model_version_state_known")),
        sa.ForeignKeyConstraint(["by"], ["users.name"], name=op.f("fk_model_version_by_users")),
        sa.PrimaryKeyConstraint("model_version_id", name=op.f("pk_model_version")),
    )
    columns = ["tenant", "detector", "artifact"]
    op.create_index(op.f("ix_model_version_tenant_detector_artifact"), "model_version", columns, unique=True)
    op.create_table(
        "model_change",
        sa.Column("model_change_id", number, nullable=False),
        sa.Column("tenant", sa.String(64), server_default="main", nullable=False),
        sa.Column("detector", sa.String(64), nullable=False),
        sa.Column("artifact", sa.String(16)),
        sa.Column("from_ms", sa.BigInteger()),
        sa.Column("by", sa.String(64), nullable=False),
        sa.Column("decided_at", sa.BigInteger(), nullable=False),
        sa.Column("note", sa.Text()),
        sa.Column("exported_at", sa.BigInteger()),
        sa.ForeignKeyConstraint(["by"], ["users.name"], name=op.f("fk_model_change_by_users")),
        sa.PrimaryKeyConstraint("model_change_id", name=op.f("pk_model_change")),
    )
    op.create_index(op.f("ix_model_change_tenant_detector_from_ms"), "model_change", ["tenant", "detector", "from_ms"])


def downgrade() -> None:
    """Without trained models; changes that wait for a second person are gone."""
    op.drop_table("model_change")
    op.drop_table("model_version")
    op.execute("DELETE FROM proposal WHERE kind = 'model'")
    _allow("proposal", "kind", FORMER_PROPOSALS)
