from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from icdbridge.corpora.splits import PROPORTIONS, read_splits, stratify
from icdbridge.errors import InputError


def draw(seed: int, n_patients: int, n_codes: int) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of patient and code, with frequencies that fall as 1 / rank."""
    rng = np.random.default_rng(seed)
    chance = np.minimum(0.5, 2.0 / np.arange(1, n_codes + 1))
    patients, codes = np.nonzero(rng.random((n_patients, n_codes)) < chance)
    return patients, codes


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.integers(40, 400), st.integers(1, 80))
def test_proportions_of_patients_are_kept_whatever_the_codes(
    seed: int, n_patients: int, n_codes: int
) -> None:
    patients, codes = draw(seed, n_patients, n_codes)
    split = stratify(patients, codes, n_patients, PROPORTIONS, seed)
    shares = np.bincount(split, minlength=3) / n_patients
    assert np.abs(shares - PROPORTIONS).max() <= 2 / n_patients


def test_each_code_is_spread_better_than_by_lot() -> None:
    n_patients = 3_000
    patients, codes = draw(1, n_patients, 300)

    def unevenness(split: np.ndarray) -> float:
        table = np.zeros((3, codes.max() + 1))
        np.add.at(table, (split[patients], codes), 1)
        total = table.sum(0)
        rare = (total >= 19) & (total < 100)
        assert rare.sum() > 50
        return float(np.abs(table[:, rare] / total[rare] - np.array(PROPORTIONS)[:, None]).mean())

    drawn = np.random.default_rng(0).choice(3, n_patients, p=PROPORTIONS)
    assert unevenness(stratify(patients, codes, n_patients, PROPORTIONS, 1)) < unevenness(drawn) / 3


def test_a_code_of_twenty_patients_reaches_every_split() -> None:
    patients = np.arange(20)
    split = stratify(patients, np.zeros(20, dtype=np.int64), 500, PROPORTIONS, 3)
    assert np.bincount(split[:20], minlength=3).tolist() in ([15, 2, 3], [14, 3, 3])


def test_same_seed_same_split_and_another_seed_another() -> None:
    patients, codes = draw(5, 300, 40)
    first, again, other = (stratify(patients, codes, 300, PROPORTIONS, seed) for seed in (1, 1, 2))
    assert (first == again).all()
    assert (first != other).any()


def test_patients_without_codes_are_drawn_too() -> None:
    nobody = np.array([], dtype=np.int64)
    assert np.bincount(stratify(nobody, nobody, 100, (0.9, 0.1), 1)).tolist() == [90, 10]


@pytest.mark.parametrize("name", ["s.feather", "s.parquet", "s.csv"])
def test_split_files_of_three_kinds(tmp_path: Path, name: str) -> None:
    table = pa.table({"_id": [7, 8, 9], "split": ["train", "dev", "test"]})
    path = tmp_path / name
    if name.endswith("feather"):
        pa.feather.write_feather(table, path)
    elif name.endswith("parquet"):
        pa.parquet.write_table(table, path)
    else:
        path.write_text("_id,split\n7,train\n8,dev\n9,test\n")
    assert read_splits(path).to_pydict() == {"id": ["7", "8", "9"], "split": ["train", "val", "test"]}


def test_numbers_saved_as_fractions_are_the_same_ids(tmp_path: Path) -> None:
    pa.feather.write_feather(pa.table({"_id": [145834.0], "split": ["train"]}), tmp_path / "s.feather")
    assert read_splits(tmp_path / "s.feather")["id"].to_pylist() == ["145834"]


@pytest.mark.parametrize(
    ("name", "content", "complaint"),
    [
        ("s.csv", "_id,split\n1,training\n", "unknown split 'training'"),
        ("s.csv", "hadm_id,split\n1,train\n", "no column _id: it has hadm_id, split"),
        ("s.csv", "_id,split\n1,\n2,train\n", "row 2: no _id or no split"),
        ("s.feather", "not feather", "is named .feather but holds text"),
        ("s.txt", "", "is empty"),
    ],
)
def test_bad_split_files(tmp_path: Path, name: str, content: str, complaint: str) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises(InputError, match=complaint):
        read_splits(tmp_path / name)


@pytest.mark.parametrize(
    ("table", "complaint"),
    [
        ({"hadm_id": [1], "fold": [0]}, "no column _id: it has hadm_id, fold"),
        (
            {"_id": [[1, 2]], "split": ["train"]},
            "row 1, column _id: expected text or a whole number, found a list",
        ),
        ({"_id": [1], "split": [0]}, "row 1, column split: expected text, found a number"),
        ({"_id": [1, None], "split": ["train", "val"]}, "row 2: no _id or no split"),
        ({"_id": [], "split": []}, "has no rows"),
    ],
)
def test_feather_of_another_schema(tmp_path: Path, table: dict[str, list[object]], complaint: str) -> None:
    pa.feather.write_feather(pa.table(table), tmp_path / "s.feather")
    with pytest.raises(InputError, match=complaint):
        read_splits(tmp_path / "s.feather")


def test_missing_split_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is missing"):
        read_splits(tmp_path / "none.feather")


@pytest.mark.parametrize(
    ("name", "sizes"),
    [
        ("mimiciv_icd10_split", [89_099, 13_378, 19_802]),
        ("mimiciv_icd9_split", [154_542, 21_980, 32_804]),
        ("mimiciii_clean_splits", [38_401, 5_577, 8_734]),
    ],
)
def test_the_benchmark_s_own_split_files(public_data: Path, name: str, sizes: list[int]) -> None:
    splits = read_splits(public_data / "mimic_splits" / f"{name}.feather")["split"].to_pylist()
    assert [splits.count(split) for split in ("train", "val", "test")] == sizes
