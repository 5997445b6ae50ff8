"""What scoring takes, a note, and what it gives: scores, with what was read on the way."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from torch import Tensor

from icdbridge.lexical import LexicalMatches
from icdbridge.lexical.name_index import FEATURES
from icdbridge.models import NoteStates
from icdbridge.starter.opinions import Opinion

_WHOLE = 0.99  # nearness of a name whose words all stand together


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

    def says(self, column: int, code: str) -> bool:
        """Whether the note asserts a code (its column, and without system) in so many words: the starter reads it
        there, or all words of one of its names are there, most of the time neither negated nor a relative's.
        """
        if any(one.asserted and one.code == code for one in self.said):
            return True
        names = self.matches.names if self.matches else None
        place = -1 if names is None else int(np.searchsorted(names.codes, column))
        if names is None or place >= len(names.codes) or names.codes[place] != column:
            return False
        found = dict(zip(FEATURES, names.features[place].tolist(), strict=True))
        return bool(found["nearness"] > _WHOLE and max(found["negated"], found["family"]) < 1 / 2)


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
