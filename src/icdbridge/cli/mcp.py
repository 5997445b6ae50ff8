"""icdbridge mcp: tools for an assistant, by the Model Context Protocol."""

from pathlib import Path

import typer

from icdbridge.cli import app


@app.command()
def mcp(
    run: Path = typer.Argument(
        None, help="Run folder that suggests codes; without one, the starter, for English notes."
    ),
) -> None:
    """Search, describe, check and suggest codes as tools of an assistant, over standard input and output (MCP)."""
    from icdbridge.coding import Coder
    from icdbridge.server.assistant import make_assistant_server

    make_assistant_server(Coder.load(run)).run("stdio")
