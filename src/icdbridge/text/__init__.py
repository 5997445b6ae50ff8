"""What a note's words are: the normaliser, the tokenizer with offsets, word vectors."""

from icdbridge.text.normalize import NORMALIZER, Reading, normalize, split_words
from icdbridge.text.tokenizer import PAD_ID, UNKNOWN_ID, Tokenizer, Words

__all__ = ["NORMALIZER", "PAD_ID", "UNKNOWN_ID", "Reading", "Tokenizer", "Words", "normalize", "split_words"]
