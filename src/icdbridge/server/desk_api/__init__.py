"""The paths under /v1/desk: worklist, encounters, documents, decisions, accounts and the trail, over the store."""

from icdbridge.server.desk_api.access import Access
from icdbridge.server.desk_api.desk import Desk

__all__ = ["Access", "Desk"]
