"""How far what a person decided can be relied on: who follows the confidence, and what second reads changed."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from icdbridge.server.store.finished import FinishedEncounter
from icdbridge.server.store.records import Decision

FEWEST = 30  # accepted, and rejected, before a person's decisions are compared with the confidence
TOSSED = 0.5  # how far tossed coins follow the confidence
SHARE = 0.5  # who follows it less than so much of what all others do, beyond chance, decides as if by chance
_SURE = 2.0  # standard errors
# Codes that stand after a second read, and that do not, before first reads are corrected.
FEWEST_READ_TWICE = 20


@dataclass(frozen=True)
class Verdict:
    """What one person said last of a code of an encounter; ``confidence`` as it was shown, of a model without one the
    probability; None: added by hand.
    """

    encounter: int
    key: str
    by: str
    verdict: str
    confidence: float | None
    band: str | None


@dataclass(frozen=True)
class Errors:
    """Of suggestions decided once, which share is ``accepted`` of the right ones, and ``wrongly`` of the wrong ones."""

    accepted: float = 1.0
    wrongly: float = 0.0


def verdicts_of(session: Session, encounters: Sequence[FinishedEncounter]) -> Iterable[Verdict]:
    """What each person said last of each code of these encounters; what was taken back is left out."""
    shown = {(one.id, row.key): row for one in encounters for row in one.suggestions}
    known = {one.id for one in encounters}
    last: dict[tuple[int, str, str], str] = {}
    columns = (Decision.encounter_id, Decision.system, Decision.code, Decision.by, Decision.verdict)
    for number, system, code, by, verdict in session.execute(select(*columns).order_by(Decision.id)):
        if number in known:
            # what was said last stands last, in the order of people too
            last.pop((number, f"{system}:{code}", by), None)
            last[number, f"{system}:{code}", by] = verdict
    for (number, key, by), verdict in last.items():
        row = shown.get((number, key))
        if verdict != "undecided":
            confidence = None
            if row is not None:
                confidence = row.probability if row.confidence is None else row.confidence
            yield Verdict(number, key, by, verdict, confidence, None if row is None else row.band)


def follows_confidence(told: Sequence[Verdict]) -> float | None:
    """How often an accepted suggestion is more confident than a rejected one (ROC AUC); None for few."""
    accepted = np.array([one.verdict == "accepted" for one in told], bool)
    if min(accepted.sum(), (~accepted).sum()) < FEWEST:
        return None
    confidence = np.array([one.confidence or 0.0 for one in told])
    rejected = np.sort(confidence[~accepted])
    below = [np.searchsorted(rejected, confidence[accepted], side) for side in ("left", "right")]
    return float(np.mean(below) / len(rejected))


def by_chance(verdicts: Sequence[Verdict]) -> set[str]:
    """Who decides as if by tossing coins: follows the confidence less than half as far as all others together, by more
    than chance would show. Nobody, where the confidence is worth little to all.
    """
    told = [one for one in verdicts if one.confidence is not None]
    found = set()
    for by in {one.by for one in told}:
        own = [one for one in told if one.by == by]
        follows = follows_confidence(own)
        others = follows_confidence([one for one in told if one.by != by])
        if follows is None or others is None:
            continue
        accepted = sum(one.verdict == "accepted" for one in own)
        # Of ranks by chance (Mann, Whitney).
        error = np.sqrt((len(own) + 1) / (12 * accepted * (len(own) - accepted)))
        if follows - TOSSED < SHARE * (others - TOSSED) and others - follows > _SURE * error:
            found.add(by)
    return found


def read_twice(verdicts: Sequence[Verdict]) -> dict[tuple[int, str], list[Verdict]]:
    """The suggestions that several people decided on, by encounter and key; who decided last stands last."""
    of_code: Mapping[tuple[int, str], list[Verdict]] = defaultdict(list)
    for one in verdicts:
        if one.confidence is not None:
            of_code[one.encounter, one.key].append(one)
    return {place: told for place, told in of_code.items() if len({one.by for one in told}) > 1}


def errors_of(verdicts: Sequence[Verdict], leave_out: set[str]) -> Errors:
    """What first reads get wrong, by the last word on codes that were read twice; none for few second reads.

    Who reads second sees what the first decided and may follow, so this is the least that they get wrong.
    """
    pairs = [
        (told[0].verdict == "accepted", told[-1].verdict == "accepted")
        for told in read_twice(verdicts).values()
        if told[0].by not in leave_out and told[-1].by not in leave_out
    ]
    right, wrong = ([first for first, last in pairs if last is stands] for stands in (True, False))
    if min(len(right), len(wrong)) < FEWEST_READ_TWICE:
        return Errors()
    return Errors((sum(right) + 1) / (len(right) + 2), (sum(wrong) + 1) / (len(wrong) + 2))
