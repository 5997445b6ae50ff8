"""The words of a note by the axes of a procedure's code that they name."""

from hypothesis import given
from hypothesis import strategies as st

from icdbridge.codes import Name
from icdbridge.codes.axes import AxisValue
from icdbridge.lexical.axis_evidence import SAID, with_axes
from icdbridge.lexical.evidence import Evidence
from icdbridge.lexical.name_index import NameIndex
from icdbridge.lexical.note import NoteWords

TEXT = "The patient was seen. A resection of the inflamed appendix followed, no bleeding."
VALUES = [  # of 0DTJ4ZZ
    AxisValue("operation", "Resection"),
    AxisValue("body part", "Appendix"),
    AxisValue("approach", "Percutaneous Endoscopic"),
]


def span(words, weight):
    start = TEXT.index(words)
    return Evidence(start, start + len(words), words, weight)


def test_spans_are_told_apart_by_axis_and_what_is_missing_is_added():
    (found,) = with_axes(NoteWords(TEXT), [VALUES], [[span("appendix", 0.7), span("seen", 0.3)]])
    assert [(one.text, one.axis, one.weight) for one in found] == [
        ("appendix", "body part", 0.7),
        ("seen", None, 0.3),
        ("resection", "operation", 0.0),
    ]
    assert all(TEXT[one.start : one.end] == one.text for one in found)


def test_an_axis_that_nothing_names_has_no_words():
    seen = span("seen", 1.0)
    found, of_no_axes = with_axes(NoteWords(TEXT), [VALUES, []], [[], [seen]])
    assert {one.axis for one in found} == {"operation", "body part"}
    assert of_no_axes == [seen]
    assert with_axes(NoteWords("nothing of it"), [VALUES], [[]]) == [[]]


WORDS = st.lists(
    st.sampled_from(["vein", "left", "graft", "renal", "open", "seen", "kidney", "of"]), max_size=40
)


@given(
    WORDS,
    st.lists(st.lists(st.sampled_from(["vein", "left", "graft", "renal", "open"]), max_size=4), max_size=4),
)
def test_words_are_found_as_an_index_of_names_finds_them(words, values):
    axes_of = [AxisValue(f"axis {place}", " ".join(value)) for place, value in enumerate(values)]
    note, index = NoteWords(" ".join(words)), NameIndex([[Name(one.value, "title")] for one in axes_of])
    found, expected, unsure = index.match(note, SAID - 0.01), {}, set()
    for place, number in enumerate(found.codes.tolist()):
        nearness, axis = found.features[place, 1], axes_of[number].axis
        if nearness >= SAID:
            expected[axis] = index.mention(note, found, place).spans
        if abs(nearness - SAID) < 1e-4:
            unsure.add(axis)  # a matter of rounding
    said = {}
    for one in with_axes(note, [axes_of], [[]])[0]:
        said.setdefault(one.axis, []).append((one.start, one.end))
    for axis in (said.keys() | expected.keys()) - unsure:
        assert said.get(axis) == expected.get(axis)
