"""The input of scoring, a note, and its output, scores with the intermediate results."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from torch import Tensor

from icdbridge.lexical.features import place_of
from icdbridge.lexical.matcher import LexicalMatches
from icdbridge.lexical.name_index import FEATURES
from icdbridge.models import NoteStates
from icdbridge.starter.opinions import Opinion

_WHOLE = 0.99  # nearness of a name whose words all stand together


class Note(NamedTuple):
    """A note as a model reads it: its ``text`` and the ``ids`` of its words [T]."""

    text: str
    ids: np.ndarray


class Reading(NamedTuple):
    """Results computed once for a note, for both scores and evidence.

    Its encoded ``states`` without padding, the lexical ``matches`` (None for a model without lexical features) and,
    with a prior, what the starter ``said``.
    """

    states: NoteStates
    matches: LexicalMatches | None
    said: Sequence[Opinion] = ()

    def says(self, column: int, code: str) -> bool:
        """Whether the note asserts a code (its column, and the code without system) in words.

        Either the starter finds it there, or all words of one of its names occur, mostly neither negated nor a
        relative's.
        """
        if any(one.asserted and one.code == code for one in self.said):
            return True
        place = place_of(self.matches.names.codes, column) if self.matches else None
        if self.matches is None or place is None:
            return False
        found = dict(zip(FEATURES, self.matches.names.features[place].tolist(), strict=True))
        return bool(found["nearness"] > _WHOLE and max(found["negated"], found["family"]) < 1 / 2)


@dataclass(frozen=True)
class Scores:
    """The scores of a note, number ``row`` of the given ones.

    ``columns`` [l] are the scored codes, ascending: all, or the note's candidates. ``logits`` [l] decide. They combine
    those of ``attention`` [l] and the ``lexical`` ones [l] (None for a model without lexical features). ``reading`` is
    the input of evidence.
    """

    row: int
    columns: np.ndarray
    logits: Tensor
    attention: Tensor
    lexical: Tensor | None
    reading: Reading
