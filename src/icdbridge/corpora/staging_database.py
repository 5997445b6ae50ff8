"""The staging database: its errors in lines of our own, as its messages quote values, and long queries."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import duckdb

from icdbridge.errors import InputError
from icdbridge.progress import progress_bar

MEMORY_LIMIT = "1GB"


@contextmanager
def errors_told() -> Iterator[None]:
    """Within, a full disk or a lack of memory is an ``InputError``, and an interrupt what it is elsewhere; anything
    else is a fault of the program, told without the database's message.
    """
    try:
        yield
    except duckdb.InterruptException:
        raise KeyboardInterrupt from None
    except duckdb.Error as error:
        raise _told(error) from None
    except RuntimeError as error:
        if str(error) == "Query interrupted":  # as the database's binding says it between two statements
            raise KeyboardInterrupt from None
        raise


def _told(error: duckdb.Error) -> Exception:
    message = str(error)
    if "No space left" in message or "Could not write" in message:
        return InputError("cannot write the staging files: the disk is full or refuses: free some space")
    if isinstance(error, duckdb.OutOfMemoryException):
        return InputError(f"the disk is full, or less than {MEMORY_LIMIT} of memory is free: free some")
    return RuntimeError(f"the staging database failed ({message.partition(':')[0][:60]})")


def run_watched(connection: duckdb.DuckDBPyConnection, sql: str, label: str) -> None:
    """Runs a statement in a thread, while a bar with this label shows how far it is."""
    failure: list[BaseException] = []
    done = threading.Event()  # an interrupted Thread.join() takes the thread for ended

    def work() -> None:
        try:
            connection.execute(sql)
        except BaseException as error:  # handed to the thread that waits
            failure.append(error)
        finally:
            done.set()

    worker = threading.Thread(target=work, daemon=True)
    with progress_bar() as bar:
        task = bar.add_task(f"{label} (%)", total=100)
        worker.start()
        try:
            while not done.wait(0.2):
                bar.update(task, completed=max(0, int(connection.query_progress())))
        except BaseException:
            connection.interrupt()
            done.wait()
            raise
        bar.update(task, completed=100)
    if failure:
        raise failure[0]
