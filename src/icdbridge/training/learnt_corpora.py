"""Which corpora, splits and codes a training learns from."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from icdbridge.codes import whole_systems
from icdbridge.corpora import Corpus
from icdbridge.corpora.corpus import SPLITS
from icdbridge.errors import InputError
from icdbridge.training.settings import Settings


def opened(corpora: Sequence[Corpus | Path | str]) -> list[Corpus]:
    """Corpora that are open already, or given by the paths of their folders."""
    if isinstance(corpora, Corpus | Path | str):
        corpora = [corpora]
    return [corpus if isinstance(corpus, Corpus) else Corpus.open(corpus) for corpus in corpora]


def validation_corpus(corpora: Sequence[Corpus], name: str | None) -> Corpus:
    """The corpus of a name, or the first; ``InputError`` where it has no train or val notes."""
    if not corpora:
        raise InputError("no corpus to train on: give at least one that has a val split")
    names = [corpus.name for corpus in corpora]
    if len(set(names)) < len(names):
        raise InputError(f"two corpora have the same name ({', '.join(names)}): rename one folder")
    if name is not None and name not in names:
        raise InputError(f"no corpus named {name!r} to validate on: there are {', '.join(names)}")
    chosen = corpora[names.index(name) if name else 0]
    for split in ("train", "val"):
        if not chosen.count(split):
            raise InputError(f"{chosen.path} has no {split} notes: prepare it with a {split} split")
    return chosen


def describe_training(
    settings: Settings, corpora: Sequence[Corpus], train_only: Sequence[Corpus], validate_on: str
) -> dict[str, Any]:
    """All that decides the result, as stored with the run and compared on resuming."""
    return {
        "settings": settings.model_dump(mode="json"),
        "corpora": [
            {
                "name": corpus.name,
                "version": corpus.version,
                "source": corpus.meta.get("source"),
                "role": role,
                "notes": corpus.count("train") if role == "train" else corpus.meta["notes"]["total"],
                "sha256": corpus.checksum,
            }
            for role, group in (("train", corpora), ("train only", train_only))
            for corpus in group
        ],
        "validate_on": validate_on,
    }


def code_pool(corpora: Sequence[Corpus], settings: Settings) -> dict[str, str]:
    """The codes of a version with their descriptions, sorted; the first corpus that has a code describes it."""
    scope = settings.training_scope
    pool: dict[str, str] = {}
    for corpus in reversed(corpora):
        described = list(zip(corpus.codes, corpus.descriptions, strict=True))
        pool |= dict(described[: corpus.n_frequent] if scope == "frequent" else described)
    if settings.negatives == "system":
        pool = whole_systems(pool) | pool
    return dict(sorted(pool.items()))


def sources_of(
    corpora: Sequence[Corpus], train_only: Sequence[Corpus], version: str
) -> list[tuple[Corpus, str]]:
    """The splits whose notes training learns a version from, in their order."""
    every = [(c, "train") for c in corpora] + [(c, split) for c in train_only for split in SPLITS]
    return [(corpus, split) for corpus, split in every if corpus.version == version]
