"""Corpora: notes of one version with their codes and split, in one folder, whatever they came from."""

from icdbridge.corpora.cmc2007 import prepare_cmc2007
from icdbridge.corpora.codiesp import prepare_codiesp
from icdbridge.corpora.corpus import SPLITS, Corpus
from icdbridge.corpora.mimic3 import prepare_mimic3
from icdbridge.corpora.mimic4 import prepare_mimic4, prepare_mimic4_both
from icdbridge.corpora.names import prepare_names
from icdbridge.corpora.table import Columns, prepare_table

__all__ = [
    "SPLITS",
    "Columns",
    "Corpus",
    "prepare_cmc2007",
    "prepare_codiesp",
    "prepare_mimic3",
    "prepare_mimic4",
    "prepare_mimic4_both",
    "prepare_names",
    "prepare_table",
]
