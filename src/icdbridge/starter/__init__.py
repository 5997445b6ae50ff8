"""The starter: codes notes without training, from what code systems and public lists say of each code."""

from icdbridge.starter.found import Found, Speaking
from icdbridge.starter.starter import Starter

__all__ = ["Found", "Speaking", "Starter"]
