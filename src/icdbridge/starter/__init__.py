"""The starter: codes for notes without coded notes, from what code systems and public lists say of every code."""

from icdbridge.starter.found import Found, Speaking
from icdbridge.starter.starter import Starter

__all__ = ["Found", "Speaking", "Starter"]
