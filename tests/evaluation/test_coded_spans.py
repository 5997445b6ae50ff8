"""Codes with their spans, as CodiEsp-X scores them."""

import pytest

from icdbridge.evaluation.coded_spans import SLACK, CodedSpans, holds


@pytest.mark.parametrize(
    ("span", "right"),
    [
        ((10, 20), True),
        ((10 - SLACK, 20 + SLACK), True),
        ((10 - SLACK - 1, 20), False),
        ((10, 20 + SLACK + 1), False),
        ((11, 20), False),  # it has to hold all that people marked
        ((10, 19), False),
    ],
)
def test_a_span_holds_what_people_marked_and_little_more(span, right):
    assert holds(span, [(10, 20)]) == right
    assert holds(span, [(16, 20), (10, 12)]) == right  # from the first to the last


def test_each_code_of_a_note_counts_once():
    spans = CodedSpans()
    spans.add(
        {"a": [(0, 5), (50, 60)], "b": [(0, 5)], "c": [(7, 9)]},
        {"a": [[(50, 60)], [(70, 80)]], "b": [[(90, 95)]], "d": [[(1, 2)]]},
    )
    found = spans.figures()
    assert (found["predicted"], found["marked"], found["coded"], found["right"]) == (3, 3, 2, 1)
    assert found["precision"] == found["recall"] == found["f1"] == pytest.approx(1 / 3)


def test_nothing_predicted_and_nothing_marked():
    assert CodedSpans().figures()["f1"] == 0
