"""The words of a note by the axes of a procedure's code that they name."""

from icdbridge.codes.axes import axes
from icdbridge.lexical import NoteWords
from icdbridge.lexical.axis_evidence import with_axes
from icdbridge.lexical.evidence import Evidence

TEXT = "The patient was seen. A resection of the inflamed appendix followed, no bleeding."
VALUES = axes("0DTJ4ZZ", "Resection of Appendix, Percutaneous Endoscopic Approach")


def span(words, weight):
    start = TEXT.index(words)
    return Evidence(start, start + len(words), words, weight)


def test_spans_are_told_apart_by_axis_and_what_is_missing_is_added():
    found = with_axes(NoteWords(TEXT), VALUES, [span("appendix", 0.7), span("seen", 0.3)])
    assert [(one.text, one.axis, one.weight) for one in found] == [
        ("appendix", "body part", 0.7),
        ("seen", None, 0.3),
        ("resection", "operation", 0.0),
    ]
    assert all(TEXT[one.start : one.end] == one.text for one in found)


def test_an_axis_that_nothing_names_has_no_words():
    assert "approach" not in {one.axis for one in with_axes(NoteWords(TEXT), VALUES, [])}
    assert with_axes(NoteWords("nothing of it"), VALUES, []) == []
    assert with_axes(NoteWords(TEXT), [], [span("seen", 1.0)])[0].axis is None
