"""The tokenizer: words to ids, each with its place in the original text."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import tokenizers
from tokenizers import models, normalizers, pre_tokenizers

from icdbridge.errors import InputError
from icdbridge.files import read_json
from icdbridge.folding import Folded, fold
from icdbridge.text.normalize import FOLDED_NORMALIZER, NORMALIZER, Reading, placed_words, split_words
from icdbridge.text.stored_tokenizer import check_stored

PAD, UNKNOWN = "[PAD]", "[UNK]"  # no normalised word can contain a bracket
PAD_ID, UNKNOWN_ID = 0, 1
_NORMALIZERS: dict[Reading, normalizers.Normalizer] = {"benchmark": NORMALIZER, "folded": FOLDED_NORMALIZER}
_DROPS_NUMBERS = rb"(\\s\\d+)+\\s"  # as the benchmark's normaliser is stored


@dataclass(frozen=True)
class Words:
    """The words of one text: ``ids`` int32 [T] and ``offsets`` int32 [T, 2], character spans in the original text."""

    ids: np.ndarray
    offsets: np.ndarray


class Tokenizer:
    """A vocabulary of whole words over a normaliser; stored as the ``tokenizers`` library's JSON, whose normaliser
    says which reading it is for.
    """

    def __init__(self, backend: tokenizers.Tokenizer) -> None:
        self._backend = backend

    @classmethod
    def from_words(cls, words: Sequence[str], reading: Reading = "folded") -> "Tokenizer":
        """A tokenizer whose word ids are 2, 3, ... in the order given; 0 is padding, 1 the unknown word."""
        vocabulary = {PAD: PAD_ID, UNKNOWN: UNKNOWN_ID} | {word: i + 2 for i, word in enumerate(words)}
        backend = tokenizers.Tokenizer(models.WordLevel(vocabulary, unk_token=UNKNOWN))
        backend.normalizer = _NORMALIZERS[reading]
        backend.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
        return cls(backend)

    @classmethod
    def of_words_parts(cls, backend: tokenizers.Tokenizer, reading: Reading = "folded") -> "Tokenizer":
        """A pretrained transformer's tokenizer of parts of words, over the same normaliser as whole words."""
        own = [backend.normalizer] if backend.normalizer is not None else []
        backend.normalizer = normalizers.Sequence([_NORMALIZERS[reading], *own])
        backend.no_truncation()
        backend.no_padding()
        return cls(backend)

    @classmethod
    def load(cls, path: Path) -> "Tokenizer":
        """Raises ``InputError`` if the file is missing, no tokenizer, or one that is not like those made here."""
        stored = read_json(path)
        check_stored(path, stored, list(_NORMALIZERS.values()))
        try:
            return cls(tokenizers.Tokenizer.from_str(json.dumps(stored)))
        except Exception as error:  # the library raises bare Exception
            raise InputError(f"{path} is not a tokenizer file: it is damaged, make it again") from error

    def save(self, path: Path) -> None:
        self._backend.save(str(path))

    @cached_property
    def reading(self) -> Reading:
        """Which words it finds in a text: those of the benchmark, or those of the folded text."""
        state = self._backend.normalizer.__getstate__()
        return "benchmark" if _DROPS_NUMBERS in state else "folded"

    @property
    def size(self) -> int:
        """Number of ids, padding and unknown word included."""
        return int(self._backend.get_vocab_size())

    @property
    def largest_id(self) -> int:
        """The largest word id that a text may get; -1 without a vocabulary."""
        return max(self._backend.get_vocab().values(), default=-1)

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
        folded = self._read(text)
        if self._whole_words and self.reading == "folded":  # as the backend reads it, and much quicker
            words, places = placed_words(folded.text)
            found = [self._id_of.get(word, UNKNOWN_ID) for word in words[:max_words]]
            return Words(np.array(found, dtype=np.int32), folded.spans(places[:max_words]))
        encoding = self._backend.encode(folded.text, add_special_tokens=False)
        ids = np.array(encoding.ids[:max_words], dtype=np.int32)
        offsets = np.array(encoding.offsets[:max_words], dtype=np.int32).reshape(-1, 2)
        return Words(ids, folded.spans(offsets))

    def encode_many(self, texts: Iterable[str], max_words: int) -> list[np.ndarray]:
        """The word ids (int32 [T]) of each text, cut to ``max_words``: those of ``encode``, without places."""
        if not self._whole_words:
            read = [self._read(text).text for text in texts]
            encodings = self._backend.encode_batch_fast(read, add_special_tokens=False)
            return [np.array(encoding.ids[:max_words], dtype=np.int32) for encoding in encodings]
        id_of, reading = self._id_of, self.reading
        return [
            np.array(
                [id_of.get(word, UNKNOWN_ID) for word in split_words(text, reading)[:max_words]],
                dtype=np.int32,
            )
            for text in texts
        ]

    def _read(self, text: str) -> Folded:
        """What the backend is given of a text."""
        # half a surrogate pair, one character for one, is no text to the backend
        return fold(text) if self.reading == "folded" else Folded(text.encode("utf-8", "replace").decode())

    @cached_property
    def _whole_words(self) -> bool:
        """Whether its ids are those of whole words, not of parts."""
        return isinstance(self._backend.model, models.WordLevel)

    @cached_property
    def _id_of(self) -> dict[str, int]:
        return dict(self._backend.get_vocab())
