"""Corpora: notes of one version with their codes and split, in one folder, from any source.

What makes them stands in ``corpora.readers``, a module each source (``readers.mimic4.prepare_mimic4``, ...): it
brings a database with it, which reading a corpus does not need.
"""

from icdbridge.corpora.corpus import SPLITS, Corpus

__all__ = ["SPLITS", "Corpus"]
