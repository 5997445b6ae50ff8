"""The words of a note that support a code, their contexts, and bands of confidence."""

from collections.abc import Sequence
from dataclasses import dataclass

from icdbridge.lexical.contexts import ABSENT

BANDS = {"likely": 0.5, "possible": 0.1, "unlikely": 0.0}  # the lowest confidence of each
SPAN_CHARACTERS = 300  # of a span of evidence: a word may be as long as a note


@dataclass(frozen=True)
class Evidence:
    """A span of the original text: ``text == note[start:end]``; ``weight`` is its share of what speaks for the code.
    ``context``, one of ``DOUBTFUL``: its heaviest word stands negated ("no fever"), is said of a relative, or is
    hypothetical or uncertain, by the English rules of ``lexical.contexts``. ``cut``: the words go on after
    ``SPAN_CHARACTERS``. ``axis``: which axis of a code of ICD-10-PCS the words name, such as ``body part``; words that
    name one and that nothing else points to weigh 0.
    """

    start: int
    end: int
    text: str
    weight: float
    context: str | None = None
    cut: bool = False
    axis: str | None = None


def context_of(evidence: Sequence[Evidence]) -> str | None:
    """The context of all that speaks for a code: None where it stands for the patient, or nothing is known.

    Spans at least half as heavy as the heaviest decide: none may stand in no context. ``uncertain`` outweighs what
    says nothing of the patient, then comes the heaviest.
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
