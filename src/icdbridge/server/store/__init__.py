"""The store of a coding department: encounters, documents, suggestions, decisions, people and the audit trail."""

from icdbridge.server.store.database import Store, StoreUnreachable, open_store

__all__ = ["Store", "StoreUnreachable", "open_store"]
