"""Errors of DuckDB in lines of our own, as its messages quote values."""

import duckdb

from icdbridge.errors import InputError

MEMORY_LIMIT = "1GB"


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
