"""Finds the sense of an abbreviation from the words near it.

A sense is weighted by its share of uses, times its cues: one in the same sentence counts most, one elsewhere in the
note less, and the kind of section counts too. Without cues the shares stay.
"""

from collections.abc import Iterable, Set

from icdbridge.knowledge.abbreviations import Sense, normalised

# How many times likelier a sense is for each cue, judged so that one near turns round a sense of one use in twenty.
_NEAR, _MOST_NEAR = 20.0, 3
_FAR, _MOST_FAR = 2.0, 3
_SECTION = 3.0  # times likelier where the section is one for its kind
_SPELT = ("diagnosis", "status", "procedure")  # kinds that a note spells out elsewhere when it means them
_KINDS = {
    "exam": ("word", "anatomy", "test"),
    "vitals": ("word", "test"),
    "labs": ("test",),
    "medications": ("drug", "word"),
    "past_medical": ("diagnosis", "status"),
    "diagnoses": ("diagnosis", "status"),
    "past_surgical": ("procedure", "status"),
}


def meant(several: Iterable[Sense], near: Set[str], note: Set[str], section: str = "") -> tuple[Sense, ...]:
    """Senses with shares that fit where the abbreviation stands, the likeliest first.

    ``near``: stems (``words.stem``) of its sentence, with ``AFTER``, ``BEFORE`` or ``PERCENT`` where true; ``note``:
    those of the whole note; ``section``: the kind of section (``lexical.sections.KINDS``) that it stands in.
    """
    return normalised(
        sense._replace(share=sense.share * _likelier(sense, near, note, section)) for sense in several
    )


def _likelier(sense: Sense, near: Set[str], note: Set[str], section: str) -> float:
    close = sense.cues & near
    far = len(sense.far & note - close)
    if sense.kind in _SPELT and sense.stems <= note:
        far += 2
    cued = 1 + _NEAR * min(len(close), _MOST_NEAR) + _FAR * min(far, _MOST_FAR)
    return cued * (_SECTION if sense.kind in _KINDS.get(section, ()) else 1)
