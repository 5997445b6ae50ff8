"""Tables that come with a package of icdbridge, beside its modules."""

import csv
import io
from importlib.resources import files


def packed_rows(package: str, name: str) -> list[list[str]]:
    """The rows below the header of the CSV table ``name`` of a package."""
    text = files(package).joinpath(name).read_text("utf-8")
    return list(csv.reader(io.StringIO(text, newline="")))[1:]
