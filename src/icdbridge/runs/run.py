"""The run folder: a trained model with all it needs to code notes. Nothing in it is pickled."""

import csv
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from safetensors import SafetensorError
from safetensors.torch import load_file
from scipy.special import logit
from torch import Tensor

from icdbridge.corpora import Corpus
from icdbridge.errors import InputError
from icdbridge.files import Kind, check_manifest, read_json, write_json, write_manifest
from icdbridge.matching import Lexicon, Matcher
from icdbridge.models import CodingModel, build_model, describe_model
from icdbridge.models.tensor_files import save_tensors
from icdbridge.runs.calibration import (
    FREQUENCIES,
    Calibration,
    calibration_json,
    frequency,
    read_calibration,
)
from icdbridge.runs.candidates import Candidates
from icdbridge.runs.lexicons import FILES as LEXICON_FILES
from icdbridge.runs.lexicons import read_lexicons, write_lexicons
from icdbridge.runs.matched import match_split
from icdbridge.runs.scored import Scored
from icdbridge.runs.scoring import Precision, encode_codes, score_notes
from icdbridge.runs.tokens import code_words, tokenize_split
from icdbridge.text import Tokenizer

FORMAT = 1
RUN = Kind("a run folder", "model.safetensors", "training/described.json")
FILES = [
    "model.safetensors",
    "config.json",
    "tokenizer.json",
    "codes.parquet",
    "calibration.json",
    "log.csv",
    "README.md",
]


@dataclass(frozen=True)
class CodeIndex:
    """The codes a run can be asked for: parallel lists of key, version, description, number of training notes.

    ``train_notes`` is None for all codes of an imported run: its checkpoint does not say.
    """

    code: list[str]
    version: list[str]
    description: list[str]
    train_notes: Sequence[int | None]

    def of_version(self, version: str) -> tuple[list[str], list[str]]:
        """Keys and descriptions of one version."""
        rows = [i for i, name in enumerate(self.version) if name == version]
        return [self.code[i] for i in rows], [self.description[i] for i in rows]


class Run:
    """A run folder, opened: ``config``, ``index``, ``tokenizer``, ``model`` (in evaluation mode), ``calibration``
    by version (empty for a run without), ``lexicons`` by version (empty for a model that reads no lexical
    features), ``log``. ``precision`` is that of scoring: ``bf16`` is faster where the processor multiplies it
    faster.
    """

    def __init__(
        self,
        path: Path,
        config: dict[str, Any],
        model: CodingModel,
        tokenizer: Tokenizer,
        index: CodeIndex,
        calibration: Calibration | None = None,
        lexicons: Mapping[str, Lexicon] | None = None,
        precision: Precision = "fp32",
    ) -> None:
        self.path = path
        self.name = path.resolve().name
        self.config = config
        self.model = model.eval()
        self.tokenizer = tokenizer
        self.index = index
        self.calibration = calibration or {}
        self.lexicons = lexicons or {}
        self.precision: Precision = precision

    @classmethod
    def open(cls, path: Path | str, device: str = "cpu", precision: Precision = "fp32") -> "Run":
        """Opens a run folder; ``InputError`` names what is missing or damaged in it."""
        path = Path(path)
        if (path / "training").is_dir() and not (path / "manifest.json").exists():
            raise InputError(
                f"the training of {path} is unfinished: go on with it by `icdbridge train --resume`"
            )
        check_manifest(path, RUN)
        config = read_json(path / "config.json")
        if not isinstance(config, dict) or config.get("format") != FORMAT:
            raise InputError(f"{path / 'config.json'} is not of format {FORMAT}: train again")
        tokenizer = Tokenizer.load(path / "tokenizer.json")
        # run folders from before there were other architectures name none
        model = build_model(config["model"].get("architecture", "duallaat"), config["model"])
        try:
            model.load_state_dict(load_file(path / "model.safetensors", device="cpu"))
        except (SafetensorError, RuntimeError) as error:
            raise InputError(f"{path / 'model.safetensors'} does not fit config.json: train again") from error
        index = CodeIndex(**pq.read_table(path / "codes.parquet").to_pydict())
        calibration = read_calibration(path / "calibration.json")
        lexicons = read_lexicons(path) if config["model"].get("features") else {}
        return cls(path, config, model.to(device), tokenizer, index, calibration, lexicons, precision)

    @property
    def max_note_words(self) -> int:
        return int(self.config["settings"]["max_note_words"])

    @property
    def versions(self) -> list[str]:
        """The versions the run was trained on, in the order of its index."""
        return list(dict.fromkeys(self.index.version))

    @cached_property
    def train_notes(self) -> Mapping[str, int] | None:
        """How many training notes carried each code (a code that is absent was never seen); None: not known."""
        counts = [count for count in self.index.train_notes if count is not None]
        return dict(zip(self.index.code, counts, strict=True)) if counts else None

    @cached_property
    def log(self) -> list[dict[str, float]]:
        """The rows of log.csv, one an epoch."""
        with (self.path / "log.csv").open(encoding="utf-8", newline="") as handle:
            return [{key: float(value) for key, value in row.items()} for row in csv.DictReader(handle)]

    @cached_property
    def candidates(self) -> Candidates:
        """The first stage of the candidate search; ``InputError`` for a run that was not indexed."""
        return Candidates.load(self.path)

    def queries(self, codes: Sequence[str], descriptions: Sequence[str]) -> Tensor:
        """Encodes codes, given by key and description, once: [M, L, ...].

        Raises ``InputError`` for a code that the model, if it is of fixed labels, has no output for.
        """
        max_words = self.config["settings"]["max_code_words"]
        outputs = self.index.code if self.model.fixed_labels else None
        return encode_codes(self.model, code_words(self.tokenizer, codes, descriptions, max_words, outputs))

    def matcher(self, version: str, codes: Sequence[str], descriptions: Sequence[str]) -> Matcher | None:
        """Finds lexical evidence for codes of a version, also of one that training had no notes of; None for a
        model that reads none.
        """
        if not self.lexicons:
            return None
        lexicon = self.lexicons.get(version) or next(iter(self.lexicons.values()))
        return lexicon.matcher(codes, descriptions)

    def thresholds(self, version: str, codes: Sequence[str]) -> np.ndarray:
        """The probability above which each code (key) of a version is predicted [L].

        It goes by how many training notes carried the code, where the run has such thresholds; else it is the one
        tuned on val.
        """
        calibration = self.calibration.get(version)
        if calibration is None or calibration.thresholds is None or self.train_notes is None:
            return np.full(len(codes), float(self.config["threshold"]))
        chosen = np.array([calibration.thresholds[name] for name in FREQUENCIES])
        own: np.ndarray = chosen[frequency([self.train_notes.get(code, 0) for code in codes])]
        return own

    def cuts(self, version: str, codes: Sequence[str]) -> np.ndarray | None:
        """The logits above which codes of a version are predicted [L], by which scores in bf16 are settled
        (``runs.scoring.settle``); None in fp32, which needs none.
        """
        if self.precision == "fp32":
            return None
        own: np.ndarray = logit(self.thresholds(version, codes))
        return own

    def score_corpus(self, corpus: Corpus, split: str, folder: Path) -> Scored:
        """Scores a split against all codes of its corpus; the logits are a memory map in ``folder``.

        A model of fixed labels that learnt frequent codes only is asked for those alone.
        """
        folder = Path(folder)
        frequent_only = self.model.fixed_labels and self.config["settings"]["training_scope"] == "frequent"
        codes = corpus.codes[: corpus.n_frequent] if frequent_only else corpus.codes
        descriptions = corpus.descriptions[: len(codes)]
        queries = self.queries(codes, descriptions)
        matcher = self.matcher(corpus.version, codes, descriptions)
        features = None
        if matcher is not None:
            features = match_split(corpus, split, matcher, self.max_note_words, folder).features_of(matcher)
        notes = tokenize_split(corpus, split, self.tokenizer, self.max_note_words, codes, folder)
        shape = (len(notes), len(codes))
        if len(notes):
            path = folder / f"{corpus.name}-{split}.logits"
            with path.open(
                "wb"
            ) as handle:  # a full disk is told here; later the system would end the process
                os.posix_fallocate(handle.fileno(), 0, 4 * shape[0] * shape[1])
            logits: np.ndarray = np.memmap(path, dtype=np.float32, mode="r+", shape=shape)
        else:
            logits = np.zeros(shape, dtype=np.float32)
        sequences = [notes[i] for i in range(len(notes))]
        title = f"scoring {corpus.name} {split}"
        cuts = self.cuts(corpus.version, codes)
        score_notes(self.model, sequences, queries, logits, title, features, self.precision, cuts)
        return Scored(notes.note_ids, codes, corpus.n_frequent, logits, notes.labels, frequent_only)


def write_run(
    path: Path,
    config: Mapping[str, Any],
    model: CodingModel,
    tokenizer: Tokenizer,
    index: CodeIndex,
    log: Sequence[Mapping[str, float]],
    card: str,
    calibration: Calibration | None = None,
    lexicons: Mapping[str, Lexicon] | None = None,
) -> None:
    """Writes a whole run into the folder ``path``; its manifest comes last, so half a run is never a run."""
    path.mkdir(parents=True, exist_ok=True)
    try:
        save_tensors(path / "model.safetensors", model.state_dict())
        write_json(path / "config.json", {"format": FORMAT, "model": describe_model(model), **config})
        tokenizer.save(path / "tokenizer.json")
        pq.write_table(pa.table(asdict(index)), path / "codes.parquet")
        write_json(path / "calibration.json", calibration_json(calibration or {}))
        write_log(path / "log.csv", log)
        (path / "README.md").write_text(card, "utf-8")
        if lexicons:
            write_lexicons(path, lexicons)
        write_manifest(path, [*FILES, *(LEXICON_FILES if lexicons else ())])
    except OSError as error:
        raise InputError(f"cannot write {path}: {error.strerror or error}") from error


def write_log(path: Path, log: Sequence[Mapping[str, float]]) -> None:
    """One row an epoch."""
    with path.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.DictWriter(handle, list(log[0]) if log else ["epoch"])
        writer.writeheader()
        writer.writerows(log)
