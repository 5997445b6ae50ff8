"""From run folders to a listening server, and back down when it is told to stop."""

import ipaddress
import logging.config
import math
import os
import socket
from collections.abc import Callable, Sequence
from pathlib import Path

import uvicorn

from icdbridge.coding import Coder
from icdbridge.errors import InputError
from icdbridge.runs.scoring import Precision
from icdbridge.server.app import create_app
from icdbridge.server.limits import Limits
from icdbridge.server.observing import LOGGING

TOKEN_CHARACTERS = 20
TOKEN_VARIABLE = "ICDBRIDGE_TOKEN"
CONNECTIONS = 1_000  # beyond these even the connection is refused: 503 without a body that helps


def serve(
    runs: Sequence[Path],
    host: str,
    port: int,
    token_file: Path | None = None,
    limits: Limits = Limits(),
    announce: Callable[[str], None] = print,
    precision: Precision = "fp32",
) -> None:
    """Serves run folders, scored in ``precision``, until SIGINT or SIGTERM; what is running then is finished first.

    Raises ``InputError`` for a folder that is no run, a missing token off loopback or an address in use.
    """
    token = read_token(token_file)
    if token is None and not is_loopback(host):
        raise InputError(
            f"{host} can be reached by others: give a token of at least {TOKEN_CHARACTERS} characters by --token-file "
            f"or {TOKEN_VARIABLE}, and put TLS before the server (docs/serving.md)"
        )
    coders: dict[str, Coder] = {}
    for path in runs:
        coder = Coder.load(path, precision=precision)
        if coder.run.name in coders:
            raise InputError(f"two runs are called {coder.run.name}: rename one of the folders")
        coders[coder.run.name] = coder
    app = create_app(coders, token, limits)
    with _listen(host, port) as listener:
        logging.config.dictConfig(LOGGING)
        address = f"[{host}]" if ":" in host else host
        announce(f"icdbridge codes notes at http://{address}:{listener.getsockname()[1]}")
        config = uvicorn.Config(
            app,
            http="h11",
            ws="none",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            limit_concurrency=CONNECTIONS,
            timeout_graceful_shutdown=math.ceil(limits.seconds) + 5,
        )
        uvicorn.Server(config).run(sockets=[listener])


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


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach the address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise InputError(f"cannot listen on {host}:{port}: {error.strerror or error}") from error
    return listener
