"""The sources of corpora, one module each: they stage notes, codes and splits, ``corpora.assemble`` does the rest."""
