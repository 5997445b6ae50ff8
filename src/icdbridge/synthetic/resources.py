"""The tables of this package: how clinicians write, what they prescribe and find, their sentences."""

import csv
from importlib.resources import files


def table_rows(name: str) -> list[dict[str, str]]:
    """The rows of a CSV table that lies beside this module."""
    return list(csv.DictReader((files(__package__) / name).read_text("utf-8").splitlines()))
