"""The plots of the data report: what they say is what the corpus holds."""

import re
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from icdbridge.corpora.data_plots import BLUE, histogram, long_tail

SPACE = "{http://www.w3.org/2000/svg}"


def texts(svg: str) -> list[str]:
    return [element.text or "" for element in ElementTree.fromstring(svg).iter(SPACE + "text")]


def bars(svg: str) -> np.ndarray:
    """The height of each bar."""
    (path,) = (one for one in ElementTree.fromstring(svg).iter(SPACE + "path") if one.get("fill") == BLUE)
    ends = re.findall(r"M[\d.]+ ([\d.]+)V([\d.]+)H", path.get("d") or "")
    floor, top = np.array(ends, float).T
    return np.asarray(floor - top)


def line(svg: str) -> np.ndarray:
    """The points of the line."""
    (drawn,) = ElementTree.fromstring(svg).iter(SPACE + "polyline")
    return np.array([one.split(",") for one in (drawn.get("points") or "").split()], float)


@pytest.mark.parametrize("values", [[1], [1, 1, 1], [0, 5_000], list(range(3_000)), [0], [7] * 10**5])
def test_plots_of_any_spread(values: list[int]) -> None:
    found = texts(histogram(np.array(values), "words", "notes"))
    assert any(text.startswith("median ") for text in found)
    assert texts(long_tail(np.array(sorted(values, reverse=True)) + 1, 1))


def test_a_histogram_has_a_bar_for_each_value_as_high_as_it_is_frequent() -> None:
    svg = histogram(np.array([1] * 400 + [2] * 200 + [3] * 100), "codes per note", "notes")
    heights = bars(svg)
    np.testing.assert_allclose(heights / heights[2], [4, 2, 1], rtol=1e-2)
    assert {"median 1", "codes per note", "notes", "1", "2", "3", "400"} <= set(texts(svg))


def test_what_a_histogram_leaves_out_is_counted() -> None:
    values = np.array([10] * 1_000 + [9_999])
    assert "words (1 notes beyond)" in texts(histogram(values, "words", "notes"))


def test_the_tail_falls_and_its_rare_codes_are_marked() -> None:
    svg = long_tail(np.array([1_000, 100, 10, 10, 1]), 2)
    points = line(svg)
    assert len(points) == 5  # both ends of the two codes of 10 notes
    assert (np.diff(points, axis=0) >= 0).all()  # to the right and down
    np.testing.assert_allclose(np.diff(points[:3, 1])[0], np.diff(points[:3, 1])[1], atol=0.2)
    assert "rare" in texts(svg)
    assert "rare" not in texts(long_tail(np.array([3, 2]), 0))


def test_a_name_is_no_markup() -> None:
    assert "<b>" in texts(histogram(np.array([2, 2]), "<b>", "notes"))


@given(st.lists(st.integers(0, 10**7), min_size=1, max_size=30), st.integers(0, 31))
def test_nothing_lies_outside(sizes: list[int], frequent: int) -> None:
    values = np.sort(np.array(sizes))[::-1]
    for svg in (histogram(values, "across", "up"), long_tail(values, frequent)):
        assert "nan" not in svg
        assert all(-1 <= float(place) <= 421 for place in re.findall(r' (?:x|y)="(.+?)"', svg))
    points = line(long_tail(values, frequent))
    assert (points >= 0).all()
    assert (points.max(axis=0) <= [420, 260]).all()
