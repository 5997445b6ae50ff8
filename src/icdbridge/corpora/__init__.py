"""Corpora: notes of one version with their codes and split, in one folder, from any source.

``corpora.readers`` makes them, one module a source (``readers.mimic4.prepare_mimic4``, ...). It imports a database,
which reading a corpus does not need.
"""

from icdbridge.corpora.corpus import SPLITS, Corpus

__all__ = ["SPLITS", "Corpus"]
