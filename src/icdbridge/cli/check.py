"""icdbridge check: what is wrong with a set of codes, and what to do."""

import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from icdbridge.cli import AGE, SEX, app, examples
from icdbridge.errors import InputError
from icdbridge.tables import is_table, split_codes
from icdbridge.terminal import say

if TYPE_CHECKING:
    from icdbridge.rules import Finding


@app.command(
    epilog=examples(
        "check E11.22 N18.31 I12.9",
        "check I10 I50.9 --date 2025-11-02 --setting inpatient",
        "check sets.csv --json",
    )
)
def check(
    codes: list[str] = typer.Argument(
        metavar="CODES...",
        help="Codes, the principal diagnosis first: E11.22 N18.31 I12.9. Or a table with the column code and, "
        "optionally, encounter, order, date, sex, age, setting, poa, certainty.",
    ),
    date: str | None = typer.Option(None, help="Date of discharge or service, such as 2025-11-02."),
    sex: str | None = SEX,
    age: str | None = AGE,
    setting: str | None = typer.Option(None, help="inpatient or outpatient."),
    unordered: bool = typer.Option(
        False, "--unordered", help="No order: no code is the principal diagnosis."
    ),
    version: str | None = typer.Option(
        None,
        help="icd10, icd9 or one of your own. Default: that of your own system if the codes name it (icd10gm:I10.00), "
        "else the one in force on the date.",
    ),
    as_json: bool = typer.Option(False, "--json", help="Print JSON, one line for each set of codes."),
) -> None:
    """Check a set of codes against the coding rules.

    Finds codes that are unknown, not billable or not valid on the date, Excludes1 conflicts, conflicts with sex and
    age, wrong order, and codes that another code already includes. Each finding names the codes, what is wrong, what
    to do and the source of the rule. Exit status: 0 no error, 1 errors, 2 bad input.
    """
    from icdbridge.rules import check as check_codes
    from icdbridge.rules.set_tables import read_sets, sex_given, years

    facts: dict[str, Any] = {"date": date, "sex": sex_given(sex or ""), "age": years(age) if age else None}
    facts["setting"] = setting
    options: dict[str, Any] = {"ordered": not unordered, "version": version}
    failed = False
    if any(is_table(Path(text)) for text in codes):
        if len(codes) > 1:
            raise InputError("give one table, or codes")
        for one in read_sets(codes[0]):
            findings = check_codes(one.codes, **{**facts, **one.facts}, **options)
            failed |= _print(one.name, [given.text for given in one.codes], findings, as_json)
    else:
        for name in dict.fromkeys([*codes, *(word for text in codes for word in text.split())]):
            _refuse_file(name)
        given = [code for text in codes for code in split_codes(text) if code]
        if not given:
            raise InputError("give at least one code, or a table of codes")
        failed = _print("", given, check_codes(given, **facts, **options), as_json)
    if failed:
        raise typer.Exit(1)


def _refuse_file(text: str) -> None:
    """Raises ``InputError`` where a text is no code but the name of a file or folder."""
    from icdbridge.rules.code_set import meant

    there, ending = os.path.exists(text), Path(text).suffix[1:]  # noqa: PTH110 - Path refuses long names
    if text.startswith(("/", "~", "./", "../")) or ((there or ending.isalpha()) and not meant(text, "icd10")):
        what = "a folder" if there and Path(text).is_dir() else "no table" if there else "missing"
        raise InputError(f"{text} is {what}: give codes, or a table such as .csv or .xlsx")


def _print(name: str, codes: Iterable[str], findings: "list[Finding]", as_json: bool) -> bool:
    if as_json:
        named = {"encounter": name} if name else {}
        record = {**named, "codes": list(codes), "findings": [finding.to_dict() for finding in findings]}
        say(json.dumps(record, ensure_ascii=False))
    else:
        if name:
            say(f"{name}:")
        for finding in findings:
            say(f"{finding.severity}: {finding.message}")
            say(f"    {finding.action} [{finding.source}]")
            if finding.choices:
                more = f" and {len(finding.choices) - 12} more" if len(finding.choices) > 12 else ""
                say(f"    choices: {', '.join(finding.choices[:12])}{more}")
        if not findings:
            say("nothing found")
    return any(finding.severity == "error" for finding in findings)
