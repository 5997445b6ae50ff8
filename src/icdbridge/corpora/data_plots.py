"""The plots of the data report."""

from typing import Any

import numpy as np
import numpy.typing as npt
from markupsafe import Markup

Sizes = npt.NDArray[np.int64]


def spread_plots(codes: Sizes, words: Sizes, notes: Sizes, frequent: int) -> Markup:
    """How ``codes`` and ``words`` per note are spread, and ``notes`` per code, the ``frequent`` codes first."""
    from icdbridge.drawing import drawing  # here, as it takes longer than importing all the rest

    with drawing("spread", 3, 2.7, 12) as drawn:
        histogram(drawn.axes[0], codes, "codes per note")
        histogram(drawn.axes[1], words, "words per note")
        long_tail(drawn.axes[2], notes, frequent)
        for axis in drawn.axes:
            axis.xaxis.set_major_formatter("{x:,.0f}")
            axis.yaxis.set_major_formatter("{x:,.0f}")
            if axis.get_legend_handles_labels()[0]:
                axis.legend(fontsize=9, loc="upper right")
    return drawn.svg


def histogram(axis: Any, values: Sizes, across: str) -> None:
    """In how many notes each of the ``values`` (whole numbers of at least 0) occurs, with their median."""
    from icdbridge.drawing import COLOURS

    # A few very long notes would squeeze all others into one bar.
    limit = max(int(np.percentile(values, 99.5)), 1)
    width = max(1, -(-limit // 40))
    edges = np.arange(-0.5, limit + width, width)
    beyond = int((values > limit).sum())
    axis.stairs(
        np.histogram(values, edges)[0], edges, fill=True, color=COLOURS[0]
    )  # one shape, not forty bars
    axis.axvline(np.median(values), color=COLOURS[5], linewidth=1.5, label=f"median {np.median(values):,g}")
    axis.set_xlabel(across + (f" ({beyond:,} beyond)" if beyond else ""))
    axis.set_ylabel("notes")
    axis.xaxis.get_major_locator().set_params(integer=True)
    axis.yaxis.get_major_locator().set_params(integer=True)


def long_tail(axis: Any, notes: Sizes, frequent: int) -> None:
    """Notes of each code, most frequent first, on logarithmic scales; ranks after ``frequent`` are rare."""
    from icdbridge.drawing import COLOURS

    # Neighbouring ranks fall on the same place: a point where the number of notes changes is enough.
    turns = np.flatnonzero((np.diff(notes, prepend=-1) != 0) | (np.diff(notes, append=-1) != 0))
    axis.loglog(turns + 1, np.maximum(notes[turns], 1), color=COLOURS[0])
    if 0 < frequent < len(notes):
        axis.axvspan(frequent, len(notes), color=COLOURS[5], alpha=0.15, linewidth=0, label="rare")
    axis.minorticks_off()
    axis.set_xlim(left=1)
    axis.set_ylim(bottom=1)
    axis.set_xlabel("codes, the most frequent first")
    axis.set_ylabel("notes that carry it")
