"""Coding notes over HTTP, and the coder's desk, a page in the browser (needs the extra ``serve``)."""

from icdbridge.server.app import create_app
from icdbridge.server.limits import Limits
from icdbridge.server.listening import serve

__all__ = ["Limits", "create_app", "serve"]
