"""The plots of the data report as SVG.

They are drawn here, as importing matplotlib takes longer than preparing a small corpus.
"""

from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from math import ceil, floor, log10
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from markupsafe import Markup

if TYPE_CHECKING:
    from jinja2 import Template

Sizes = npt.NDArray[np.int64]
Places = npt.NDArray[np.float64]
DRAWN, MARKED = "#0072b2", "#d55e00"  # which the colour-blind tell apart, on white and on black
WIDTH, HEIGHT = 420, 260
LEFT, RIGHT, TOP, BOTTOM = 64, 390, 10, 212  # of the axes


def histogram(values: Sizes, across: str, up: str) -> Markup:
    """How often each of the ``values`` (whole numbers of at least 0) occurs, with their median."""
    # A few very long notes would squeeze all others into one bar.
    limit = max(int(np.percentile(values, 99.5)), 1)
    width = max(1, -(-limit // 40))
    edges = np.arange(-0.5, limit + width, width)
    heights, _ = np.histogram(values, edges)
    beyond = int((values > limit).sum())
    median = float(np.median(values))
    most = max(int(heights.max()), 1)

    def x(at: npt.ArrayLike) -> Places:
        return LEFT + (RIGHT - LEFT) * (np.asarray(at, float) - edges[0]) / (edges[-1] - edges[0])

    def y(at: npt.ArrayLike) -> Places:
        return BOTTOM - (BOTTOM - TOP) * np.asarray(at, float) / (1.05 * most)

    steps = np.column_stack([np.repeat(x(edges), 2), y([0, *np.repeat(heights, 2), 0])])
    outline = Markup('<path d="M {}" fill="{}"/>').format(_points(steps), DRAWN)
    line = Markup('<path d="M {0:.1f} {1} V {2}" stroke="{3}" stroke-width="1.5"/>')
    return _svg(
        acrosses=[(float(x(at)), at) for at in _round_numbers(int(edges[-1]))],
        ups=[(float(y(at)), at) for at in _round_numbers(most)],
        shapes=outline + line.format(float(x(median)), TOP, BOTTOM, MARKED),
        across=across + (f" ({beyond:,} beyond)" if beyond else ""),
        up=up,
        legend=f"median {median:,g}",
    )


def long_tail(notes: Sizes, frequent: int) -> Markup:
    """Notes of each code, most frequent first, on logarithmic scales; ranks after ``frequent`` are rare."""
    # Neighbouring ranks fall on the same place: a point where the number of notes changes is enough.
    turns = np.flatnonzero((np.diff(notes, prepend=-1) != 0) | (np.diff(notes, append=-1) != 0))
    decades_across, decades_up = (
        max(ceil(log10(max(most, 1))), 1) for most in (len(notes), int(notes.max()))
    )

    def x(rank: npt.ArrayLike) -> Places:
        return LEFT + (RIGHT - LEFT) * np.log10(rank) / decades_across

    def y(count: npt.ArrayLike) -> Places:
        return BOTTOM - (BOTTOM - TOP) * np.log10(count) / decades_up

    line = np.column_stack([x(turns + 1), y(np.maximum(notes[turns], 1))])
    shapes = Markup('<path d="M {}" fill="none" stroke="{}" stroke-width="1.8"/>').format(
        _points(line), DRAWN
    )
    marked = 0 < frequent < len(notes)
    if marked:
        start, end = x([frequent, len(notes)])
        area = Markup('<path d="M {0:.1f} {2} H {1:.1f} V {3} H {0:.1f} Z" fill="{4}" opacity="0.15"/>')
        shapes += area.format(float(start), float(end), TOP, BOTTOM, MARKED)
    return _svg(
        acrosses=[(float(x(10**power)), 10**power) for power in range(decades_across + 1)],
        ups=[(float(y(10**power)), 10**power) for power in range(decades_up + 1)],
        shapes=shapes,
        across="codes, the most frequent first",
        up="notes that carry it",
        legend="rare" if marked else "",
    )


def _round_numbers(most: int) -> list[int]:
    """Up to six whole numbers from 0 to ``most``, one as far from the next: 1, 2 or 5 times a power of ten."""
    power = 10 ** max(floor(log10(max(most, 1))) - 1, 0)
    step = next(times * power for times in (1, 2, 5, 10, 20) if most <= 5 * times * power)
    return list(range(0, most + 1, step))


def _points(places: Places) -> str:
    return " L ".join(f"{x:.1f} {y:.1f}" for x, y in places.tolist())


def _svg(
    *, acrosses: Sequence[tuple[float, int]], ups: Sequence[tuple[float, int]], **told: object
) -> Markup:
    """A plot; of the axes are given the places of numbers."""
    across, up = ([(round(place, 1), f"{number:,}") for place, number in axis] for axis in (acrosses, ups))
    frame = {"left": LEFT, "right": RIGHT, "top": TOP, "bottom": BOTTOM, "width": WIDTH, "height": HEIGHT}
    return Markup(_template().render(acrosses=across, ups=up, marked=MARKED, **frame, **told))


@cache
def _template() -> "Template":
    from jinja2 import Environment, StrictUndefined

    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    return environment.from_string(files("icdbridge.corpora").joinpath("data_plot.svg").read_text("utf-8"))
