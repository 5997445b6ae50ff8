"""What a note's words are: the normaliser, the tokenizer with offsets, word vectors."""

from icdbridge.text.normalize import NORMALIZER, normalize
from icdbridge.text.tokenizer import PAD_ID, UNKNOWN_ID, Tokenizer, Words

__all__ = ["NORMALIZER", "PAD_ID", "UNKNOWN_ID", "Tokenizer", "Words", "normalize"]
