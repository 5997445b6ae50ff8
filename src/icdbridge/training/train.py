"""From corpora to a run folder: vocabulary and vectors, tokenized notes, the loop, the finished run."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import cast

import numpy as np
import torch

from icdbridge.corpora import Corpus
from icdbridge.errors import InputError
from icdbridge.evaluation.thresholds import validation_figures
from icdbridge.files import check_manifest
from icdbridge.knowledge.further import PACKED, further_terms
from icdbridge.lexical.lexicon import Lexicon
from icdbridge.models import ARCHITECTURES, CodingModel
from icdbridge.models.combiner import Combiner
from icdbridge.progress import console
from icdbridge.runs.prior import Prior, read_priors, write_priors
from icdbridge.runs.run import RUN, Run
from icdbridge.runs.scoring import encode_codes, score_notes
from icdbridge.runs.stored_files import CodeIndex
from icdbridge.runs.text_model import TextModel
from icdbridge.runs.tokens import TokenizedNotes, code_words, same_words, tokenize_split
from icdbridge.text import Tokenizer
from icdbridge.training.batches import VersionNotes
from icdbridge.training.combining import fit_networks, wanted_notes
from icdbridge.training.distributed import Processes, joined
from icdbridge.training.finish import write_finished
from icdbridge.training.fit_calibration import TALLY
from icdbridge.training.fit_prior import fit_prior
from icdbridge.training.initial_model import SplitTexts, start_model
from icdbridge.training.learnt_corpora import LearntCorpora, describe_training, opened
from icdbridge.training.loop import fit, training_device
from icdbridge.training.matching import MatchedTraining, match_training
from icdbridge.training.settings import Settings, make_settings
from icdbridge.training.watching import Watch, watcher
from icdbridge.training.work import CHECKPOINT, MATCHING, begun


def train(
    corpora: Sequence[Corpus | Path | str],
    out: Path | str,
    settings: Settings | None = None,
    *,
    train_only: Sequence[Corpus | Path | str] = (),
    validate_on: str | None = None,
    resume: bool = False,
    force: bool = False,
    tensorboard: bool = False,
    inputs: Sequence[Path] = (),
) -> Run:
    """Trains on the train splits of ``corpora`` and on all notes of ``train_only``, and writes the run folder.

    Corpora are opened ones or paths; ``settings`` come from ``make_settings``, by default the paper's. Validation is on
    the val split of the corpus named ``validate_on``, by default the first. ``resume`` continues an interrupted
    training of the same settings and corpora. ``force`` replaces an existing run when the new one is complete. ``out``
    must be apart from everything that is read, ``inputs`` included. Under torchrun its processes train one model
    together (``joined``); the folder must be on a shared disk. Raises ``InputError`` for what does not fit together,
    ``KeyboardInterrupt`` when interrupted (state saved).
    """
    learnt = LearntCorpora.choose(opened(corpora), opened(train_only), validate_on)
    settings, out = settings or make_settings(), Path(out)
    described = describe_training(settings, learnt)
    _check_settings(settings, learnt.versions)
    watch = watcher(tensorboard)
    sources = [*inputs, *(corpus.path for corpus in learnt.every)]
    read = (settings.start_from, settings.terms, settings.pretrained)
    sources += [Path(path) for path in read if path and str(path) != PACKED]
    with (
        joined(training_device(settings.device)) as processes,
        processes.folder(lambda: begun(out, described, sources, resume=resume, force=force)) as work,
    ):
        torch.manual_seed(settings.seed)
        watched = watch(work) if processes.leads else lambda row: None
        trained, log = _learn(learnt, settings, work, watched, processes)
        if processes.leads:
            write_finished(work, trained, log, learnt, settings, described)
        processes.share(None)  # no other process opens the run before
    return Run.open(out)


def _check_settings(settings: Settings, versions: Sequence[str]) -> None:
    """Checks that need no note."""
    fixed_labels = ARCHITECTURES[settings.architecture][0].fixed_labels
    if fixed_labels and len(versions) > 1:
        raise InputError(
            f"{settings.architecture} has fixed labels and learns one version, not {', '.join(versions)} together: "
            "train one run for each"
        )
    training_device(settings.device)
    if settings.start_from is not None:
        check_manifest(settings.start_from, RUN)
    further_terms(settings.terms)


def _learn(
    learnt: LearntCorpora, settings: Settings, work: Path, watch: Watch, processes: Processes
) -> tuple[TextModel, list[dict[str, float]]]:
    """Learns until val gets no better; of several processes the first has what words beside attention learned."""
    versions, pools = learnt.versions, learnt.pools(settings)
    described = {key: text for pool in pools.values() for key, text in pool.items()}
    outputs = list(described) if ARCHITECTURES[settings.architecture][0].fixed_labels else None
    with processes.in_turn():
        model, tokenizer = start_model(SplitTexts(learnt), described, versions, settings, work)

    # for the words of corpora that have no cache
    with processes.folder(lambda: TemporaryDirectory(prefix="tokens-", dir=work)) as folder:
        reading = _Reading(tokenizer, settings, outputs, folder)
        with processes.in_turn():
            data = _training_notes(learnt, pools, reading)
            validate = _validation(learnt.validated, reading, processes)
        for pool in pools.values() if outputs is None else ():
            if same := same_words(tokenizer, list(pool), list(pool.values()), settings.max_code_words):
                console.print(same)
        lexicons: dict[str, Lexicon] = {}
        priors: dict[str, Prior] = {}
        if settings.lexical != "none" and processes.leads:  # what it learns here, others get with the weights
            lexicons, priors = _learn_words(model, learnt, data, pools, settings, work, folder)
        model.to(training_device(settings.device))
        log = fit(model, data, settings, work, validate, watch, processes)
    frequent_only = outputs is not None and settings.training_scope == "frequent"
    limits = settings.max_note_words, settings.max_code_words
    trained = TextModel(
        model, tokenizer, _index(data, pools), *limits, lexicons, priors, frequent_only=frequent_only
    )
    return trained, log


def _learn_words(
    model: CodingModel,
    learnt: LearntCorpora,
    data: Sequence[VersionNotes],
    pools: Mapping[str, Mapping[str, str]],
    settings: Settings,
    work: Path,
    folder: Path,
) -> tuple[dict[str, Lexicon], dict[str, Prior]]:
    """Fits the networks of lexical features, and the priors, which it writes into ``work``; gives lexicons and priors.
    Where a checkpoint is there it holds the networks, and the priors are there too.
    """
    sources = {version: learnt.sources(version) for version in pools}
    labels = {notes_of.version: notes_of.labels for notes_of in data}
    going_on = (work / CHECKPOINT).exists()
    wanted = dict(zip(pools, wanted_notes(data, settings), strict=True))
    place = work / MATCHING  # which outlives a killed training
    matched = match_training(sources, labels, pools, settings, place, not going_on, wanted)
    if not going_on:
        evidence = {version: cast(MatchedTraining, found) for version, (_, found) in matched.items()}
        combiner = cast(Combiner, model.get_submodule("combiner"))
        fit_networks(combiner, data, list(evidence.values()), settings)
        fitted = {}
        for version, notes in evidence.items():
            if notes.whole and (found := fit_prior(combiner, notes.whole, settings.seed, folder)):
                fitted[version], tally = found
                tally.save(work / TALLY.format(version))
        write_priors(work, fitted)
    return {version: lexicon for version, (lexicon, _) in matched.items()}, read_priors(work, list(pools))


@dataclass(frozen=True)
class _Reading:
    """How notes and descriptions become numbers; ``outputs`` are the codes of a model of fixed labels. ``folder`` holds
    the words of corpora that have no cache.
    """

    tokenizer: Tokenizer
    settings: Settings
    outputs: Sequence[str] | None
    folder: Path

    def notes(self, corpus: Corpus, split: str, codes: Sequence[str]) -> TokenizedNotes:
        limit = self.settings.max_note_words
        return tokenize_split(corpus, split, self.tokenizer, limit, codes, self.folder)

    def codes(self, keys: Sequence[str], descriptions: Sequence[str]) -> list[np.ndarray]:
        return code_words(self.tokenizer, keys, descriptions, self.settings.max_code_words, self.outputs)


def _validation(
    corpus: Corpus, reading: _Reading, processes: Processes
) -> Callable[[CodingModel], dict[str, float]]:
    """The figures of attention on the val notes of a corpus, of which each process scores a part."""
    settings = reading.settings
    codes = corpus.codes[: corpus.n_frequent] if settings.training_scope == "frequent" else corpus.codes
    held = reading.notes(corpus, "val", codes)
    words = reading.codes(codes, corpus.descriptions[: len(codes)])

    def validate(current: CodingModel) -> dict[str, float]:
        def score(rows: np.ndarray) -> np.ndarray:
            return score_notes(current, [held[int(row)] for row in rows], encode_codes(current, words))

        logits = processes.rows(held.lengths, score)
        if logits is None:
            return processes.share({})
        figures = validation_figures(logits, held.labels, corpus.n_frequent, settings.validation_scope)
        return processes.share(figures)

    return validate


def _training_notes(
    learnt: LearntCorpora, pools: Mapping[str, Mapping[str, str]], reading: _Reading
) -> list[VersionNotes]:
    data = []
    for version, pool in pools.items():
        keys = list(pool)
        parts = [reading.notes(corpus, split, keys) for corpus, split in learnt.sources(version)]
        words, negatives = reading.codes(keys, list(pool.values())), reading.settings.negatives
        data.append(VersionNotes.join(version, parts, pool, words, negatives, reading.tokenizer.reading))
    return data


def _index(data: Sequence[VersionNotes], pools: Mapping[str, Mapping[str, str]]) -> CodeIndex:
    counts = [np.bincount(notes.labels.indices, minlength=len(pools[notes.version])) for notes in data]
    return CodeIndex(
        code=[key for pool in pools.values() for key in pool],
        version=[version for version, pool in pools.items() for _ in pool],
        description=[text for pool in pools.values() for text in pool.values()],
        train_notes=[int(n) for count in counts for n in count],
    )
