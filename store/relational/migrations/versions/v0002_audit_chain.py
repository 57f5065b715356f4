"""The audit is a chain: each row has the hash of itself and the row before; the database refuses to change one."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

FORMER = "action IN ('insert', 'update', 'delete')"
ACTIONS = (
    *("insert", "update", "delete", "publish", "query", "show", "refuse", "configure", "export", "erase", "retain"),
    *("verify",),
)
NOW = f"action IN ({', '.join(map(repr, ACTIONS))})"
REFUSAL = "the audit is never changed"


def upgrade() -> None:
    """Chain it from here on; rows from before have no hash."""
    with op.batch_alter_table("audit") as table:
        table.add_column(sa.Column("chain", sa.String(64), server_default="none", nullable=False))
        table.drop_constraint(op.f("ck_audit_action_known"), type_="check")
        table.create_check_constraint(op.f("ck_audit_action_known"), NOW)
    if op.get_bind().dialect.name == "sqlite":
        for verb in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER audit_no_{verb.lower()} BEFORE {verb} ON audit "
                f"BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END"
            )
    else:
        op.execute(
            "CREATE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$ BEGIN RAISE EXCEPTION '{REFUSAL}'; END $$"
        )
        op.execute(
            "CREATE TRIGGER audit_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON audit "
            "FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse()"
        )


def downgrade() -> None:
    """Without the chain, and without what only it can say."""
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TRIGGER audit_no_update")
        op.execute("DROP TRIGGER audit_no_delete")
    else:
        op.execute("DROP TRIGGER audit_no_change ON audit")
        op.execute("DROP FUNCTION audit_refuse()")
    op.execute(f"DELETE FROM audit WHERE NOT {FORMER}")  # noqa: S608  (our own words)
    with op.batch_alter_table("audit") as table:
        table.drop_column("chain")
        table.drop_constraint(op.f("ck_audit_action_known"), type_="check")
        table.create_check_constraint(op.f("ck_audit_action_known"), FORMER)
