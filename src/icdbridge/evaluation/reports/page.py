"""A self-contained HTML page of sections: no script, no font, nothing fetched."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import jinja2

from icdbridge import __version__
from icdbridge.escaping import shown
from icdbridge.evaluation.reports.text_table import Table
from icdbridge.files import atomic_file


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
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("icdbridge.evaluation.reports"),
        autoescape=True,
        finalize=shown,
        trim_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    page = environment.get_template("page.html").render(
        title=title,
        lead=lead,
        facts=facts,
        sections=sections,
        synthetic=synthetic,
        footer=f"Written by icdbridge {__version__}. The figures are in {figures} beside this page.",
    )
    with atomic_file(path) as partial:
        partial.write_text(page, "utf-8")
