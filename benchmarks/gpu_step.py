"""What each step of ``benchmarks.gpu_check`` is given, and the rows it says."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Given:
    """Where, with what baseline, and how much: ``smoke`` is the least that runs every line."""

    device: str
    smoke: bool = False
    paper_code: str | None = None

    def least(self, figure: int, smoke: int) -> int:
        return smoke if self.smoke else figure


@dataclass(frozen=True)
class Row:
    """A line of the table: what, the figure, and the goal where there is one."""

    what: str
    figure: str
    goal: str = ""


Step = Callable[[Given], Iterator[Row]]
