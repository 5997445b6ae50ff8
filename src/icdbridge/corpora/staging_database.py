"""The staging database: its errors in lines of our own, as its messages quote values, and long queries."""

import threading

import duckdb

from icdbridge.errors import InputError
from icdbridge.progress import progress_bar

MEMORY_LIMIT = "1GB"


def database_error(error: duckdb.Error) -> InputError:
    """A full disk or a lack of memory; anything else is a fault of the program, told without its message."""
    message = str(error)
    if isinstance(error, duckdb.InterruptException):
        raise KeyboardInterrupt from None
    if "No space left" in message or "Could not write" in message:
        return InputError("cannot write the staging files: the disk is full or refuses: free some space")
    if isinstance(error, duckdb.OutOfMemoryException):
        return InputError(f"the disk is full, or less than {MEMORY_LIMIT} of memory is free: free some")
    kind = message.partition(":")[0][:60]
    raise RuntimeError(f"the staging database failed ({kind})") from None


def run_watched(connection: duckdb.DuckDBPyConnection, sql: str, parameters: object, label: str) -> None:
    """Runs a statement in a thread, while a bar with this label shows how far it is."""
    failure: list[BaseException] = []
    done = threading.Event()  # an interrupted Thread.join() takes the thread for ended

    def work() -> None:
        try:
            connection.execute(sql, parameters)
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
