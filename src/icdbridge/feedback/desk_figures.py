"""What coders did with suggestions, counted: by confidence, code, coder and week."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import combinations, pairwise
from statistics import mean, median
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from icdbridge.feedback.drift import drift
from icdbridge.feedback.readers import Verdict, by_chance, follows_confidence, verdicts_of
from icdbridge.lexical.evidence import BANDS
from icdbridge.server.store import Store
from icdbridge.server.store.finished import FinishedEncounter, ShownSuggestion, finished
from icdbridge.server.store.trail import TrailEntry

if TYPE_CHECKING:
    from icdbridge.corpora import Corpus

PAUSE = timedelta(minutes=5)  # a longer gap between two things that a person did is no work on the chart
CODES = 25  # of a table
_WORK = ("opened", "read", "decided", "commented", "changed state", "corrected")


def desk_figures(
    store: Store, since: datetime | None = None, corpus: "Corpus | None" = None
) -> dict[str, Any]:
    """All figures of the report on encounters that were done ``since`` then; ``encounters`` is 0 where there are none.

    With the ``corpus`` of training drift is measured against it, otherwise against the oldest of the encounters.
    """
    with store.reading() as session:
        encounters = list(finished(session, texts=False, since=since))
        verdicts = list(verdicts_of(session, encounters))
        minutes = _minutes(session, {one.id for one in encounters})
    outcomes = [outcome for one in encounters for outcome in _outcomes(one)]
    return {
        "encounters": len(encounters),
        "decisions": len(verdicts),
        "bands": _by_band(outcomes),
        "codes": _by_code(outcomes),
        "added": _added(encounters),
        "coders": _by_coder(encounters, verdicts, minutes),
        "weeks": _by_week(encounters, minutes),
        "agreement": _agreement(verdicts),
        "drift": drift(store, corpus, since),
        "drift_from": corpus.name if corpus else "the oldest fifth of the encounters",
    }


def _minutes(session: Session, known: set[int]) -> dict[tuple[int, str], float]:
    """Encounter and person -> minutes of work: the time between things done on it, pauses cut at ``PAUSE``."""
    times: dict[tuple[int, str], list[datetime]] = defaultdict(list)
    columns = (TrailEntry.encounter_id, TrailEntry.by, TrailEntry.at)
    rows = session.execute(select(*columns).where(TrailEntry.action.in_(_WORK)).order_by(TrailEntry.number))
    for number, by, at in rows:
        if number in known:
            times[number, by].append(at)
    return {
        pair: sum((min(b - a, PAUSE) for a, b in pairwise(found)), timedelta()).total_seconds() / 60
        for pair, found in times.items()
    }


class _Outcome(NamedTuple):
    """A suggestion, and what was decided on its code in the end; None: nothing."""

    shown: ShownSuggestion
    verdict: str | None


def _outcomes(one: FinishedEncounter) -> list[_Outcome]:
    verdicts = {row.key: row.verdict for row in one.decisions}
    return [_Outcome(row, verdicts.get(row.key)) for row in one.suggestions]


def _accepted(outcomes: Iterable[_Outcome]) -> int:
    return sum(one.verdict == "accepted" for one in outcomes)


def _promised(outcomes: Iterable[_Outcome]) -> list[float]:
    return [one.shown.confidence for one in outcomes if one.shown.confidence is not None]


def _by_band(outcomes: Sequence[_Outcome]) -> list[dict[str, Any]]:
    """By band: suggestions shown, accepted, rejected; ``expected``: the share that the confidence promised."""
    rows = []
    for name in BANDS:
        own = [one for one in outcomes if one.shown.band == name]
        row = {"band": name, "shown": len(own), "accepted": _accepted(own)}
        row["rejected"] = sum(one.verdict == "rejected" for one in own)
        rows.append(row | {"expected": mean(promised) if (promised := _promised(own)) else None})
    return rows


def _by_code(outcomes: Sequence[_Outcome]) -> list[dict[str, Any]]:
    """The codes whose confidence is furthest from what was accepted, all their suggestions together."""
    of_code: dict[str, list[_Outcome]] = defaultdict(list)
    for one in outcomes:
        if one.shown.confidence is not None:
            of_code[one.shown.key].append(one)
    rows: list[dict[str, Any]] = []
    for key, own in of_code.items():
        row = {"key": key, "description": own[-1].shown.description, "shown": len(own)}
        rows.append(row | {"accepted": _accepted(own), "expected": sum(_promised(own))})
    return sorted(rows, key=lambda row: -abs(row["accepted"] - row["expected"]))[:CODES]


def _added(encounters: Sequence[FinishedEncounter]) -> list[dict[str, Any]]:
    """The codes that coders most often added by hand: no suggestion named them."""
    added = [row for one in encounters for row in one.accepted if not row.suggested]
    titles = {row.key: row.description for row in added}
    commonest = Counter(row.key for row in added).most_common(CODES)
    return [{"key": key, "description": titles[key], "times": times} for key, times in commonest]


def _by_coder(
    encounters: Sequence[FinishedEncounter],
    verdicts: Sequence[Verdict],
    minutes: Mapping[tuple[int, str], float],
) -> list[dict[str, Any]]:
    final = {one.id: {row.key: row.verdict for row in one.decisions} for one in encounters}
    chance = by_chance(verdicts)
    rows = []
    for by in sorted({one.by for one in verdicts}):
        own = [one for one in verdicts if one.by == by]
        told = [one for one in own if one.confidence is not None]
        changed = [one for one in own if final[one.encounter].get(one.key) != one.verdict]
        spent = [value for (_, person), value in minutes.items() if person == by and value > 0]
        follows = follows_confidence(told)
        rows.append(
            {
                "coder": by,
                "encounters": len({one.encounter for one in own}),
                "decisions": len(own),
                "acceptance": {name: _share([one for one in told if one.band == name]) for name in BANDS},
                "added": sum(one.confidence is None and one.verdict == "accepted" for one in own),
                "overruled": len(changed),
                "follows": follows,
                "by_chance": by in chance,
                "minutes": median(spent) if spent else None,
            }
        )
    return rows


def _share(told: Sequence[Verdict]) -> float | None:
    return mean(one.verdict == "accepted" for one in told) if told else None


def _by_week(
    encounters: Sequence[FinishedEncounter], minutes: Mapping[tuple[int, str], float]
) -> list[dict[str, Any]]:
    """By the week in which encounters were done: how good what was predicted was, and how long it took."""
    spent: dict[int, float] = defaultdict(float)
    for (number, _), value in minutes.items():
        spent[number] += value
    weeks: dict[str, list[FinishedEncounter]] = defaultdict(list)
    for one in encounters:
        if one.done:
            weeks[f"{one.done:%G-W%V}"].append(one)
    rows = []
    for week, found in sorted(weeks.items()):
        outcomes = [outcome for one in found for outcome in _outcomes(one)]
        predicted = [one for one in outcomes if one.shown.predicted]
        likely = [one for one in outcomes if one.shown.band == "likely"]
        labels = [row for one in found for row in one.accepted]
        times = [spent[one.id] for one in found if spent[one.id] > 0]
        rows.append(
            {
                "week": week,
                "encounters": len(found),
                "f1": 2 * _accepted(predicted) / max(len(predicted) + len(labels), 1),
                "likely": _accepted(likely) / len(likely) if likely else None,
                "added": sum(not row.suggested for row in labels) / len(found),
                "minutes": median(times) if times else None,
            }
        )
    return rows


def _agreement(verdicts: Sequence[Verdict]) -> list[dict[str, Any]]:
    """Of each two people who decided on the same codes: how often they agreed, and Cohen's kappa."""
    of_code: dict[tuple[int, str], dict[str, bool]] = defaultdict(dict)
    for one in verdicts:
        of_code[one.encounter, one.key][one.by] = one.verdict == "accepted"
    pairs: dict[tuple[str, str], list[tuple[bool, bool]]] = defaultdict(list)
    for told in of_code.values():
        for first, second in combinations(sorted(told), 2):
            pairs[first, second].append((told[first], told[second]))
    rows = []
    for (first, second), both in sorted(pairs.items()):
        same = mean(a == b for a, b in both)
        yes, other = mean(a for a, _ in both), mean(b for _, b in both)
        chance = yes * other + (1 - yes) * (1 - other)
        kappa = (same - chance) / (1 - chance) if chance < 1 else None
        rows.append({"first": first, "second": second, "codes": len(both), "same": same, "kappa": kappa})
    return rows
