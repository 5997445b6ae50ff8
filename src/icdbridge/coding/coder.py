"""Coding a note: with a trained run or, where none is named, with the starter."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from datetime import date
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from icdbridge.coding.checks import check_choice, check_path
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


class Coder(ABC):
    """What codes notes: ``load`` gives one."""

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
    def name(self) -> str:
        """What it is called."""

    @property
    @abstractmethod
    def versions(self) -> list[str]:
        """The versions that it codes in."""

    @property
    @abstractmethod
    def default_version(self) -> str | None:
        """The version that is meant where none is named; None: one has to be named."""

    @property
    @abstractmethod
    def max_note_words(self) -> int:
        """How many words of a note it reads."""

    @property
    @abstractmethod
    def threshold(self) -> float:
        """The probability above which a code is predicted, where calibration says no more."""

    @property
    @abstractmethod
    def synthetic(self) -> bool:
        """Whether it learnt from synthetic notes."""

    @property
    @abstractmethod
    def calibration(self) -> "Calibration":
        """What its probabilities were worth, by version; empty where nothing was measured so."""

    @property
    @abstractmethod
    def measured(self) -> bool:
        """Whether its suggestions have a confidence."""

    @property
    def settings(self) -> Sequence[Setting]:
        """The settings, inpatient and outpatient, that it tells apart."""
        return ()

    @property
    def evidence_apart(self) -> bool:
        """Whether evidence takes work of its own, so that ``explain`` may bring it later, some at a time."""
        return True

    @property
    @abstractmethod
    def basis(self) -> str:
        """What its confidence was measured on, in words."""

    @property
    def folder(self) -> Path | None:
        """The folder that it was loaded from; None for the starter."""
        return None

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

    @abstractmethod
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

    @abstractmethod
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
        found = self.code_many(
            [text],
            version,
            top=top,
            codes=codes,
            evidence=evidence,
            candidates=candidates,
            setting=setting,
            as_of=as_of,
        )[0]
        if found is None:
            raise InputError(self.fault(text) or "the note cannot be coded")
        return found
