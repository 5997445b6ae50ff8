"""The plots of the data report."""

import numpy as np
import numpy.typing as npt

Sizes = npt.NDArray[np.int64]
_HEIGHT, _WIDTH = 2.7, 4.4  # inches: small, three of them stand side by side


def histogram(name: str, values: Sizes, across: str, up: str) -> str:
    """How often each of the ``values`` (whole numbers of at least 0) occurs, with their median, as SVG."""
    from icdbridge.drawing import COLOURS, drawing  # here, as it takes longer than importing all the rest

    # A few very long notes would squeeze all others into one bar.
    limit = max(int(np.percentile(values, 99.5)), 1)
    width = max(1, -(-limit // 40))
    edges = np.arange(-0.5, limit + width, width)
    heights, _ = np.histogram(values, edges)
    beyond = int((values > limit).sum())
    median = float(np.median(values))
    with drawing(name, 1, _HEIGHT, _WIDTH, measured=False) as drawn:
        (axis,) = drawn.axes
        axis.stairs(heights, edges, fill=True, color=COLOURS[0])  # one shape, where bars are forty
        axis.axvline(median, color=COLOURS[5], linewidth=1.5, label=f"median {median:,.0f}")
        axis.set_xlabel(across + (f" ({beyond:,} notes beyond)" if beyond else ""))
        axis.set_ylabel(up)
        axis.legend(fontsize=9, loc="upper right")
        for one in (axis.xaxis, axis.yaxis):
            one.get_major_locator().set_params(integer=True)
            one.set_major_formatter("{x:,.0f}")
    return drawn.svg


def long_tail(name: str, notes: Sizes, frequent: int) -> str:
    """Notes of each code, most frequent first, on logarithmic scales, as SVG; ranks after ``frequent`` are rare."""
    from icdbridge.drawing import COLOURS, drawing

    # Neighbouring ranks fall on the same place: a point where the number of notes changes is enough.
    turns = np.flatnonzero((np.diff(notes, prepend=-1) != 0) | (np.diff(notes, append=-1) != 0))
    with drawing(name, 1, _HEIGHT, _WIDTH, measured=False) as drawn:
        (axis,) = drawn.axes
        axis.loglog(turns + 1, np.maximum(notes[turns], 1), color=COLOURS[0])
        if 0 < frequent < len(notes):
            axis.axvspan(frequent, len(notes), color=COLOURS[5], alpha=0.15, linewidth=0, label="rare")
            axis.legend(fontsize=9, loc="upper right")
        axis.minorticks_off()
        for one in (axis.xaxis, axis.yaxis):
            one.set_major_formatter("{x:,.0f}")
        axis.set_xlim(left=1)
        axis.set_ylim(bottom=1)
        axis.set_xlabel("codes, the most frequent first")
        axis.set_ylabel("notes that carry it")
    return drawn.svg
