"""The figures printed in the paper (Liu and Nguyen 2026), in percent, its datasets named as in its tables."""

from collections.abc import Mapping

from icdbridge.corpora import Corpus

III_9, IV_9, IV_10 = "MIMIC-III ICD-9", "MIMIC-IV ICD-9", "MIMIC-IV ICD-10"
_DATASETS = {("mimic3", "icd9"): III_9, ("mimic4", "icd9"): IV_9, ("mimic4", "icd10"): IV_10}

# metrics of tables 1 and 6, in the order of table 1
COLUMNS = ("auc_micro", "auc_macro", "f1_micro", "f1_macro", "p_at_8", "p_at_15", "r_precision", "map")
PLM, CNN, RNN = "PLM-ICD", "DualLAAT cnn", "DualLAAT"
CNN_ALONE, RNN_ALONE = "DualLAAT cnn (single)", "DualLAAT (single)"

Figures = Mapping[tuple[str, str], tuple[float, ...]]  # (dataset, system) -> one figure a column
TABLE_1: Figures = {
    (III_9, PLM): (98.9, 95.9, 59.6, 26.6, 72.1, 56.5, 60.1, 64.6),
    (III_9, RNN): (99.2, 96.9, 61.8, 33.3, 74.9, 58.8, 62.8, 68.1),
    (IV_9, PLM): (99.4, 97.2, 62.6, 29.8, 70.0, 53.5, 62.7, 68.0),
    (IV_9, RNN): (99.5, 97.6, 63.4, 34.3, 71.0, 54.3, 63.8, 69.3),
    (IV_10, PLM): (99.2, 96.6, 58.5, 21.1, 69.9, 55.0, 57.9, 61.9),
    (IV_10, CNN_ALONE): (99.2, 96.8, 55.6, 24.3, 67.5, 52.7, 55.3, 59.0),
    (IV_10, CNN): (99.3, 97.2, 56.6, 26.0, 68.4, 53.6, 56.4, 60.4),
    (IV_10, RNN_ALONE): (99.3, 97.1, 57.5, 27.9, 69.3, 54.4, 57.2, 61.5),
    (IV_10, RNN): (99.3, 97.4, 58.0, 29.9, 69.9, 54.9, 58.0, 62.3),
}
# rare codes: F1 micro, P@8, MAP
TABLE_2: Figures = {
    (IV_10, CNN_ALONE): (8.4, 5.8, 19.5),
    (IV_10, CNN): (10.7, 6.1, 21.4),
    (IV_9, CNN_ALONE): (7.2, 5.6, 25.4),
    (IV_9, CNN): (10.9, 6.6, 31.2),
}
# hours of training, millions of parameters; several: all three datasets
TABLE_3: Mapping[tuple[str, str], tuple[float, float]] = {
    ("one", PLM): (34, 137),
    ("one", CNN): (5, 15),
    ("one", RNN): (18, 37),
    ("several", PLM): (95, 402),
    ("several", CNN): (17, 15),
    ("several", RNN): (57, 37),
}
# full scope: AUC micro, AUC macro, F1 micro, F1 macro, P@8
TABLE_4: Figures = {
    (IV_10, PLM): (99.0, 91.9, 57.0, 4.9, 69.5),
    (IV_10, "CoRelation"): (99.6, 97.2, 57.8, 6.3, 70.0),
    (IV_10, RNN_ALONE): (99.6, 97.0, 56.6, 10.2, 69.3),
    (IV_10, RNN): (99.7, 97.4, 57.1, 11.2, 69.8),
}
TABLE_6: Figures = {
    (IV_10, "CAML"): (98.5, 91.1, 55.4, 16.0, 66.8, 52.2, 54.5, 57.4),
    (IV_10, "LAAT"): (99.0, 95.4, 57.9, 20.3, 68.9, 54.3, 57.2, 60.6),
    (IV_10, PLM): (99.2, 96.6, 58.5, 21.1, 69.9, 55.0, 57.9, 61.9),
    (IV_10, CNN): (99.3, 97.2, 56.6, 26.0, 68.4, 53.6, 56.4, 60.4),
    (IV_10, RNN): (99.3, 97.4, 58.0, 29.9, 69.9, 54.9, 58.0, 62.3),
}


def dataset(corpus: Corpus) -> str | None:
    """The paper's name of a corpus that is one of its datasets; None for any other, synthetic ones among them."""
    if corpus.meta.get("synthetic") is True:
        return None
    return _DATASETS.get((str(corpus.meta.get("source")), corpus.version))
