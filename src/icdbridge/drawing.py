"""Figures of reports as SVG (``Markup``) to stand inside a page; readable on a light and on a dark page."""

import io
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import matplotlib
from markupsafe import Markup
from matplotlib import rc_params_from_file
from matplotlib.figure import Figure

# Colours the colour-blind tell apart (Okabe and Ito 2008), and that stand out on white and on near-black.
COLOURS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00")
INK, GRID = "#123450", "#123451"  # stand-ins, replaced by the page's own colours
STYLE = rc_params_from_file(Path(__file__).parent / "report.mplstyle", use_default_template=False)

# Margins of a panel in inches. Matplotlib's own layouts measure every text, which takes longer than drawing.
_LEFT, _RIGHT, _TOP, _BOTTOM = 0.16, 0.2, 0.3, 0.28
# An axis's label, a letter beside a tick, a further line below a tick, a row of the legend below.
_LABEL, _LETTER, _LINE, _LEGEND = 0.2, 0.08, 0.15, 0.26

_DRAWING = threading.Lock()  # matplotlib's style is one for all threads


class Drawing:
    """A figure of ``panels`` beside each other, of ``width`` and ``height`` inches: draw into ``axes``, then ask for
    ``svg``. ``name`` makes its ids its own in a page.
    """

    def __init__(self, name: str, panels: int = 1, height: float = 3.3, width: float = 8.4) -> None:
        self.name = name
        self.figure = Figure(figsize=(width, height))
        self.axes: list[Any] = list(self.figure.subplots(1, panels, squeeze=False)[0])
        self.svg = Markup("")
        self._rows = 0  # of the legend below

    def legend_below(self, columns: int) -> None:
        """What the colours of the first panel mean, below all of them."""
        marks, names = self.axes[0].get_legend_handles_labels()
        self.figure.legend(marks, names, loc="lower center", ncols=columns, fontsize=9, borderaxespad=0.1)
        self._rows = -(-len(names) // columns)

    def place(self) -> None:
        """Gives each panel its place, by what stands around it."""
        width, height = self.figure.get_size_inches()
        letters = max(len(tick.get_text()) for axis in self.axes for tick in axis.get_yticklabels())
        left = _LEFT + letters * _LETTER + (_LABEL if any(axis.get_ylabel() for axis in self.axes) else 0)
        further = max(tick.get_text().count("\n") for tick in self.axes[0].get_xticklabels())
        below = _BOTTOM + (_LABEL if any(axis.get_xlabel() for axis in self.axes) else 0)
        below += further * _LINE + self._rows * _LEGEND
        inner = width / len(self.axes) - left - _RIGHT
        for number, axis in enumerate(self.axes):
            start = number * width / len(self.axes) + left
            axis.set_position(
                (start / width, below / height, inner / width, (height - below - _TOP) / height)
            )


@contextmanager
def drawing(name: str, panels: int = 1, height: float = 3.3, width: float = 8.4) -> Iterator[Drawing]:
    """A ``Drawing`` in the style of all reports; its ``svg`` is there when the block ends. One at a time is drawn,
    whatever thread asks.
    """
    with _DRAWING, matplotlib.rc_context({**STYLE, "svg.hashsalt": name}):
        drawn = Drawing(name, panels, height, width)
        yield drawn
        drawn.place()
        buffer = io.StringIO()
        drawn.figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    drawn.svg = _inside_a_page(buffer.getvalue(), name)


def _inside_a_page(text: str, name: str) -> Markup:
    """The figure as one ``<svg>`` of any width that takes its ink from the page."""
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(r'\bid="', f'id="{name}-', text)
    text = re.sub(r'(href="|url\()#', rf"\1#{name}-", text)
    text = re.sub(r'<svg ([^>]*?)width="[^"]*"', r"<svg \1", text, count=1)
    text = re.sub(r'<svg ([^>]*?)height="[^"]*"', r"<svg \1", text, count=1)
    return Markup(text.replace(INK, "currentColor").replace(GRID, "var(--grid)"))
