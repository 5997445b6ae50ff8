"""An inverted index over the words of the names of codes, and what it finds of them in a note."""

from collections.abc import Sequence
from itertools import chain
from typing import NamedTuple

import numpy as np
from scipy.sparse import csr_array

from icdbridge.codes.naming import KINDS, OWN, Name
from icdbridge.knowledge.words import stems
from icdbridge.lexical.contexts import FEATURE_CONTEXTS
from icdbridge.lexical.note import NoteWords

FEATURES = (
    "coverage",
    "nearness",
    "title",
    "wider",
    "weight",
    "rarity",
    "length",
    "mentions",
    "place",
    *FEATURE_CONTEXTS,
)
FLOOR = 0.3  # coverage below which a name is no evidence
NEAR, FADE = 2, 10.0  # words: within NEAR nothing is lost, then the weight of a word falls by 1/e each FADE
MENTION = 0.9  # of the nearness of a name's best mention: others as near are mentions too


class Matches(NamedTuple):
    """Lexical evidence of a note for the codes that have any; all arrays are parallel.

    ``codes`` int32 [n], numbers of codes in the index, ascending. ``features`` float32 [n, len(FEATURES)]:

    - ``coverage``: share of the weight (IDF) of the best name's words that the note has anywhere;
    - ``nearness``: the same, each word counting less the further it is from the name's rarest word; the best name
      is the one with the highest nearness² · √weight;
    - ``title``: nearness of the title; ``wider``: of the best name that means more than the code (of an ancestor,
      of an approximate equivalent);
    - ``weight``: √ of the summed IDF of the best name; ``rarity``: IDF of its rarest word found; ``length``: log of
      1 + its number of words; all three over the largest in the index;
    - ``mentions``: log of 1 + the number of places where the name is about as near as at its best; ``place``:
      where the first of these lies, 1 at the beginning of the note and 0 at its end;
    - ``diagnosis_section``, ``negated``, ``historical``, ``family``: share of the mentions in that context.

    Where only a wider name was found, all features but ``wider`` are 0. ``links`` int32 [n] is the best name's
    number, ``places`` int32 [n] the word of the note at the heart of its first mention (both -1 without one);
    ``NameIndex.mention`` turns them into offsets.
    """

    codes: np.ndarray
    features: np.ndarray
    links: np.ndarray
    places: np.ndarray


class Mention(NamedTuple):
    """The best name of a code found in a note: its words stand at ``spans``, character offsets, ascending."""

    name: Name
    spans: list[tuple[int, int]]


class _Found(NamedTuple):
    """For each of some names (rows): how near its words are at best, and its mentions."""

    nearness: np.ndarray
    rarity: np.ndarray
    mentions: np.ndarray
    place: np.ndarray
    contexts: np.ndarray  # [rows, len(FEATURE_CONTEXTS)] shares of the mentions


class _Occurrences(NamedTuple):
    """Words of a note that some name has, an abbreviation standing for several: their numbers in the index, ``words``
    int32 [n], and which word of the note each is, ``places`` int32 [n], those of one word ascending.
    """

    words: np.ndarray
    places: np.ndarray


class NameIndex:
    """Several names per code, searched all at once. ``names[i]`` are the names of code number i.

    Names with the same words are one row of a sparse matrix [names, words] of weights; links say which codes have
    them. The weight (IDF) of a word is log((codes + 1) / (codes that have it in a name of their own + 1/2)), or its
    weight in the index ``like``: then what is found for a code does not depend on the other codes.
    """

    def __init__(self, names: Sequence[Sequence[Name]], like: "NameIndex | None" = None) -> None:
        self.codes = len(names)
        self._vocabulary: dict[str, int] = {}
        rows: dict[tuple[int, ...], int] = {}
        row_of: dict[str, int] = {}  # text of a name -> row; ancestors' names come again and again
        links: list[tuple[int, int, int]] = []  # code, row, kind; by code
        self._names: list[Name] = []  # of the links
        for code, several in enumerate(names):
            seen: set[int] = set()
            for name in several:
                row = row_of.get(name.text)
                if row is None:
                    words = sorted(
                        self._vocabulary.setdefault(w, len(self._vocabulary)) for w in stems(name.text)
                    )
                    row = row_of[name.text] = rows.setdefault(tuple(words), len(rows)) if words else -1
                if row >= 0 and row not in seen:
                    seen.add(row)
                    links.append((code, row, KINDS.index(name.kind)))
                    self._names.append(name)
        self._link_code, self._link_row, self._link_kind = np.array(links, np.int32).reshape(-1, 3).T
        self._sizes = np.fromiter((len(words) for words in rows), np.int64, len(rows))
        self._starts = np.concatenate([[0], np.cumsum(self._sizes)])
        self._words = np.fromiter((w for words in rows for w in words), np.int32, self._starts[-1])
        self._idf = self._inverse_frequencies() if like is None else self._weights_in(like)
        weights = self._idf[self._words]
        self._matrix = csr_array(
            (weights, self._words, self._starts), shape=(len(rows), len(self._vocabulary))
        )
        self._weight = np.asarray(self._matrix.sum(axis=1), np.float32)
        # the largest weight, IDF and length, by which features are divided
        own = self._weight.max(initial=1), self._idf.max(initial=1), self._sizes.max(initial=1)
        largest = float(np.sqrt(own[0])), float(own[1]), float(np.log1p(own[2]))
        self._largest: tuple[float, float, float] = like._largest if like else largest

    def _inverse_frequencies(self) -> np.ndarray:
        own = self._link_kind < len(OWN)
        rows, vocabulary = self._link_row[own], len(self._vocabulary)
        codes = np.repeat(self._link_code[own].astype(np.int64), self._sizes[rows])
        words = self._words[_ranges(self._starts[rows], self._sizes[rows])]
        pairs = np.unique(codes * max(vocabulary, 1) + words)
        having = np.bincount(pairs % max(vocabulary, 1), minlength=vocabulary)
        return np.log((self.codes + 1) / (having + 0.5)).astype(np.float32)

    def _weights_in(self, like: "NameIndex") -> np.ndarray:
        place = [like._vocabulary.get(word, -1) for word in self._vocabulary]
        unknown = np.float32(np.log((like.codes + 1) / 0.5))
        return np.append(like._idf, unknown)[place]

    def _read(self, note: NoteWords) -> _Occurrences:
        """The words of a note that some name has, be it in its own language or in the note's glosses."""
        meanings, vocabulary = note.meanings, self._vocabulary
        if len(meanings) < len(vocabulary):
            shared = [word for word in meanings if word in vocabulary]
        else:
            shared = [word for word in vocabulary if word in meanings]
        times = [len(meanings[word]) for word in shared]
        places = np.fromiter(chain.from_iterable(meanings[word] for word in shared), np.int32, sum(times))
        words = np.repeat(np.array([vocabulary[word] for word in shared], np.int32), times)
        return _Occurrences(words, places)

    def match(self, note: NoteWords, floor: float = FLOOR) -> Matches:
        """Matches of every code by the words of its names; names with a coverage below ``floor`` do not count."""
        read = self._read(note)
        marks = np.zeros(len(self._vocabulary), np.float32)
        marks[read.words] = 1
        coverage = (self._matrix @ marks) / self._weight
        rows = np.flatnonzero(coverage >= floor)
        if not len(rows):
            nothing = np.zeros(0, np.int32)
            return Matches(nothing, np.zeros((0, len(FEATURES)), np.float32), nothing, nothing)
        return self._best(rows, coverage[rows], self._locate(note, read, rows), len(note.words))

    def _locate(self, note: NoteWords, read: _Occurrences, rows: np.ndarray) -> _Found:
        """Where the words of each name are closest together: around an occurrence of its rarest word found."""
        present, local = np.unique(read.words, return_inverse=True)
        fading = np.exp(-np.maximum(np.arange(len(note.words)) - NEAR, 0) / FADE).astype(np.float32)
        closeness = fading[_distances(local, read.places, len(present), len(note.words))]
        local_of = np.full(len(self._vocabulary), -1, np.int32)
        local_of[present] = np.arange(len(present))

        names = self._matrix[rows]  # of these the words that the note has
        columns = local_of[names.indices]
        there = columns >= 0
        begins = np.append(0, np.cumsum(there))[names.indptr]
        begins, sizes = begins[:-1], np.diff(begins)
        columns, weights = columns[there], names.data[there]
        rarity = np.maximum.reduceat(weights, begins)
        centre = columns[_first_best(weights, begins, sizes)]

        order = np.argsort(local, kind="stable")
        often = np.bincount(local, minlength=len(present))
        times = often[centre]  # occurrences of each name's centre
        place = read.places[order][_ranges((np.cumsum(often) - often)[centre], times)]
        row = np.repeat(np.arange(len(rows)), times)
        entries = _ranges(begins[row], sizes[row])
        cells = columns[entries] * np.int64(len(note.words)) + np.repeat(place, sizes[row])
        parts = weights[entries] * closeness.ravel()[cells]
        near = np.add.reduceat(parts, np.cumsum(sizes[row]) - sizes[row]) / self._weight[rows][row]

        firsts = np.cumsum(times) - times
        nearness = np.maximum.reduceat(near, firsts)
        mention = np.flatnonzero(near >= MENTION * nearness[row])  # each name has one at least
        mentions = np.bincount(row[mention], minlength=len(rows))
        firsts = np.cumsum(mentions) - mentions
        context = note.contexts_of_words[:, : len(FEATURE_CONTEXTS)].astype(np.float32)[place[mention]]
        shares = np.add.reduceat(context, firsts) / mentions[:, None]
        return _Found(nearness, rarity, mentions, place[mention[firsts]], shares.astype(np.float32))

    def _best(self, rows: np.ndarray, coverage: np.ndarray, found: _Found, words: int) -> Matches:
        """From names to codes: the best own name of each, and the nearness of the best wider one."""
        place = np.full(len(self._sizes), -1, np.int32)
        place[rows] = np.arange(len(rows))
        name = place[self._link_row]
        links = np.flatnonzero(name >= 0)  # they ascend by code
        name, kind, codes = name[links], self._link_kind[links], self._link_code[links]
        firsts = np.flatnonzero(np.append(True, codes[1:] != codes[:-1]))
        codes, sizes = codes[firsts], np.diff(firsts, append=len(links))
        nearness, weight = found.nearness[name], np.sqrt(self._weight[rows])[name]
        best = _first_best(np.where(kind < len(OWN), nearness**2 * weight, 0), firsts, sizes)
        has = kind[best] < len(OWN)

        chosen = name[best]
        features = np.empty((len(codes), len(FEATURES)), np.float32)
        features[:, 0] = coverage[chosen]
        features[:, 1] = nearness[best]
        features[:, 2] = np.maximum.reduceat(np.where(kind == KINDS.index("title"), nearness, 0), firsts)
        largest_weight, largest_idf, largest_length = self._largest
        features[:, 4] = weight[best] / largest_weight
        features[:, 5] = found.rarity[chosen] / largest_idf
        features[:, 6] = np.log1p(self._sizes[rows][chosen]) / largest_length
        features[:, 7] = np.log1p(found.mentions[chosen])
        features[:, 8] = 1 - found.place[chosen] / words
        features[:, 9:] = found.contexts[chosen]
        features[~has] = 0
        features[:, 3] = np.maximum.reduceat(np.where(kind >= len(OWN), nearness, 0), firsts)
        return Matches(
            codes.astype(np.int32),
            features,
            np.where(has, links[best], -1).astype(np.int32),
            np.where(has, found.place[chosen], -1).astype(np.int32),
        )

    def name(self, link: int) -> Name:
        """The name with the number that ``Matches.links`` has."""
        return self._names[link]

    def mention(self, note: NoteWords, matches: Matches, position: int) -> Mention | None:
        """The name by which code ``matches.codes[position]`` was found, and where; None if only by a wider one."""
        link, heart = int(matches.links[position]), int(matches.places[position])
        if link < 0:
            return None
        read = self._read(note)
        row = self._link_row[link]
        places = set()
        for word in self._words[self._starts[row] : self._starts[row + 1]]:
            standing = read.places[read.words == word]
            if len(standing):
                place = int(standing[np.argmin(np.abs(standing - heart))])
                if abs(place - heart) <= NEAR + FADE:
                    places.add(place)
        spans = [(int(start), int(end)) for start, end in note.spans[sorted(places)]]
        return Mention(self._names[link], spans)


def _ranges(starts: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """start, start + 1, ... of each range, one after another."""
    ends = np.cumsum(sizes)
    return np.arange(ends[-1] if len(ends) else 0) + np.repeat(starts - (ends - sizes), sizes)


def _first_best(values: np.ndarray, firsts: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """For groups of neighbours, each beginning at one of ``firsts``: where each has its largest value first."""
    best = np.repeat(np.maximum.reduceat(values, firsts), sizes)
    hits = np.flatnonzero(values == best)
    return hits[np.searchsorted(hits, firsts)]


def _distances(words: np.ndarray, places: np.ndarray, size: int, length: int) -> np.ndarray:
    """Words between each place of a text and the nearest occurrence of each word [size, length]."""
    far = 2 * length
    kind = np.int16 if 2 * far < 2**15 else np.int32
    here = np.arange(length, dtype=kind)
    before = np.full((size, length), -far, kind)
    before[words, places] = places
    after = np.full((size, length), far, kind)
    after[words, places] = places
    np.maximum.accumulate(before, axis=1, out=before)
    np.minimum.accumulate(after[:, ::-1], axis=1, out=after[:, ::-1])
    return np.minimum(np.minimum(here - before, after - here), length - 1)
