"""A long query with a progress bar, which Ctrl-C stops at once."""

import threading

import duckdb

from icdbridge.progress import progress_bar


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
