"""icdbridge desk: accounts, the audit trail, retention and examples of a store."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from icdbridge.cli import DESK, STORE, app, examples
from icdbridge.errors import InputError
from icdbridge.extras import not_installed
from icdbridge.terminal import say

if TYPE_CHECKING:
    from icdbridge.server.store import Store

desk = typer.Typer(help="The store of the coder's desk: accounts, trail, retention.", no_args_is_help=True)
app.add_typer(desk, name="desk", rich_help_panel=DESK)

BY = "command line"


@contextmanager
def opened(address: str, *, new: bool = False) -> Iterator["Store"]:
    """The store at an address; ``InputError`` where it cannot be opened, does not answer, or the extra is missing.

    Only with ``new`` a file that is missing is made: a slip in its name shall leave no empty store behind.
    """
    try:
        from icdbridge.server.store import StoreUnreachable, open_store
    except ModuleNotFoundError as error:
        raise not_installed(error) from error
    if not new and "://" not in address and not Path(address).exists():
        raise InputError(f"there is no store {address}: `icdbridge serve --store {address}` makes a new one")
    store = open_store(address)
    try:
        yield store
    except StoreUnreachable as error:
        raise InputError(f"the store {store.name} does not answer: try again") from error
    finally:
        store.close()


@desk.command(epilog=examples("desk add-user anna --role coder --store desk.db"))
def add_user(
    name: str = typer.Argument(help="Name of the account; names of removed accounts cannot be reused."),
    role: str = typer.Option("coder", help="coder, auditor or admin."),
    store: str = STORE,
) -> None:
    """Add an account, and print its token.

    The token is shown only now: the store keeps a hash. Once there is an account, everybody needs a token.
    """
    with opened(store, new=True) as found, found.writing() as session:
        from icdbridge.server.store.people import add_user

        token = add_user(session, BY, name, role)
    say(token)


@desk.command(epilog=examples("desk users --store desk.db"))
def users(store: str = STORE) -> None:
    """List the accounts."""
    with opened(store) as found, found.reading() as session:
        from icdbridge.server.store.people import users

        for one in users(session):
            say(f"{one.name}\t{one.role}\t{'active' if one.active else 'ended'}")


@desk.command(epilog=examples("desk remove-user anna --store desk.db"))
def remove_user(name: str = typer.Argument(help="Name of the account."), store: str = STORE) -> None:
    """End an account and its sessions at once. The name stays on what the person did."""
    with opened(store) as found, found.writing() as session:
        from icdbridge.server.store.people import remove_user

        remove_user(session, BY, name)


@desk.command(epilog=examples("desk verify --store desk.db"))
def verify(
    head: str | None = typer.Option(None, help="NUMBER:HASH of an earlier verify, as noted elsewhere."),
    store: str = STORE,
) -> None:
    """Check that the audit trail was not changed. Exits 1 if it was.

    Each entry is chained to the one before. Somebody who can write to the database could rebuild the whole chain. So
    note the printed head elsewhere, and give it as --head next time.
    """
    with opened(store) as found, found.reading() as session:
        from icdbridge.server.store.trail import verify

        result = verify(session, _noted(head))
    if result.fault:
        say(f"the trail is broken after {result.entries} entries: {result.fault}", err=True)
        raise typer.Exit(1)
    say(f"{result.entries} entries, unbroken; head {result.entries}:{result.head}")


@desk.command(epilog=examples("desk purge --days 90 --store desk.db"))
def purge(
    days: int = typer.Option(..., min=0, help="Days since the last change of an encounter."),
    store: str = STORE,
) -> None:
    """Delete documents and comments of encounters not changed for --days; decisions stay."""
    with opened(store) as found:
        from icdbridge.server.store.retention import purge

        documents, comments = purge(found, days, BY)
    say(f"deleted the words of {documents} documents and {comments} comments")


@desk.command(epilog=examples("desk load-examples --store desk.db"))
def load_examples(store: str = STORE) -> None:
    """Load three made-up encounters to try the desk with."""
    with opened(store, new=True) as found:
        from icdbridge.server.store.examples import load_examples

        count = load_examples(found, BY)
    say(f"{count} encounters added" if count else "the examples are there already")


def _noted(head: str | None) -> tuple[int, str] | None:
    if head is None:
        return None
    number, _, digest = head.partition(":")
    if not number.isdigit() or not 1 <= len(digest) <= 64:
        raise InputError("--head is NUMBER:HASH, as verify prints it")
    return int(number), digest


@desk.command(epilog=examples("desk report --out report.html --store desk.db"))
def report(
    out: Path = typer.Option(..., help="The .html page to write; its figures stand beside it as .json."),
    corpus: Path | None = typer.Option(
        None, help="The corpus that the model was trained on, to measure how much notes differ from it."
    ),
    store: str = STORE,
) -> None:
    """Report on finished encounters. It contains no words of notes.

    It shows acceptance by confidence, code, coder and week, minutes a chart, codes added by hand, agreement and drift.
    """
    from icdbridge.corpora import Corpus
    from icdbridge.feedback.desk_report import write_desk_report

    with opened(store) as found:
        figures = write_desk_report(found, out, corpus=Corpus.open(corpus) if corpus else None)
    say(f"{out}: {figures['encounters']:,} encounters, {figures['decisions']:,} decisions")


@desk.command(
    epilog=examples(
        "desk results --out codes.csv --store desk.db",
        "desk results --out codes.ndjson --format fhir --store desk.db",
    )
)
def results(
    out: Path = typer.Option(..., help="The file to write."),
    form: str = typer.Option(
        "csv",
        "--format",
        help="csv (a row a code), json (a line an encounter), fhir (a Bundle a line) or claim (as an 837 has it).",
    ),
    store: str = STORE,
) -> None:
    """Write the codes of all finished encounters, for other systems. The audit trail records it."""
    from icdbridge.files import check_output
    from icdbridge.server.store.encounter_results import write_encounter_results

    check_output(out, None, [Path(store)] if Path(store).exists() else [], replace=False)
    with opened(store) as found:
        count = write_encounter_results(found, out, form, BY)
    say(f"{out}: {count:,} encounters")
