"""What scoring takes, a note, and what it gives: scores, with what was read on the way."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from torch import Tensor

from icdbridge.lexical import LexicalMatches
from icdbridge.models import NoteStates
from icdbridge.starter.opinions import Opinion


class Note(NamedTuple):
    """A note as a model reads it: its ``text`` and the ``ids`` of its words [T]."""

    text: str
    ids: np.ndarray


class Reading(NamedTuple):
    """What was made of a note once, for scores and evidence alike: its encoded ``states`` without padding, and the
    lexical ``matches``, None for a model that reads no lexical features; with a prior what the starter ``said``.
    """

    states: NoteStates
    matches: LexicalMatches | None
    said: Sequence[Opinion] = ()


@dataclass(frozen=True)
class Scores:
    """What was found for a note, the number ``row`` of those that were given.

    ``columns`` [l] are the codes that were scored, ascending: all, or the note's candidates. ``logits`` [l] decide.
    They are made of those of ``attention`` [l] and the ``lexical`` ones [l], which are None for a model that reads no
    lexical features. ``reading`` is what evidence is made of.
    """

    row: int
    columns: np.ndarray
    logits: Tensor
    attention: Tensor
    lexical: Tensor | None
    reading: Reading
