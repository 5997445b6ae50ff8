"""The words of a note that support a code, their contexts, and bands of confidence."""

from collections.abc import Sequence
from dataclasses import dataclass

from icdbridge.lexical.contexts import ABSENT

BANDS = {"likely": 0.5, "possible": 0.1, "unlikely": 0.0}  # the lowest confidence of each
SPAN_CHARACTERS = 300  # of a span of evidence: a word may be as long as a note


@dataclass(frozen=True)
class Evidence:
    """A span of the original text: ``text == note[start:end]``.

    ``weight`` is its share of the evidence for the code. ``context``, one of ``DOUBTFUL``: its heaviest word is negated
    ("no fever"), a relative's, hypothetical or uncertain, by the English rules of ``lexical.contexts``. ``cut``: the
    words continue after ``SPAN_CHARACTERS``. ``axis``: the axis of an ICD-10-PCS code that the words name, such as
    ``body part``; words found only for an axis weigh 0.
    """

    start: int
    end: int
    text: str
    weight: float
    context: str | None = None
    cut: bool = False
    axis: str | None = None

    @classmethod
    def of(
        cls, text: str, start: int, end: int, weight: float, context: str | None, axis: str | None = None
    ) -> "Evidence":
        """What a note says from ``start`` to ``end``, of which at most ``SPAN_CHARACTERS`` are shown."""
        shown = min(end, start + SPAN_CHARACTERS)
        return cls(start, shown, text[start:shown], weight, context, shown < end, axis)


def context_of(evidence: Sequence[Evidence]) -> str | None:
    """The context of all evidence of a code: None if it is asserted of the patient, or unknown.

    Only spans with at least half of the heaviest weight count. If one has no context, the result is None. ``uncertain``
    outweighs contexts that are not about the patient; else the heaviest span decides.
    """
    heaviest = max((span.weight for span in evidence), default=0.0)
    told = [span.context for span in evidence if span.weight >= heaviest / 2]
    if not told or None in told:
        return None
    return "uncertain" if "uncertain" in told else told[0]


def cautious(band: str, context: str | None) -> str:
    """A suggestion's band: not the most confident one where its context is one of ``ABSENT``."""
    sure, next_to_it = list(BANDS)[:2]
    return next_to_it if band == sure and context in ABSENT else band


def band_of(confidence: float) -> str:
    """The name of the band that a confidence falls into."""
    return next(name for name, least in BANDS.items() if confidence >= least)
