"""What DuckDB refuses, told in a line of our own: its messages quote the rows of a file."""

import re
from pathlib import Path

import duckdb

from icdbridge.errors import InputError

MEMORY_LIMIT = "1GB"
LONGEST_ROW = 4 * 1024 * 1024  # bytes of one row of a CSV file


def file_error(path: Path, error: duckdb.Error) -> InputError:
    """What is wrong with a file, without DuckDB's own message, which quotes the row."""
    message = str(error)
    line = re.search(r"CSV Error on Line: (\d+)", message)
    where = f"{path}, row {line[1]} (the row of column names is row 1)" if line else str(path)
    if "GZIP" in message or "gzip" in message:
        return InputError(f"{path} is not a whole gzip file: copy it again")
    if "not utf-8" in message or "Invalid unicode" in message:
        return InputError(f"{where}: not UTF-8: save the file as UTF-8")
    if widths := re.search(r"Expected Number of Columns: (\d+) Found: (\d+)", message):
        return InputError(f"{where}: {widths[2]} columns instead of {widths[1]}: mend or delete the row")
    if "unterminated quote" in message:
        return InputError(f"{where}: a quote is opened and never closed: mend the row")
    if "Maximum line size" in message:
        return InputError(f"{where}: longer than {LONGEST_ROW // 1024**2} MB: a closing quote may be missing")
    if line:
        return InputError(f"{where}: not valid CSV (quotes doubled inside quotes, UTF-8): mend the row")
    return database_error(error, f" while reading {path}")


def database_error(error: duckdb.Error, doing: str = "") -> InputError:
    """A full disk or a lack of memory; anything else is a fault of the program, told without its message."""
    message = str(error)
    if isinstance(error, duckdb.InterruptException):
        raise KeyboardInterrupt from None
    if "No space left" in message or "Could not write" in message:
        return InputError(
            f"cannot write the staging files{doing}: the disk is full or refuses: free some space"
        )
    if isinstance(error, duckdb.OutOfMemoryException):
        return InputError(
            f"the disk is full, or less than {MEMORY_LIMIT} of memory is free{doing}: free some"
        )
    kind = message.partition(":")[0][:60]
    raise RuntimeError(f"the staging database failed{doing} ({kind})") from None
