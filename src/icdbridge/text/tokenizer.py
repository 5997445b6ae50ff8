"""Words to numbers and back to the place in the original text."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import tokenizers
from tokenizers import models, normalizers, pre_tokenizers

from icdbridge.errors import InputError
from icdbridge.text.normalize import NORMALIZER, split_words

PAD, UNKNOWN = "[PAD]", "[UNK]"  # no normalised word can contain a bracket
PAD_ID, UNKNOWN_ID = 0, 1


@dataclass(frozen=True)
class Words:
    """The words of one text: ``ids`` int32 [T] and ``offsets`` int32 [T, 2], character spans in the original text."""

    ids: np.ndarray
    offsets: np.ndarray


class Tokenizer:
    """A vocabulary of whole words over the normaliser; stored as the ``tokenizers`` library's JSON."""

    def __init__(self, backend: tokenizers.Tokenizer) -> None:
        self._backend = backend

    @classmethod
    def from_words(cls, words: Sequence[str]) -> "Tokenizer":
        """A tokenizer whose word ids are 2, 3, ... in the order given; 0 is padding, 1 the unknown word."""
        vocabulary = {PAD: PAD_ID, UNKNOWN: UNKNOWN_ID} | {word: i + 2 for i, word in enumerate(words)}
        backend = tokenizers.Tokenizer(models.WordLevel(vocabulary, unk_token=UNKNOWN))
        backend.normalizer = NORMALIZER
        backend.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
        return cls(backend)

    @classmethod
    def of_words_parts(cls, backend: tokenizers.Tokenizer) -> "Tokenizer":
        """A pretrained transformer's tokenizer of parts of words, over the same normaliser as whole words."""
        own = [backend.normalizer] if backend.normalizer is not None else []
        backend.normalizer = normalizers.Sequence([NORMALIZER, *own])
        backend.no_truncation()
        backend.no_padding()
        return cls(backend)

    @classmethod
    def load(cls, path: Path) -> "Tokenizer":
        """Raises ``InputError`` if the file is missing or no tokenizer."""
        if not Path(path).is_file():
            raise InputError(f"{path} is missing")
        try:
            return cls(tokenizers.Tokenizer.from_file(str(path)))
        except Exception as error:  # the library raises bare Exception
            raise InputError(f"{path} is not a tokenizer file: it is damaged, make it again") from error

    def save(self, path: Path) -> None:
        self._backend.save(str(path))

    @property
    def size(self) -> int:
        """Number of ids, padding and unknown word included."""
        return int(self._backend.get_vocab_size())

    @property
    def words(self) -> list[str]:
        """The vocabulary in the order of its ids."""
        vocabulary: dict[str, int] = self._backend.get_vocab()
        return sorted(vocabulary, key=vocabulary.__getitem__)

    def to_json(self) -> str:
        return str(self._backend.to_str())

    @cached_property
    def checksum(self) -> str:
        """SHA-256 of all that decides which words a text has."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()

    def encode(self, text: str, max_words: int) -> Words:
        """The first ``max_words`` words of a text with their places in it."""
        encoding = self._backend.encode(text, add_special_tokens=False)
        ids = np.array(encoding.ids[:max_words], dtype=np.int32)
        offsets = np.array(encoding.offsets[:max_words], dtype=np.int32).reshape(-1, 2)
        return Words(ids, offsets)

    def encode_many(self, texts: Iterable[str], max_words: int) -> list[np.ndarray]:
        """The word ids (int32 [T]) of each text, cut to ``max_words``: those of ``encode``, without places."""
        if not isinstance(self._backend.model, models.WordLevel):  # parts of words
            encodings = self._backend.encode_batch_fast(list(texts), add_special_tokens=False)
            return [np.array(encoding.ids[:max_words], dtype=np.int32) for encoding in encodings]
        id_of = self._id_of
        return [
            np.array([id_of.get(word, UNKNOWN_ID) for word in split_words(text)[:max_words]], dtype=np.int32)
            for text in texts
        ]

    @cached_property
    def _id_of(self) -> dict[str, int]:
        return dict(self._backend.get_vocab())
