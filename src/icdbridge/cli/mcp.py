"""icdbridge mcp: tools for an assistant, by the Model Context Protocol."""

from pathlib import Path

import typer

from icdbridge.cli import app, examples


@app.command(epilog=examples("mcp", "mcp runs/mixed"))
def mcp(
    run: Path = typer.Argument(None, help="The run that suggests codes. Default: the starter, for English."),
) -> None:
    """Offer search, description, checks and suggestions of codes as tools of an AI assistant (MCP over stdio)."""
    from icdbridge.coding import Coder
    from icdbridge.server.assistant import make_assistant_server

    make_assistant_server(Coder.load(run)).run("stdio")
