"""Rows of `reference` may name a trained model, which the companions keep like all else that was told."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column."""
    op.add_column("bss_reference", sa.Column("artifact", sa.Text(), nullable=True))


def downgrade() -> None:
    """Take it away again."""
    with op.batch_alter_table("bss_reference") as change:
        change.drop_column("artifact")
