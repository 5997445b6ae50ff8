"""Reads a stored tokenizer safely: ours over whole words, or a pretrained encoder's over parts of words.

The library would do all that its file says: pad each text to a hundred million words, or try a pattern for ever.
"""

import json
from pathlib import Path
from typing import Any

from tokenizers import normalizers

from icdbridge.errors import InputError

_PARTS = {  # of a pretrained encoder's tokenizer, by where they stand; none of them takes a pattern
    "normalizer": {
        "Sequence", "BertNormalizer", "Lowercase", "NFC", "NFD", "NFKC", "NFKD", "Strip", "StripAccents", "Nmt",
        "Precompiled", "ByteLevel",
    },
    "pre_tokenizer": {
        "Sequence", "BertPreTokenizer", "ByteLevel", "Digits", "Metaspace", "Punctuation", "Whitespace",
        "WhitespaceSplit",
    },
    "model": {"WordPiece", "BPE", "Unigram"},
}  # fmt: skip
_WORDS = {"type": "WordLevel", "unk_token": "[UNK]"}


def check_stored(path: Path, stored: Any, known: list[normalizers.Normalizer]) -> None:
    """Raises ``InputError`` for JSON that is none of the above; ``known``: the normalisers of ours."""
    if not isinstance(stored, dict):
        raise _fault(path, "(the whole)", "an object is expected")
    for name in ("padding", "truncation"):
        if stored.get(name) is not None:
            raise _fault(path, name, "null is expected")
    model = stored.get("model")
    if not isinstance(model, dict):
        raise _fault(path, "model", "an object is expected")
    ours = [json.loads(one.__getstate__()) for one in known]
    if model.get("type") == "WordLevel":
        _check_words(path, stored, model, ours)
        return
    _check_types(path, "model", model, _PARTS["model"])
    normalizer = stored.get("normalizer")
    steps = normalizer.get("normalizers") if isinstance(normalizer, dict) else None
    heads = [one["normalizers"] for one in ours]  # the library lays sequences of sequences flat
    own = next((head for head in heads if isinstance(steps, list) and steps[: len(head)] == head), None)
    if steps is None or own is None:
        raise _fault(path, "normalizer", "one that begins as icdbridge's is expected")
    _check_types(path, "normalizer", steps[len(own) :], _PARTS["normalizer"])
    _check_types(path, "pre_tokenizer", stored.get("pre_tokenizer"), _PARTS["pre_tokenizer"])


def _check_words(path: Path, stored: dict[str, Any], model: dict[str, Any], ours: list[Any]) -> None:
    if stored.get("normalizer") not in ours:
        raise _fault(path, "normalizer", "this is none of icdbridge's")
    if stored.get("pre_tokenizer") != {"type": "WhitespaceSplit"} or stored.get("added_tokens") != []:
        raise _fault(path, "pre_tokenizer", "words between blanks and nothing added to them are expected")
    if {name: value for name, value in model.items() if name != "vocab"} != _WORDS:
        raise _fault(path, "model", "whole words with [UNK] for unknown ones are expected")
    words = model.get("vocab")
    if not isinstance(words, dict):
        raise _fault(path, "model.vocab", "an object is expected")
    numbers = list(words.values())
    if not all(type(number) is int for number in numbers) or sorted(numbers) != list(range(len(numbers))):
        raise _fault(path, "model.vocab", "words numbered from 0 on are expected, each number once")
    if (words.get("[PAD]"), words.get("[UNK]")) != (0, 1):
        raise _fault(path, "model.vocab", "[PAD] as 0 and [UNK] as 1 are expected")


def _check_types(path: Path, field: str, value: Any, allowed: set[str]) -> None:
    """All that says its ``type``, at any depth, is one of those allowed."""
    if isinstance(value, list):
        for one in value:
            _check_types(path, field, one, allowed)
    elif isinstance(value, dict):
        if "type" in value and value["type"] not in allowed:
            raise _fault(path, field, f"one of {', '.join(sorted(allowed))} is expected")
        for name, one in value.items():
            if name not in ("vocab", "merges"):
                _check_types(path, field, one, allowed)


def _fault(path: Path, field: str, expected: str) -> InputError:
    return InputError(f"{path}, field {field}: {expected}: make it again")
