"""icdbridge group: what codes are worth to a payer or a study, and which of them it comes from."""

import json
from typing import TYPE_CHECKING

import typer

from icdbridge.cli import AGE, SEX, app, examples
from icdbridge.terminal import say

if TYPE_CHECKING:
    from icdbridge.rules import Grouping


@app.command(epilog=examples("group J18.9 A41.9 --age 72 --sex male"))
def group(
    codes: list[str] = typer.Argument(
        metavar="CODES...", help="ICD-10-CM and ICD-10-PCS codes, the principal diagnosis first: J18.9 A41.9."
    ),
    date: str | None = typer.Option(
        None, help="Date of discharge, such as 2025-11-02. Default: the newest edition of each scheme."
    ),
    sex: str | None = SEX,
    age: str | None = AGE,
    as_json: bool = typer.Option(False, "--json", help="Print JSON."),
) -> None:
    """Group codes into MS-DRG, HCC V28, RxHCC, Charlson and Elixhauser (extra: groupers).

    Each group is shown with the codes that led to it, each scheme with its package, version and licence. Groups never
    influence how a note is coded.
    """
    from icdbridge.rules import group as group_codes
    from icdbridge.rules.set_tables import sex_given, years

    given = " ".join(codes).replace(",", " ").split()
    found = group_codes(given, date=date, sex=sex_given(sex or ""), age=years(age) if age else None)
    if as_json:
        say(json.dumps([one.to_dict() for one in found], ensure_ascii=False, indent=2))
        return
    for grouping in found:
        _print(grouping)


def _print(grouping: "Grouping") -> None:
    score = "" if grouping.score is None else f": {grouping.score:g}"
    say(f"{grouping.scheme}{score} ({grouping.edition}; {grouping.package})")
    for one in grouping.groups:
        weight = "" if one.weight is None else f" ({one.weight:g})"
        say(f"    {f'{one.name} {one.title}'.strip()}{weight}: {', '.join(one.codes)}")
    for remark in grouping.remarks:
        say(f"    {remark}")
