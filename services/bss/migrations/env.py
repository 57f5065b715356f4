"""Run the migrations on the connection that `migrate` hands over."""

from alembic import context

from bss_kit.database import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    version_table="bss_version",
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
