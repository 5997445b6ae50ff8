"""What the codes of one note mean for each other: which exclude each other, which goes with another by what rule."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from icdbridge.codes import Code
from icdbridge.coding.suggestion import Suggestion
from icdbridge.knowledge.companions import asking_for
from icdbridge.rules.excludes import excludes1

SYSTEM = "icd10cm"  # whose tabular list and instructions are known


def apply_set_rules(ranked: Sequence[Suggestion], predicted: Sequence[Code] = ()) -> list[Suggestion]:
    """The suggestions of a note, the likeliest first, of which no two that exclude each other are predicted.

    Of such a pair the likelier stays, so what is found does not depend on how many are asked for. A suggestion that one
    of the ``predicted`` codes asks for says so in its reason. Ranks and confidence stay.
    """
    asking = _agreeing(code.code for code in predicted if code.system == SYSTEM)
    kept: list[str] = []
    found = []
    for one in ranked:
        own = one.system == SYSTEM
        excluding = _excluding(one.code, kept) if own and one.predicted else None
        if excluding:
            one = replace(one, predicted=False, reason=excluding)
        elif own:
            kept += [one.code] * one.predicted
            one = replace(one, reason=one.reason or _asking(one.code, asking))
        found.append(one)
    return found


def _agreeing(codes: Iterable[str]) -> list[str]:
    """Those that no earlier one excludes."""
    kept: list[str] = []
    for code in codes:
        kept += [code] * (_excluding(code, kept) is None)
    return kept


def _excluding(code: str, kept: Iterable[str]) -> str | None:
    """The Excludes1 note between a code and one of the kept ones. A note about one condition in another ("coma in
    diabetes") is left to people: only the note can tell.
    """
    for other in kept:
        finding = excludes1(other, code)
        if finding and finding.severity == "error":
            return f"not beside {other}: {finding.source.partition(';')[0]}"
    return None


def _asking(code: str, others: Iterable[str]) -> str | None:
    """The instruction by which one of the other codes asks for a code."""
    for asked in asking_for(code):
        for other in others:
            if other != code and other.startswith(asked.first):
                return f"goes with {other} ({asked.reason})"
    return None
