"""Which corpora, splits and codes a training learns from."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from icdbridge.codes import describe, parse_key, whole_systems
from icdbridge.corpora import Corpus
from icdbridge.corpora.corpus import SPLITS
from icdbridge.errors import InputError
from icdbridge.training.recoding import codes_meant
from icdbridge.training.settings import Settings


def opened(corpora: Sequence[Corpus | Path | str]) -> list[Corpus]:
    """Corpora that are open already, or given by the paths of their folders."""
    if isinstance(corpora, Corpus | Path | str):
        corpora = [corpora]
    return [corpus if isinstance(corpus, Corpus) else Corpus.open(corpus) for corpus in corpora]


@dataclass(frozen=True)
class LearntCorpora:
    """Training learns from the train splits of ``corpora`` and from all notes of ``train_only``, and validates on the
    val split of ``validated``.
    """

    corpora: Sequence[Corpus]
    train_only: Sequence[Corpus]
    validated: Corpus

    @classmethod
    def choose(
        cls, corpora: Sequence[Corpus], train_only: Sequence[Corpus], name: str | None
    ) -> "LearntCorpora":
        """Validates on the corpus of a name, or the first; ``InputError`` where it has no train or val notes."""
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
        return cls(corpora, train_only, chosen)

    @property
    def every(self) -> list[Corpus]:
        return [*self.corpora, *self.train_only]

    @property
    def versions(self) -> list[str]:
        return list(dict.fromkeys(corpus.version for corpus in self.every))

    def sources(self, version: str) -> list[tuple[Corpus, str]]:
        """The splits whose notes training learns a version from, in their order."""
        splits = [(c, "train") for c in self.corpora] + [(c, s) for c in self.train_only for s in SPLITS]
        return [(corpus, split) for corpus, split in splits if corpus.version == version]

    def pools(self, settings: Settings) -> dict[str, dict[str, str]]:
        """The codes of each version with their descriptions, those that notes of other versions mean too."""
        pools = {
            version: code_pool([c for c in self.every if c.version == version], settings)
            for version in self.versions
        }
        if settings.lexical != "equivalents" or settings.training_scope == "frequent":
            return pools
        carried = {version: list(self._carried(version)) for version in pools}
        for version, pool in list(pools.items()):
            others = [key for other, keys in carried.items() if other != version for key in keys]
            meant = codes_meant(others, {parse_key(key).system for key in pool})
            pools[version] = dict(sorted(({key: describe(key).text for key in meant} | pool).items()))
        return pools

    def _carried(self, version: str) -> Iterator[str]:
        """The codes (keys) of a version that training notes carry."""
        for corpora, counts in ((self.corpora, "train_notes"), (self.train_only, "notes_with")):
            for corpus in corpora:
                if corpus.version == version:
                    counted = zip(corpus.codes, getattr(corpus, counts), strict=True)
                    yield from (key for key, notes in counted if notes)


def describe_training(settings: Settings, learnt: LearntCorpora) -> dict[str, Any]:
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
            for role, group in (("train", learnt.corpora), ("train only", learnt.train_only))
            for corpus in group
        ],
        "validate_on": learnt.validated.name,
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
