"""Which patients train, validate and test: read from a file, or drawn so that every code is spread alike."""

import heapq
from collections.abc import Sequence
from math import ceil
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.feather
import pyarrow.parquet

from icdbridge.corpora.corpus import SPLITS
from icdbridge.errors import InputError

PROPORTIONS = (0.73, 0.11, 0.16)  # train, val, test, as in the splits of Edin et al. (2023)
NAMES = {"train": "train", "val": "val", "test": "test", "dev": "val", "valid": "val", "validation": "val"}


def stratify(
    patients: npt.NDArray[np.int64],
    codes: npt.NDArray[np.int64],
    n_patients: int,
    proportions: Sequence[float],
    seed: int,
) -> npt.NDArray[np.int8]:
    """Iterative stratification (Sechidis, Tsoumakas and Vlahavas 2011, algorithm 1) over sparse labels.

    ``patients`` and ``codes`` are parallel: patient ``patients[i]`` (0 to ``n_patients`` - 1) has the code
    ``codes[i]``; no pair occurs twice. Gives the number of the split of each patient. Codes are handled from
    the fewest patients left to the most; each patient goes where the code is still wanted most, then where
    patients are, then by lot.

    Only codes that can expect two patients in the smallest split take part. Rarer ones would always go to the
    largest, which would fill up with them; their patients are placed by their other codes, or by lot.
    """
    share = np.asarray(proportions, dtype=np.float64)
    share = share / share.sum()
    rng = np.random.default_rng(seed)
    place = rng.permutation(n_patients)  # the order in which the patients of a code are looked at
    count = np.bincount(codes, minlength=1)
    taking_part = count[codes] >= ceil(2 / share.min())
    patients, codes = patients[taking_part], codes[taking_part]
    by_patient, patient_start = _group(patients, codes, codes, n_patients)
    by_code, code_start = _group(codes, patients, place[patients], len(count))

    left = np.bincount(codes, minlength=len(count))
    wanted = share[:, None] * left
    wanted_patients = share * n_patients
    split = np.full(n_patients, -1, dtype=np.int8)

    def assign(patient: int, wish: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
        open_ = wanted_patients > 0  # a full split takes no more: many small roundings up would swell it
        wish = np.where(open_, wish, -np.inf) if open_.any() else wish
        best = np.flatnonzero(wish >= wish.max() - 1e-9)
        if len(best) > 1:
            most = wanted_patients[best]
            best = best[most >= most.max() - 1e-9]
        chosen = int(best[0]) if len(best) == 1 else int(rng.choice(best))
        split[patient] = chosen
        wanted_patients[chosen] -= 1
        own = by_patient[patient_start[patient] : patient_start[patient + 1]]
        wanted[chosen, own] -= 1
        left[own] -= 1
        return own

    heap = [(int(n), code) for code, n in enumerate(left) if n]
    heapq.heapify(heap)
    while heap:
        n, code = heapq.heappop(heap)
        if n != left[code]:
            continue  # counted again since; the newer entry is in the heap
        touched = [
            assign(int(patient), wanted[:, code])
            for patient in by_code[code_start[code] : code_start[code + 1]]
            if split[patient] < 0
        ]
        for other in np.unique(np.concatenate(touched)):
            if left[other]:
                heapq.heappush(heap, (int(left[other]), int(other)))
    for patient in np.argsort(place):
        if split[patient] < 0:
            assign(int(patient), wanted_patients)
    return split


def _group(
    keys: npt.NDArray[np.int64], values: npt.NDArray[np.int64], order: npt.NDArray[np.int64], n: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Values by key: those of ``k`` lie between ``start[k]`` and ``start[k + 1]``, sorted by ``order``."""
    start = np.concatenate([[0], np.cumsum(np.bincount(keys, minlength=n))])
    return values[np.lexsort((order, keys))], start


def read_splits(path: Path) -> pa.Table:
    """A split file (Feather, CSV or Parquet) with the columns ``_id`` and ``split``, as ``id`` and ``split``
    texts.

    Raises ``InputError`` for a missing or damaged file, other columns, a split name other than train, val (or
    dev) and test, and an id that is in two splits.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(f"the split file {path} is missing")
    readers = {
        ".feather": pa.feather.read_table,
        ".arrow": pa.feather.read_table,
        ".parquet": pa.parquet.read_table,
        ".csv": pa.csv.read_csv,
    }
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise InputError(f"the split file {path} is of no known kind: use .feather, .csv or .parquet")
    try:
        table = reader(path)
    except (pa.ArrowException, OSError) as error:
        raise InputError(
            f"the split file {path} cannot be read as {path.suffix[1:]}: it is damaged"
        ) from error
    for column in ("_id", "split"):
        if column not in table.column_names:
            have = ", ".join(table.column_names)
            raise InputError(f"the split file {path} has no column {column}: it has {have}")
    ids = table["_id"].combine_chunks()
    if pa.types.is_floating(ids.type):
        ids = pc.cast(ids, pa.int64(), safe=False)
    try:
        table = pa.table({"id": pc.cast(ids, pa.string()), "split": pc.cast(table["split"], pa.string())})
    except pa.ArrowException as error:
        raise InputError(f"the split file {path}: _id has to be a number or text, split a text") from error
    if table["id"].null_count or table["split"].null_count:
        raise InputError(f"the split file {path} has a row without _id or split: mend or delete it")
    return pa.table(
        {"id": table["id"], "split": name_splits(table["split"].to_pylist(), f"the split file {path}")}
    )


def name_splits(found: Sequence[str], where: str) -> list[str]:
    """The names of splits as train, val and test; ``InputError`` for another name."""
    names = {name: NAMES.get(name.strip().lower()) for name in set(found)}
    for name, known in sorted(names.items()):
        if known is None:
            raise InputError(f"{where}: unknown split {name[:20]!r}: expected {', '.join(SPLITS)}")
    return [names[name] or "" for name in found]
