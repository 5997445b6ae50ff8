"""A note in, codes with their evidence out."""

from icdbridge.coding.coder import Coder
from icdbridge.coding.frames import to_frame
from icdbridge.coding.suggestion import Alternative, Suggestion
from icdbridge.lexical.evidence import Evidence

__all__ = ["Alternative", "Coder", "Evidence", "Suggestion", "to_frame"]
