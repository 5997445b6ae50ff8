"""What words say of the codes of one version: their names, and what training notes with the same phrases were coded."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from scipy.sparse import csr_array, hstack

from icdbridge.codes import Name, Terms, code_names
from icdbridge.matching.associations import ASSOCIATIONS, Associated, Associations, find_phrases
from icdbridge.matching.index import FEATURES, Matches, NameIndex

_STRENGTH = ("strength", "firm_strength")
_OF_CATEGORY = tuple(f"category_{name}" for name in ASSOCIATIONS)
_STORED = (*FEATURES, *_STRENGTH, *ASSOCIATIONS)
LEXICAL = (*_STORED, *_OF_CATEGORY, "train_notes", "category_train_notes")
LEARNT = slice(len(FEATURES) + len(_STRENGTH), None)  # the features that come of training notes
STORED = len(_STORED)  # features of a pair that a note and a code's own words give
_NEARNESS, _WEIGHT = FEATURES.index("nearness"), FEATURES.index("weight")


class Lexical(NamedTuple):
    """Lexical evidence of a note for the codes that have any, numbers ascending: ``codes`` int32 [n], ``features``
    float16 [n, STORED], none negative.

    They are those of ``Matches``; ``strength`` and ``firm_strength``, nearness² · weight and nearness² · weight²; and
    those of ``Associated``. After the codes come their categories, with the last alone: what a phrase is associated
    with in general. Log of 1 + the number of training notes, of the code and of its category, is added when laid out.
    """

    codes: np.ndarray
    features: np.ndarray


class Span(NamedTuple):
    """Characters of a note that speak for a code, and how much: up to 1 for a whole name or a sure phrase."""

    start: int
    end: int
    weight: float


class Matcher:
    """Finds lexical evidence for a list of codes. What it finds for one of them does not depend on the others."""

    def __init__(
        self,
        names: NameIndex,
        associations: Associations | None,
        columns: np.ndarray,
        train_notes: np.ndarray,
        categories: np.ndarray,
        category_notes: np.ndarray,
    ) -> None:
        self.names = names
        self.associations = associations
        # of each code, then each category, that the associations count: its number here, or -1
        self.columns = columns
        self.train_notes = train_notes  # [codes]
        self.categories = categories  # [codes], -1: one that training did not have
        self.category_notes = category_notes  # [categories]

    def match(self, text: str, max_words: int) -> Lexical:
        """The evidence of the first ``max_words`` words of a note."""
        named = self.names.match(text, max_words)
        parts = [(0, named.codes, np.concatenate([named.features, _strength(named)], axis=1))]
        if self.associations is not None:
            found = self.associated(text, max_words)
            parts.append((parts[0][2].shape[1], found.codes, found.features))
        codes = np.unique(np.concatenate([part[1] for part in parts]))
        features = np.zeros((len(codes), STORED), np.float16)
        for column, own, values in parts:
            features[np.searchsorted(codes, own), column : column + values.shape[1]] = values
        return Lexical(codes, features)

    def associated(self, text: str, max_words: int) -> Associated:
        """What the phrases of the note are associated with, numbered as the codes here."""
        assert self.associations is not None
        found = self.associations.match(find_phrases(text, max_words))
        here = self.columns[found.codes]
        order = np.argsort(here, kind="stable")[(here < 0).sum() :]
        return Associated(here[order], found.features[order], found.spans[order])

    def spans(self, text: str, max_words: int, codes: Sequence[int]) -> list[list[Span]]:
        """Where a note speaks for some codes: the words of the best name found of each, and the phrase that is most
        associated with it.
        """
        named = self.names.match(text, max_words)
        found = None if self.associations is None else self.associated(text, max_words)
        spans: list[list[Span]] = []
        for code in codes:
            own: list[Span] = []
            place = int(np.searchsorted(named.codes, code))
            if place < len(named.codes) and named.codes[place] == code:
                mention = self.names.mention(text, named, place, max_words)
                words = mention.spans if mention else []
                own += [Span(*word, float(named.features[place, _NEARNESS]) / len(words)) for word in words]
            if found is not None:
                place = int(np.searchsorted(found.codes, code))
                if place < len(found.codes) and found.codes[place] == code:
                    start, end = found.spans[place].tolist()
                    own.append(Span(start, end, float(found.features[place, 0])))
            spans.append(own)
        return spans

    def lay_out(self, found: Sequence[Lexical], columns: np.ndarray | None = None) -> np.ndarray:
        """Features float32 [N, L, len(LEXICAL)] of some notes, of all codes or of the ``columns``."""
        if columns is None:
            columns = np.arange(len(self.train_notes))
        places = np.full(len(self.train_notes), -1)
        places[columns] = np.arange(len(columns))
        categories, shape = self.categories[columns], (len(found), len(columns))
        of_category = np.append(self.category_notes, 0)[categories]
        return lay_out(
            found,
            places,
            categories,
            np.broadcast_to(self.train_notes[columns], shape),
            np.broadcast_to(of_category, shape),
        )


def lay_out(
    found: Sequence[Lexical],
    places: np.ndarray,
    categories: np.ndarray,
    train_notes: np.ndarray,
    category_notes: np.ndarray,
) -> np.ndarray:
    """Features float32 [N, L, len(LEXICAL)] of notes for some of the codes: ``places`` says where each code goes
    (-1: nowhere), ``categories`` [L] the category of each, ``train_notes`` and ``category_notes`` [N, L] how often
    each code and its category were seen.
    """
    features = np.zeros((*train_notes.shape, len(LEXICAL)), np.float32)
    features[:, :, -2], features[:, :, -1] = np.log1p(train_notes), np.log1p(category_notes)
    general = np.zeros(
        (categories.max(initial=-1) + 2, len(_OF_CATEGORY)), np.float32
    )  # the last row: of none
    for row, (numbers, values) in enumerate(found):
        split = np.searchsorted(numbers, len(places))
        place = places[numbers[:split]]
        kept = place >= 0
        features[row, place[kept], :STORED] = values[:split][kept]
        category = numbers[split:] - len(places)
        wanted = category < len(general) - 1
        general[:] = 0
        general[category[wanted]] = values[split:][wanted, STORED - len(_OF_CATEGORY) :]
        features[row, :, STORED:-2] = general[categories]
    return features


def category_of(key: str) -> str:
    """The category of a code, as a key: the part before the dot, of ICD-10-PCS the first three characters."""
    system, _, code = key.partition(":")
    return f"{system}:{code[:3] if system == 'icd10pcs' else code.partition('.')[0]}"


def with_categories(labels: Any, categories: np.ndarray) -> csr_array:
    """Labels [N, L + categories] from labels [N, L] and the category of each code [L]."""
    member = csr_array(
        (np.ones(len(categories), np.int64), (np.arange(len(categories)), categories)),
        shape=(len(categories), categories.max(initial=-1) + 1),
    )
    return csr_array(hstack([labels, (csr_array(labels).astype(np.int64) @ member) > 0], format="csr"))


def _strength(matches: Matches) -> np.ndarray:
    near, weight = matches.features[:, _NEARNESS], matches.features[:, _WEIGHT]
    return np.stack([near**2 * weight, near**2 * weight**2], axis=1)


@dataclass(frozen=True)
class Lexicon:
    """What a run keeps for matching: the names of its codes of one version (parallel to ``keys``), the terms that the
    user gave, the associations (counted over codes in the order of ``keys``, then over ``categories``), and how often
    training saw each code and each category.
    """

    keys: list[str]
    names: list[list[Name]]
    terms: Terms
    associations: Associations | None
    train_notes: np.ndarray
    category_notes: np.ndarray

    @cached_property
    def categories(self) -> list[str]:
        """The categories of the codes, ascending."""
        return sorted({category_of(key) for key in self.keys})

    def categories_of(self, keys: Sequence[str]) -> np.ndarray:
        """The number of the category of each code [L], -1 for one of no code of the run."""
        number = {category: place for place, category in enumerate(self.categories)}
        return np.array([number.get(category_of(key), -1) for key in keys], np.int64)

    @cached_property
    def index(self) -> NameIndex:
        return NameIndex(self.names)

    @cached_property
    def own(self) -> Matcher:
        """Matches the codes of the run."""
        return self.own_with(self.associations, self.train_notes, self.category_notes)

    def own_with(
        self, associations: Associations | None, train_notes: np.ndarray, category_notes: np.ndarray
    ) -> Matcher:
        """Matches the codes of the run, with other associations and counts."""
        columns = np.arange(len(self.keys) + len(self.categories))
        return Matcher(
            self.index, associations, columns, train_notes, self.categories_of(self.keys), category_notes
        )

    def matcher(self, keys: Sequence[str], descriptions: Sequence[str]) -> Matcher:
        """Matches any codes, training's or not; words weigh what they weigh among the run's codes."""
        number = {key: place for place, key in enumerate(self.keys)}
        known = [number.get(key, -1) for key in keys]
        titles = [self.names[place][0].text if place >= 0 else None for place in known]
        new = [place for place, title in enumerate(titles) if title != descriptions[place]]
        names = [self.names[place] for place in known]
        made = code_names([keys[place] for place in new], [descriptions[place] for place in new], self.terms)
        for place, several in zip(new, made, strict=True):
            names[place] = several
        columns = np.full(len(self.keys), -1, np.int64)
        seen = np.zeros(len(keys), np.int64)
        for place, column in enumerate(known):
            if column >= 0:
                columns[column] = place
                seen[place] = self.train_notes[column]
        columns = np.append(columns, len(keys) + np.arange(len(self.categories)))
        names_index = NameIndex(names, like=self.index)
        return Matcher(
            names_index, self.associations, columns, seen, self.categories_of(keys), self.category_notes
        )
