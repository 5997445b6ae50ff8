"""Alembic's scripts: what a later icdbridge changed in the tables of an older store, one step a file."""
