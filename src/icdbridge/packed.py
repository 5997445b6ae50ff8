"""Tables that come with a package of icdbridge, beside its modules."""

import csv
import io
from importlib.resources import files


def packed_rows(package: str, name: str) -> list[list[str]]:
    """The rows below the header of the CSV table ``name`` of a package."""
    return list(csv.reader(_opened(package, name)))[1:]


def packed_records(package: str, name: str) -> list[dict[str, str]]:
    """The same rows by column."""
    return list(csv.DictReader(_opened(package, name)))


def _opened(package: str, name: str) -> io.StringIO:
    return io.StringIO(files(package).joinpath(name).read_text("utf-8"), newline="")
