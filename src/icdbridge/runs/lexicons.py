"""Lexicons in a run folder: ``names.parquet``, ``terms.parquet`` and ``associations.safetensors``."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from safetensors.numpy import load_file
from scipy.sparse import csr_array

from icdbridge.codes import Code, Name, parse_key
from icdbridge.matching import Associations, Learnt, Lexicon
from icdbridge.models.tensor_files import save_tensors

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
        for part, learnt in zip(_PARTS, lexicon.learnt, strict=True):
            tensors[f"{version}.{part}.notes"] = learnt.notes
            if (found := learnt.associations) is not None:
                counts = found.counts
                arrays = (found.hashes, found.notes, counts.indptr, counts.indices, counts.data)
                tensors |= {
                    f"{version}.{part}.{name}": array for name, array in zip(_ARRAYS, arrays, strict=True)
                }
    save_tensors(path / FILES[2], tensors)


def read_lexicons(path: Path) -> dict[str, Lexicon]:
    """The lexicons of a run folder, by version."""
    terms: dict[Code, list[str]] = {}
    for row in pq.read_table(path / FILES[1]).to_pylist():
        terms.setdefault(parse_key(row["code"]), []).append(row["term"])
    names: dict[str, dict[str, list[Name]]] = {}
    for row in pq.read_table(path / FILES[0]).to_pylist():
        names.setdefault(row["version"], {}).setdefault(row["code"], []).append(
            Name(row["text"], row["kind"])
        )
    arrays = load_file(path / FILES[2])
    lexicons = {}
    for number, (version, of_code) in enumerate(names.items()):
        own, others = (_read_learnt(arrays, f"{version}.{part}.") for part in _PARTS)
        lexicons[version] = Lexicon(list(of_code), list(of_code.values()), terms, (own, others), number)
    return lexicons


def _read_learnt(arrays: Mapping[str, np.ndarray], part: str) -> Learnt:
    notes = arrays[f"{part}notes"]
    if f"{part}hashes" not in arrays:
        return Learnt(notes)
    hashes, often, indptr, indices, counts = (arrays[part + name] for name in _ARRAYS)
    shape = (len(hashes), len(notes))
    return Learnt(notes, Associations(hashes, often, csr_array((counts, indices, indptr), shape=shape)))
