"""Splits patients into train, val and test: by a file, or drawn so that each code is spread evenly."""

from collections.abc import Sequence
from math import ceil
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from icdbridge.corpora.corpus import SPLITS
from icdbridge.corpora.staging import Staging
from icdbridge.errors import InputError
from icdbridge.tables import Column, read_rows

PROPORTIONS = (0.73, 0.11, 0.16)  # train, val, test, as in the splits of Edin et al. (2023)
_DONE = np.iinfo(np.int64).max
NAMES = {"train": "train", "val": "val", "test": "test", "dev": "val", "valid": "val", "validation": "val"}


def choose_splits(staging: Staging, seed: int, val_share: float | None) -> str:
    """Fills ``note.split``; says how the split came about."""
    staging.run("ALTER TABLE note ADD COLUMN split VARCHAR")
    if not staging.number("SELECT count(*) FROM raw_splits"):
        _draw(staging, "true", dict(zip(SPLITS, PROPORTIONS, strict=True)), seed)
        shares = "/".join(f"{share:.0%}" for share in PROPORTIONS)
        return f"patients drawn {shares} by iterative stratification over their codes (seed {seed})"
    two = staging.rows("SELECT id FROM raw_splits GROUP BY id HAVING count(DISTINCT split) > 1 ORDER BY id")
    if two:
        raise InputError(f"{len(two)} ids are in two splits, such as {str(two[0][0])[:40]}: put each in one")
    staging.run(
        """UPDATE note SET split = given.split FROM (SELECT DISTINCT id, split FROM raw_splits) AS given
           WHERE given.id = note.id"""
    )
    matched = staging.number("SELECT count(*) FROM note WHERE split IS NOT NULL")
    if not matched:
        raise InputError(
            "no id of the splits given is among the notes: is it the split file of this dataset?"
        )
    count, example = staging.rows(
        "SELECT count(DISTINCT id), min(id) FROM raw_splits WHERE id NOT IN (SELECT id FROM note)"
    )[0]
    staging.drop("id in the splits given without a kept note", count, "ids", example)
    staging.drop_notes("note that no split names", "split IS NULL")
    straddling = staging.number(
        "SELECT count(*) FROM (SELECT 1 FROM note GROUP BY patient_id HAVING count(DISTINCT split) > 1)"
    )
    if straddling:
        staging.warnings.append(
            f"{straddling:,} patients have notes in more than one split: the split given is not by patient."
        )
    how = "as given"
    if val_share is not None and not staging.number("SELECT count(*) FROM note WHERE split = 'val'"):
        _draw(staging, "split = 'train'", {"train": 1 - val_share, "val": val_share}, seed)
        how += (
            f"; val is {val_share:.0%} of the train patients, drawn by iterative stratification (seed {seed})"
        )
    return how


def _draw(staging: Staging, where: str, shares: dict[str, float], seed: int) -> None:
    """Draws the split of the notes that ``where`` names, by patient."""
    staging.run(
        f"""CREATE OR REPLACE TABLE patient AS
            SELECT patient_id, row_number() OVER (ORDER BY patient_id) - 1 AS number
            FROM (SELECT DISTINCT patient_id FROM note WHERE {where})"""
    )
    pairs = staging.table(
        f"""SELECT DISTINCT patient.number AS patient, note_code.number AS code
            FROM note JOIN patient USING (patient_id) JOIN note_code USING (row) WHERE {where}
            ORDER BY 1, 2"""
    )
    n_patients = staging.number("SELECT count(*) FROM patient")
    chosen = stratify(
        pairs["patient"].to_numpy(), pairs["code"].to_numpy(), n_patients, [*shares.values()], seed
    )
    staging.run("CREATE OR REPLACE TABLE chosen(number BIGINT, split VARCHAR)")
    names = np.array([*shares])[chosen]
    staging.insert(
        "chosen", [pa.record_batch({"number": np.arange(n_patients), "split": pa.array(names.tolist())})]
    )
    staging.run(
        f"""UPDATE note SET split = chosen.split FROM patient JOIN chosen USING (number)
            WHERE patient.patient_id = note.patient_id AND ({where.replace("split", "note.split")})"""
    )


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
    wanted_patients = (share * n_patients).tolist()
    split = np.full(n_patients, -1, dtype=np.int8)
    left[left == 0] = _DONE
    while (n := left[code := int(left.argmin())]) != _DONE:
        members = by_code[code_start[code] : code_start[code + 1]]
        members = members[split[members] < 0]
        chosen = np.array(_place(n, wanted[:, code].tolist(), wanted_patients, rng))
        split[members] = chosen
        own_start, n_own = patient_start[members], patient_start[members + 1] - patient_start[members]
        first = np.repeat(own_start - np.cumsum(n_own) + n_own, n_own)
        own = by_patient[first + np.arange(len(first))]
        np.subtract.at(wanted, (np.repeat(chosen, n_own), own), 1)
        np.subtract.at(left, own, 1)
        left[own[left[own] == 0]] = _DONE
    rest = np.argsort(place)
    rest = rest[split[rest] < 0]
    split[rest] = _place(len(rest), [*wanted_patients], wanted_patients, rng)
    return split


def _place(n: int, wish: list[float], wanted_patients: list[float], rng: np.random.Generator) -> list[int]:
    """The splits of the next ``n`` patients, each subtracted from ``wish`` and ``wanted_patients``."""
    # Plain numbers: for a handful of splits numpy would take ten times as long.
    chosen = []
    for _ in range(n):
        # A full split takes no more: many small roundings up would swell it.
        best = [i for i, left in enumerate(wanted_patients) if left > 0] or [*range(len(wish))]
        for measure in (wish, wanted_patients):
            most = max(measure[i] for i in best) - 1e-9
            best = [i for i in best if measure[i] >= most]
        one = best[0] if len(best) == 1 else int(rng.choice(best))
        wish[one] -= 1
        wanted_patients[one] -= 1
        chosen.append(one)
    return chosen


def _group(
    keys: npt.NDArray[np.int64], values: npt.NDArray[np.int64], order: npt.NDArray[np.int64], n: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Values by key: those of ``k`` lie between ``start[k]`` and ``start[k + 1]``, sorted by ``order``."""
    start = np.concatenate([[0], np.cumsum(np.bincount(keys, minlength=n))])
    return values[np.lexsort((order, keys))], start


def read_splits(path: Path) -> pa.Table:
    """A split file (any table) with the columns ``_id`` and ``split``, as ``id`` and ``split`` texts.

    Raises ``InputError`` as ``read_rows`` does, for an empty cell, and for a split name other than train, val (or dev)
    and test.
    """
    ids, splits = [], []
    for row in read_rows(path, [Column("_id"), Column("split")]):
        found, split = row.identifier("_id"), row.text("split")
        if found is None or split is None:
            raise row.refusal("no _id or no split: mend or delete the row")
        ids.append(found)
        splits.append(split)
    return pa.table({"id": ids, "split": name_splits(splits, f"the split file {path}")})


def name_splits(found: Sequence[str], where: str) -> list[str]:
    """The names of splits as train, val and test; ``InputError`` for another name."""
    names = {name: NAMES.get(name.strip().lower()) for name in set(found)}
    for name, known in sorted(names.items()):
        if known is None:
            raise InputError(f"{where}: unknown split {name[:20]!r}: expected {', '.join(SPLITS)}")
    return [names[name] or "" for name in found]
