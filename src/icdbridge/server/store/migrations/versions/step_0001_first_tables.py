"""The first tables. A new store is made by ``records.py``, so there is nothing to do: later steps build on this one."""

revision = "0001"
down_revision = None


def upgrade() -> None:
    pass
