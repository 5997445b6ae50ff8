"""The plots of the data report as SVG, drawn by hand: importing matplotlib takes longer than a small corpus does."""

from html import escape
from math import ceil, log10

import numpy as np
import numpy.typing as npt

BLUE, ORANGE, GREY = "#2563a8", "#c2570c", "#5b6470"
_WIDTH, _HEIGHT = 317, 194  # points
_LEFT, _RIGHT, _TOP, _BOTTOM = 48.0, 307.0, 8.0, 156.0  # the axes' rectangle

Counts = npt.NDArray[np.int64]


def histogram(values: Counts, across: str, up: str) -> str:
    """How often each of the ``values`` (whole numbers of at least 0) occurs, with their median."""
    # A few very long notes would squeeze all others into one bar.
    limit = max(int(np.percentile(values, 99.5)), 1)
    width = max(1, -(-limit // 40))
    edges = np.arange(-0.5, limit + width, width)
    heights = np.histogram(values, edges)[0]
    first, span = float(edges[0]), float(edges[-1] - edges[0])
    top = 1.12 * max(int(heights.max()), 1)  # room for the median's label above the bars

    def x(value: float) -> float:
        return _LEFT + (_RIGHT - _LEFT) * (value - first) / span

    def y(value: float) -> float:
        return _BOTTOM - (_BOTTOM - _TOP) * value / top

    bars = "".join(
        f"M{x(edge + 0.05 * width):.2f} {_BOTTOM}V{y(height):.2f}H{x(edge + 0.95 * width):.2f}V{_BOTTOM}z"
        for edge, height in zip(edges[:-1], heights, strict=True)
        if height
    )
    median = float(np.median(values))
    beyond = int((values > limit).sum())
    return _svg(
        [
            f'<path d="{bars}" fill="{BLUE}"/>',
            f'<path d="M{x(median):.2f} {_TOP}V{_BOTTOM}" stroke="{ORANGE}" stroke-width="1.5"/>',
            _label(x(median), f"median {median:,.0f}"),
        ],
        [(x(tick), f"{tick:,}") for tick in _ticks(edges[-1])],
        [(y(tick), f"{tick:,}") for tick in _ticks(top)],
        across + (f" ({beyond:,} notes beyond)" if beyond else ""),
        up,
    )


def long_tail(notes: Counts, frequent: int) -> str:
    """The notes of each code, the most frequent first, on logarithmic scales; what lies after ``frequent`` is rare."""
    right, top = log10(max(len(notes), 2)), log10(max(int(notes.max()), 2)) * 1.05

    def x(rank: float) -> float:
        return _LEFT + (_RIGHT - _LEFT) * log10(rank) / right

    def y(count: float) -> float:
        return _BOTTOM - (_BOTTOM - _TOP) * log10(count) / top

    # Neighbouring ranks fall on the same place: a point where the number of notes changes is enough.
    turns = np.flatnonzero((np.diff(notes, prepend=-1) != 0) | (np.diff(notes, append=-1) != 0))
    points = " ".join(f"{x(int(rank) + 1):.1f},{y(max(int(notes[rank]), 1)):.1f}" for rank in turns)
    drawn = [f'<polyline points="{points}" fill="none" stroke="{BLUE}" stroke-width="2"/>']
    if 0 < frequent < len(notes):
        place = x(frequent)
        drawn.append(
            f'<rect x="{place:.2f}" y="{_TOP}" width="{_RIGHT - place:.2f}" height="{_BOTTOM - _TOP}" '
            f'fill="{ORANGE}" fill-opacity="0.15"/>'
        )
        drawn.append(_text(_RIGHT - 3, _TOP + 8, "rare", ORANGE, "end"))
    return _svg(
        drawn,
        [(x(10**power), f"{10**power:,}") for power in range(int(right) + 1)],
        [(y(10**power), f"{10**power:,}") for power in range(int(top) + 1)],
        "codes, the most frequent first",
        "notes that carry it",
    )


def _ticks(end: float) -> range:
    """Whole round numbers from 0 to ``end``, at most seven."""
    least = max(end / 6, 1)
    power = 10 ** int(log10(least))
    step = next(times * power for times in (1, 2, 5, 10) if times * power >= least)
    return range(0, ceil(end), step)


def _label(place: float, text: str) -> str:
    """A label beside an upright line: to its left where it would leave the axes."""
    if place > _RIGHT - 70:
        return _text(place - 3, _TOP + 8, text, ORANGE, "end")
    return _text(place + 3, _TOP + 8, text, ORANGE)


def _text(x: float, y: float, text: str, color: str, anchor: str = "start", turned: str = "") -> str:
    return (
        f'<text x="{x:.2f}" y="{y:.2f}" fill="{color}" text-anchor="{anchor}"{turned}>{escape(text)}</text>'
    )


def _svg(
    drawn: list[str],
    across: list[tuple[float, str]],
    up: list[tuple[float, str]],
    below: str,
    beside: str,
) -> str:
    """A plot: what is drawn, ticks (place, label) of both axes and the axes' names."""
    marks = "".join(f"M{place:.2f} {_BOTTOM}v3.5" for place, _ in across)
    marks += "".join(f"M{_LEFT} {place:.2f}h-3.5" for place, _ in up)
    middle = (_TOP + _BOTTOM) / 2
    return "".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" '
            'font-family="sans-serif" font-size="9">',
            *drawn,
            f'<path d="M{_LEFT} {_TOP}V{_BOTTOM}H{_RIGHT}{marks}" fill="none" stroke="{GREY}" stroke-width="0.8"/>',
            *(_text(place, _BOTTOM + 13, label, GREY, "middle") for place, label in across),
            *(_text(_LEFT - 6, place + 3, label, GREY, "end") for place, label in up),
            _text((_LEFT + _RIGHT) / 2, _HEIGHT - 8, below, GREY, "middle"),
            _text(10, middle, beside, GREY, "middle", f' transform="rotate(-90 10 {middle})"'),
            "</svg>",
        ]
    )
