"""How far the notes of a month, and what they are coded, are from those that were there before."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from icdbridge.codes import category_of
from icdbridge.server.store import Store
from icdbridge.server.store.finished import finished, finished_ids

if TYPE_CHECKING:
    from icdbridge.corpora import Corpus

FIRST = 0.2  # of the encounters, the oldest, are what later ones are compared with where no corpus is given
FEWEST = 10  # encounters of a month
DRAWS = 5
MOST = 2_000  # encounters that are read
_WORDS = 20_000  # the commonest that count
Counts = Counter[str]


def drift(
    store: Store, corpus: "Corpus | None" = None, since: datetime | None = None
) -> list[dict[str, Any]]:
    """A row a month: the Jensen-Shannon divergence (0: the same, 1: nothing in common) of its words and of its
    categories of codes from those of ``corpus``, or of the oldest encounters; ``*_by_chance``: that of as many notes
    drawn from these. Of encounters done ``since`` then; of more than ``MOST`` only some, evenly spread, are read. Empty
    for too few encounters.
    """
    notes: list[tuple[str, Counts, Counts]] = []
    with store.reading() as session:
        ids = finished_ids(session, since)
        for one in finished(session, ids[:: -(-len(ids) // MOST) or 1]):
            text = "\n".join(text for _, text in one.documents if text)
            codes = Counter(category_of(row.key) for row in one.accepted)
            if one.done and text:
                notes.append((f"{one.done:%Y-%m}", _words(text), codes))
    notes.sort(key=lambda note: note[0])
    before = [note[1:] for note in notes[: int(len(notes) * FIRST)]]
    later = notes[len(before) :]
    if corpus is not None:
        texts = zip(corpus.column("text", "train"), corpus.column("codes", "train"), strict=True)
        before = [(_words(text), Counter(map(category_of, codes))) for text, codes in texts]
        later = notes
    months: dict[str, list[tuple[Counts, Counts]]] = defaultdict(list)
    for month, words, codes in later:
        months[month].append((words, codes))
    rng = np.random.default_rng(0)
    return [
        {"month": month, "encounters": len(found), **_compared(before, found, rng)}
        for month, found in sorted(months.items())
        if min(len(found), len(before)) >= FEWEST
    ]


def _compared(
    before: Sequence[tuple[Counts, Counts]], found: Sequence[tuple[Counts, Counts]], rng: np.random.Generator
) -> dict[str, float]:
    told: dict[str, float] = {}
    for place, name in enumerate(("words", "codes")):
        reference = _sum(one[place] for one in before)
        told[name] = divergence(reference, _sum(one[place] for one in found))
        drawn = [rng.choice(len(before), len(found)) for _ in range(DRAWS)]
        each = [divergence(reference, _sum(before[row][place] for row in rows)) for rows in drawn]
        told[f"{name}_by_chance"] = float(np.mean(each))
    return told


def divergence(one: Counts, other: Counts) -> float:
    """The Jensen-Shannon divergence of two counts, in bits."""
    keys = [key for key, _ in (one + other).most_common(_WORDS)]
    p, q = (np.array([counts[key] for key in keys], float) for counts in (one, other))
    if not p.sum() or not q.sum():
        return 1.0
    p, q = p / p.sum(), q / q.sum()
    between = (p + q) / 2

    def from_between(part: np.ndarray) -> float:
        some = part > 0
        return float((part[some] * np.log2(part[some] / between[some])).sum())

    return (from_between(p) + from_between(q)) / 2


def _words(text: str) -> Counts:
    return Counter(word.lower() for word in text.split() if any(sign.isalpha() for sign in word))


def _sum(counts: Iterable[Counts]) -> Counts:
    whole: Counts = Counter()
    for one in counts:
        whole.update(one)
    return whole
