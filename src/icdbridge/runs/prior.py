"""The prior of a run: boosted trees that estimate how likely a code is for a note.

Their features are the lexical logit and features, what is known of the code without the note, and the starter's answer.
No feature depends on which other codes are candidates.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from icdbridge.boosted_trees import ARRAYS, BoostedTrees, check_trees
from icdbridge.codes import parse_key
from icdbridge.errors import InputError
from icdbridge.files import read_json, write_json
from icdbridge.knowledge.code_properties import CODE_PROPERTIES, code_properties
from icdbridge.lexical.axis_counts import AXIS_COUNTS
from icdbridge.lexical.features import LEXICAL_FEATURES, SparseFeatures
from icdbridge.lexical.marks import MARKS, Marked
from icdbridge.lexical.matcher import Matcher
from icdbridge.lexical.note import NoteWords
from icdbridge.lexical.translation import Translated
from icdbridge.models.tensor_files import Shape, load_tensors, save_tensors
from icdbridge.schema import Name, Strict, checked
from icdbridge.starter.opinions import OPINIONS, Opinion, opinion_features, opinions, reading_starter

_OF_CATEGORY = ("category_mark", "category_near_mark")
PRIOR_FEATURES = (
    "lexical_logit",
    *LEXICAL_FEATURES,
    *MARKS,
    *_OF_CATEGORY,
    *OPINIONS,
    *CODE_PROPERTIES,
    *AXIS_COUNTS,
)
FILES = ["priors.json", "priors.safetensors"]
_READ_BY_STARTER = ("icd10cm", "icd9cm")
_KINDS = dict(zip(ARRAYS, ("I16", "F32", "I16", "I16", "F32"), strict=True))
_MEANT = 0.5  # notes of other versions, summed, that make a code one that training carried
_DEEPEST = 1_000  # trees of a stranger's run, and nodes of one


@dataclass(frozen=True)
class Prior:
    """``trees`` over ``PRIOR_FEATURES`` give the logits of the codes on a note's shortlist.

    On the shortlist are codes whose lexical logit is above ``floor`` (above ``seen_floor`` for codes of training
    notes), and those that the starter names. The others get ``least``, minus their distance below the floor.
    """

    trees: BoostedTrees
    floor: float
    seen_floor: float
    least: float

    def logits_of(self, lexical: np.ndarray, listed: np.ndarray, features: np.ndarray) -> np.ndarray:
        """Logits float32 [L] from ``lexical`` ones [L] and, in the places ``listed`` [l], from ``features`` [l, F]."""
        found = np.float32(self.least) + np.minimum(lexical - np.float32(self.floor), 0)
        if len(listed):
            found[listed] = self.trees.raw(features)
        return found


class PriorEvidence:
    """Computes the features of a prior for some codes (keys and descriptions), one note at a time."""

    def __init__(self, keys: Sequence[str], descriptions: Sequence[str]) -> None:
        self._properties = code_properties(keys, descriptions)
        codes = [parse_key(key) for key in keys]
        systems = {code.system for code in codes}
        self._system = next((system for system in _READ_BY_STARTER if system in systems), None)
        self._codes = [code.code if code.system == self._system else "" for code in codes]
        self._column_of = {code: column for column, code in enumerate(self._codes) if code}

    def opinions(self, note: NoteWords, english: Translated | None) -> list[Opinion]:
        """The starter's answer for codes in a note, from its ``english`` if a matcher gives any; nothing for code
        systems and languages that it does not read.
        """
        if self._system is None:
            return []
        if english is None:
            return opinions(reading_starter(self._system), note.text, note.contexts)
        return [
            one._replace(spans=[place for span in one.spans if (place := english.original(*span))])
            for one in opinions(reading_starter(self._system), english.text)
        ]

    def spans(self, said: Sequence[Opinion], column: int) -> list[tuple[int, int]]:
        """The places where the starter finds a code."""
        code = self._codes[column]
        return [span for one in said if code and one.code == code for span in one.spans]

    def shortlist(
        self,
        matcher: Matcher,
        sparse: SparseFeatures,
        marked: Marked | None,
        said: Sequence[Opinion],
        columns: np.ndarray,
        lexical: np.ndarray,
        floors: tuple[float, float],
    ) -> tuple[np.ndarray, np.ndarray]:
        """A note's shortlist among some columns (ascending): their places [l], and their features float32
        [l, len(PRIOR_FEATURES)].

        It follows from the columns' ``lexical`` logits and what the ``matcher`` and the starter found in the note.
        ``floors`` of the logits are for any code and for one of training notes.
        """
        here = np.zeros(len(self._codes), bool)
        named = {code for one in said for code in (one.code, *one.alternatives)}
        here[[self._column_of[code] for code in named if code in self._column_of]] = True
        if marked is not None:
            here[marked.codes] = True
        floor = np.where(carried(matcher)[columns], *floors[::-1])
        listed = np.flatnonzero(here[columns] | (lexical > floor))
        columns = columns[listed]
        features = np.concatenate(
            [
                lexical[listed, None],
                matcher.dense_features([sparse], columns)[0],
                _mark_features(marked, columns, matcher.categories),
                opinion_features(said, [self._codes[column] for column in columns]),
                self._properties[columns],
                matcher.axis_counts[columns],
            ],
            axis=1,
            dtype=np.float32,
        )
        return listed, features


def carried(matcher: Matcher) -> np.ndarray:
    """Whether training notes carried each code of a matcher [codes]: of its version, or of others by equivalents."""
    of_version, of_all = matcher.notes[:, 0], matcher.notes[:, 1]
    return (of_version > 0) | (of_all >= _MEANT)


def _mark_features(marked: Marked | None, columns: np.ndarray, categories: np.ndarray) -> np.ndarray:
    """Features of marks, float32: of each column, and of the surest and the nearest other code of its category."""
    table = np.zeros((len(columns), len(MARKS) + len(_OF_CATEGORY)), np.float32)
    if marked is None or not len(marked.codes):
        return table
    place = np.minimum(np.searchsorted(marked.codes, columns), len(marked.codes) - 1)
    own = marked.codes[place] == columns
    table[own, : len(MARKS)] = marked.features[place[own]]
    best = marked.features[:, [MARKS.index("mark"), MARKS.index("near_strength")]]
    of_marked, of_columns = categories[marked.codes], categories[columns]
    for row in np.flatnonzero(np.isin(of_columns, of_marked)).tolist():
        others = (of_marked == of_columns[row]) & (marked.codes != columns[row])
        table[row, len(MARKS) :] = best[others].max(axis=0, initial=0)
    return table


class _Stored(Strict):
    features: list[Name]
    base: float
    floor: float
    seen_floor: float
    least: float


def write_priors(folder: Path, priors: Mapping[str, Prior]) -> None:
    """Writes the priors, by version, into a folder."""
    stored = {
        version: {"features": list(PRIOR_FEATURES), "base": prior.trees.base}
        | {name: getattr(prior, name) for name in ("floor", "seen_floor", "least")}
        for version, prior in priors.items()
    }
    write_json(folder / FILES[0], stored)
    arrays = {
        f"{version}.{name}": getattr(prior.trees, name)
        for version, prior in priors.items()
        for name in ARRAYS
    }
    save_tensors(folder / FILES[1], arrays)


def read_priors(folder: Path, versions: Sequence[str]) -> dict[str, Prior]:
    """The priors of a folder, by version; none where it has none.

    Raises ``InputError`` for what ``write_priors`` would not have written, for other features than these and other
    versions than ``versions``.
    """
    path, tensors = (folder / name for name in FILES)
    if not path.exists():
        return {}
    stored = checked(read_json(path), dict[Name, _Stored], path, "train again")
    for version, found in stored.items():
        if version not in versions:
            raise InputError(f"{path}, field {ascii(version)[1:-1]}: the run knows no such version")
        if tuple(found.features) != PRIOR_FEATURES:
            raise InputError(f"{path}, field {version}.features: not those of this version: train again")
    wanted: dict[str, Shape] = {
        f"{version}.{name}": (kind, (None, None)) for version in stored for name, kind in _KINDS.items()
    }
    arrays = {name: tensor.numpy() for name, tensor in load_tensors(tensors, wanted).items()}
    priors = {}
    for version, found in stored.items():
        own = {name: arrays[f"{version}.{name}"] for name in ARRAYS}
        fault = check_trees(own, len(PRIOR_FEATURES))
        if max(own["feature"].shape) > _DEEPEST:
            fault = f"more than {_DEEPEST} trees or nodes"
        if fault:
            raise InputError(f"{tensors}, tensors {ascii(version)[1:-1]}…: {fault}")
        trees = BoostedTrees(**own, base=found.base)
        priors[version] = Prior(trees, found.floor, found.seen_floor, found.least)
    return priors
