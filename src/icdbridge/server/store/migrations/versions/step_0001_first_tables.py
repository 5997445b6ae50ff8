"""The first tables. A new store has the newest tables, so there is nothing to do: later steps build on this one."""

revision = "0001"
down_revision = None


def upgrade() -> None:
    pass
