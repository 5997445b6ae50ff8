"""What both dumps share: gzipped tables, checked arguments, counted notes, a README."""

import gzip
import io
import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from icdbridge.codes import declaration, load_system
from icdbridge.errors import InputError
from icdbridge.files import Kind, atomic_folder, write_manifest
from icdbridge.progress import progress_bar
from icdbridge.synthetic.patients import HOSPITALS, LONGEST, Admission, admissions
from icdbridge.synthetic.world import build_world

MOST_NOTES = 2_000_000  # identifiers are drawn from a range
_README = """Everything in this folder is SYNTHETIC: no patient, stay, note or date in it is real.

It was made by icdbridge {version} in the file layout of {like}, to try and test software.
The codes and their titles are real; how often codes occur, and together, is not. Do not report figures
measured on it without the word "synthetic".

Made with: {settings}
"""
README = "README.txt"
DUMP = Kind("a synthetic dump", README)
Cell = str | int | None


@dataclass(frozen=True, slots=True)
class Settings:
    """How to make a dump. ``words``: mean words of a note, blank-separated, before any normalising.

    ``concepts``: problems and procedures that occur at all. ``world_seed`` gives them, their wordings and how
    often they occur; dumps with the same one speak of the same world. ``seed`` gives patients and notes.
    ``unmentioned``: share of the codes of which the note says nothing.
    """

    notes: int
    words: float = 1500.0  # as in MIMIC
    seed: int = 0
    concepts: int = 11_500
    world_seed: int = 0
    unmentioned: float = 0.1

    def __post_init__(self) -> None:
        if not 1 <= self.notes <= MOST_NOTES:
            raise InputError(f"cannot write {self.notes} notes: give a number from 1 to {MOST_NOTES:,}")
        if not 100 <= self.words <= LONGEST / 2:
            raise InputError(
                f"notes of {self.words:g} words on average: give a number from 100 to {LONGEST // 2:,}"
            )
        if not 0 <= self.unmentioned < 1:
            raise InputError(
                f"a share of {self.unmentioned:g} unmentioned codes: give a number from 0 to below 1"
            )


class Table:
    """A gzipped CSV table. Columns in ``quoted`` are always in quotes, others only where needed."""

    def __init__(self, handle: io.TextIOBase, columns: Sequence[str], quoted: Iterable[str]) -> None:
        self._handle = handle
        self._quoted = [column in set(quoted) for column in columns]

    def row(self, *cells: Cell) -> None:
        self._handle.write(",".join(map(_text, cells, self._quoted)) + "\n")


def _text(cell: Cell, always: bool) -> str:
    if not isinstance(cell, str):
        return "" if cell is None else str(cell)
    if always or "," in cell or '"' in cell or "\n" in cell:
        return '"' + cell.replace('"', '""') + '"'
    return cell


@contextmanager
def open_tables(
    folder: Path, columns: Mapping[str, Sequence[str]], *, quote_header: bool, quoted: Iterable[str]
) -> Iterator[dict[str, Table]]:
    """Opens ``<name>.csv.gz`` for each name and writes its header; same rows give the same bytes."""
    quoted = set(quoted)
    with ExitStack() as stack:
        tables = {}
        for name, names in columns.items():
            path = folder / f"{name}.csv.gz"
            path.parent.mkdir(exist_ok=True)
            raw = stack.enter_context(path.open("wb"))
            # Neither the time nor the temporary file's name may get into the file.
            packed = stack.enter_context(gzip.GzipFile("", "wb", 4, raw, mtime=0))
            text = stack.enter_context(io.TextIOWrapper(packed, "utf-8", newline="\n"))
            text.write(",".join(f'"{column}"' if quote_header else column for column in names) + "\n")
            tables[name] = Table(text, names, quoted)
        yield tables


@contextmanager
def new_dump(out: Path, like: str, settings: Settings, *, replace: bool) -> Iterator[Path]:
    """Yields the folder to write into; it takes its name, with a README.txt, only when all is written."""
    from icdbridge import __version__

    with atomic_folder(out, DUMP, replace=replace) as folder:
        (folder / README).write_text(
            _README.format(version=__version__, like=like, settings=settings), "utf-8"
        )
        yield folder
        write_manifest(folder, [README])


def stays(name: str, settings: Settings) -> Iterator[tuple[Admission, random.Random]]:
    """The hospital's stays, each with a generator for its notes, until enough of them have a note."""
    world = build_world(settings.concepts, settings.world_seed)
    written = 0
    with progress_bar() as bar:
        task = bar.add_task(f"writing synthetic {name} notes", total=settings.notes)
        for stay in admissions(world, HOSPITALS[name], settings.words, settings.unmentioned, settings.seed):
            yield stay, random.Random(f"{settings.seed} {name} note {stay.number}")
            written += stay.noted
            if written % 100 == 0 or written == settings.notes:
                bar.update(task, completed=written)
            if written == settings.notes:
                return


def code_rows(system: str) -> Iterator[tuple[str, str]]:
    """Undotted code and title of all codes of the system's newest release, in order."""
    undotted = declaration(system).without_dot
    for code, title in sorted(load_system(system).titles.items()):
        yield undotted(code), title


def scattered(number: int, start: int, size: int) -> int:
    """The number's place in a shuffled range from ``start``, each place taken once; ``size`` is a prime."""
    return start + number * 7_368_787 % size
