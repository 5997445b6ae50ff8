"""Codes and what was found of them, as ``icdbridge codes`` prints them."""

from typing import TYPE_CHECKING, Any

from icdbridge.terminal import Terminal, say

if TYPE_CHECKING:
    from icdbridge.knowledge.search import Hit

_KINDS = {
    "code": "billable code",
    "category": "category, not billable",
    "unlisted": "category that no release lists; described from its codes",
}


def found_title(hit: "Hit") -> str:
    """The title, and what the code was found by where the title does not say so."""
    said = [hit.why] if hit.why else []
    if hit.matched_on not in ("title", "code") and hit.term.lower() != hit.title.lower():
        said.append(hit.term)
    return f"{hit.title} ({'; '.join(said)})" if said else hit.title


def print_choices(hit: "Hit") -> None:
    """What may be said more of the first hit, an axis a line."""
    by_axis: dict[str, list[str]] = {}
    for one in hit.specify:
        by_axis.setdefault(one.axis, []).append(f"{one.value} {one.code}")
    for axis, several in by_axis.items():
        say(f"{hit.code.code}, {axis}: {', '.join(several)}")


def print_table(columns: tuple[str, ...], rows: Any) -> None:
    """Prints rows below their names, numbers to the right."""
    from rich.table import Table as Grid

    grid = Grid(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        number = column in ("codes", "categories", "synonyms")
        grid.add_column(column, justify="right" if number else "left", no_wrap=column in ("system", "code"))
    for row in rows:
        grid.add_row(*row)
    Terminal().print(grid)


def print_record(record: dict[str, Any]) -> None:
    """Prints what ``code_record`` gives, without what is empty."""
    from rich.table import Table as Grid

    grid = Grid(box=None, pad_edge=False, show_header=False)
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column()
    lines = [
        ("system", f"{record['label']} ({record['system']}), version {record['version']}"),
        ("release", record["release"]),
        ("kind", _KINDS[record["kind"]]),
        ("releases", ", ".join(f"{name} ({kind})" for name, kind in record["releases"].items())),
        ("valid", _period(record["valid"])),
        ("instead", _some([_succession(one) for one in record["successors"]], "\n", 12)),
        ("before", _some([_succession(one) for one in record["predecessors"]], "\n", 12)),
        ("path", "\n".join(f"{above['code']}  {above['title']}" for above in record["ancestors"])),
        ("below", _some(record["children"], ", ", 12)),
        ("synonyms", _some(record["synonyms"], "\n", 20)),
        ("crosswalk", _some([_target(entry) for entry in record["crosswalk"]], "\n", 20)),
    ]
    for name, text in lines:
        if text:
            grid.add_row(name, text)
    console = Terminal()
    console.print(f"{record['code']}  {record['title']}", style="bold")
    console.print(grid)
    console.print()


def _some(items: list[str], separator: str, most: int) -> str:
    more = [f"and {len(items) - most} more"] if len(items) > most else []
    return separator.join(items[:most] + more)


def _period(valid: dict[str, Any] | None) -> str:
    """When a code may be used; a side that no installed release tells is said by the release at that end."""
    if valid is None:
        return ""
    start = valid["start"] or f"{valid['first']} or before"
    return f"from {start} to {valid['end'] or valid['last'] + ' or later'}"


def _succession(one: dict[str, Any]) -> str:
    return f"{one['code']}  {one['title']}{' (inferred from titles)' if one['inferred'] else ''}"


def _target(entry: dict[str, Any]) -> str:
    together = f" (combination {entry['scenario']}, part {entry['choice_list']})" if entry["scenario"] else ""
    sign = "≈" if entry["approximate"] else "="
    return f"{sign} {entry['system']} {entry['code']}  {entry['title']}{together}"
