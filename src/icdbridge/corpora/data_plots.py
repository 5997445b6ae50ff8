"""The plots of the data report, as SVG: importing a library that draws takes longer than preparing a small corpus."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from markupsafe import Markup, escape

Sizes = npt.NDArray[np.int64]
_WIDTH, _HEIGHT = 420, 260  # of a plot; three of them stand side by side
_LEFT, _RIGHT, _TOP, _BOTTOM = 58, 12, 22, 42  # around the axes
BLUE, ORANGE = "#0072b2", "#d55e00"  # the colour-blind tell them apart (Okabe and Ito 2008)
_BARS = 40


def histogram(values: Sizes, across: str, up: str) -> Markup:
    """How often each of the ``values`` (whole numbers of at least 0) occurs, with their median."""
    # A few very long notes would squeeze all others into one bar.
    limit = max(int(np.percentile(values, 99.5)), 1)
    width = max(1, -(-limit // _BARS))
    heights = np.bincount(values[values <= limit] // width, minlength=limit // width + 1)
    end, highest = len(heights) * width, max(int(heights.max()), 1)
    beyond, median = int((values > limit).sum()), float(np.median(values))

    def x(value: float) -> float:
        return _LEFT + (_WIDTH - _LEFT - _RIGHT) * value / end

    def y(value: float) -> float:
        return _HEIGHT - _BOTTOM - (_HEIGHT - _BOTTOM - _TOP) * value / highest

    bars = "".join(
        f"M{x((place + 0.05) * width):.1f} {y(0):.1f}V{y(height):.1f}H{x((place + 0.95) * width):.1f}V{y(0):.1f}z"
        for place, height in enumerate(heights.tolist())
        if height
    )
    at = x(median + 0.5)
    drawn = f'<path d="{bars}" fill="{BLUE}"/><path d="M{at:.1f} {_TOP}V{y(0):.1f}" stroke="{ORANGE}"/>'
    bars_at = [(tick, x(tick + 0.5)) for tick in _ticks(end - 1)]
    name = across + (f" ({beyond:,} notes beyond)" if beyond else "")
    return _plot(
        drawn, bars_at, [(tick, y(tick)) for tick in _ticks(highest)], (name, up), f"median {median:,.0f}"
    )


def long_tail(notes: Sizes, frequent: int) -> Markup:
    """The notes of each code, the most frequent first, on logarithmic scales; what lies after ``frequent`` is rare."""
    # Neighbouring ranks fall on the same place: a point where the number of notes changes is enough.
    turns = np.flatnonzero((np.diff(notes, prepend=-1) != 0) | (np.diff(notes, append=-1) != 0))
    furthest, highest = (np.log10(max(int(most), 10)) for most in (len(notes), notes.max(initial=1)))

    def x(rank: float) -> float:
        return float(_LEFT + (_WIDTH - _LEFT - _RIGHT) * np.log10(rank) / furthest)

    def y(count: float) -> float:
        return float(_HEIGHT - _BOTTOM - (_HEIGHT - _BOTTOM - _TOP) * np.log10(max(count, 1)) / highest)

    line = " ".join(
        f"{x(rank + 1):.1f},{y(count):.1f}"
        for rank, count in zip(turns.tolist(), notes[turns].tolist(), strict=True)
    )
    drawn = f'<polyline points="{line}" fill="none" stroke="{BLUE}" stroke-width="1.8"/>'
    rare = 0 < frequent < len(notes)
    if rare:
        end = f"M{x(frequent):.1f} {_TOP}H{x(len(notes)):.1f}V{y(1):.1f}H{x(frequent):.1f}z"
        drawn += f'<path d="{end}" fill="{ORANGE}" opacity="0.15"/>'
    across, up = ([10**power for power in range(int(most) + 1)] for most in (furthest, highest))
    names = ("codes, the most frequent first", "notes that carry it")
    ticks = [(tick, x(tick)) for tick in across], [(tick, y(tick)) for tick in up]
    return _plot(drawn, *ticks, names, "rare" if rare else "")


def _ticks(most: int) -> list[int]:
    """Round numbers from 0 to ``most``, five or so."""
    step = 1
    while most > 5 * step:
        step = int(step * 2.5) if str(step)[0] == "2" else step * 2
    return list(range(0, most + 1, step))


def _plot(
    drawn: str,
    across: Sequence[tuple[int, float]],
    up: Sequence[tuple[int, float]],
    names: tuple[str, str],
    said: str,
) -> Markup:
    """What is ``drawn``, in axes with ticks (value and place), the axes' ``names``, and what is ``said`` above."""
    floor, middle = _HEIGHT - _BOTTOM, (_HEIGHT - _BOTTOM + _TOP) / 2
    grid = "".join(f"M{_LEFT} {place:.1f}H{_WIDTH - _RIGHT}" for _, place in up)
    grid += "".join(f"M{place:.1f} {_TOP}V{floor}" for _, place in across)
    parts = [f'<path d="{grid}" stroke="var(--grid)" stroke-width="0.6"/>', drawn]
    parts.append(f'<path d="M{_LEFT} {_TOP}V{floor}H{_WIDTH - _RIGHT}" stroke="currentColor" fill="none"/>')
    parts += [_text(place, floor + 15, f"{value:,}") for value, place in across]
    parts += [_text(_LEFT - 6, place + 4, f"{value:,}", "end") for value, place in up]
    parts.append(_text((_LEFT + _WIDTH - _RIGHT) / 2, _HEIGHT - 8, names[0]))
    parts.append(f'<g transform="rotate(-90 11 {middle})">{_text(11, middle, names[1])}</g>')
    parts.append(_text(_WIDTH - _RIGHT, _TOP - 8, said, "end"))
    frame = f'viewBox="0 0 {_WIDTH} {_HEIGHT}" font-family="sans-serif" font-size="11" fill="currentColor"'
    return Markup(f'<svg {frame} xmlns="http://www.w3.org/2000/svg" role="img">{"".join(parts)}</svg>')


def _text(x: float, y: float, text: str, anchor: str = "middle") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'
