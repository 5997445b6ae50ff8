"""What is known of codes without any note: what they are called, how words and abbreviations relate."""

from icdbridge.knowledge.terms import Term, terms

__all__ = ["Term", "terms"]
