"""Coding a note: with a trained run or, where none is named, with the starter."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from icdbridge.coding.checks import (
    check_choice,
    check_note,
    check_options,
    check_path,
    check_suggestions,
    check_texts,
)
from icdbridge.coding.suggestion import Suggestion
from icdbridge.errors import InputError
from icdbridge.extras import not_installed

if TYPE_CHECKING:
    from icdbridge.runs.confidence import Calibration

Day = date | str | None
Setting = Literal["inpatient", "outpatient"]


def is_run(path: Path) -> bool:
    """Whether a path is a run folder, whole or not, and no note or folder of notes."""
    return (
        any((path / name).is_file() for name in ("config.json", "model.safetensors", "starter.json"))
        or (path / "training").is_dir()
    )


@dataclass(frozen=True)
class Asked:
    """What is asked of a coder beside the notes: the options of ``Coder.code``."""

    version: str | None = None
    top: int = 10
    codes: Mapping[str, str] | None = None
    evidence: bool = True
    candidates: bool = False
    setting: Setting | None = None
    as_of: Day = None


class Coder(ABC):
    """What codes notes: ``load`` gives one."""

    name: str  # what it is called
    versions: list[str]  # that it codes in
    default_version: str | None  # meant where none is named; None: one has to be named
    max_note_words: int  # how many words of a note it reads
    synthetic: bool  # whether it learnt from synthetic notes
    # What its probabilities were worth, by version; empty where nothing was measured so.
    calibration: "Calibration"
    measured: bool  # whether its suggestions have a confidence
    settings: Sequence[Setting] = ()  # inpatient and outpatient, where it tells them apart
    # Evidence takes work of its own, so that ``explain`` may bring it later, in parts.
    evidence_apart: bool = True
    folder: Path | None = None  # that it was loaded from

    @staticmethod
    def load(
        path: "PathLike[str] | str | None" = None,
        device: str = "cpu",
        precision: Literal["fp32", "bf16"] = "fp32",
    ) -> "Coder":
        """The run in a folder or, without one, the starter, which needs no coded notes; also the starter with a
        calibration of one's own (``icdbridge calibrate``).

        Raises ``InputError`` that names what is missing or damaged in the folder, and for an unknown device or
        precision.
        """
        if path is None or (check_path(path) / "starter.json").is_file():
            check_choice("precision", precision, ("fp32",))
            check_choice("device", device, ("cpu",))
            from icdbridge.coding.untrained import StarterCoder

            return StarterCoder(None if path is None else check_path(path))
        try:
            from icdbridge.coding.trained import TrainedCoder
        except ModuleNotFoundError as error:
            raise not_installed(error) from error
        return TrainedCoder.open(check_path(path), device, precision)

    def __repr__(self) -> str:
        return f"<Coder {self.name}: {', '.join(self.versions)}>"

    @property
    @abstractmethod
    def threshold(self) -> float:
        """The probability above which a code is predicted, where calibration says no more."""

    @property
    @abstractmethod
    def basis(self) -> str:
        """What its confidence was measured on, in words."""

    @abstractmethod
    def count_words(self, text: str) -> int:
        """How many words a note has, as it reads words."""

    def fault(self, text: str) -> str | None:
        """Why a note cannot be coded; None where it can."""
        return None if self.count_words(text) else "the note is empty or has no words: nothing to code"

    @abstractmethod
    def codes_of(self, version: str) -> Mapping[str, str]:
        """The codes of a version: key to description."""

    def scored_codes(self, version: str | None, codes: Mapping[str, str] | None) -> int:
        """How many codes it scores for each note."""
        return len(self.codes_of(version or "") if codes is None else codes)

    def same_words(self, codes: Mapping[str, str]) -> str | None:
        """A warning in one line where some codes (key to description) have the same words, so it cannot tell them
        apart.
        """
        return None

    @abstractmethod
    def fingerprint(self) -> str:
        """A checksum of all that decides what it finds."""

    @abstractmethod
    def caution(self, text: str, suggestions: Sequence[Suggestion]) -> str | None:
        """A warning in one line where a note is unlike those that it learnt from: its confidence says little."""

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
        as_of: Day = None,
    ) -> list[list[Suggestion] | None]:
        """``code`` for several notes (a list of texts) at once; None for a note that cannot be coded (``fault``).

        What is found for a note does not depend on the others. Raises ``InputError`` as ``code`` does, and for what is
        no text.
        """
        texts = check_texts(texts)
        check_options(version, top, codes, evidence=evidence, candidates=candidates)
        return self._code(texts, Asked(version, top, codes, evidence, candidates, setting, as_of))

    @abstractmethod
    def _code(self, texts: Sequence[str], asked: Asked) -> list[list[Suggestion] | None]:
        """``code_many`` of texts and options of the right kinds."""

    def explain(
        self,
        text: str,
        found: Sequence[Suggestion],
        version: str | None = None,
        *,
        codes: Mapping[str, str] | None = None,
        as_of: Day = None,
    ) -> list[Suggestion]:
        """Adds evidence to suggestions that ``code`` gave for the text without it.

        Evidence takes a run most of the time: so it can be had for some suggestions only. It is the same as from
        ``code``.
        """
        asked = Asked(version, codes=codes, as_of=as_of)
        return self._explain(check_note(text), check_suggestions(found), asked)

    @abstractmethod
    def _explain(self, text: str, found: list[Suggestion], asked: Asked) -> list[Suggestion]:
        """``explain`` of a text and suggestions of the right kinds."""

    def code(
        self,
        text: str,
        version: str | None = None,
        *,
        top: int = 10,
        codes: Mapping[str, str] | None = None,
        evidence: bool = True,
        candidates: bool = False,
        setting: Setting | None = None,
        as_of: Day = None,
    ) -> list[Suggestion]:
        """The ``top`` codes for a note, the likeliest first.

        ``version`` is one of ``versions``; it may be left out where there is a ``default_version``, and has to be where
        ``codes`` are given: these (key such as ``icd10cm:I21.4`` to description) take the place of a version's codes.
        ``candidates`` scores only the codes that a run's first stage proposes, which is much faster and may miss a
        code.
        ``setting``: where uncertain diagnoses are coded (inpatient) and where not; by default the starter takes what
        the note looks like. ``as_of``: the day of discharge or service (a date or ISO 8601 text): only codes that are
        valid on it are offered, those among them that came after training too, and what training notes teach of codes
        that they took the place of counts for them. Raises ``InputError`` for a note without words or, to the starter,
        in another language than English, an unknown version, an option that this coder does not have, and for what is
        no text, number or mapping where one is wanted.
        """
        asked = Asked(version, top, codes, evidence, candidates, setting, as_of)
        found = self.code_many([text], **vars(asked))[0]
        if found is None:
            raise InputError(self.fault(text) or "the note cannot be coded")
        return found
