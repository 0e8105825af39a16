"""Where Alembic enters; `collector.database.migrate` has opened the connection already."""

from alembic import context

context.configure(connection=context.config.attributes["connection"], transactional_ddl=True)
with context.begin_transaction():
    context.run_migrations()
