"""The one way to a terminal: what it prints of notes, names and files it shows, and never obeys."""

import sys
from collections.abc import Iterable
from typing import Any

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.text import Text

from icdbridge.escaping import visible


class Terminal(Console):
    """A rich ``Console`` that takes square brackets as text and shows control characters (``visible``)."""

    def __init__(self, **options: Any) -> None:
        super().__init__(markup=False, highlight=False, emoji=False, **options)

    def render_str(self, text: str, **options: Any) -> Text:
        """Before widths are measured, so that a table keeps its shape."""
        return super().render_str(visible(text), **options)

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        for segment in super().render(renderable, options):
            yield segment if segment.control else segment._replace(text=visible(segment.text))


def say(text: str, *, err: bool = False) -> None:
    """Prints text, or JSON, with a line end."""
    print(visible(text), file=sys.stderr if err else sys.stdout, flush=True)
