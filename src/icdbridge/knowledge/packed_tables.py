"""The packed tables that ship with the package (written by ``benchmarks.pack_tables``), read row by row."""

import gzip
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

from icdbridge.errors import InputError
from icdbridge.packed import packed_records

DATA = Path(__file__).parent / "data"
LEVEL = " | "  # between the levels of a nested table


def rows(name: str) -> list[list[str]]:
    """The rows of a packed table (``index``, ``external``, ``neoplasm``, ``drug``, ``frequency``), as text cells."""
    file = DATA / f"{name}.tsv.gz"
    try:
        text = gzip.decompress(file.read_bytes()).decode()
    except (OSError, EOFError) as error:
        raise InputError(f"{file} is missing or damaged: install the package again") from error
    return [line.split("\t") for line in text.splitlines()]


@cache
def read_toml(name: str) -> dict[str, Any]:
    """What a file of our own, ``data/NAME.toml``, says. Do not change it: it is kept."""
    return tomllib.loads((DATA / f"{name}.toml").read_text("utf-8"))


def read_csv(name: str) -> list[dict[str, str]]:
    """The rows of a table of our own, ``data/NAME.csv``, by column."""
    return packed_records(__package__, f"data/{name}.csv")
