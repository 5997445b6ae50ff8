"""Starts a server for run folders, and stops it when it is told to."""

import logging.config
import math
import os
import resource
import socket
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import uvicorn
from fastapi import FastAPI

from icdbridge.coding import Coder
from icdbridge.errors import InputError
from icdbridge.extras import not_installed
from icdbridge.server.app import create_app
from icdbridge.server.connections import SPARE, Connection
from icdbridge.server.guards import is_loopback
from icdbridge.server.limits import Limits
from icdbridge.server.observing import LOGGING

if TYPE_CHECKING:
    from icdbridge.runs.scoring import Precision
    from icdbridge.server.desk_api import Desk
    from icdbridge.server.desk_api.desk import Reporting

TOKEN_CHARACTERS = 20
TOKEN_VARIABLE = "ICDBRIDGE_TOKEN"
KEEP_ALIVE = 5  # seconds that a connection without a request stays open
BACKLOG = 128  # connections taken up at once, before any is refused
FILES = 64  # that the server has open itself, rounded up
# seconds after which a thread in Python lets another go on: by default 5 ms, in which a thread whose product of
# matrices is done waits longer for the interpreter than the product took
SWITCH = 0.0005


def serve(
    runs: Sequence[Path],
    host: str,
    port: int,
    token_file: Path | None = None,
    limits: Limits = Limits(),
    announce: Callable[[str], None] = print,
    precision: "Precision" = "fp32",
    store: str | None = None,
    keep_days: int | None = None,
    user_header: str | None = None,
    watch: Path | None = None,
    reporting: "Reporting | None" = None,
) -> None:
    """Serves run folders or, without any, the starter, scored in ``precision``, until SIGINT or SIGTERM; what is
    running then is finished first.

    ``store`` and what follows it: as ``icdbridge serve`` says; without a store nothing is kept. ``reporting`` makes the
    desk's report. Raises ``InputError`` for a folder that is no run, a missing token off loopback or an address in use.
    """
    token = read_token(token_file)
    kept = {"keep_days": keep_days, "watched": watch, "reporting": reporting}
    desk = None if store is None else _open_desk(store, token, host, user_header, **kept)
    if token is None and not is_loopback(host) and not (desk and desk.access.has_accounts):
        raise InputError(
            f"{host} can be reached by others: give a token of at least {TOKEN_CHARACTERS} characters by --token-file "
            f"or {TOKEN_VARIABLE}, and put TLS before the server (docs/serving.md)"
        )
    coders: dict[str, Coder] = {}
    named: Sequence[Path | None] = runs or [None]
    for path in named:
        coder = Coder.load(path, precision=precision)
        if coder.name in coders:
            raise InputError(f"two runs are called {coder.name}: rename one of the folders")
        coders[coder.name] = coder
    app = create_app(coders, token, limits, desk)
    sys.setswitchinterval(SWITCH)
    with _listen(host, port) as listener:
        logging.config.dictConfig(LOGGING)
        address = f"[{host}]" if ":" in host else host
        announce(f"icdbridge codes notes at http://{address}:{listener.getsockname()[1]}")
        make_server(app, limits).run(sockets=[listener])


def _open_desk(address: str, token: str | None, host: str, user_header: str | None, **kept: Any) -> "Desk":
    if user_header and token is None:
        raise InputError(
            "--user-header names who asks, so only your proxy may send it: give it a token with --token-file"
        )
    try:
        from icdbridge.server.desk_api import Access, Desk
        from icdbridge.server.store import open_store

        opened = open_store(address)
    except ModuleNotFoundError as error:
        raise not_installed(error) from error
    access = Access(opened, token, user_header, loopback=is_loopback(host))
    return Desk(opened, access, **kept)


def make_server(app: FastAPI, limits: Limits) -> uvicorn.Server:
    """What runs the application, with as many connections as the limits and the system allow."""
    limits = replace(limits, connections=_room_for(limits.connections))
    config = uvicorn.Config(
        app,
        http=partial(Connection, limits=limits),  # type: ignore[arg-type]
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        backlog=BACKLOG,
        timeout_keep_alive=KEEP_ALIVE,
        timeout_graceful_shutdown=math.ceil(limits.seconds) + 5,
    )
    return uvicorn.Server(config)


def read_token(path: Path | None) -> str | None:
    """The token from a file or the environment, where other users do not see it as they see a command line."""
    if path is not None:
        try:
            token = path.read_text("utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(f"cannot read a token from {path}") from error
    else:
        token = os.environ.get(TOKEN_VARIABLE, "").strip()
    if path is None and not token:
        return None
    if len(token) < TOKEN_CHARACTERS or not token.isascii() or len(token.split()) != 1:
        raise InputError(
            f"the token must have at least {TOKEN_CHARACTERS} characters, plain letters and digits without blanks: "
            "make one with `openssl rand -hex 32`"
        )
    return token


def _room_for(wanted: int) -> int:
    """How many connections the limit of open files allows, raised as far as this process may."""
    spare = SPARE + BACKLOG + FILES
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < wanted + spare:
        raised = wanted + spare if hard == resource.RLIM_INFINITY else min(wanted + spare, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (raised, hard))
        return max(1, min(wanted, raised - spare))
    return wanted


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # named TCP, or asyncio leaves Nagle's algorithm on, and an answer's body waits 40 ms for a late acknowledgement
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(BACKLOG)  # before the address is told: who connects at once waits, and is not refused
    except OSError as error:
        listener.close()
        raise InputError(f"cannot listen on {host}:{port}: {error.strerror or error}") from error
    return listener
