"""The plots of the data report: what they say is what the corpus holds."""

import re
from xml.etree import ElementTree

import numpy as np
import pytest

from icdbridge.corpora.data_plots import spread_plots
from icdbridge.drawing import COLOURS

SPACE = "{http://www.w3.org/2000/svg}"


def plotted(codes=(1, 2), words=(5, 9), notes=(2, 1), frequent: int = 0) -> str:
    return spread_plots(*(np.array(values) for values in (codes, words, notes)), frequent)


def texts(svg: str) -> list[str]:
    return [element.text or "" for element in ElementTree.fromstring(svg).iter(SPACE + "text")]


def drawn(svg: str, how: str) -> list[np.ndarray]:
    """The points of the paths in the first colour, of what is filled (``fill``) or lines (``stroke``)."""
    paths = ElementTree.fromstring(svg).iter(SPACE + "path")
    own = [path.get("d") or "" for path in paths if f"{how}: {COLOURS[0]}" in (path.get("style") or "")]
    return [np.array(re.findall(r"[-\d.]+", path), float).reshape(-1, 2) for path in own]


@pytest.mark.parametrize("values", [[1], [1, 1, 1], [0, 5_000], list(range(3_000)), [0], [7] * 10**5])
def test_plots_of_any_spread(values: list[int]) -> None:
    found = texts(plotted(values, values, np.array(sorted(values, reverse=True)) + 1, 1))
    assert sum(text.startswith("median ") for text in found) == 2


def test_a_histogram_has_a_step_for_each_value_as_high_as_it_is_frequent() -> None:
    svg = plotted(codes=[1] * 400 + [2] * 200 + [3] * 100)
    outline = drawn(svg, "fill")[0]
    above = outline[:, 1].max() - outline[:, 1]
    heights = above[1:][(np.diff(above) == 0) & (above[1:] > 0)]
    np.testing.assert_allclose(heights / heights[2], [4, 2, 1], rtol=1e-3)
    assert {"median 1", "codes per note", "notes", "1", "2", "3", "400"} <= set(texts(svg))


def test_what_a_histogram_leaves_out_is_counted() -> None:
    assert "words per note (1 beyond)" in texts(plotted(words=[10] * 1_000 + [9_999]))


def test_the_tail_falls_and_its_rare_codes_are_marked() -> None:
    svg = plotted(notes=[1_000, 100, 10, 10, 1], frequent=2)
    (points,) = drawn(svg, "stroke")
    assert len(points) == 5  # both ends of the two codes of 10 notes
    assert (np.diff(points, axis=0) >= 0).all()  # to the right and down
    np.testing.assert_allclose(np.diff(points[:3, 1])[0], np.diff(points[:3, 1])[1], atol=0.2)
    assert "rare" in texts(svg)
    assert "rare" not in texts(plotted(notes=[3, 2], frequent=0))
