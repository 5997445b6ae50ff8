"""icdbridge serve: the coder's desk and the HTTP interface."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from icdbridge.cli import PRECISION, app, precision_named, refuse_idle

if TYPE_CHECKING:
    from datetime import datetime

    from icdbridge.server.store import Store


@app.command()
def serve(
    context: typer.Context,
    runs: list[Path] = typer.Argument(
        None,
        help="Run folders made by `icdbridge train`; without any, the starter, which needs no coded notes.",
    ),
    host: str = typer.Option("127.0.0.1", help="Address to listen on; off loopback a token is needed."),
    port: int = typer.Option(8000, min=0, max=65535, help="Port to listen on; 0 takes any free one."),
    token_file: Path | None = typer.Option(
        None, help="File with the token that clients must send; or set ICDBRIDGE_TOKEN."
    ),
    waiting: int = typer.Option(
        128, min=1, help="How many notes of usual length may wait; further requests get 503."
    ),
    seconds: float = typer.Option(30.0, min=1, help="Time limit of a request, in seconds."),
    store: str | None = typer.Option(
        None,
        envvar="ICDBRIDGE_STORE",
        help="Keep encounters, documents and decisions: a file such as desk.db, or postgresql://user@host/database.",
    ),
    keep_days: int | None = typer.Option(
        None,
        min=1,
        help="Delete documents this many days after the last change of their encounter; decisions stay.",
    ),
    user_header: str | None = typer.Option(
        None, help="Header in which your proxy, which sends the server's token, names who is signed in."
    ),
    watch: Path | None = typer.Option(
        None, help="Folder whose files are taken into the store: documents of any format that `code` reads."
    ),
    precision: str = typer.Option("fp32", help=PRECISION),
) -> None:
    """Serve the coder's desk in the browser and the HTTP interface. Nothing leaves this machine."""
    from icdbridge.server import Limits
    from icdbridge.server import serve as run_server

    limits = Limits(waiting=waiting, seconds=seconds)
    refuse_idle(context, store is None, "without --store", "keep_days", "user_header", "watch")
    run_server(
        runs or [],
        host,
        port,
        token_file,
        limits,
        typer.echo,
        precision_named(precision),
        store,
        keep_days,
        user_header,
        watch,
        None if store is None else _figures,
    )


def _figures(store: "Store", since: "datetime") -> dict[str, Any]:
    from icdbridge.feedback.desk_figures import desk_figures

    return desk_figures(store, since)
