"""Bands of confidence: which one a suggestion has, and how often each was right on val notes."""

from icdbridge.coding import Suggestion
from icdbridge.lexical.evidence import BANDS, cautious
from icdbridge.server.answer_schemas import BandOut
from icdbridge.server.coders import ServedCoder


def bands(coder: ServedCoder, version: str) -> list[BandOut]:
    """The bands of a version, the most confident first; without figures where it was not calibrated."""
    calibration = coder.calibration.get(version)
    if calibration is None:
        return [BandOut(name=name) for name in BANDS]
    return [
        BandOut(name=band.name, suggestions=band.suggestions, right=band.right) for band in calibration.bands
    ]


def band(coder: ServedCoder, found: Suggestion) -> str:
    """A suggestion's band: by calibration or, without it, by where it stands to the threshold tuned on val."""
    if found.band is not None:
        return found.band
    likely, possible, unlikely = BANDS
    if found.probability > (1 + coder.threshold) / 2:
        return cautious(likely, found.context)
    return possible if found.probability > coder.threshold else unlikely
