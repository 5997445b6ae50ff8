"""Recodes notes of another version: which of this version's codes each of their labels means.

GEM gives the possible codes. Three things weigh them: how many notes of this version carry each, how clearly the note
names it, and how often hospitals use it. The weights of the three are learned from the version's own notes: for their
labels, recoded to the other version, the answer is known.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from scipy.optimize import minimize
from scipy.sparse import csr_array

from icdbridge.codes import Code, code_names, describe, equivalents, load_system, parse_key
from icdbridge.codes.crosswalks import combinations
from icdbridge.files import atomic_file
from icdbridge.knowledge.code_properties import CODE_PROPERTIES, code_properties
from icdbridge.knowledge.frequency import hospital_frequency
from icdbridge.lexical.features import strength
from icdbridge.lexical.lexicon import Lexicon
from icdbridge.lexical.name_index import NameIndex
from icdbridge.lexical.note import NoteWords
from icdbridge.training.forked_work import write_shards
from icdbridge.training.training_texts import FOLDS, TrainingTexts

# what tells options apart: log of 1/2 + notes that carry one, ``lexical.features.strength``, a property of the code
TELLING = ("usual", "strength", "hospital")
START = np.array([1.0, 20.0, 0.6])  # what each counts where no note of the version teaches it
TEACHERS = 2_000  # notes of the version, evenly chosen, that teach what each counts
SHARD = 500  # notes that are read at once
LEAST = 0.05  # of a label: what is less is left out
_SLIGHTEST = 0.1  # coverage of a name from which on its words tell codes apart
_HOSPITAL = CODE_PROPERTIES.index("hospital")


class Choices(NamedTuple):
    """The options of the labels of some notes, one row an option, those of one label one after another.

    ``notes`` [R], rows of the notes; ``labels`` [R], numbers of the choices; ``options`` [R], numbers of the codes;
    ``told`` [R, 2], strength and hospital use.
    """

    notes: np.ndarray
    labels: np.ndarray
    options: np.ndarray
    told: np.ndarray


@dataclass(frozen=True)
class Recoded:
    """Notes of another version with the options of their labels. ``carried`` [folds + 1, options]: how many notes of
    this version carry each option, by the fold that is left out (the last: none).
    """

    notes: TrainingTexts
    choices: Choices
    columns: np.ndarray
    codes: int
    carried: np.ndarray
    weights: np.ndarray

    def labels(self, left_out: int) -> csr_array:
        """Soft labels float32 [N, codes of this version], from all its notes but those of a fold (``FOLDS``: from all).
        The share of codes unknown in training is lost.
        """
        often = self.carried[left_out, self.choices.options]
        share = _shares(_features(often, self.choices.told) @ self.weights, self.choices.labels)
        column = self.columns[self.choices.options]
        kept = (share >= LEAST) & (column >= 0)
        found = csr_array(
            (share[kept].astype(np.float32), (self.choices.notes[kept], column[kept])),
            shape=(len(self.notes.folds), self.codes),
        )
        found.sum_duplicates()
        found.data = np.minimum(found.data, 1)
        return found


def meanings(codes: Sequence[Code]) -> dict[Code, list[Code]]:
    """For each label of a note, the possible codes of the other version by GEM, retired ones with those that took
    their place; none for an unknown label. Combinations count only if the note has all of their codes.
    """
    having = {code.code for code in codes}
    found = {}
    for code in codes:
        together = (
            one.target
            for one in combinations(code.system).get(code.code, ())
            if all(having & part for part in one.parts)
        )
        alone = equivalents(code.system).get(code.code, {})
        by_gem = [*sorted(alone, key=lambda one: not alone[one]), *together]
        found[code] = list(dict.fromkeys(one for other in by_gem for one in (other, *_divided(other))))
    return found


def codes_meant(keys: Iterable[str], systems: Collection[str]) -> Iterator[str]:
    """The codes (keys) of some systems that labels (keys) of another version may mean: of the newest release, and those
    that hospitals use, if they use any. An injury alone may mean a hundred.
    """
    for code in map(parse_key, dict.fromkeys(keys)):
        meant = [
            other
            for other in meanings([code])[code]
            if other.system in systems and load_system(other.system).assigns(other.code)
        ]
        used = [other for other in meant if other.code in hospital_frequency(other.system)]
        yield from map(str, used or meant)


def _divided(code: Code) -> list[Code]:
    """The codes of the newest release into which one of GEM, which is older, was divided."""
    table = load_system(code.system)
    if table.assigns(code.code):
        return []
    return [Code(code.system, below) for below in table.below(code.code) if table.assigns(below)]


def recode(
    notes: TrainingTexts,
    lexicon: Lexicon,
    others: TrainingTexts,
    other_keys: Sequence[str],
    max_words: int,
    folder: Path,
) -> Recoded:
    """``others``, labelled by ``other_keys``, as notes of the version of ``notes``, which are labelled by the codes of
    its ``lexicon``. Of a note ``max_words`` words are read. What is read lies in ``folder``: what is there already is
    gone on with.
    """
    keys = lexicon.keys
    count = len(notes.folds)
    taught = set(np.linspace(0, count - 1, min(count, TEACHERS)).astype(int).tolist())
    own = [_asked(codes) if row in taught else {} for row, codes in enumerate(_rows(notes, keys))]
    foreign = [meanings(row) for row in _rows(others, other_keys)]
    options = list(
        dict.fromkeys(code for row in [*own, *foreign] for several in row.values() for code in several)
    )
    number = {code: place for place, code in enumerate(options)}
    written = [str(code) for code in options]
    described = [describe(code).text for code in options]
    names = NameIndex(code_names(written, described, lexicon.terms), like=lexicon.index)
    hospital = code_properties(written, described)[:, _HOSPITAL]
    column = {key: place for place, key in enumerate(keys)}
    columns = np.array([column.get(key, -1) for key in written], np.int64)
    carried = _carried(notes, columns)
    asked, offered = (
        _choices(texts, rows, number, names, hospital, max_words, folder / name)
        for texts, rows, name in ((notes, own, "own"), (others, foreign, "others"))
    )
    labels = csr_array(notes.labels).tocoo()
    right = np.isin(asked.notes * len(keys) + columns[asked.options], labels.row * len(keys) + labels.col) & (
        columns[asked.options] >= 0
    )
    weights = _learn(asked, right, carried[-1][asked.options])
    return Recoded(others, offered, columns, len(keys), carried, weights)


def _rows(notes: TrainingTexts, keys: Sequence[str]) -> Iterator[list[Code]]:
    codes = [parse_key(key) for key in keys]
    labels = csr_array(notes.labels)
    for start, end in zip(labels.indptr, labels.indptr[1:], strict=False):
        yield [codes[column] for column in labels.indices[start:end]]


def _asked(codes: Sequence[Code]) -> dict[Code, list[Code]]:
    """The labels of a note of this version, recoded to the other one, and their options."""
    other = dict.fromkeys(several[0] for several in meanings(codes).values() if several)
    return {code: several for code, several in meanings(list(other)).items() if len(several) > 1}


def _carried(notes: TrainingTexts, columns: np.ndarray) -> np.ndarray:
    """How many notes carry each option [folds + 1, options], by the fold that is left out."""
    labels = csr_array(notes.labels).astype(np.float32)
    counts = np.stack([labels[notes.folds != fold].sum(axis=0) for fold in range(FOLDS + 1)])
    return np.where(columns >= 0, np.append(counts, np.zeros((FOLDS + 1, 1)), axis=1)[:, columns], 0)


def _choices(
    notes: TrainingTexts,
    labels: Sequence[Mapping[Code, Sequence[Code]]],
    number: Mapping[Code, int],
    names: NameIndex,
    hospital: np.ndarray,
    max_words: int,
    folder: Path,
) -> Choices:
    """The options of the ``labels`` of each note; what has been read in ``folder`` is not read again."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = np.array([row for row, of_note in enumerate(labels) if any(of_note.values())], np.int64)

    def file(shard: int) -> Path:
        return folder / f"{shard:05d}.npz"

    def write(shard: int, texts: list[str]) -> None:
        found, label = [_NO_CHOICES], 0
        for row, text in zip(rows[shard * SHARD :].tolist(), texts, strict=False):
            named = names.match(NoteWords(text, max_words), _SLIGHTEST)
            strong = np.zeros(len(number), np.float32)
            strong[named.codes] = strength(named)[:, 0]
            for several in labels[row].values():
                options = np.array([number[code] for code in several], np.int64)
                told = np.stack([strong[options], hospital[options]], axis=1)
                found.append(Choices(np.full(len(options), row), np.full(len(options), label), options, told))
                label += 1
        with atomic_file(file(shard)) as partial, partial.open("wb") as handle:
            every = _joined(found)
            np.savez(handle, *every, label)

    what = "reading what codes of the other version mean"
    write_shards(notes.texts(rows), len(rows), SHARD, file, write, what)
    parts, first = [_NO_CHOICES], 0
    for shard in range(-(-len(rows) // SHARD)):
        with np.load(file(shard)) as arrays:
            of_notes, of_labels, options, told, count = (arrays[name] for name in arrays)
            parts.append(Choices(of_notes, of_labels + first, options, told))
            first += int(count)
    return _joined(parts)


_NONE = np.zeros(0, np.int64)
_NO_CHOICES = Choices(_NONE, _NONE, _NONE, np.zeros((0, 2)))


def _joined(parts: Sequence[Choices]) -> Choices:
    notes, labels, options, told = (np.concatenate(each) for each in zip(*parts, strict=True))
    return Choices(notes, labels, options, told)


def _features(often: np.ndarray, told: np.ndarray) -> np.ndarray:
    """Float [R, len(TELLING)], by how many notes carry each option [R] and what is ``told`` of it [R, 2]."""
    return np.column_stack([np.log(np.maximum(often, 0) + 0.5), told])


def _shares(logits: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """How likely each option is [R]; those of a label sum to 1."""
    if not len(labels):
        return logits
    highest = np.full(labels.max() + 1, -np.inf)
    np.maximum.at(highest, labels, logits)
    odds = np.exp(logits - highest[labels])
    return odds / np.bincount(labels, odds)[labels]


def _learn(choices: Choices, right: np.ndarray, carried: np.ndarray) -> np.ndarray:
    """The weight of each feature, from choices with a known answer: a conditional logit (McFadden 1974), shrunk to
    ``START``. A note is left out of the counts of its own codes; negative weights become 0.
    """
    if not right.any():
        return START
    features = _features(carried - right, choices.told)
    answers = np.bincount(choices.labels, right)[choices.labels]
    wanted = np.where(answers > 0, right / np.maximum(answers, 1), 0)

    def loss(weights: np.ndarray) -> tuple[float, np.ndarray]:
        share = _shares(features @ weights, choices.labels)
        off = weights - START
        value = -(wanted * np.log(share + 1e-12)).sum() + off @ off / 2
        return float(value), ((share - wanted) * (answers > 0)) @ features + off

    return minimize(loss, START, jac=True, method="L-BFGS-B", bounds=[(0, None)] * len(START)).x
