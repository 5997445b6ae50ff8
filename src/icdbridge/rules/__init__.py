"""The rules that a set of codes has to keep, what is found against them, and what groupers make of the set."""

from icdbridge.rules.check import check
from icdbridge.rules.code_set import Given
from icdbridge.rules.findings import Finding
from icdbridge.rules.groupers import Group, Grouping, group

__all__ = ["Finding", "Given", "Group", "Grouping", "check", "group"]
