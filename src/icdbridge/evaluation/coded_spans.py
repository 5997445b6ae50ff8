"""Scores codes together with their spans, as CodiEsp-X does (CLEF eHealth 2020, task 3).

A predicted code is right if the note carries it and one of its predicted spans contains a mark, with at most ``SLACK``
more characters on either side. A mark of several spans reaches from the first to the last.
"""

from collections.abc import Mapping, Sequence

from icdbridge.corpora.corpus import Mark

SLACK = 10


class CodedSpans:
    """Counts codes with their spans, note by note."""

    def __init__(self) -> None:
        self.predicted = self.marked = self.right = self.coded = 0

    def add(
        self, predicted: Mapping[str, Sequence[tuple[int, int]]], marked: Mapping[str, Sequence[Mark]]
    ) -> None:
        """Adds a note: the spans of each predicted code, and the marks of each marked code."""
        self.predicted += len(predicted)
        self.marked += len(marked)
        for code, spans in predicted.items():
            self.coded += code in marked
            self.right += any(holds(span, mark) for span in spans for mark in marked.get(code, ()))

    def figures(self) -> dict[str, float]:
        """``precision``, ``recall`` and ``f1`` of codes with spans; how many codes were ``predicted``, ``marked``,
        ``right`` with a span, and right by the code alone (``coded``).
        """
        return {
            "precision": self.right / self.predicted if self.predicted else 0.0,
            "recall": self.right / self.marked if self.marked else 0.0,
            "f1": 2 * self.right / max(1, self.predicted + self.marked),
            "predicted": self.predicted,
            "marked": self.marked,
            "right": self.right,
            "coded": self.coded,
        }


def holds(span: tuple[int, int], mark: Mark) -> bool:
    """Whether a predicted span contains a mark and little more."""
    first, last = min(start for start, _ in mark), max(end for _, end in mark)
    return 0 <= first - span[0] <= SLACK and 0 <= span[1] - last <= SLACK
