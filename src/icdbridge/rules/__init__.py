"""Rules for sets of codes, findings against them, and groupers."""

from icdbridge.rules.check import check
from icdbridge.rules.code_set import Given
from icdbridge.rules.findings import Finding
from icdbridge.rules.groupers import Group, Grouping, group

__all__ = ["Finding", "Given", "Group", "Grouping", "check", "group"]
