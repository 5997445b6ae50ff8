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
    """A code suggested for a note. ``predicted``: above its threshold (``Run.thresholds``), and no likelier code
    excludes it; ``train_notes``: how many training notes carried it (0: never seen, scored by its description
    alone; None: not known). ``confidence`` is the share of right codes to expect among such suggestions, and
    ``band`` its name (``likely``, ``possible``, ``unlikely``), by calibration on val; None for a run, or a version,
    that was not calibrated. ``context``: None, or what its evidence says of it (``lexical.evidence.context_of``):
    where that is negated, hypothetical or a relative's, the code is never ``likely``. ``alternatives``: other codes
    of its family, to specify it by. ``reason``: the rule of the code system that it follows from, or that sets it
    apart.
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
