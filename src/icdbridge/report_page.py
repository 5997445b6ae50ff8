"""A self-contained HTML page of sections: no script, no font, nothing fetched."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from icdbridge import __version__
from icdbridge.escaping import shown
from icdbridge.files import atomic_file
from icdbridge.text_table import Table

if TYPE_CHECKING:
    from jinja2 import Template


class Section(NamedTuple):
    """A heading with paragraphs, plots (``Markup``) and tables below it."""

    heading: str
    blocks: Sequence[str | Table]


def write_page(
    path: Path,
    title: str,
    lead: str,
    facts: Sequence[tuple[str, str]],
    sections: Sequence[Section],
    synthetic: bool,
    figures: str,
) -> None:
    """Writes the page, atomically; all text is escaped, only ``Markup``, as plots are, goes in as it is.

    ``figures`` names the file beside it that holds the figures.
    """
    page = page_template().render(
        title=title,
        lead=lead,
        facts=facts,
        sections=sections,
        synthetic=synthetic,
        footer=f"Written by icdbridge {__version__}. The figures are in {figures} beside this page.",
    )
    with atomic_file(path) as partial:
        partial.write_text(page, "utf-8")


@cache
def page_template() -> "Template":
    """What all pages are made from."""
    from jinja2 import Environment, StrictUndefined  # here, as it takes longer than opening a corpus

    environment = Environment(autoescape=True, finalize=shown, trim_blocks=True, undefined=StrictUndefined)
    return environment.from_string(Path(__file__).with_name("report_page.html").read_text("utf-8"))
