"""From corpora to a run folder: vocabulary and vectors, tokenized notes, the loop, the finished run."""

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import cast

import numpy as np
import torch

from icdbridge.corpora import Corpus
from icdbridge.errors import InputError
from icdbridge.evaluation.validation import validation_figures
from icdbridge.files import check_manifest
from icdbridge.knowledge.further import PACKED, further_terms
from icdbridge.lexical import Lexicon
from icdbridge.models import ARCHITECTURES, CodingModel
from icdbridge.models.combiner import Combiner
from icdbridge.progress import console
from icdbridge.runs import CodeIndex, Run
from icdbridge.runs.prior import Prior, read_priors, write_priors
from icdbridge.runs.run import RUN
from icdbridge.runs.scoring import encode_codes, score_notes
from icdbridge.runs.text_model import TextModel
from icdbridge.runs.tokens import code_words, same_words, tokenize_split
from icdbridge.text import Tokenizer
from icdbridge.training.batches import VersionNotes
from icdbridge.training.combining import fit_networks, wanted_notes
from icdbridge.training.distributed import Processes, joined
from icdbridge.training.fit_calibration import TALLY
from icdbridge.training.fit_prior import fit_priors
from icdbridge.training.initial_model import SplitTexts, start_model
from icdbridge.training.learnt_corpora import (
    code_pool,
    describe_training,
    opened,
    sources_of,
    validation_corpus,
)
from icdbridge.training.loop import fit, training_device
from icdbridge.training.matching import MatchedTraining, match_training
from icdbridge.training.settings import Settings, make_settings
from icdbridge.training.watching import Watch, watcher
from icdbridge.training.work import CHECKPOINT, MATCHING, begun
from icdbridge.training.write_finished import write_finished


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
    corpora, train_only, settings = opened(corpora), opened(train_only), settings or make_settings()
    out = Path(out)
    chosen = validation_corpus(corpora, validate_on)
    described = describe_training(settings, corpora, train_only, chosen.name)
    versions = list(dict.fromkeys(corpus.version for corpus in [*corpora, *train_only]))
    _check_settings(settings, versions)
    watch = watcher(tensorboard)
    sources = [*inputs, *(corpus.path for corpus in [*corpora, *train_only])]
    read = (settings.start_from, settings.terms, settings.pretrained)
    sources += [Path(path) for path in read if path and str(path) != PACKED]
    with (
        joined(training_device(settings.device)) as processes,
        _work(processes, lambda: begun(out, described, sources, resume=resume, force=force)) as work,
    ):
        torch.manual_seed(settings.seed)
        watched = watch(work) if processes.leads else lambda row: None
        trained, log = _learn(corpora, train_only, chosen, versions, settings, work, watched, processes)
        if processes.leads:
            write_finished(work, trained, log, corpora, train_only, chosen, settings, described)
        processes.share(None)  # no other process opens the run before
    return Run.open(out)


@contextmanager
def _work(processes: Processes, begin: Callable[[], AbstractContextManager[Path]]) -> Iterator[Path]:
    """The folder of the unfinished training, which the first process begins."""
    if processes.leads:
        with begin() as work:
            processes.share(str(work))
            yield work
    else:
        work = Path(processes.share(""))
        if not work.is_dir():
            raise InputError(
                f"{work} is not seen by process {processes.number}: write the run to a disk that all see"
            )
        yield work


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
    corpora: Sequence[Corpus],
    train_only: Sequence[Corpus],
    chosen: Corpus,
    versions: Sequence[str],
    settings: Settings,
    work: Path,
    watch: Watch,
    processes: Processes,
) -> tuple[TextModel, list[dict[str, float]]]:
    pools = {
        version: code_pool([c for c in [*corpora, *train_only] if c.version == version], settings)
        for version in versions
    }
    described = {key: text for pool in pools.values() for key, text in pool.items()}
    outputs = list(described) if ARCHITECTURES[settings.architecture][0].fixed_labels else None
    texts = SplitTexts([(c, "train") for c in corpora] + [(c, None) for c in train_only])
    with processes.in_turn():
        model, tokenizer = start_model(texts, described, versions, settings, work)

    with _tokens(work, processes) as folder:
        with processes.in_turn():
            data = _training_notes(corpora, train_only, pools, tokenizer, settings, outputs, folder)
            validate = _validation(chosen, tokenizer, settings, outputs, folder, processes)
        for pool in pools.values() if outputs is None else ():
            if same := same_words(tokenizer, list(pool), list(pool.values()), settings.max_code_words):
                console.print(same)
        lexicons: dict[str, Lexicon] = {}
        priors: dict[str, Prior] = {}
        if settings.lexical != "none" and processes.leads:  # what it learns here, others get with the weights
            sources = {version: sources_of(corpora, train_only, version) for version in versions}
            labels = {notes_of.version: notes_of.labels for notes_of in data}
            going_on = (work / CHECKPOINT).exists()  # then the networks are in there
            wanted = dict(zip(versions, wanted_notes(data, settings), strict=True))
            place = work / MATCHING  # which outlives a killed training
            matched = match_training(sources, labels, pools, settings, place, not going_on, wanted)
            lexicons = {version: lexicon for version, (lexicon, _) in matched.items()}
            if not going_on:
                evidence = {version: cast(MatchedTraining, matched[version][1]) for version in versions}
                combiner = cast(Combiner, model.get_submodule("combiner"))
                fit_networks(combiner, data, list(evidence.values()), settings)
                learnt = fit_priors(combiner, evidence, settings.seed, Path(folder))
                write_priors(work, {version: prior for version, (prior, _) in learnt.items()})
                for version, (_, tally) in learnt.items():
                    tally.save(work / TALLY.format(version))
            priors = read_priors(work, versions)
        model.to(training_device(settings.device))
        log = fit(model, data, settings, work, validate, watch, processes)
    frequent_only = outputs is not None and settings.training_scope == "frequent"
    limits = settings.max_note_words, settings.max_code_words
    index = _index(data, pools)
    trained = TextModel(model, tokenizer, index, *limits, lexicons, priors, frequent_only=frequent_only)
    return trained, log


@contextmanager
def _tokens(work: Path, processes: Processes) -> Iterator[Path]:
    """A folder in ``work``, while it is needed, for the words of corpora that have no cache."""
    if processes.leads:
        with tempfile.TemporaryDirectory(prefix="tokens-", dir=work) as folder:
            yield Path(processes.share(folder))
    else:
        yield Path(processes.share(""))


def _validation(
    chosen: Corpus,
    tokenizer: Tokenizer,
    settings: Settings,
    outputs: Sequence[str] | None,
    folder: Path,
    processes: Processes,
) -> Callable[[CodingModel], dict[str, float]]:
    """The figures of attention on the val notes of a corpus, of which each process scores a part."""
    codes = chosen.codes[: chosen.n_frequent] if settings.training_scope == "frequent" else chosen.codes
    held = tokenize_split(chosen, "val", tokenizer, settings.max_note_words, codes, folder)
    words = code_words(tokenizer, codes, chosen.descriptions[: len(codes)], settings.max_code_words, outputs)

    def validate(current: CodingModel) -> dict[str, float]:
        def score(rows: np.ndarray) -> np.ndarray:
            return score_notes(current, [held[int(row)] for row in rows], encode_codes(current, words))

        logits = processes.rows(held.lengths, score)
        if logits is None:
            return processes.share({})
        figures = validation_figures(logits, held.labels, chosen.n_frequent, settings.validation_scope)
        return processes.share(figures)

    return validate


def _training_notes(
    corpora: Sequence[Corpus],
    train_only: Sequence[Corpus],
    pools: dict[str, dict[str, str]],
    tokenizer: Tokenizer,
    settings: Settings,
    outputs: Sequence[str] | None,
    folder: Path,
) -> list[VersionNotes]:
    data = []
    for version, pool in pools.items():
        parts = [
            tokenize_split(corpus, split, tokenizer, settings.max_note_words, list(pool), folder)
            for corpus, split in sources_of(corpora, train_only, version)
        ]
        texts = list(pool.values())
        words = code_words(tokenizer, list(pool), texts, settings.max_code_words, outputs)
        data.append(VersionNotes.join(version, parts, pool, words, settings.negatives, tokenizer.reading))
    return data


def _index(data: Sequence[VersionNotes], pools: Mapping[str, Mapping[str, str]]) -> CodeIndex:
    counts = [np.bincount(notes.labels.indices, minlength=len(pools[notes.version])) for notes in data]
    return CodeIndex(
        code=[key for pool in pools.values() for key in pool],
        version=[version for version, pool in pools.items() for _ in pool],
        description=[text for pool in pools.values() for text in pool.values()],
        train_notes=[int(n) for count in counts for n in count],
    )
