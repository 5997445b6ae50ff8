"""icdbridge serve: the coder's desk and the HTTP interface."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import typer

from icdbridge.cli import DESK, PRECISION, app, examples, refuse_idle

if TYPE_CHECKING:
    from datetime import datetime

    from icdbridge.server.store import Store


@app.command(
    rich_help_panel=DESK, epilog=examples("serve", "serve runs/mixed --port 8080", "serve --store desk.db")
)
def serve(
    context: typer.Context,
    runs: list[Path] = typer.Argument(
        None, help="Run folders made by `icdbridge train`. Default: the starter, which needs no training."
    ),
    host: str = typer.Option("127.0.0.1", help="Address to listen on; any but loopback needs a token."),
    port: int = typer.Option(8000, min=0, max=65535, help="Port to listen on; 0 takes any free one."),
    token_file: Path | None = typer.Option(
        None, help="File with the clients' token. Or set ICDBRIDGE_TOKEN."
    ),
    waiting: int = typer.Option(
        128, min=1, help="How many notes of usual length may wait; further requests are refused with 503."
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
        None,
        help="HTTP header in which your proxy gives the name of the signed-in user. The proxy sends the token.",
    ),
    watch: Path | None = typer.Option(
        None,
        help="Folder to watch: new files in it are taken into the store, in any format that `code` reads.",
    ),
    precision: Literal["fp32", "bf16"] = PRECISION,
) -> None:
    """Start the coder's desk (a web page) and the HTTP interface. Nothing leaves this machine."""
    from icdbridge.server import Limits
    from icdbridge.server import serve as run_server

    limits = Limits(waiting=waiting, seconds=seconds)
    refuse_idle(context, store is None, "without --store", "keep_days", "user_header", "watch")
    kept: dict[str, Any] = {
        "store": store,
        "keep_days": keep_days,
        "user_header": user_header,
        "watch": watch,
    }
    kept["reporting"] = None if store is None else _figures
    run_server(runs or [], host, port, token_file, limits, typer.echo, precision, **kept)


def _figures(store: "Store", since: "datetime") -> dict[str, Any]:
    from icdbridge.feedback.desk_figures import desk_figures

    return desk_figures(store, since)
