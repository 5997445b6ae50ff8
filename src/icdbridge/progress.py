"""Progress bars with the time left, on standard error, silent where nobody looks."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from icdbridge.terminal import Terminal

T = TypeVar("T")

console = Terminal(stderr=True)


@contextmanager
def progress_bar() -> Iterator[Progress]:
    """A rich ``Progress``; ``add_task(description, total=...)`` and ``advance`` drive it."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, disable=not console.is_terminal) as bar:
        yield bar


def track(items: Iterable[T], total: int, description: str) -> Iterator[T]:
    """Yields ``items`` while a bar shows how many of ``total`` are done and the time left."""
    with progress_bar() as bar:
        task = bar.add_task(description, total=total)
        for item in items:
            yield item
            bar.advance(task)
