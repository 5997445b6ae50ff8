"""What a coder suggests for a note."""

from dataclasses import asdict, dataclass
from typing import Any

from icdbridge.lexical.evidence import Evidence


@dataclass(frozen=True)
class Alternative:
    """Another code that the same words may mean."""

    system: str
    code: str
    description: str


@dataclass(frozen=True, repr=False)
class Suggestion:
    """A code suggested for a note.

    ``predicted``: it is above its threshold (``Run.thresholds``), and no likelier code excludes it. ``train_notes``:
    how many training notes carried it (0: never seen, scored by its description alone; None: not known).
    ``confidence``: the expected share of right codes among such suggestions; ``band``: its name (``likely``,
    ``possible``, ``unlikely``). Both come from calibration on val, and are None for a run or version that was not
    calibrated. ``context``: None, or how the evidence is meant (``lexical.evidence.context_of``); a negated,
    hypothetical or relative's code is never ``likely``. ``alternatives``: other codes of its family. ``reason``: the
    rule of the code system that it follows from or that holds it back.
    """

    rank: int
    system: str
    code: str
    description: str
    probability: float
    predicted: bool
    train_notes: int | None
    evidence: tuple[Evidence, ...]
    confidence: float | None = None
    band: str | None = None
    context: str | None = None
    alternatives: tuple[Alternative, ...] = ()
    reason: str | None = None

    def __repr__(self) -> str:
        sure = f"{self.probability:.2f}" if self.confidence is None else f"{self.band} {self.confidence:.2f}"
        return f"<{self.rank}. {self.system}:{self.code} {self.description!r}, {sure}>"

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)
