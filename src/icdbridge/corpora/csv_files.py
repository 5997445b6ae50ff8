"""Finds the files of a dump, and reads their first row."""

import csv
from pathlib import Path

from icdbridge.errors import InputError
from icdbridge.tables.cells import encoding_fault
from icdbridge.tables.streams import Unreadable, open_lines


def find_file(root: Path, *names: str) -> Path:
    """The file of a dump by its name without ``.csv``, in any case, gzipped or not; ``InputError`` without one.

    ``names`` are relative to ``root`` (``hosp/diagnoses_icd``); failing those, a file that ends so is looked
    for below ``root``, and two of them are an error.
    """
    if not root.is_dir():
        raise InputError(f"{root} is not a folder: give the folder of the dump as --root")
    endings = tuple(f"{name}{ending}".lower() for name in names for ending in (".csv.gz", ".csv"))
    found: dict[str, list[Path]] = {}
    for file in sorted(root.rglob("*")):
        relative = file.relative_to(root).as_posix().lower()
        for ending in endings:
            if (relative == ending or relative.endswith("/" + ending)) and file.is_file():
                found.setdefault(ending, []).append(file)
    for ending in endings:
        files = sorted(found.get(ending, []), key=lambda file: len(file.parts))
        if len(files) > 1 and len(files[0].parts) == len(files[1].parts):
            raise InputError(
                f"{root} holds both {files[0]} and {files[1]}: give the folder of one dump as --root"
            )
        if files:
            return files[0]
    raise InputError(f"{names[0]}.csv.gz is missing below {root} (nor is there a {names[0]}.csv)")


def is_synthetic(file: Path) -> bool:
    """Whether ``icdbridge synthesize`` made this file of a dump: the README beside or above it says so."""
    readmes = [folder / "README.txt" for folder in list(file.resolve().parents)[:2]]
    texts = [readme.read_text("utf-8", errors="replace") for readme in readmes if readme.is_file()]
    return any("this folder is SYNTHETIC" in text for text in texts)


def read_header(path: Path) -> list[str]:
    """The column names in the first row of a CSV file."""
    try:
        with open_lines(path, "gzip" if path.suffix.lower() == ".gz" else None) as lines:
            names = next(csv.reader(lines), [])
    except (Unreadable, csv.Error) as error:
        raise InputError(f"{path}, row 1: {error}") from None
    if not names:
        raise InputError(f"{path} is empty: expected a first row with column names")
    if fault := next(filter(None, map(encoding_fault, names)), None):
        raise InputError(f"{path}, row 1: {fault}")
    return [name.strip() for name in names]
