"""What Alembic runs: the steps that a store lacks, in the transaction of the connection that it is given."""

from alembic import context

from icdbridge.server.store.records import Table

context.configure(connection=context.config.attributes["connection"], target_metadata=Table.metadata)
context.run_migrations()
