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
from icdbridge.documents.document import Setting
from icdbridge.errors import InputError
from icdbridge.extras import not_installed

if TYPE_CHECKING:
    from icdbridge.runs.confidence import Calibration

Day = date | str | None


def is_run(path: Path) -> bool:
    """Whether a path is a run folder, complete or not, rather than a note or a folder of notes."""
    made = ("config.json", "model.safetensors", "starter.json")
    return any((path / name).is_file() for name in made) or (path / "training").is_dir()


@dataclass(frozen=True)
class Asked:
    """The options of ``Coder.code``."""

    version: str | None = None
    top: int = 10
    codes: Mapping[str, str] | None = None
    evidence: bool = True
    candidates: bool = False
    setting: Setting | None = None
    as_of: Day = None


class Coder(ABC):
    """Codes notes; ``load`` opens one."""

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
        """Opens the run in a folder or, without one, the starter, which needs no training.

        The folder may also be a calibration of the starter (``icdbridge calibrate``). Raises ``InputError`` that names
        what is missing or damaged in the folder, and for an unknown device or precision.
        """
        folder = None if path is None else check_path(path)
        if folder is None or (folder / "starter.json").is_file():
            check_choice("precision", precision, ("fp32",))
            check_choice("device", device, ("cpu",))
            from icdbridge.coding.untrained import StarterCoder

            return StarterCoder(folder)
        try:
            from icdbridge.coding.trained import TrainedCoder
        except ModuleNotFoundError as error:
            raise not_installed(error) from error
        return TrainedCoder.open(folder, device, precision)

    def __repr__(self) -> str:
        return f"<Coder {self.name}: {', '.join(self.versions)}>"

    @property
    @abstractmethod
    def threshold(self) -> float:
        """The probability above which a code is predicted, if there is no calibration."""

    @property
    @abstractmethod
    def basis(self) -> str:
        """A description of the data on which the confidence was measured."""

    @abstractmethod
    def count_words(self, text: str) -> int:
        """The number of words of a note, by the coder's own tokenization."""

    def fault(self, text: str) -> str | None:
        """Why a note cannot be coded, or None."""
        return None if self.count_words(text) else "the note is empty or has no words: nothing to code"

    @abstractmethod
    def codes_of(self, version: str) -> Mapping[str, str]:
        """The codes of a version: key to description."""

    def scored_codes(
        self, version: str | None, codes: Mapping[str, str] | None, candidates: bool = False
    ) -> int:
        """The number of codes scored for each note, at most."""
        return len(self.codes_of(version or "") if codes is None else codes)

    def unsearched(self, version: str | None, codes: Mapping[str, str] | None) -> str | None:
        """One line that says why all codes are scored though ``candidates`` are asked for; None if they are not."""
        return None

    def same_words(self, codes: Mapping[str, str]) -> str | None:
        """A warning in one line if some codes (key to description) have the same words, so cannot be told apart."""
        return None

    @abstractmethod
    def fingerprint(self) -> str:
        """A checksum of everything that determines the results."""

    @abstractmethod
    def caution(self, text: str, suggestions: Sequence[Suggestion]) -> str | None:
        """A warning in one line if a note is unlike the training notes, so that its confidence means little."""

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

        No result depends on other notes. Raises ``InputError`` as ``code`` does, and for what is no list of texts.
        """
        texts = check_texts(texts)
        check_options(version, top, codes, evidence=evidence, candidates=candidates)
        return self._code(texts, Asked(version, top, codes, evidence, candidates, setting, as_of))

    @abstractmethod
    def _code(self, texts: Sequence[str], asked: Asked) -> list[list[Suggestion] | None]:
        """``code_many``, for checked texts and options."""

    def explain(
        self,
        text: str,
        found: Sequence[Suggestion],
        version: str | None = None,
        *,
        codes: Mapping[str, str] | None = None,
        as_of: Day = None,
    ) -> list[Suggestion]:
        """Adds evidence to suggestions that ``code`` made for the text without it.

        Evidence takes a run most of its time, so it can be asked for some suggestions only; it is that of ``code``.
        """
        asked = Asked(version, codes=codes, as_of=as_of)
        return self._explain(check_note(text), check_suggestions(found), asked)

    @abstractmethod
    def _explain(self, text: str, found: list[Suggestion], asked: Asked) -> list[Suggestion]:
        """``explain``, for a checked text and suggestions."""

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

        ``version`` is one of ``versions``. It may be omitted if there is a ``default_version``, and must be if
        ``codes`` are given. ``codes`` (key such as ``icd10cm:I21.4`` to description) replace the codes of a version.
        ``candidates`` scores only the codes that a run's candidate search proposes: much faster, but a code may be
        missed. All are scored where more than was allowed would be missed (``unsearched``). ``setting`` is inpatient,
        where uncertain diagnoses are coded, or outpatient, where they are not; by default the starter guesses it from
        the note. ``as_of`` is the day of discharge or service (a date or ISO 8601 text): only codes valid on that day
        are suggested, including codes newer than the training notes. A code that replaced a retired one inherits what
        training taught about it.

        Raises ``InputError`` for a note without words, for another language than English (starter), an unknown version,
        an option that this coder does not have, and arguments of a wrong type.
        """
        asked = Asked(version, top, codes, evidence, candidates, setting, as_of)
        found = self.code_many([text], **vars(asked))[0]
        if found is None:
            raise InputError(self.fault(text) or "the note cannot be coded")
        return found
