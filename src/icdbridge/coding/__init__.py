"""A note in, codes with their evidence out."""

from icdbridge.coding.coder import Coder, Suggestion
from icdbridge.runs.evidence import Evidence

__all__ = ["Coder", "Evidence", "Suggestion"]
