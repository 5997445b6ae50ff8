"""Lexicons in a run folder: ``names.parquet``, ``terms.parquet`` and ``associations.safetensors``."""

import re
from collections.abc import Mapping, Sequence
from itertools import chain
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from safetensors import SafetensorError, safe_open
from scipy.sparse import csr_array

from icdbridge.codes import Code, Name, category_of, parse_key
from icdbridge.codes.naming import KINDS
from icdbridge.errors import InputError
from icdbridge.lexical.associations import Associations
from icdbridge.lexical.lexicon import Lexicon
from icdbridge.lexical.marks import Marks
from icdbridge.lexical.matcher import CodeStatistics
from icdbridge.lexical.translation import Translator
from icdbridge.models.tensor_files import Shape, load_tensors, save_tensors
from icdbridge.runs.stored_files import check_key, read_table

FILES = ["names.parquet", "terms.parquet", "associations.safetensors"]
_LINES = ("english", "words")  # of a translator, as lines of text
# The arrays of associations, marks and translations with their kinds, which are there together; "": of either size.
_COUNTED = {"hashes": "U64", "often": "F32", "indptr": "", "indices": "", "counts": "F32"}
_ARRAYS = tuple(_COUNTED)
_STORED = {
    "": _COUNTED,
    "marks.": {**_COUNTED, "marks": "F32", "words": "U64", "starts": "I64"},
    "translations.": {"hashes": "U64", **dict.fromkeys(_LINES, "U8")},
}
_LINE = re.compile(r"[a-z0-9 ]*")
_PARTS = ("own", "others")  # notes of the version, and of all versions together


def write_lexicons(path: Path, lexicons: Mapping[str, Lexicon]) -> None:
    """Writes the lexicons, by version, into a run folder. The order of their codes is that of the run's index."""
    names = [
        {"version": version, "code": key, "kind": name.kind, "text": name.text}
        for version, lexicon in lexicons.items()
        for key, several in zip(lexicon.keys, lexicon.names, strict=True)
        for name in several
    ]
    pq.write_table(pa.Table.from_pylist(names, _NAMES), path / FILES[0])
    shared = next(iter(lexicons.values())).terms  # the same for all versions
    terms = [{"code": str(code), "term": text} for code, texts in shared.items() for text in texts]
    pq.write_table(pa.Table.from_pylist(terms, _TERMS), path / FILES[1])
    tensors: dict[str, np.ndarray] = {}
    for version, lexicon in lexicons.items():
        for part, statistics in zip(_PARTS, lexicon.statistics, strict=True):
            own = {"notes": statistics.notes}
            if (found := statistics.associations) is not None:
                own |= _counts(found)
            if (marks := statistics.marks) is not None:
                told = {"marks": marks.marks.data, "words": marks.words, "starts": marks.starts}
                own |= {f"marks.{name}": array for name, array in (_counts(marks) | told).items()}
            if (translator := statistics.translator) is not None:
                own["translations.hashes"] = translator.hashes
                for name in _LINES:
                    lines = "\n".join(getattr(translator, name)).encode()
                    own[f"translations.{name}"] = np.frombuffer(lines, np.uint8)
            tensors |= {f"{version}.{part}.{name}": array for name, array in own.items()}
    save_tensors(path / FILES[2], tensors)


def _counts(found: Associations | Marks) -> dict[str, np.ndarray]:
    counts = found.counts
    arrays = (found.hashes, found.notes, counts.indptr, counts.indices, counts.data)
    return dict(zip(_ARRAYS, arrays, strict=True))


_TERMS = pa.schema([("code", pa.string()), ("term", pa.string())])
_NAMES = pa.schema([(name, pa.string()) for name in ("version", "code", "kind", "text")])


def read_lexicons(path: Path, codes: Mapping[str, Sequence[str]]) -> dict[str, Lexicon]:
    """The lexicons of a run folder, by version; ``codes``: the keys of each of the run's versions.

    Raises ``InputError`` for files that do not fit these, or one another.
    """
    terms: dict[Code, list[str]] = {}
    for row, found in enumerate(read_table(path / FILES[1], _TERMS).to_pylist(), 1):
        if not found["code"] or not found["term"]:
            raise InputError(f"{path / FILES[1]}, row {row}: a code and a term are expected")
        check_key(path / FILES[1], row, found["code"])
        terms.setdefault(parse_key(found["code"]), []).append(found["term"])
    names: dict[str, dict[str, list[Name]]] = {}
    for row, found in enumerate(read_table(path / FILES[0], _NAMES).to_pylist(), 1):
        if found["kind"] not in KINDS or found["text"] is None:
            raise InputError(
                f"{path / FILES[0]}, row {row}: a name of one of the kinds {', '.join(KINDS)} is expected"
            )
        names.setdefault(found["version"], {}).setdefault(found["code"], []).append(
            Name(found["text"], found["kind"])
        )
    if {version: list(of_code) for version, of_code in names.items()} != {
        version: list(keys) for version, keys in codes.items()
    }:
        raise InputError(f"{path / FILES[0]} does not name the codes of codes.parquet, in their order")
    lexicons, arrays = {}, _read_arrays(path / FILES[2], names)
    for number, (version, of_code) in enumerate(names.items()):
        own, others = (
            _read_statistics(path / FILES[2], arrays, f"{version}.{part}.", len(of_code)) for part in _PARTS
        )
        lexicons[version] = Lexicon(list(of_code), list(of_code.values()), terms, (own, others), number)
    return lexicons


def _read_arrays(path: Path, names: Mapping[str, Mapping[str, Sequence[Name]]]) -> dict[str, np.ndarray]:
    """The arrays of ``associations.safetensors``, each of the kind that ``write_lexicons`` gives it."""
    try:
        with safe_open(path, framework="np") as file:
            there = {name: file.get_slice(name).get_dtype() for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError, ValueError) as error:
        raise InputError(f"{path} is missing, no safetensors file, or a damaged one") from error
    wanted: dict[str, Shape] = {}
    for version, of_code in names.items():
        columns = len(of_code) + len({category_of(key) for key in of_code})
        for part in (f"{version}.{part}." for part in _PARTS):
            wanted[f"{part}notes"] = ("F32", (columns,))
            for group, kinds in _STORED.items():
                if f"{part}{group}hashes" in there:
                    names_of = {name: f"{part}{group}{name}" for name in kinds}
                    wanted |= {
                        own: (kinds[name] or there.get(own, "I32"), (None,)) for name, own in names_of.items()
                    }
    return {name: tensor.numpy() for name, tensor in load_tensors(path, wanted).items()}


def _read_statistics(path: Path, arrays: Mapping[str, np.ndarray], part: str, codes: int) -> CodeStatistics:
    notes = arrays[f"{part}notes"]
    if (notes < 0).any():
        raise InputError(f"{path}, tensors {ascii(part)[1:-1]}…: these are no counts of phrases and codes")
    associations = marks = None
    if f"{part}hashes" in arrays:
        associations = Associations(*_read_counts(path, arrays, part, len(notes)))
    if f"{part}marks.hashes" in arrays:
        hashes, often, counts = _read_counts(path, arrays, f"{part}marks.", codes)
        times = arrays[f"{part}marks.marks"]
        if len(times) != len(counts.data) or (times < 1).any():
            raise InputError(f"{path}, tensor {ascii(part)[1:-1]}marks.marks: these are no counts of marks")
        marked = csr_array((times, counts.indices, counts.indptr), shape=counts.shape)
        words, starts = arrays[f"{part}marks.words"], arrays[f"{part}marks.starts"]
        whole = len(starts) == len(hashes) + 1 and starts[0] == 0 and starts[-1] == len(words)
        if not whole or (np.diff(starts) < 0).any():
            raise InputError(f"{path}, tensor {ascii(part)[1:-1]}marks.starts: these are no words of marks")
        marks = Marks(hashes, often, counts, marked, words, starts)
    translator = None
    if f"{part}translations.hashes" in arrays:
        translator = _read_translator(path, arrays, f"{part}translations.")
    return CodeStatistics(notes, associations, marks, translator)


def _read_translator(path: Path, arrays: Mapping[str, np.ndarray], part: str) -> Translator:
    hashes = arrays[f"{part}hashes"]
    try:
        english, words = (arrays[part + name].tobytes().decode("ascii").split("\n") for name in _LINES)
    except UnicodeDecodeError:
        english = words = []
    sound = len(english) == max(1, len(hashes)) and (hashes[1:] > hashes[:-1]).all()
    if not sound or not all(_LINE.fullmatch(line) for line in chain(english, words)):
        raise InputError(
            f"{path}, tensors {ascii(part)[1:-1]}…: these are no phrases with their translations"
        )
    return Translator(hashes, english, words)


def _read_counts(
    path: Path, arrays: Mapping[str, np.ndarray], part: str, columns: int
) -> tuple[np.ndarray, np.ndarray, csr_array]:
    """Phrases, how often each stands, and how many of these carry each of so many codes and categories."""
    hashes, often, indptr, indices, counts = (arrays[part + name] for name in _ARRAYS)
    sound = (
        all(array.dtype in (np.int32, np.int64) for array in (indptr, indices))
        and len(often) == len(hashes) == len(indptr) - 1
        and len(counts) == len(indices) == indptr[-1]
        and indptr[0] == 0
        and (np.diff(indptr) >= 0).all()
        and (not len(indices) or (indices.min() >= 0 and indices.max() < columns))
        and (hashes[1:] > hashes[:-1]).all()
        and all((array >= 0).all() for array in (often, counts))
    )
    if not sound:
        raise InputError(f"{path}, tensors {ascii(part)[1:-1]}…: these are no counts of phrases and codes")
    return hashes, often, csr_array((counts, indices, indptr), shape=(len(hashes), columns))
