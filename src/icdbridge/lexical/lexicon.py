"""The lexicon of a run: names of its codes and code statistics."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import chain
from typing import Any

import numpy as np
from scipy.sparse import csr_array, hstack

from icdbridge.codes import Name, Terms, category_of, code_names
from icdbridge.lexical.axis_counts import AxisCounts
from icdbridge.lexical.matcher import CodeStatistics, Matcher
from icdbridge.lexical.name_index import NameIndex


def with_categories(labels: Any, categories: np.ndarray) -> csr_array:
    """Labels float32 [N, L + categories] from labels [N, L], which may be soft, and the category of each code [L]; a
    category counts as much as its codes together, and at most 1.
    """
    member = csr_array(
        (np.ones(len(categories), np.float32), (np.arange(len(categories)), categories)),
        shape=(len(categories), categories.max(initial=-1) + 1),
    )
    labels = csr_array(labels).astype(np.float32)
    of_categories = labels @ member
    of_categories.data = np.minimum(of_categories.data, 1)
    return csr_array(hstack([labels, of_categories], format="csr"))


@dataclass(frozen=True)
class Lexicon:
    """The lexicon of one version: names of the codes (parallel to ``keys``), the user's terms, and code statistics.

    Statistics are of notes of the version and of all versions together, in the order of ``keys``, then of
    ``categories``. The number of the version is its place in the order in which the run learned them.
    """

    keys: list[str]
    names: list[list[Name]]
    terms: Terms
    statistics: tuple[CodeStatistics, CodeStatistics]
    version: int = 0

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

    def with_statistics(self, statistics: tuple[CodeStatistics, CodeStatistics]) -> "Lexicon":
        """The same names with other code statistics."""
        found = replace(self, statistics=statistics)
        vars(found).update({name: vars(self)[name] for name in ("index", "categories") if name in vars(self)})
        return found

    @cached_property
    def own(self) -> Matcher:
        """Matches the codes of the run."""
        columns = np.arange(len(self.keys) + len(self.categories))
        categories, axes = self.categories_of(self.keys), AxisCounts(self.keys, self.keys)
        return Matcher(self.index, self.statistics, columns, categories, self.version, axes)

    def matcher(self, keys: Sequence[str], descriptions: Sequence[str]) -> Matcher:
        """Matches any codes, seen in training or not; words are weighted as among the run's codes."""
        number = {key: place for place, key in enumerate(self.keys)}
        known = np.array([number.get(key, -1) for key in keys], np.int64)
        titles = [self.names[place][0].text if place >= 0 else None for place in known]
        new = [place for place, title in enumerate(titles) if title != descriptions[place]]
        names = [self.names[place] for place in known]
        made = code_names([keys[place] for place in new], [descriptions[place] for place in new], self.terms)
        for place, several in zip(new, made, strict=True):
            names[place] = several
        columns = np.full(len(self.keys), -1, np.int64)
        columns[known[known >= 0]] = np.flatnonzero(known >= 0)
        columns = np.append(columns, len(keys) + np.arange(len(self.categories)))
        index, axes = NameIndex(names, like=self.index), AxisCounts(self.keys, keys)
        return Matcher(index, self.statistics, columns, self.categories_of(keys), self.version, axes)

    def inheriting(self, heirs: Mapping[str, Sequence[str]], descriptions: Mapping[str, str]) -> "Lexicon":
        """The lexicon with successors of some of its codes, which inherit their statistics.

        Of several successors the first, which is no more specific than the old code, inherits all, the others a part.
        ``heirs``: key to the keys of its successors; ``descriptions`` of these.
        """
        heirs = {key: several for key, several in heirs.items() if key in self.keys}
        new = [key for key in dict.fromkeys(chain.from_iterable(heirs.values())) if key not in set(self.keys)]
        keys = [*self.keys, *new]
        number = {key: place for place, key in enumerate(keys)}
        categories = sorted({category_of(key) for key in keys})
        of_category = {category: len(keys) + place for place, category in enumerate(categories)}
        moved = [(place, place, 1.0) for place in range(len(self.keys))]
        moved += [
            (len(self.keys) + place, of_category[category], 1.0)
            for place, category in enumerate(self.categories)
        ]
        for key, several in heirs.items():
            for place, heir in enumerate(several):
                share = 1 / len(several) if place else 1.0
                moved.append((number[key], number[heir], share))
                if category_of(heir) not in self.categories:
                    moved.append((number[key], of_category[category_of(heir)], share))
        rows, columns, shares = (np.array(one) for one in zip(*moved, strict=True))
        entries = shares.astype(np.float32), (rows, columns)
        matrix = csr_array(
            entries, shape=(len(self.keys) + len(self.categories), len(keys) + len(categories))
        )
        names = [*self.names, *code_names(new, [descriptions[key] for key in new], self.terms)]
        own, others = (one.moved(matrix, len(self.keys), len(keys)) for one in self.statistics)
        return replace(self, keys=keys, names=names, statistics=(own, others))
