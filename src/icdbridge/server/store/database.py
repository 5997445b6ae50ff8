"""Opening the store: SQLite in a file, SQLCipher where a key is given, or PostgreSQL."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from importlib import import_module
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import URL, Engine, create_engine, event, make_url, select
from sqlalchemy.exc import ArgumentError, DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session
from sqlalchemy.pool import QueuePool

from icdbridge.errors import InputError
from icdbridge.server.store.records import Table
from icdbridge.server.store.trail import TrailHead

KEY_VARIABLE = "ICDBRIDGE_STORE_KEY"
KEY_CHARACTERS = 20
_BUSY_MILLISECONDS = 10_000
_PRAGMAS = (
    "journal_mode = WAL",
    "synchronous = FULL",  # a commit is on the disk before it is acknowledged
    "foreign_keys = ON",
    "secure_delete = ON",  # what is deleted is overwritten
    f"busy_timeout = {_BUSY_MILLISECONDS}",
)


class StoreUnreachable(Exception):
    """The database does not answer; it is not known whether data in progress was saved."""


class Store:
    """An open store; ``reading`` and ``writing`` are transactions, on disk when they end without an error."""

    def __init__(self, engine: Engine, name: str) -> None:
        self.name = name  # without a password
        self._engine = engine
        self._writer = engine.execution_options(writes=True)
        # SQLite has one writer at a time: here those of one process wait for their turn, there they would try again
        self._turn = threading.Lock() if engine.dialect.name == "sqlite" else None

    @contextmanager
    def reading(self) -> Iterator[Session]:
        with _reachable(), Session(self._engine) as session:
            yield session

    @contextmanager
    def writing(self) -> Iterator[Session]:
        with (
            _reachable(),
            self._turn or nullcontext(),
            Session(self._writer, expire_on_commit=False) as session,
        ):
            if not self._turn:  # one writer at a time here too: each adds to the trail
                session.execute(select(TrailHead).with_for_update())
            yield session
            session.commit()

    def tidy(self) -> None:
        """Leaves nothing of what was deleted in SQLite's log."""
        if self._turn:
            with _reachable(), self._turn, self._engine.connect() as connection:
                connection.exec_driver_sql("COMMIT")  # of the transaction that begins with a connection
                connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
                connection.exec_driver_sql("BEGIN")

    def close(self) -> None:
        self._engine.dispose()

    @property
    def engine(self) -> Engine:
        return self._engine


def open_store(address: str) -> Store:
    """Opens a store, creates it if there is none, and migrates its tables.

    ``address``: a file, or ``postgresql://user@host/database``. With ``ICDBRIDGE_STORE_KEY`` in the environment the
    file is encrypted (SQLCipher). Raises ``InputError`` if it cannot be opened or was made by a newer icdbridge.
    """
    engine, name = _engine(address)
    try:
        with engine.execution_options(writes=True).begin() as connection:
            config = Config()
            config.set_main_option("script_location", "icdbridge.server.store:migrations")
            config.attributes["connection"] = connection
            if MigrationContext.configure(connection).get_current_revision() is None:
                Table.metadata.create_all(connection)
                command.stamp(config, "head")
            command.upgrade(config, "head")
    except DBAPIError as error:
        engine.dispose()
        raise InputError(f"cannot open the store {name}: {_why(error)}") from error
    except Exception as error:
        engine.dispose()
        if type(error).__module__.startswith("alembic"):
            raise InputError(f"the store {name} was made by a newer icdbridge: install that one") from error
        raise
    return Store(engine, name)


def _engine(address: str) -> tuple[Engine, str]:
    if "://" not in address:
        return _file_engine(Path(address)), address
    try:
        url = make_url(address)
    except ArgumentError as error:
        raise InputError("the store's address is none: a file, or postgresql://user@host/database") from error
    if url.get_backend_name() not in ("postgresql", "postgres"):
        raise InputError(
            f"the store cannot be {url.get_backend_name()}: give a file, or postgresql://user@host/database"
        )
    return _server_engine(url), url.render_as_string(hide_password=True)


def _file_engine(path: Path) -> Engine:
    if not path.parent.is_dir():
        raise InputError(f"there is no folder {path.parent} for the store {path.name}")
    key = os.environ.get(KEY_VARIABLE, "")
    if key and len(key) < KEY_CHARACTERS:
        raise InputError(f"{KEY_VARIABLE} must have at least {KEY_CHARACTERS} characters")
    module = import_module("sqlcipher3.dbapi2" if key else "sqlite3")
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL, 0o600))  # it holds notes: nobody else reads it
    url = URL.create("sqlite", database=str(path))
    engine = create_engine(url, module=module, poolclass=QueuePool, pool_size=8, max_overflow=32)

    @event.listens_for(engine, "connect")
    def opened(connection: Any, record: Any) -> None:
        connection.isolation_level = None  # transactions begin where they are said to
        if key:
            connection.execute(f"PRAGMA key = '{key.replace(chr(39), chr(39) * 2)}'")
        for pragma in _PRAGMAS:
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begun(connection: Any) -> None:
        writes = connection.get_execution_options().get("writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _server_engine(url: URL) -> Engine:
    return create_engine(
        url.set(drivername="postgresql+psycopg"),
        pool_size=8,
        max_overflow=32,
        pool_pre_ping=True,  # a server that was started again is found again
        connect_args={"options": "-c synchronous_commit=on -c timezone=UTC", "connect_timeout": 10},
    )


@contextmanager
def _reachable() -> Iterator[None]:
    try:
        yield
    except (OperationalError, InterfaceError, PoolTimeout) as error:
        raise StoreUnreachable(type(error).__name__) from error
    except DBAPIError as error:
        if error.connection_invalidated:
            raise StoreUnreachable(type(error).__name__) from error
        raise


def _why(error: DBAPIError) -> str:
    """What the database says, on one line: of opening it says nothing of notes."""
    said = " ".join(str(error.orig).split())
    return f"{said} (is it encrypted? {KEY_VARIABLE} has its key)" if "not a database" in said else said
