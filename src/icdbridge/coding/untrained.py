"""Coding with the starter: no run, no coded notes, English notes in ICD-10-CM or ICD-9-CM."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import get_args

from icdbridge.codes import Code, load_system, parse_key, version_named
from icdbridge.coding.checks import check_choice, check_codes, check_day, check_note, check_suggestions
from icdbridge.coding.coder import Asked, Coder
from icdbridge.coding.on_day import on_day, once
from icdbridge.coding.set_rules import LEAST, apply_set_rules, companions_below, with_companions
from icdbridge.coding.starter_calibration import read_starter
from icdbridge.coding.suggestion import Alternative, Suggestion
from icdbridge.documents.document import Setting
from icdbridge.errors import InputError
from icdbridge.knowledge.fingerprint import fingerprint
from icdbridge.lexical.evidence import Evidence, band_of, cautious, context_of
from icdbridge.starter import Found, Starter
from icdbridge.starter.among import DIAGNOSES, chosen
from icdbridge.starter.converting import in_icd9
from icdbridge.starter.found import SPANS
from icdbridge.starter.language import foreign_language, perhaps_foreign
from icdbridge.starter.opinions import reading_starter
from icdbridge.starter.stems import words_of

MOST = 100_000  # codes of a note


class StarterCoder(Coder):
    """The starter as a ``Coder``; its data for a code system is built at first use and kept in the cache folder."""

    default_version = "icd10"
    max_note_words = 100_000
    synthetic = False
    measured = True
    settings = get_args(Setting)
    evidence_apart = False  # it looks for codes by their words

    def __init__(self, path: Path | None = None) -> None:
        """``path``: a folder with a calibration (``icdbridge calibrate``)."""
        self.folder = path
        self.name = "starter" if path is None else path.resolve().name
        self.versions = list(DIAGNOSES)
        self.calibration = {}
        self._calibration = None if path is None else read_starter(path)

    @property
    def _starter(self) -> Starter:
        return reading_starter("icd10cm")

    @property
    def threshold(self) -> float:
        return float(self._starter.ranking.about["threshold"])

    @property
    def basis(self) -> str:
        if self._calibration:
            return f"measured on {self._calibration.encounters:,} encounters that coders of the desk finished"
        return str(self._starter.ranking.about["basis"])

    def count_words(self, text: str) -> int:
        return len(words_of(check_note(text)))

    def fault(self, text: str) -> str | None:
        language = foreign_language(words_of(check_note(text)))
        if language is None:
            return super().fault(text)
        return f"the note seems to be in {language}, and the starter reads English: train a run on coded notes of yours"

    def codes_of(self, version: str) -> Mapping[str, str]:
        check_choice("version", version, self.versions)
        system = DIAGNOSES[version]
        return {f"{system}:{code}": title for code, title in load_system(system).titles.items()}

    def scored_codes(
        self, version: str | None, codes: Mapping[str, str] | None, candidates: bool = False
    ) -> int:
        return 0  # it looks for names of all codes at once

    def fingerprint(self) -> str:
        fitted = f" {self._calibration!r}" if self._calibration else ""
        return f"starter {fingerprint()} {self._starter.ranking.about['learnt']}{fitted}"

    def caution(self, text: str, suggestions: Sequence[Suggestion]) -> str | None:
        check_suggestions(suggestions)
        language = perhaps_foreign(words_of(check_note(text)))
        told = f"caution: the note seems to be in {language}, and the starter reads English"
        return told if language else None

    def _code(self, texts: Sequence[str], asked: Asked) -> list[list[Suggestion] | None]:
        if asked.candidates:
            raise InputError("the starter has no candidate search: it looks at all codes as it is")
        if asked.setting is not None:
            check_choice("setting", asked.setting, self.settings)
        version = version_named(self.default_version if asked.version is None else asked.version)
        check_choice("version", version, self.versions)
        system, among = (DIAGNOSES[version], None) if asked.codes is None else _titles(asked.codes)
        day = check_day(asked.as_of)
        return [self._code_one(text, system, among, asked, day) for text in texts]

    def _explain(self, text: str, found: list[Suggestion], asked: Asked) -> list[Suggestion]:
        every = self.code(text, **{**vars(asked), "top": MOST})
        explained = {one.code: one for one in every}
        return [replace(one, evidence=explained.get(one.code, one).evidence) for one in found]

    def _code_one(
        self, text: str, system: str, among: Mapping[str, str] | None, asked: Asked, day: date | None
    ) -> list[Suggestion] | None:
        if self.fault(text):
            return None
        found = self._starter.code(text, asked.setting and asked.setting == "inpatient")
        if system == "icd9cm":
            found = in_icd9(found)
        if among is not None:
            found = chosen(found, among)
        every = [
            on_day(self._suggestion(rank, system, one, text, asked.evidence), day)
            for rank, one in enumerate(found, 1)
        ]
        ranked = once(every) if day else every
        codes = [Code(one.system, one.code) for one in ranked]
        asking = [code for code, one in zip(codes, ranked, strict=True) if one.predicted]
        asserted = {one.code for one in found if one.speaking and not one.doubted}

        def said(place: int) -> bool:
            one = ranked[place]
            return not one.predicted and one.probability >= LEAST and one.code in asserted

        ruled = apply_set_rules(ranked, asking)
        below = companions_below(codes, asked.top, asking, said)
        return with_companions(ruled[: asked.top], [ruled[place] for place in below])

    def _suggestion(self, rank: int, system: str, one: Found, text: str, evidence: bool) -> Suggestion:
        spans = tuple(
            Evidence.of(text, span.start, span.end, 1 / len(one.speaking), span.context)
            for span in one.speaking[:SPANS]
        )
        context = context_of(spans)
        confidence = self._calibration.confidence(one.confidence) if self._calibration else one.confidence
        return Suggestion(
            rank,
            system,
            one.code,
            one.title,
            one.confidence,
            one.confidence > self.threshold and not one.doubted,
            None,
            spans if evidence else (),
            confidence,
            cautious(band_of(confidence), context),
            context,
            tuple(Alternative(system, code, title) for code, title in one.alternatives),
            one.reason or None,
        )


def _titles(codes: Mapping[str, str]) -> tuple[str, dict[str, str]]:
    """The system of the codes that a caller chooses from, and their titles."""
    titles = {parse_key(key): title for key, title in check_codes(codes).items()}
    systems = sorted({code.system for code in titles})
    if len(systems) > 1 or systems[0] not in DIAGNOSES.values():
        raise InputError(
            f"the codes to choose from are of {', '.join(systems)}: the starter chooses among those of one of "
            f"{', '.join(DIAGNOSES.values())}; a run chooses among any"
        )
    return systems[0], {code.code: title for code, title in titles.items()}
