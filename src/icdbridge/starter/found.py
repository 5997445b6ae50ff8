"""What the starter finds in a note."""

from typing import NamedTuple

SPANS = 5  # of evidence of one code that are shown


class Speaking(NamedTuple):
    """Words of the note that speak for a code: characters ``start`` to ``end``, and the ``context`` in which they are
    no reason for it ("negated", "integral" to a diagnosis, ...), if any.
    """

    start: int
    end: int
    context: str | None


class Found(NamedTuple):
    """A code of a note's list: ``confidence`` the share of right codes to expect among such, ``reason`` the rule that
    it follows from, ``doubted`` where nothing asserts it.
    """

    code: str
    title: str
    confidence: float
    speaking: tuple[Speaking, ...]
    alternatives: tuple[tuple[str, str], ...]
    reason: str
    doubted: bool
