"""Coding a note with a trained run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import get_args

import numpy as np
import torch
from scipy.special import expit
from torch import Tensor

from icdbridge.codes import parse_key, version_named, version_of
from icdbridge.coding.checks import check_choice, check_codes, check_options, check_path, check_texts
from icdbridge.coding.coder import Coder, Setting
from icdbridge.coding.suggestion import Suggestion
from icdbridge.errors import InputError
from icdbridge.files import MANIFEST, sha256
from icdbridge.lexical import Matcher
from icdbridge.lexical.evidence import Evidence, cautious, context_of
from icdbridge.models import NoteStates
from icdbridge.runs import Run
from icdbridge.runs.attribution import add_spans, find_evidence, word_weights
from icdbridge.runs.candidate_search import Proposer
from icdbridge.runs.confidence import Calibration
from icdbridge.runs.matched import match_text
from icdbridge.runs.scoring import Precision, length_batches, read_notes, score_states, settle
from icdbridge.text import Words, split_words
from icdbridge.text.tokenizer import UNKNOWN_ID

UNKNOWN_WORDS = 0.2  # of a note, above which it is unlike the training notes
UNSAID_CODES = 0.5  # of the predicted codes, above which it is


class TrainedCoder(Coder):
    """A run ready to code notes; the codes of a version are encoded once, at first use."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self._asked: dict[str, _Asked] = {}
        self._own: _Asked | None = None  # the codes that a caller gave last
        self._given: dict[str, str] = {}  # as the caller wrote them

    @classmethod
    def open(cls, path: Path | str, device: str = "cpu", precision: Precision = "fp32") -> "TrainedCoder":
        """Opens a run folder; ``InputError`` names what is missing or damaged in it."""
        check_choice("precision", precision, get_args(Precision))
        try:
            torch.device(device)
        except (RuntimeError, TypeError) as error:
            raise InputError(f"unknown device {device!r}: expected cpu, cuda or mps") from error
        return cls(Run.open(check_path(path), device, precision))

    @property
    def name(self) -> str:
        return self.run.name

    @property
    def folder(self) -> Path:
        return self.run.path

    @property
    def versions(self) -> list[str]:
        return self.run.versions

    @property
    def max_note_words(self) -> int:
        """How many words of a note are read."""
        return self.run.max_note_words

    @property
    def threshold(self) -> float:
        """The probability above which a code is predicted, where calibration gives no other."""
        return float(self.run.config["threshold"])

    @property
    def synthetic(self) -> bool:
        """Whether it was trained on synthetic notes."""
        return bool(self.run.config["synthetic"])

    @property
    def calibration(self) -> Calibration:
        return self.run.calibration

    def count_words(self, text: str) -> int:
        """How many words a note has, as this run reads words."""
        return len(split_words(text, self.run.tokenizer.reading))

    def codes_of(self, version: str) -> dict[str, str]:
        """The codes of a version: key to description."""
        return dict(zip(*self.run.index.of_version(version), strict=True))

    @property
    def default_version(self) -> str | None:
        return self.versions[0] if len(self.versions) == 1 else None

    @property
    def measured(self) -> bool:
        return bool(self.calibration)

    @property
    def basis(self) -> str:
        """What its confidence was measured on, in words."""
        if not self.calibration:
            return f"not measured; the threshold is {self.run.config.get('threshold_source', 'tuned on val')}"
        corpora = dict.fromkeys(name for one in self.calibration.values() for name in one.corpora)
        return f"measured on the validation notes of {', '.join(corpora)}"

    def same_words(self, codes: Mapping[str, str]) -> str | None:
        return self.run.same_words(codes)

    def fingerprint(self) -> str:
        return sha256(self.run.path / MANIFEST)

    def caution(self, text: str, suggestions: Sequence[Suggestion]) -> str | None:
        if self.synthetic:
            return "This run learnt from synthetic notes only: do not believe its codes for a real note."
        ids = self.run.tokenizer.encode(text, self.max_note_words).ids
        unknown = float((ids == UNKNOWN_ID).mean()) if len(ids) else 0.0
        predicted = [one for one in suggestions if one.predicted]
        unsaid = sum(one.context is not None or not one.evidence for one in predicted)
        told = []
        if unknown > UNKNOWN_WORDS:
            told.append(f"{unknown:.0%} of its words are unknown to the run")
        if len(predicted) > 1 and unsaid > len(predicted) * UNSAID_CODES:
            told.append(
                f"{unsaid} of {len(predicted)} predicted codes have no word of the note that asserts them"
            )
        return f"This note is unlike the run's training notes: {'; '.join(told)}." if told else None

    @torch.no_grad()
    def code_many(
        self,
        texts: Sequence[str],
        version: str | None = None,
        *,
        top: int = 10,
        codes: Mapping[str, str] | None = None,
        evidence: bool = True,
        candidates: bool = False,
        setting: Setting | None = None,
    ) -> list[list[Suggestion] | None]:
        texts = check_texts(texts)
        check_options(version, top, codes, evidence=evidence, candidates=candidates)
        if setting is not None:
            raise InputError("a setting is for the starter: a run codes as its training notes were coded")
        words = [self.run.tokenizer.encode(text, self.run.max_note_words) for text in texts]
        asked = self._codes(version, codes)
        if candidates:
            self.run.candidates  # noqa: B018  (refuses a run without, also where there is no note)
        model, device = self.run.model, next(self.run.model.parameters()).device
        found: list[list[Suggestion] | None] = [None] * len(texts)
        for rows in length_batches(np.array([len(note.ids) for note in words]).clip(min=model.padded_words)):
            states = read_notes(model, [words[row].ids for row in rows], self.run.precision, device)
            every = None if candidates else score_states(model, states, asked.queries, self.run.precision)
            for place, row in enumerate(rows):
                if not len(words[row].ids):
                    continue
                note = NoteStates(*(tensor[place : place + 1] for tensor in states))
                if every is not None:
                    columns, queries, logits = np.arange(len(asked.keys)), asked.queries, every[place]
                else:
                    columns = asked.propose(texts[row], words[row].ids)
                    if not len(columns):  # codes of the caller's own of which the note has no word
                        found[row] = []
                        continue
                    queries = asked.queries_of(columns)
                    logits = score_states(model, note, queries, self.run.precision)[0]
                features = None
                if asked.matcher is not None:
                    features = match_text(asked.matcher, texts[row], self.run.max_note_words, columns)
                cuts = None if asked.cuts is None else asked.cuts[columns]
                logits = settle(model, words[row].ids, queries, logits, features, cuts).double()
                order = torch.argsort(logits, descending=True, stable=True)[:top]
                spans: list[list[Evidence]] = [[] for _ in order]
                if evidence:
                    best = columns[order.cpu().numpy()].tolist()
                    spans = self._evidence(asked, texts[row], words[row], queries[:, order], best)
                found[row] = [
                    self._suggestion(rank, asked.keys[column], asked.descriptions[column], logit, of_code)
                    for rank, (column, logit, of_code) in enumerate(
                        zip(columns[order.cpu().numpy()], logits[order].tolist(), spans, strict=True), 1
                    )
                ]
        return found

    @torch.no_grad()
    def explain(
        self,
        text: str,
        found: Sequence[Suggestion],
        version: str | None = None,
        *,
        codes: Mapping[str, str] | None = None,
    ) -> list[Suggestion]:
        asked, words = self._codes(version, codes), self.run.tokenizer.encode(text, self.run.max_note_words)
        best = [asked.place_of[f"{one.system}:{one.code}"] for one in found]
        spans = self._evidence(asked, text, words, asked.queries_of(np.array(best, np.int64)), best)
        return [
            replace(one, evidence=tuple(own), context=context, band=one.band and cautious(one.band, context))
            for one, own in zip(found, spans, strict=True)
            for context in [context_of(own)]
        ]

    def _evidence(
        self, asked: "_Asked", text: str, words: Words, queries: Tensor, best: list[int]
    ) -> list[list[Evidence]]:
        """The evidence for the codes ``best``, columns of ``asked``, which ``queries`` are of."""
        weights = word_weights(self.run.model, words.ids, queries)
        if asked.matcher is not None:
            lexical_spans = asked.matcher.spans(text, self.run.max_note_words, best)
            weights = add_spans(weights, lexical_spans, words.offsets)
        return find_evidence(text, weights, words.offsets)

    def _suggestion(
        self, rank: int, key: str, description: str, logit: float, evidence: list[Evidence]
    ) -> Suggestion:
        code = parse_key(key)
        probability, seen = float(expit(logit)), self.run.train_notes
        train_notes = None if seen is None else seen.get(key, 0)
        version = version_of(code.system)
        calibration = self.run.calibration.get(version)
        confidence = float(calibration.confidence([logit], [train_notes or 0])[0]) if calibration else None
        context = context_of(evidence)
        band = calibration.band(confidence).name if calibration and confidence is not None else None
        return Suggestion(
            rank,
            code.system,
            code.code,
            description,
            probability,
            probability > float(self.run.thresholds(version, [key])[0]),
            train_notes,
            tuple(evidence),
            confidence,
            None if band is None else cautious(band, context),
            context,
        )

    def _codes(self, version: str | None, codes: Mapping[str, str] | None) -> "_Asked":
        if codes is not None:
            if self._own is None or self._given != codes:
                known = check_codes(codes)
                self._own = _Asked(self.run, list(known), list(known.values()), None)
                self._given = dict(codes)
            return self._own
        if version is None:
            if len(self.versions) > 1:
                raise InputError(f"the run codes in {', '.join(self.versions)}: say which by version")
            version = self.versions[0]
        version = version_named(version)
        if version not in self.versions:
            raise InputError(
                f"the run was trained on {', '.join(self.versions)}, not on {version!r}: "
                "for other codes give them with their descriptions"
            )
        if version not in self._asked:
            self._asked[version] = _Asked(self.run, *self.run.index.of_version(version), version)
        return self._asked[version]


@dataclass
class _Asked:
    """Codes to choose from, ready for notes: each part is made at its first use and kept."""

    run: Run
    keys: list[str]
    descriptions: list[str]
    version: str | None  # None for codes that the caller gives

    @cached_property
    def queries(self) -> Tensor:
        return self.run.queries(self.keys, self.descriptions)

    @cached_property
    def place_of(self) -> dict[str, int]:
        """The column of each key."""
        return {key: column for column, key in enumerate(self.keys)}

    @cached_property
    def _versions(self) -> list[str]:
        """The version of each code."""
        return [self.version or version_of(parse_key(key).system) for key in self.keys]

    @cached_property
    def matcher(self) -> Matcher | None:
        versions = set(self._versions)
        if self.run.lexicons and len(versions) > 1:
            raise InputError(
                f"the codes to choose from are of several versions: {', '.join(sorted(versions))}"
            )
        return self.run.matcher(min(versions), self.keys, self.descriptions)

    @cached_property
    def cuts(self) -> np.ndarray | None:
        """The logits above which each code is predicted, where scores are to be settled by them."""
        cuts: dict[str, float] = {}
        for version in set(self._versions):
            own = [key for key, of_key in zip(self.keys, self._versions, strict=True) if of_key == version]
            found = self.run.cuts(version, own)
            if found is None:
                return None
            cuts |= zip(own, found, strict=True)
        return np.array([cuts[key] for key in self.keys])

    @cached_property
    def _proposer(self) -> Proposer:
        return Proposer(self.run.candidates, self.keys, self.descriptions)

    def propose(self, text: str, ids: np.ndarray) -> np.ndarray:
        """The columns of a note's candidates."""
        return self._proposer.propose(text, ids, self.run.candidates.counts_for(self.version))

    def queries_of(self, columns: np.ndarray) -> Tensor:
        """Of a version all queries are kept; of the caller's codes, maybe 150,000, only the candidates' are made."""
        if self.version is None:
            return self.run.queries([self.keys[i] for i in columns], [self.descriptions[i] for i in columns])
        return self.queries[:, torch.from_numpy(columns).to(self.queries.device)]
