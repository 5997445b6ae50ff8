"""A network with everything that it needs to score texts: words, codes, lexicons."""

from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field
from functools import cached_property
from typing import Self

import numpy as np
from torch import Tensor

from icdbridge.errors import InputError
from icdbridge.lexical.lexicon import Lexicon
from icdbridge.lexical.matcher import Matcher
from icdbridge.models import CodingModel
from icdbridge.runs.candidate_search import Candidates
from icdbridge.runs.prior import Prior
from icdbridge.runs.scoring import Precision, encode_codes
from icdbridge.runs.stored_files import CodeIndex
from icdbridge.runs.tokens import code_words, same_words
from icdbridge.text import Tokenizer


@dataclass(eq=False, repr=False)
class TextModel:
    """A ``model`` (in evaluation mode) with its ``tokenizer``, the ``index`` of learned codes, and the ``lexicons`` and
    ``priors`` by version (none for a model without lexical features).

    It reads ``max_note_words`` words of a note and ``max_code_words`` of a description, and scores in ``precision``.
    ``frequent_only``: it has fixed labels, of frequent codes alone. ``stands_for`` maps a successor (key) to the
    learned codes that it replaced. ``Run`` adds what is known after training: thresholds, calibration, candidate
    search.
    """

    model: CodingModel
    tokenizer: Tokenizer
    index: CodeIndex
    max_note_words: int
    max_code_words: int
    lexicons: Mapping[str, Lexicon] = field(default_factory=dict)
    priors: Mapping[str, Prior] = field(default_factory=dict)
    precision: Precision = "fp32"
    frequent_only: bool = False
    stands_for: Mapping[str, str] = field(default_factory=dict)

    @property
    def versions(self) -> list[str]:
        """The versions it was trained on, in the order of its index."""
        return list(dict.fromkeys(self.index.version))

    @cached_property
    def train_notes(self) -> Mapping[str, int] | None:
        """How many training notes carried each code or what it replaced; absent: never seen; None: not known."""
        counts = [count for count in self.index.train_notes if count is not None]
        if not counts:
            return None
        found = dict(zip(self.index.code, counts, strict=True))
        return found | {heir: found[key] for heir, key in self.stands_for.items()}

    def inheriting(self, heirs: Mapping[str, Sequence[str]], descriptions: Mapping[str, str]) -> Self:
        """The model with successors of some learned codes (``heirs``: key to keys, the likeliest first; with
        ``descriptions``): what training taught about a code passes to its heirs.
        """
        if not heirs:
            return self
        other = copy(self)
        vars(other).pop("train_notes", None)
        other.stands_for = {
            heir: key for key in reversed(list(heirs)) for heir in heirs[key] if heir not in self.index.code
        }
        other.lexicons = {
            version: lexicon.inheriting(heirs, descriptions) for version, lexicon in self.lexicons.items()
        }
        return other

    def thresholds(self, version: str, codes: Sequence[str]) -> np.ndarray:
        """The probability above which each code (key) of a version is predicted [L]: 1/2 until one is chosen."""
        return np.full(len(codes), 0.5)

    @property
    def candidates(self) -> Candidates:
        """The first stage of the candidate search; ``InputError`` where there is none."""
        raise InputError("a model in training has no candidate search")

    def queries(self, codes: Sequence[str], descriptions: Sequence[str]) -> Tensor:
        """Encodes codes, given by key and description, once: [M, L, ...].

        Raises ``InputError`` for a code that the model, if it is of fixed labels, has no output for.
        """
        outputs = self.index.code if self.model.fixed_labels else None
        if outputs:
            codes = [self.stands_for.get(code, code) for code in codes]
        words = code_words(self.tokenizer, codes, descriptions, self.max_code_words, outputs)
        return encode_codes(self.model, words)

    def same_words(self, codes: Mapping[str, str]) -> str | None:
        """One line that names codes (key to description) with the same words to the model, if any."""
        if self.model.fixed_labels:
            return None
        return same_words(self.tokenizer, list(codes), list(codes.values()), self.max_code_words)

    def matcher(self, version: str, codes: Sequence[str], descriptions: Sequence[str]) -> Matcher | None:
        """Finds lexical evidence for codes of any version, learned or not; None for a model that reads none."""
        return self.lexicons[self._learned(version)].matcher(codes, descriptions) if self.lexicons else None

    def prior(self, version: str) -> Prior | None:
        """The prior of a version."""
        return self.priors.get(self._learned(version)) if self.priors else None

    def _learned(self, version: str) -> str:
        """The version whose lexicon and prior are used: the first for one that training had no notes of."""
        return version if version in self.lexicons else next(iter(self.lexicons))
