"""The interface of a coder that can be served."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

from icdbridge.coding import Suggestion
from icdbridge.coding.coder import Day, Setting

if TYPE_CHECKING:
    from icdbridge.runs.confidence import Calibration


class ServedCoder(Protocol):
    """``icdbridge.Coder`` has it all."""

    @property
    def name(self) -> str: ...

    @property
    def versions(self) -> list[str]: ...

    @property
    def max_note_words(self) -> int: ...

    @property
    def threshold(self) -> float:
        """The probability above which a code is predicted, where no calibration says more."""
        ...

    @property
    def synthetic(self) -> bool: ...

    @property
    def default_version(self) -> str | None: ...

    @property
    def measured(self) -> bool:
        """Whether its suggestions have a confidence."""
        ...

    @property
    def settings(self) -> Sequence[Setting]:
        """The settings that it tells apart."""
        ...

    @property
    def evidence_apart(self) -> bool:
        """Whether evidence takes work of its own, and can be had later in parts."""
        ...

    @property
    def basis(self) -> str:
        """What its confidence was measured on."""
        ...

    def fault(self, text: str) -> str | None:
        """Why a note cannot be coded."""
        ...

    def caution(self, text: str, suggestions: Sequence[Suggestion]) -> str | None:
        """Where a note is unlike those that it learnt from."""
        ...

    def scored_codes(self, version: str | None, codes: Mapping[str, str] | None) -> int:
        """How many codes it scores for each note, each at a price."""
        ...

    def fingerprint(self) -> str:
        """A checksum of all that decides what it finds."""
        ...

    @property
    def calibration(self) -> "Calibration": ...

    def count_words(self, text: str) -> int: ...

    def codes_of(self, version: str) -> Mapping[str, str]:
        """The codes of a version: key to description."""
        ...

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
    ) -> list[list[Suggestion] | None]: ...

    def explain(
        self,
        text: str,
        found: Sequence[Suggestion],
        version: str | None = None,
        *,
        codes: Mapping[str, str] | None = None,
        as_of: Day = None,
    ) -> list[Suggestion]:
        """What ``code_many`` found without evidence, with it."""
        ...
