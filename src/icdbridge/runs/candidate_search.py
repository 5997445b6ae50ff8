"""Candidate search: a cheap first stage proposes a few codes for a note, and the model scores only those.

Two lists are joined. The first has the best codes by a low-rank linear scorer of the note's words, distilled from the
model's scores of training notes. The second has the best codes by words of their names in the note, which also finds
codes that no training note carried.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Annotated

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import Field

from icdbridge.codes import Name, code_names, version_of
from icdbridge.codes.naming import KINDS
from icdbridge.errors import InputError
from icdbridge.files import Kind, atomic_folder, check_manifest, read_json, write_json, write_manifest
from icdbridge.lexical.name_index import FEATURES, NameIndex
from icdbridge.lexical.note import NoteWords
from icdbridge.models.tensor_files import Shape, load_tensors, save_tensors
from icdbridge.runs.stored_files import read_table
from icdbridge.schema import Count, Share, checked
from icdbridge.schema import Name as Stored

FOLDER = "candidates"  # in the run folder
WEIGHTS, NAMES, COUNTS = FILES = ("linear.safetensors", "names.parquet", "counts.json")
KIND = Kind("a candidate search", COUNTS)
WIDER = 0.02  # weight of a wider name's nearness² beside nearness² · weight of a name of the code's own
FLOOR = 0.5  # coverage below which a name proposes no code


@dataclass(frozen=True)
class CandidateCounts:
    """How many codes each list proposes for a note of one version, and how that was chosen.

    ``recall`` is the share of the exact run's predicted codes that are among the candidates of ``notes`` val notes,
    ``target`` the requested share, ``bound`` its lower bound for other such notes with 95 % confidence (None: not
    known, in an old run). ``among_all`` is the same where the choice is among all codes of the version's code systems,
    most of which the run did not learn (None: not measured).
    """

    linear: Annotated[int, Field(ge=0, le=1_000_000)]
    lexical: Annotated[int, Field(ge=0, le=1_000_000)]
    recall: Share
    target: Share
    notes: Count
    bound: Share | None = None
    among_all: "CandidateCounts | None" = None

    @property
    def reached(self) -> bool:
        """Whether the candidates hold the share that was asked for."""
        return self.recall >= self.target


_NAMES = pa.schema([(name, pa.string()) for name in ("code", "name", "kind")])


@dataclass(frozen=True)
class LinearScorer:
    """score = bag(note) · code + bias; ``words`` [V, r], ``codes`` [L, r] and ``bias`` [L] in the order of the run's
    index. The bag of a note is the sum of the vectors of its different words, over the root of their number.
    """

    words: np.ndarray
    codes: np.ndarray
    bias: np.ndarray

    def bag(self, ids: np.ndarray) -> np.ndarray:
        """float32 [r] of the word ids [T] of a note."""
        different = np.unique(ids)
        return self.words[different].sum(axis=0) / np.sqrt(max(len(different), 1))


@dataclass(eq=False)
class Candidates:
    """The first stage that is stored in a run folder: the linear scorer, ``names`` of the run's codes in the order of
    its index, ``counts`` by version.
    """

    linear: LinearScorer
    names: Mapping[str, Sequence[Name]]
    counts: Mapping[str, CandidateCounts]

    def measured(self, codes: Collection[str], version: str | None) -> CandidateCounts | None:
        """What was measured for such codes (keys) of a version, or of a caller's own (None); None if nothing was.

        Only names find codes that the run did not learn, so these go by what was measured ``among_all``.
        """
        versions = {version} if version else {version_of(key.partition(":")[0]) for key in codes}
        if len(versions) > 1:
            return None  # scores of two versions have no common scale
        if all(code in self.names for code in codes):
            found = [self.counts.get(one) for one in versions]
        else:
            found = [counts.among_all for counts in self.counts.values()]
        known = [counts for counts in found if counts is not None]
        if not known or len(known) < len(found):
            return None
        return CandidateCounts(
            max(counts.linear for counts in known),
            max(counts.lexical for counts in known),
            min(counts.recall for counts in known),
            max(counts.target for counts in known),
            min(counts.notes for counts in known),
        )

    def counts_for(self, codes: Collection[str], version: str | None) -> CandidateCounts | None:
        """How many codes are proposed for a note; None where the search would lose more than was asked for, or
        nothing was measured: then every code has to be scored.
        """
        found = self.measured(codes, version)
        return found if found is not None and found.reached else None

    def save(self, run: Path) -> None:
        """Writes the folder ``candidates`` of a run folder, in place of one that is there."""
        with atomic_folder(Path(run) / FOLDER, KIND, replace=True) as folder:
            save_tensors(
                folder / WEIGHTS,
                {name: value.astype(np.float16) for name, value in vars(self.linear).items()},
            )
            rows = [
                {"code": code, "name": name.text, "kind": name.kind}
                for code, names in self.names.items()
                for name in names
            ]
            pq.write_table(pa.Table.from_pylist(rows, _NAMES), folder / NAMES)
            write_json(folder / COUNTS, {version: asdict(counts) for version, counts in self.counts.items()})
            write_manifest(folder, list(FILES))

    @classmethod
    def load(cls, run: Path, codes: Sequence[str], versions: Collection[str], words: int) -> "Candidates":
        """Reads the candidate search of a run with these codes, versions and vocabulary size. Raises ``InputError`` if
        the folder has none, or one that is damaged or does not fit.
        """
        folder = Path(run) / FOLDER
        if not folder.is_dir():
            raise InputError(f"{run} has no candidate search: make it by `icdbridge index {run} CORPUS`")
        check_manifest(folder, KIND)
        path = folder / COUNTS
        counts = checked(read_json(path), dict[Stored, CandidateCounts], path, "index it again")
        if not counts or counts.keys() - set(versions):
            raise InputError(f"{folder / COUNTS} is of other versions than the run: index it again")
        names: dict[str, list[Name]] = {}
        for row, found in enumerate(read_table(folder / NAMES, _NAMES).to_pylist(), 1):
            if found["kind"] not in KINDS or found["code"] is None or found["name"] is None:
                raise InputError(f"{folder / NAMES}, row {row}: a code, a name and its kind are expected")
            names.setdefault(found["code"], []).append(Name(found["name"], found["kind"]))
        if list(names) != list(codes):
            raise InputError(
                f"{folder / NAMES} does not name the codes of the run, in their order: index it again"
            )
        wanted: dict[str, Shape] = {
            "words": ("F16", (words, None)), "codes": ("F16", (len(codes), None)), "bias": ("F16", (len(codes),))
        }  # fmt: skip
        tensors = load_tensors(folder / WEIGHTS, wanted)
        if tensors["words"].shape[1] != tensors["codes"].shape[1]:
            raise InputError(
                f"{folder / WEIGHTS}: words and codes have vectors of different sizes: index it again"
            )
        linear = LinearScorer(**{name: value.float().numpy() for name, value in tensors.items()})
        return cls(linear, names, counts)


class Proposer:
    """The first stage for a list of codes, which need not be the run's.

    ``stands_for`` maps a successor to the learned code that it replaced.
    """

    def __init__(
        self,
        stored: Candidates,
        codes: Sequence[str],
        descriptions: Sequence[str],
        stands_for: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        row_of = {code: row for row, code in enumerate(stored.names)}
        rows = np.array([row_of.get(stands_for.get(code, code), -1) for code in codes], np.int64)
        self._columns = np.flatnonzero(rows >= 0)  # the codes that the linear scorer knows
        self._linear = stored.linear
        self._code_vectors = stored.linear.codes[rows[self._columns]]
        self._bias = stored.linear.bias[rows[self._columns]]
        new = {code: text for code, text in zip(codes, descriptions, strict=True) if code not in stored.names}
        names = dict(zip(new, code_names(list(new), list(new.values())), strict=True))
        self._names = NameIndex([stored.names.get(code) or names[code] for code in codes])

    def linear_order(self, ids: np.ndarray, size: int) -> np.ndarray:
        """The columns of the ``size`` best trained codes for a note (word ids), best first."""
        scores = self._code_vectors @ self._linear.bag(ids) + self._bias
        return self._columns[_best(scores, size)]

    def lexical_order(self, note: NoteWords, size: int) -> np.ndarray:
        """The columns of the ``size`` codes whose names match the note best, best first."""
        matches = self._names.match(note, FLOOR)
        score = matches.features[:, _NEARNESS] ** 2 * matches.features[:, _WEIGHT]
        score += WIDER * matches.features[:, _WIDER] ** 2
        return matches.codes[_best(score, size)].astype(np.int64)

    def propose(self, note: NoteWords, ids: np.ndarray, counts: CandidateCounts) -> np.ndarray:
        """The columns of the candidates for a note, given as its words and their ids; ascending."""
        linear, lexical = self.linear_order(ids, counts.linear), self.lexical_order(note, counts.lexical)
        return np.union1d(linear, lexical)


_NEARNESS, _WEIGHT, _WIDER = (FEATURES.index(name) for name in ("nearness", "weight", "wider"))


def _best(scores: np.ndarray, size: int) -> np.ndarray:
    """The positions of the ``size`` largest scores, largest first, ties in order."""
    kept = np.arange(len(scores))
    if 0 < size < len(scores):
        kept = np.flatnonzero(scores >= np.partition(scores, -size)[-size])
    return kept[np.argsort(-scores[kept], kind="stable")][:size]
