"""A table of text, made once and shown three ways: on the terminal, as Markdown, and in the HTML reports."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from textwrap import fill
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.table import Table as RichTable

from icdbridge.terminal import Terminal, say

Cell = Callable[[Any], str]  # what makes the cell of a record
# Headings, each with the key of what stands below it, or with a ``Cell``.
Columns = Sequence[tuple[str, str | Cell]]
CELL_WIDTH = 16
PIPED_WIDTH = 120  # characters, where no terminal says how wide it is


@dataclass(frozen=True)
class Table:
    """``columns`` are headings; the first ``text_columns`` hold words, the others figures."""

    title: str
    columns: list[str]
    rows: list[list[str]]
    text_columns: int = 1
    note: str = ""
    bold: Sequence[int] = field(default_factory=list)  # rows that stand out

    @classmethod
    def of(
        cls,
        title: str,
        records: Iterable[Any],
        columns: Columns,
        text_columns: int = 1,
        note: str = "",
        bold: Sequence[int] = (),
    ) -> "Table":
        """A row a record."""
        rows = [
            [record[cell] if isinstance(cell, str) else cell(record) for _, cell in columns]
            for record in records
        ]
        return cls(title, [heading for heading, _ in columns], rows, text_columns, note, bold)

    def rich(self) -> RichTable:
        table = RichTable(title=self.title, caption=self.note or None, box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
        table.pad_edge = table.show_edge = False
        table.title_justify = table.caption_justify = "left"
        for index, name in enumerate(self.columns):
            words = index < self.text_columns
            # One word a line in headings, so that the tables fit a terminal of 80 characters.
            heading = name.replace(" ", "\n").replace("R-", "R-\n")
            longest = max((len(row[index]) for row in self.rows), default=0)
            width = max(min(longest, CELL_WIDTH), *map(len, heading.split("\n")))
            table.add_column(heading, justify="left" if words else "right", min_width=width)
        for index, row in enumerate(self.rows):
            table.add_row(*row, style="bold" if index in self.bold else None)
        return table

    def markdown(self) -> str:
        """GitHub's table format, with the title above and the note below."""
        rule = ["---" if index < self.text_columns else "---:" for index in range(len(self.columns))]
        lines = [self.columns, rule, *self.rows]
        cells = [[cell.replace("|", "\\|") for cell in line] for line in lines]
        body = "\n".join(f"| {' | '.join(line)} |" for line in cells)
        return f"**{self.title}**\n\n{body}\n" + (f"\n{fill(self.note, PIPED_WIDTH)}\n" if self.note else "")


def show(tables: list[Table], markdown: bool = False) -> None:
    """Prints tables on standard output."""
    console = Terminal()
    if not console.is_terminal:
        console = Terminal(width=PIPED_WIDTH)
    for table in tables:
        if markdown:
            say(table.markdown())
        else:
            needed = console.measure(table.rich()).minimum  # a narrower terminal breaks lines, none is cut
            console.print(table.rich(), "", width=max(needed, console.width), crop=False)


def percent(value: float | None, sd: float | None = None) -> str:
    """A share in percent with one decimal, as the papers print it; ``-`` where there is none."""
    if value is None:
        return "-"
    return f"{100 * value:.1f}" + (f" ± {100 * sd:.1f}" if sd is not None else "")


def points(difference: float | None) -> str:
    """A difference of two shares in percentage points, with its sign."""
    if difference is None:
        return "-"
    text = f"{100 * difference:+.1f}"
    return "0.0" if text in ("+0.0", "-0.0") else text


def counts(key: str) -> Cell:
    """Cells of a whole number of a record."""
    return lambda record: f"{record[key]:,}"


def percents(key: str) -> Cell:
    """Cells of a share of a record, or of None."""
    return lambda record: percent(record[key])


def numbers(key: str, digits: int = 1) -> Cell:
    """Cells of a number of a record, or of None."""
    return lambda record: "-" if record[key] is None else f"{record[key]:.{digits}f}"
