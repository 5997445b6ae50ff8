"""Rules between the codes of one note: which exclude each other, and which belongs to another by what rule."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from icdbridge.codes import Code
from icdbridge.coding.companion_codes import instruction_for, met_by, still_asked
from icdbridge.coding.suggestion import Suggestion
from icdbridge.rules.excludes import excludes1
from icdbridge.rules.meaning import one_alone, sure_beside_sibling

SYSTEM = "icd10cm"  # whose tabular list and instructions are known
LEAST = 0.02  # probability below which a companion from further down is not shown
MOST = 3  # of these in a list
_BESIDE = "not beside "  # how the reason of a code that another excludes begins
_SIBLING = ": a likelier code of its category"  # how it ends where a prior is not sure enough of it


def apply_set_rules(
    ranked: Sequence[Suggestion], predicted: Sequence[Code] = (), *, by_prior: bool = False
) -> list[Suggestion]:
    """Applies the rules to the suggestions of a note, the likeliest first.

    Of two codes that exclude each other only the likelier stays predicted, so the result does not depend on how many
    are shown. ``by_prior``: a run's prior gave the probabilities, so siblings must be sure (``sure_beside_sibling``).
    A suggestion that a ``predicted`` code requires names it in its reason. Ranks and confidence stay.
    """
    asking = _agreeing(code.code for code in predicted if code.system == SYSTEM)
    kept: list[str] = []
    found = []
    for one in ranked:
        own = one.system == SYSTEM
        excluding = _excluding(one.code, kept) if own and one.predicted else None
        if by_prior and own and one.predicted:
            excluding = excluding or _likelier_sibling(one, kept)
        if excluding:
            one = replace(one, predicted=False, reason=excluding)
        elif own:
            kept += [one.code] * one.predicted
            one = replace(one, reason=one.reason or instruction_for(one.code, asking))
        found.append(one)
    return found


def _likelier_sibling(one: Suggestion, kept: Iterable[str]) -> str | None:
    """Why a suggestion is not sure enough beside a kept one of its category."""
    sibling = next((code for code in kept if code[:3] == one.code[:3]), None)
    if sibling is None or sure_beside_sibling(one.probability, one.train_notes or 0):
        return None
    return f"{_BESIDE}{sibling}{_SIBLING}"


def reapply_set_rules(ranked: Sequence[Suggestion]) -> list[Suggestion]:
    """Applies the rules again after codes have changed, or are no longer predicted because they do not fit the patient.
    Codes that had been held back for one of these are predicted again.
    """
    predicted = {one.code for one in ranked if one.predicted and one.system == SYSTEM}
    freed = [
        replace(one, predicted=True, reason=None)
        if (other := _set_beside(one)) and other not in predicted
        else one
        for one in ranked
    ]
    asking = [Code(one.system, one.code) for one in freed if one.predicted]
    by_prior = any((one.reason or "").endswith(_SIBLING) for one in ranked)
    return apply_set_rules(freed, asking, by_prior=by_prior)


def _set_beside(one: Suggestion) -> str | None:
    """The code because of which a suggestion was held back."""
    reason = one.reason or ""
    return reason.removeprefix(_BESIDE).partition(":")[0] if reason.startswith(_BESIDE) else None


def companions_below(
    ranked: Sequence[Code], top: int, predicted: Sequence[Code], said: Callable[[int], bool]
) -> list[int]:
    """Positions below the ``top`` of at most ``MOST`` codes that a ``predicted`` code requires and the note asserts
    (``said``, of a position).

    One code an instruction, the likeliest; none if the ``top`` already satisfies it. None excludes a predicted code.
    """
    agreeing = _agreeing(code.code for code in predicted if code.system == SYSTEM)
    asked = still_asked(agreeing, [code.code for code in ranked[:top] if code.system == SYSTEM])
    found = []
    for place, code in enumerate(ranked[top:], top):
        met = asked.intersection(met_by(code.code, agreeing)) if code.system == SYSTEM else ()
        if met and said(place) and _excluding(code.code, agreeing) is None:
            asked.difference_update(met)
            found.append(place)
    return found[:MOST]


def with_companions(listed: Sequence[Suggestion], companions: Sequence[Suggestion]) -> list[Suggestion]:
    """The list with companions replacing its last suggestions that are not predicted."""
    places = [place for place, one in enumerate(listed) if not one.predicted]
    companions = companions[: len(places)]
    gone = set(places[len(places) - len(companions) :])
    found = [one for place, one in enumerate(listed) if place not in gone]
    return [replace(one, rank=rank) for rank, one in enumerate([*found, *companions], 1)]


def _agreeing(codes: Iterable[str]) -> list[str]:
    """Those that no earlier one excludes."""
    kept: list[str] = []
    for code in codes:
        kept += [code] * (_excluding(code, kept) is None)
    return kept


def _excluding(code: str, kept: Iterable[str]) -> str | None:
    """Why a code cannot stand beside one of the kept ones: it means the same, or an Excludes1 note separates them.

    A note about one condition in another ("coma in diabetes") is left to people: only the clinical note can tell.
    """
    for other in kept:
        if said := one_alone(other, code):
            return f"{_BESIDE}{other}: {said}"
        finding = excludes1(other, code)
        if finding and finding.severity == "error":
            return f"{_BESIDE}{other}: {finding.source.partition(';')[0]}"
    return None
