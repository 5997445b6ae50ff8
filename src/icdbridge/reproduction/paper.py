"""The figures printed in the paper (Liu and Nguyen 2026), in percent, its datasets named as in its tables."""

from collections.abc import Mapping

from icdbridge.corpora import Corpus
from icdbridge.packed import packed_records

III_9, IV_9, IV_10 = "MIMIC-III ICD-9", "MIMIC-IV ICD-9", "MIMIC-IV ICD-10"
_DATASETS = {("mimic3", "icd9"): III_9, ("mimic4", "icd9"): IV_9, ("mimic4", "icd10"): IV_10}

PLM, CNN, RNN = "PLM-ICD", "DualLAAT cnn", "DualLAAT"
CNN_ALONE, RNN_ALONE = "DualLAAT cnn (single)", "DualLAAT (single)"

Figures = Mapping[tuple[str, str], tuple[float, ...]]  # (dataset, system) -> one figure a column


def _printed(table: str) -> Figures:
    rows = [row for row in packed_records(__package__, "data/paper_figures.csv") if row["table"] == table]
    return {(row["dataset"], row["system"]): tuple(map(float, row["figures"].split())) for row in rows}


TABLE_1 = _printed("1")
TABLE_2 = _printed("2")  # rare codes: F1 micro, P@8, MAP
TABLE_3 = _printed("3")  # hours of training, millions of parameters; several: all three datasets
TABLE_4 = _printed("4")  # full scope: AUC micro, AUC macro, F1 micro, F1 macro, P@8
TABLE_6 = _printed("6")


def dataset(corpus: Corpus) -> str | None:
    """The paper's name of a corpus that is one of its datasets; None for any other, synthetic ones among them."""
    if corpus.meta.get("synthetic") is True:
        return None
    return _DATASETS.get((str(corpus.meta.get("source")), corpus.version))
