"""A self-contained HTML page of sections: no script, no font, nothing fetched."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jinja2

from icdbridge import __version__
from icdbridge.escaping import shown
from icdbridge.evaluation.reports.text_table import Table
from icdbridge.files import atomic_file


@dataclass(frozen=True)
class Section:
    heading: str
    blocks: list[dict[str, Any]] = field(default_factory=list)

    def text(self, value: str) -> None:
        self.blocks.append({"kind": "text", "value": value})

    def svg(self, value: str) -> None:
        self.blocks.append({"kind": "svg", "value": value})

    def table(self, value: Table) -> None:
        self.blocks.append({"kind": "table", "value": value})


def write_page(
    path: Path,
    title: str,
    lead: str,
    facts: list[tuple[str, str]],
    sections: list[Section],
    synthetic: bool,
    figures: str,
) -> None:
    """Writes the page, atomically; all text is escaped, only plots go in as they are.

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
