"""The rules that a set of codes has to keep, and what is found against them."""

from icdbridge.rules.check import check
from icdbridge.rules.code_set import Given
from icdbridge.rules.findings import Finding

__all__ = ["Finding", "Given", "check"]
