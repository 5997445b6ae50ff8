"""Lexicons in a run folder: ``names.parquet``, ``terms.parquet`` and ``associations.safetensors``."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from safetensors import SafetensorError, safe_open
from scipy.sparse import csr_array

from icdbridge.codes import Code, Name, category_of, parse_key
from icdbridge.codes.names import KINDS
from icdbridge.errors import InputError
from icdbridge.lexical import Associations, CodeStatistics, Lexicon
from icdbridge.models.tensor_files import Shape, load_tensors, save_tensors
from icdbridge.runs.stored_files import check_key, read_table

FILES = ["names.parquet", "terms.parquet", "associations.safetensors"]
_ARRAYS = ("hashes", "often", "indptr", "indices", "counts")
_PARTS = ("own", "others")  # notes of the version, and of other versions


def write_lexicons(path: Path, lexicons: Mapping[str, Lexicon]) -> None:
    """Writes the lexicons, by version, into a run folder. The order of their codes is that of the run's index."""
    names = [
        (version, key, name.kind, name.text)
        for version, lexicon in lexicons.items()
        for key, several in zip(lexicon.keys, lexicon.names, strict=True)
        for name in several
    ]
    columns = ("version", "code", "kind", "text")
    pq.write_table(pa.table({c: [row[i] for row in names] for i, c in enumerate(columns)}), path / FILES[0])
    # the terms are the same for all versions
    terms = [
        (str(code), text) for code, texts in next(iter(lexicons.values())).terms.items() for text in texts
    ]
    table = {"code": pa.array([row[0] for row in terms], pa.string())}
    table["term"] = pa.array([row[1] for row in terms], pa.string())
    pq.write_table(pa.table(table), path / FILES[1])
    tensors: dict[str, np.ndarray] = {}
    for version, lexicon in lexicons.items():
        for part, statistics in zip(_PARTS, lexicon.statistics, strict=True):
            tensors[f"{version}.{part}.notes"] = statistics.notes
            if (found := statistics.associations) is not None:
                counts = found.counts
                arrays = (found.hashes, found.notes, counts.indptr, counts.indices, counts.data)
                tensors |= {
                    f"{version}.{part}.{name}": array for name, array in zip(_ARRAYS, arrays, strict=True)
                }
    save_tensors(path / FILES[2], tensors)


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
        own, others = (_read_statistics(path / FILES[2], arrays, f"{version}.{part}.") for part in _PARTS)
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
            if f"{part}hashes" in there:
                wanted |= {f"{part}hashes": ("U64", (None,)), f"{part}often": ("F32", (None,))}
                wanted |= {
                    f"{part}{name}": (there.get(f"{part}{name}", "I32"), (None,))
                    for name in ("indptr", "indices")
                }
                wanted[f"{part}counts"] = ("F32", (None,))
    return {name: tensor.numpy() for name, tensor in load_tensors(path, wanted).items()}


def _read_statistics(path: Path, arrays: Mapping[str, np.ndarray], part: str) -> CodeStatistics:
    notes = arrays[f"{part}notes"]
    if f"{part}hashes" not in arrays:
        return CodeStatistics(notes)
    hashes, often, indptr, indices, counts = (arrays[part + name] for name in _ARRAYS)
    sound = (
        all(array.dtype in (np.int32, np.int64) for array in (indptr, indices))
        and len(often) == len(hashes) == len(indptr) - 1
        and len(counts) == len(indices) == indptr[-1]
        and indptr[0] == 0
        and (np.diff(indptr) >= 0).all()
        and (not len(indices) or (indices.min() >= 0 and indices.max() < len(notes)))
        and (hashes[1:] > hashes[:-1]).all()
        and all((array >= 0).all() for array in (notes, often, counts))
    )
    if not sound:
        raise InputError(f"{path}, tensors {ascii(part)[1:-1]}…: these are no counts of phrases and codes")
    shape = (len(hashes), len(notes))
    return CodeStatistics(
        notes, Associations(hashes, often, csr_array((counts, indices, indptr), shape=shape))
    )
