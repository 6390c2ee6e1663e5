"""How Alembic runs a migration: over the engine that the caller opened."""

from alembic import context

from jackfield_marketplace.db.tables import Table

with context.config.attributes["engine"].connect() as connection:
    context.configure(
        connection=connection,
        target_metadata=Table.metadata,
        # The full-text index is made by hand; SQLite keeps its parts as tables of its own.
        include_name=lambda name, kind, parents: kind != "table" or not str(name).startswith("plugin_search"),
    )
    with context.begin_transaction():
        context.run_migrations()
