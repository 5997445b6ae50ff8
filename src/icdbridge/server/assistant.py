"""Tools for an assistant that must not invent codes: search, describe, check, suggest, by the Model Context Protocol.

The assistant starts ``icdbridge mcp`` and talks to it over standard input and output: nothing listens, and nothing
leaves the machine by way of icdbridge. What the assistant itself does with a note is for its own settings to say.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

from mcp.server import MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from pydantic import Field

from icdbridge import __version__
from icdbridge.codes import known_system, known_systems, load_system, releases
from icdbridge.coding import Coder
from icdbridge.documents.document import Setting, Sex
from icdbridge.errors import InputError
from icdbridge.knowledge.code_record import code_records
from icdbridge.knowledge.search import find
from icdbridge.rules import check
from icdbridge.server.limits import NOTE_CHARACTERS

_INSTRUCTIONS = (
    "Looks ICD codes up in the code systems themselves. Never state a code that these tools did not return. Give codes "
    "with their official titles, check a set of codes before you present it, and say that a person decides."
)
Text = Annotated[str, Field(max_length=200)]


def make_assistant_server(coder: Coder) -> MCPServer:
    """The tools; ``coder`` suggests codes for notes."""
    server: MCPServer = MCPServer(
        "icdbridge", instructions=_INSTRUCTIONS, version=__version__, log_level="CRITICAL"
    )

    @server.tool()
    def search_codes(
        query: Text, system: Text | None = None, limit: Annotated[int, Field(ge=1, le=50)] = 10
    ) -> list[dict[str, Any]]:
        """Codes for words as people type them ("htn", "left hip fx"), a code or the beginning of one, best first.

        system: only this one, such as icd10cm, icd10pcs, icd9cm, icd9proc. billable: false for a category.
        """
        with _refusing():
            if system is not None:
                releases(system)
            hits = find(query, None if system is None else [system], limit).hits
        return [
            {**hit.code._asdict(), "title": hit.title, "release": hit.release, "billable": hit.billable}
            | {"specify": [f"{one.value}: {one.code} {one.title}" for one in hit.specify]}
            for hit in hits
        ]

    @server.tool()
    def describe_code(code: Text) -> list[dict[str, Any]]:
        """All that is known of a code, with or without its dot, in each system that has it.

        Title, releases, first and last day, what replaced it, categories above and below, other names, equivalents.
        An empty list: no system has such a code.
        """
        prefix, _, rest = code.partition(":")
        system = known_system(prefix) if rest else None
        names = [system] if system else known_systems()
        editions = [load_system(name, release) for name in names for release in reversed(releases(name))]
        return code_records(rest if system else code, editions)

    @server.tool()
    def check_codes(
        codes: Annotated[list[Text], Field(max_length=100)],
        date: Text | None = None,
        sex: Sex | None = None,
        age: Annotated[float, Field(ge=0, le=150)] | None = None,
        setting: Setting | None = None,
    ) -> list[dict[str, Any]]:
        """What is wrong with a set of codes, the principal diagnosis first: unknown, not billable or not valid on the
        date (ISO, of discharge), excluding each other, against sex or age, out of order. An empty list: nothing.
        """
        with _refusing():
            return [one.to_dict() for one in check(codes, date=date, sex=sex, age=age, setting=setting)]

    @server.tool()
    def suggest_codes(
        note: Annotated[str, Field(max_length=NOTE_CHARACTERS)],
        version: Text | None = None,
        top: Annotated[int, Field(ge=1, le=100)] = 15,
    ) -> list[dict[str, Any]]:
        """Codes for a clinical note with the words that support each, the likeliest first; proposals for a coder.

        band: likely, possible or unlikely. context: where the note denies it, doubts it or says it of a relative.
        version: icd10 or icd9.
        """
        with _refusing():
            found = coder.code(note, version, top=top)
        return [
            {"code": one.code, "system": one.system, "title": one.description, "band": one.band}
            | {"confidence": None if one.confidence is None else round(one.confidence, 2)}
            | {"context": one.context, "reason": one.reason, "evidence": [span.text for span in one.evidence]}
            for one in found
        ]

    return server


@contextmanager
def _refusing() -> Iterator[None]:
    try:
        yield
    except InputError as error:
        raise ToolError(str(error)) from error
