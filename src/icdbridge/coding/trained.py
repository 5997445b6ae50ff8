"""Coding a note with a trained run."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import get_args
from weakref import WeakKeyDictionary

import numpy as np
import torch

from icdbridge.codes import version_named
from icdbridge.coding.checks import (
    check_choice,
    check_codes,
    check_day,
    check_note,
    check_path,
    check_suggestions,
)
from icdbridge.coding.coder import Asked, Coder
from icdbridge.coding.later_codes import later_among, with_later
from icdbridge.coding.set_rules import apply_set_rules, with_companions
from icdbridge.coding.suggestion import Suggestion
from icdbridge.coding.trained_suggestions import companions, each_core, predicted, suggested
from icdbridge.errors import InputError
from icdbridge.files import MANIFEST, sha256
from icdbridge.lexical.evidence import Evidence, cautious, context_of
from icdbridge.runs.in_force import first_day_alike, heirs_among, offered_on, valid_on
from icdbridge.runs.note_evidence import note_evidence
from icdbridge.runs.note_scores import Note, Scores
from icdbridge.runs.run import Run
from icdbridge.runs.scorer import Scorer
from icdbridge.runs.scoring import Precision
from icdbridge.runs.update import UPDATE, read_update
from icdbridge.text import split_words
from icdbridge.text.tokenizer import UNKNOWN_ID, Words

UNKNOWN_WORDS = 0.2  # of a note, above which it is unlike the training notes
ASKING = 200  # of the likeliest codes, the predicted ones of which ask for companions
SCORERS = 6  # by version and release: codes of the longest used are encoded anew
UNSAID_CODES = 0.5  # of the predicted codes, above which it is


class TrainedCoder(Coder):
    """A run ready to code notes; the codes of a version are encoded once, at first use."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.name, self.folder, self.versions = run.name, run.path, run.versions
        self.default_version = run.versions[0] if len(run.versions) == 1 else None
        self.max_note_words, self.synthetic = run.max_note_words, bool(run.config["synthetic"])
        self.calibration, self.measured = run.calibration, bool(run.calibration)
        self._update = read_update(run.path)
        self._scorers: dict[tuple[str, date | None], Scorer] = {}
        self._came: WeakKeyDictionary[Scorer, Mapping[str, int]] = WeakKeyDictionary()
        self._own: Scorer | None = None  # of the codes that a caller gave last
        self._given: tuple[dict[str, str], date | None] = {}, None  # as the caller wrote them

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
    def threshold(self) -> float:
        return float(self.run.config["threshold"])

    def count_words(self, text: str) -> int:
        return len(split_words(check_note(text), self.run.tokenizer.reading))

    def codes_of(self, version: str) -> Mapping[str, str]:
        return self.run.index.of_version(version)

    @property
    def basis(self) -> str:
        if not self.calibration:
            return f"not measured; the threshold is {self.run.config.get('threshold_source', 'tuned on val')}"
        corpora = dict.fromkeys(name for one in self.calibration.values() for name in one.corpora)
        return f"measured on the validation notes of {', '.join(corpora)}"

    def scored_codes(
        self, version: str | None, codes: Mapping[str, str] | None, candidates: bool = False
    ) -> int:
        every = super().scored_codes(version, codes)
        if not candidates:
            return every
        counts = self.run.candidates.counts_for(*self._among(version, codes))
        return every if counts is None else min(every, counts.linear + counts.lexical)

    def unsearched(self, version: str | None, codes: Mapping[str, str] | None) -> str | None:
        found = self.run.candidates.measured(*self._among(version, codes))
        if found is None:
            return (
                "every code is scored: the candidate search was not measured among such codes "
                f"(`icdbridge index {self.run.path} CORPUS` measures it)"
            )
        told = f"{100 * found.recall:.1f}% of what the run predicts among such codes, not {100 * found.target:.1f}%"
        return None if found.reached else f"every code is scored: the candidate search would find {told}"

    def _among(
        self, version: str | None, codes: Mapping[str, str] | None
    ) -> tuple[Mapping[str, str], str | None]:
        """The codes to choose from, and their version; None for a caller's own."""
        if codes is not None:
            return codes, None
        version = version_named(version or self.versions[0])
        return self.codes_of(version), version

    def same_words(self, codes: Mapping[str, str]) -> str | None:
        return self.run.same_words(codes)

    def fingerprint(self) -> str:
        updated = self.run.path / UPDATE
        return sha256(self.run.path / MANIFEST) + (f" {sha256(updated)[:16]}" if updated.exists() else "")

    def caution(self, text: str, suggestions: Sequence[Suggestion]) -> str | None:
        text, suggestions = check_note(text), check_suggestions(suggestions)
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
            told.append(f"no word of the note asserts {unsaid} of {len(predicted)} predicted codes")
        return f"This note is unlike the run's training notes: {'; '.join(told)}." if told else None

    def _code(self, texts: Sequence[str], asked: Asked) -> list[list[Suggestion] | None]:
        if asked.setting is not None:
            raise InputError("a setting is for the starter: a run codes as its training notes were coded")
        scorer = self._scorer_for(asked)
        if asked.candidates:
            self.run.candidates  # noqa: B018  (refuses a run without, also where there is no note)
        words = [self.run.tokenizer.encode(text, self.run.max_note_words) for text in texts]
        sizes = {row: len(note.ids) for row, note in enumerate(words) if len(note.ids)}
        found: list[list[Suggestion] | None] = [None] * len(texts)
        later = self._later(scorer)

        def code(rows: Sequence[int]) -> None:
            notes = [Note(texts[row], words[row].ids) for row in rows]
            for scores in scorer.score(notes, candidates=asked.candidates):
                row = rows[scores.row]
                found[row] = self._suggested(scorer, scores, texts[row], words[row], asked, later)

        each_core(code, sizes, scorer)
        return found

    def _suggested(
        self, scorer: Scorer, scores: Scores, text: str, words: Words, asked: Asked, later: Mapping[str, int]
    ) -> list[Suggestion]:
        """The suggestions for a note that has been scored."""
        logits = with_later(scorer, later, text, scores)
        ranked = torch.argsort(logits, descending=True, stable=True).cpu()
        likeliest = ranked[:ASKING].numpy()
        foremost, sure = scores.columns[likeliest], logits.cpu().numpy()[likeliest]
        asking = predicted(scorer, foremost, sure)
        below = companions(scorer, scores.reading, foremost, sure, asked.top, asking)
        order = torch.cat([ranked[: asked.top], ranked[below]])
        best = scores.columns[order.numpy()]
        spans: list[list[Evidence]] = [[] for _ in best]
        if asked.evidence and len(best):
            spans = note_evidence(scorer, text, words, scores.reading, best)
        suggestions = suggested(scorer, best, logits[order].cpu().numpy(), spans, self.calibration)
        ruled = apply_set_rules(suggestions, asking, by_prior=scorer.prior is not None)
        return with_companions(ruled[: asked.top], ruled[asked.top :])

    def _explain(self, text: str, found: list[Suggestion], asked: Asked) -> list[Suggestion]:
        scorer = self._scorer_for(asked)
        words = self.run.tokenizer.encode(text, self.run.max_note_words)
        keys = [f"{one.system}:{one.code}" for one in found]
        if other := next((key for key in keys if key not in scorer.column_of), None):
            raise InputError(
                f"{other} is none of the codes to choose from: give the version and codes it was found among"
            )
        columns = np.array([scorer.column_of[key] for key in keys], np.int64)
        spans = note_evidence(scorer, text, words, scorer.reading(Note(text, words.ids)), columns)
        return [
            replace(one, evidence=tuple(own), context=context, band=one.band and cautious(one.band, context))
            for one, own in zip(found, spans, strict=True)
            for context in [context_of(own)]
        ]

    def _scorer_for(self, asked: Asked) -> Scorer:
        """The scorer of a version, or of the caller's own codes. What is valid is decided by the caller's day, else by
        that of ``icdbridge update-codes``. The latest scorers are kept.
        """
        version, codes = asked.version, asked.codes
        day = check_day(asked.as_of) or (self._update.day if codes is None else None)
        if codes is not None:
            if self._own is None or self._given != (codes, day):
                self._own = self._new_scorer(check_codes(codes), None, day)
                self._given = dict(codes), day
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
        learnt = self.codes_of(version)
        known = version, None if day is None else first_day_alike(learnt, day)
        if known not in self._scorers:
            while len(self._scorers) >= SCORERS:
                self._scorers.pop(next(iter(self._scorers)))
            self._scorers[known] = self._new_scorer(learnt, version, day)
        return self._scorers[known]

    def _later(self, scorer: Scorer) -> Mapping[str, int]:
        if scorer not in self._came:
            self._came[scorer] = later_among(scorer)
        return self._came[scorer]

    def _new_scorer(self, codes: Mapping[str, str], version: str | None, day: date | None) -> Scorer:
        """The codes of a version, or a caller's own (None), that are valid on a day; what is left out passes its
        training to its successors.
        """
        told = self._update.successors
        offered: Mapping[str, str] = codes
        if day is not None:
            offered = valid_on(codes, day) if version is None else offered_on(codes, day, told)
            if not offered:
                raise InputError(f"none of the codes to choose from is valid on {day}")
        heirs = heirs_among(self.run.index.code, offered, told) if version is None or day is not None else {}
        run = self.run.inheriting(heirs, offered)
        if run.model.fixed_labels:
            known = {*run.index.code, *run.stands_for}
            offered = {key: title for key, title in offered.items() if key in known or day is None}
        return Scorer(run, offered, version)
