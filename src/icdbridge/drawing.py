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

_DRAWING = threading.Lock()  # matplotlib's style is one for all threads


class Drawing:
    """A figure of ``panels`` beside each other, of ``width`` and ``height`` inches: draw into ``axes``, then ask for
    ``svg``. ``name`` makes its ids its own in a page.
    """

    def __init__(self, name: str, panels: int = 1, height: float = 3.3, width: float = 8.4) -> None:
        self.name = name
        self.figure = Figure(figsize=(width, height), layout="constrained")
        self.axes: list[Any] = list(self.figure.subplots(1, panels, squeeze=False)[0])
        self.svg = Markup("")


@contextmanager
def drawing(name: str, panels: int = 1, height: float = 3.3, width: float = 8.4) -> Iterator[Drawing]:
    """A ``Drawing`` in the style of all reports; its ``svg`` is there when the block ends. One at a time is drawn,
    whatever thread asks.
    """
    with _DRAWING, matplotlib.rc_context({**STYLE, "svg.hashsalt": name}):
        drawn = Drawing(name, panels, height, width)
        yield drawn
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
