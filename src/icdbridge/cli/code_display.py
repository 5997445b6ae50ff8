"""Suggestions for a note, as ``icdbridge code`` prints them."""

from typing import TYPE_CHECKING

from icdbridge.escaping import visible
from icdbridge.terminal import Terminal

if TYPE_CHECKING:
    from icdbridge.coding import Suggestion


def print_suggestions(name: str, suggestions: "list[Suggestion]", basis: str, caution: str | None) -> None:
    """Prints what was found for a note as a table."""
    from rich.table import Table
    from rich.text import Text

    table = Table(title=name, title_justify="left")
    for column in ("code", "confidence", "description", "evidence"):
        table.add_column(column)
    for found in suggestions:
        style = "bold" if found.predicted else "dim"
        sure = found.probability if found.confidence is None else found.confidence
        cells = (found.code, f"{found.band or ''} {sure:.2f}".strip(), visible(found.description))
        table.add_row(*(Text(cell, style) for cell in cells), _reasons(found))
    console = Terminal()
    console.print(table)
    if not suggestions:
        console.print("no code found")
    if caution:
        console.print(caution, style="bold")
    console.print(f"bold: predicted; confidence: {basis}", style="dim")


def _reasons(found: "Suggestion") -> str:
    """The words that support a code, each once, and the rule that it follows from."""
    words = dict.fromkeys(
        " ".join(span.text.split()) + (f" ({span.context})" if span.context else "")
        for span in found.evidence
    )
    goes_without_saying = found.predicted and (found.reason or "").startswith("goes with")
    shown = found.reason and not goes_without_saying
    return " … ".join(words) + (f" [{found.reason}]" if shown else "")
