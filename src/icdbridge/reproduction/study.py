"""Systems on corpora: runs trained or found again, measured, and averaged over seeds."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Self

from icdbridge.corpora import Corpus
from icdbridge.errors import InputError
from icdbridge.evaluation.compare import Group, compare_groups, read_evaluation
from icdbridge.evaluation.evaluate import evaluate, evaluation_folder
from icdbridge.files import MANIFEST, check_apart, read_json
from icdbridge.progress import console
from icdbridge.reproduction import paper
from icdbridge.runs.run import Run
from icdbridge.training import describe_training, train
from icdbridge.training.learnt_corpora import LearntCorpora
from icdbridge.training.settings import Settings, make_settings, reads

SEEDS = "Mean ± standard deviation over seeds; codes that occur in the split; threshold tuned on val."


@dataclass(frozen=True)
class System:
    """A model (of ``training.MODELS``) trained on some corpora, the first of which it is validated on."""

    label: str
    model: str
    trained_on: tuple[str, ...]
    changes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Study:
    """Corpora by name, one preset and some seeds; runs and their evaluations lie in ``folder``.

    A run is found again by its settings and the checksums of its corpora, which its folder's name carries; an
    interrupted one is continued.
    """

    corpora: dict[str, Corpus]
    folder: Path
    preset: str
    seeds: int
    changes: tuple[str, ...] = field(default=())

    @classmethod
    def open(cls, corpora: Path, folder: Path, preset: str, seeds: int, changes: Sequence[str] = ()) -> Self:
        """All corpus folders in ``corpora``; ``InputError`` when there is none, or ``folder`` touches one."""
        if not corpora.is_dir():
            raise InputError(f"{corpora} is not a folder: expected one that holds corpus folders")
        found = [Corpus.open(path) for path in sorted(corpora.iterdir()) if (path / "corpus.json").is_file()]
        if not found:
            raise InputError(f"{corpora} holds no corpus folder: make them by `icdbridge prepare`")
        check_apart(folder, [corpus.path for corpus in found])
        return cls({corpus.name: corpus for corpus in found}, folder, preset, seeds, tuple(changes))

    @cached_property
    def target(self) -> str:
        """The one corpus of version icd10, on which the paper compares."""
        names = [name for name, corpus in self.corpora.items() if corpus.version == "icd10"]
        if len(names) != 1:
            have = ", ".join(f"{name} ({corpus.version})" for name, corpus in self.corpora.items())
            raise InputError(f"the paper's tables need one corpus of version icd10; there are {have}")
        return names[0]

    @property
    def others(self) -> list[str]:
        """The corpora of other versions."""
        return [name for name in self.corpora if name != self.target]

    @property
    def synthetic(self) -> bool:
        return any(corpus.meta.get("synthetic") is True for corpus in self.corpora.values())

    @property
    def tag(self) -> str:
        """What stands beside every title when the notes are not real."""
        return " (synthetic notes)" if self.synthetic else ""

    def alone(self, label: str, model: str, corpus: str, *changes: str) -> System:
        return System(label, model, (corpus,), changes)

    def mixed(self, label: str, model: str, *changes: str) -> System:
        """Trained on all corpora, validated on the target."""
        return System(label, model, (self.target, *self.others), changes)

    def duals(self) -> dict[str, System]:
        """The four DualLAATs of the target, by the names that the paper's figures go by here."""
        return {
            paper.CNN_ALONE: self.alone(paper.CNN_ALONE, "duallaat-cnn", self.target),
            paper.CNN: self.mixed(paper.CNN, "duallaat-cnn"),
            paper.RNN_ALONE: self.alone(paper.RNN_ALONE, "duallaat-rnn", self.target),
            paper.RNN: self.mixed(paper.RNN, "duallaat-rnn"),
        }

    def note(self, *more: str) -> str:
        """Which corpora a table speaks of, and whether the paper's figures can stand beside them."""
        named = [
            f"{name} ({paper.dataset(corpus) or _kind(corpus)})" for name, corpus in self.corpora.items()
        ]
        theirs = any(paper.dataset(corpus) for corpus in self.corpora.values())
        beside = (
            "[paper's figure, difference]." if theirs else "Not MIMIC: the paper's figures do not compare."
        )
        changed = f" with {', '.join(self.changes)}" if self.changes else ""
        which = f"Corpora: {', '.join(named)}. Seeds: {self.seeds}. Preset {self.preset}{changed}."
        return " ".join([which, *more, beside])

    def settings(self, model: str, *more: str, **given: Any) -> Settings:
        """Those of a model, with the study's changes as far as the model reads them, and ``more``."""
        changes = [change for change in self.changes if reads(model, change.partition("=")[0].strip())]
        return make_settings(model, self.preset, None, [*changes, *more], **given)

    def run(self, system: System, seed: int) -> Path:
        """The folder of a finished run, trained now if it has to be."""
        settings = self.settings(system.model, *system.changes, seed=seed)
        corpora = [self.corpora[name] for name in system.trained_on]
        described = describe_training(settings, LearntCorpora(corpora, (), corpora[0]))
        digest = hashlib.sha256(json.dumps(described, sort_keys=True).encode()).hexdigest()[:12]
        where = system.trained_on[0] if len(system.trained_on) == 1 else "mixed"
        path = self.folder / "runs" / f"{system.model}-{where}-{seed}-{digest}"
        if not (path / MANIFEST).is_file():
            unfinished = (path / "training" / "described.json").is_file()
            console.print(f"training {system.label}, {', '.join(system.trained_on)}, seed {seed}: {path}")
            train(corpora, path, settings, resume=unfinished, force=not unfinished)
        return path

    def evaluated(self, system: System, corpus: str) -> Group:
        """The runs of all seeds measured on the test split of a corpus."""
        evaluations = []
        for seed in range(self.seeds):
            path = self.run(system, seed)
            folder = evaluation_folder(path, corpus, "test")
            if not (folder / "metrics.json").is_file():
                console.print(f"measuring {path.name} on {corpus}")
                evaluate(Run.open(path), self.corpora[corpus])
            evaluations.append(read_evaluation(path, corpus, "test"))
        return Group(system.label, evaluations)

    def figures(self, system: System, corpus: str, scope: str) -> dict[str, dict[str, Any]]:
        """Mean and sd over seeds of each metric of a scope, codes that occur in the split (view ``present``)."""
        (found,) = compare_groups([self.evaluated(system, corpus)])["groups"]
        return dict(found["scopes"][scope]["present"])

    def gain(self, before: System, after: System, corpus: str, scope: str) -> dict[str, dict[str, Any]]:
        """As ``figures`` of ``after``, with ``difference``, ``relative``, ``interval`` and ``p`` against ``before``."""
        pair = [self.evaluated(system, corpus) for system in (before, after)]
        return dict(compare_groups(pair)["groups"][1]["scopes"][scope]["present"])

    def cost(self, system: System) -> tuple[float, float]:
        """Seconds of training (means over seeds; measuring on val not counted) and parameters."""
        runs = [self.run(system, seed) for seed in range(self.seeds)]
        seconds = [sum(row["seconds"] for row in Run.open(path).log) for path in runs]
        return sum(seconds) / len(seconds), float(read_json(runs[0] / "config.json")["parameters"])


def _kind(corpus: Corpus) -> str:
    return f"{'synthetic ' if corpus.meta.get('synthetic') is True else ''}{corpus.meta.get('source')} {corpus.version}"
