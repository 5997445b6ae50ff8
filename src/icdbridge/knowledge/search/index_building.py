"""Builds the search index of a code system: codes in families, their names, and where other codes lead.

It is one SQLite file a system. Rows of ``term`` are ordered by their value without a query, so the first rows that FTS5
returns are the best. Rows of ``whole`` are ordered by how little their words tell.
"""

import json
import os
import re
import sqlite3
import sys
import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from itertools import starmap
from pathlib import Path
from typing import Any, NamedTuple

from icdbridge.codes import CodeSystem, load_system
from icdbridge.codes.code import Code
from icdbridge.errors import InputError
from icdbridge.garbage import no_collection
from icdbridge.knowledge.families import default_child
from icdbridge.knowledge.frequency import hospital_frequency
from icdbridge.knowledge.packed_tables import read_csv
from icdbridge.knowledge.search.leading import leading
from icdbridge.knowledge.search.slots import AXES, distance, skeleton, take, telling
from icdbridge.knowledge.search.wordforms import roots, title_number, words
from icdbridge.knowledge.search.worth import BELIEVED, CONTEXTS, prior, weights, worth
from icdbridge.knowledge.terms import terms

SCHEMA = """
CREATE TABLE code (id INTEGER PRIMARY KEY, code TEXT, plain TEXT, title TEXT, billable INT, family INT, said TEXT,
    meant INT, prior REAL, titled INT, place INT);
CREATE TABLE term (id INTEGER PRIMARY KEY, text TEXT, roots TEXT, code INT, source TEXT, weight REAL, meant INT,
    prior REAL, axes TEXT);
CREATE TABLE whole (id INTEGER PRIMARY KEY, code INT);
CREATE TABLE root (root TEXT PRIMARY KEY, weight REAL) WITHOUT ROWID;
CREATE TABLE word (word TEXT PRIMARY KEY, often REAL) WITHOUT ROWID;
CREATE TABLE leading (system TEXT, plain TEXT, title TEXT, code INT, exact INT);
CREATE TABLE fact (name TEXT PRIMARY KEY, value TEXT);
CREATE VIRTUAL TABLE found USING fts5(roots, content='', detail='none', columnsize=0, tokenize='ascii');
CREATE VIRTUAL TABLE in_title USING fts5(roots, content='', detail='none', columnsize=0, tokenize='ascii');
"""
INDICES = """
CREATE INDEX by_plain ON code (plain);
CREATE INDEX by_titled ON code (titled);
CREATE INDEX by_family ON code (family);
CREATE INDEX by_leading ON leading (system, plain);
INSERT INTO found (found) VALUES ('optimize');
INSERT INTO in_title (in_title) VALUES ('optimize');
"""


# What a title says that nobody said: "unspecified whether with hypoxia or hypercapnia".
_NOT_SAID = re.compile(r",? unspecified (?:whether|as to) [^,]*")


class Row(NamedTuple):
    """One wording of a code."""

    text: str
    code: str
    source: str
    words: list[str]
    roots: tuple[str, ...]


def build_systems(folder: Path, names: Iterable[str]) -> None:
    """Writes ``SYSTEM.sqlite`` for each of the systems that packages bring."""
    for name in names:
        table = load_system(name)
        connection = sqlite3.connect(folder / f"{name}.sqlite")
        with no_collection():
            fill(
                connection, table, _rows(table), hospital_frequency(name), partial(default_child, system=name)
            )
        connection.executemany("INSERT INTO leading VALUES (?, ?, ?, ?, ?)", leading(table))
        connection.commit()
        connection.execute("VACUUM")
        connection.close()


def build_own(table: CodeSystem) -> sqlite3.Connection:
    """An index in memory of a table of the user's own: titles and synonyms."""
    connection = sqlite3.connect(":memory:", check_same_thread=False)
    rows = [(text, code, "title") for texts in (table.titles, table.headings) for code, text in texts.items()]
    rows += [(text, code, "own") for code, texts in table.synonyms.items() for text in texts]
    fill(connection, table, rows, {}, lambda code: next(filter(table.titles.get, table.below(code)), code))
    connection.commit()
    return connection


def fill(
    connection: sqlite3.Connection,
    table: CodeSystem,
    rows: Iterable[tuple[str, str, str]],
    often: Mapping[str, str],
    default: Callable[[str], str],
) -> None:
    """Fills an empty database with the codes of a table and their wordings ``rows`` (text, code, source)."""
    connection.executescript(SCHEMA)
    codes = table.listed
    number = {code: place for place, code in enumerate(codes)}
    said, families, places = _families(table)
    best = {family: code for code, family in families.items() if not places[code]}
    likely = {code: prior(table, code, often) for code in codes}
    meant = {code: code if code in table.titles else default(code) for code in codes}

    def insert(into: str, several: Iterable[tuple[Any, ...]], columns: int) -> None:
        connection.executemany(f"INSERT INTO {into} VALUES ({', '.join('?' * columns)})", several)

    def of_code(code: str) -> tuple[Any, ...]:
        title, plain = (
            table.title(code),
            code.replace(".", ""),
        )  # as a query is read, also of a system without dots
        family, own = families.get(code, -1), json.dumps(said.get(code, {}))
        numbers = number[meant[code]], likely[code], title_number(title or ""), places.get(code, 0)
        return number[code], code, plain, title, code in table.titles, family, own, *numbers

    insert("code", map(of_code, codes), 11)
    kept = [row for row in _kept(table, rows, families, best) if row.code in number]
    weight = weights([(row.code, row.roots) for row in kept])
    values = _values(said, families)
    kept.sort(
        key=lambda row: -worth(row.source, sum(weight[one] for one in row.roots), likely[meant[row.code]])
    )
    insert("root", [*weight.items(), *((f"axis0{axis}", 0.0) for axis in AXES)], 2)
    axes = [values.get(families.get(meant[row.code], -1), "") for row in kept]

    def of_wording(place: int, row: Row) -> tuple[Any, ...]:
        stands_for, told = meant[row.code], sum(weight[one] for one in row.roots)
        wording = place, row.text, " ".join(row.roots), number[row.code], row.source
        return *wording, told, number[stands_for], likely[stands_for], axes[place]

    insert("term", starmap(of_wording, enumerate(kept)), 9)
    found = (" ".join((*row.roots, *_axes(own))) for row, own in zip(kept, axes, strict=True))
    insert("found (rowid, roots)", enumerate(found), 2)
    whole = sorted(
        (sum(weight for _, weight in told), -likely[code], code, " ".join(one for one, _ in told))
        for code, title in table.titles.items()
        if (told := telling(title))
    )
    insert("whole", ((place, number[code]) for place, (_, _, code, _) in enumerate(whole)), 2)
    insert("in_title (rowid, roots)", ((place, text) for place, (*_, text) in enumerate(whole)), 2)
    insert("word", _vocabulary(table, kept).items(), 2)
    facts = {"system": table.name, "release": table.release, "version": table.version}
    insert("fact", facts.items(), 2)
    connection.executescript(INDICES)


def _families(table: CodeSystem) -> tuple[dict[str, dict[str, str]], dict[str, int], dict[str, int]]:
    """What each title says of the axes, each code's family, if it has one, and its place there, the assumed first."""
    said: dict[str, dict[str, str]] = {}
    groups: dict[tuple[object, ...], dict[tuple[object, ...], str]] = {}
    for code, title in table.titles.items():
        values, rest = take(title)
        key: tuple[object, ...] = (Code(table.name, code).category, skeleton(rest, values))
        values_key = tuple(sorted(values.items()))
        members = groups.setdefault(key, {})
        if values_key in members:  # the same words of two codes: no family of them
            members = groups.setdefault((*key, code), {})
        members[values_key] = code
        said[code] = values
    families, places = {}, {}
    for place, members in enumerate(one for one in groups.values() if len(one) > 1):
        for order, code in enumerate(sorted(members.values(), key=lambda code: (distance(said[code]), code))):
            families[code], places[code] = place, order
    return {code: said[code] for code in families}, families, places


def _values(said: Mapping[str, Mapping[str, str]], families: Mapping[str, int]) -> dict[int, str]:
    """What the titles of each family say of the axes (" side:left side:right ")."""
    found: dict[int, dict[str, None]] = {}
    for code, family in families.items():
        found.setdefault(family, {}).update({f"{axis}:{value}": None for axis, value in said[code].items()})
    return {family: f" {' '.join(several)}" for family, several in found.items()}


def _axes(values: str) -> list[str]:
    """What is found by what a family differs by, whatever its values."""
    return list(dict.fromkeys(f"axis0{value.partition(':')[0]}" for value in values.split() if ":" in value))


def _kept(
    table: CodeSystem,
    rows: Iterable[tuple[str, str, str]],
    families: Mapping[str, int],
    best: Mapping[int, str],
) -> Iterable[Row]:
    """The wordings to index: of a family's titles the one that is assumed, without what its codes differ by."""
    seen: set[tuple[object, ...]] = set()
    for text, code, source in rows:
        written = said = words(text)
        if source in ("title", "short"):
            named = _NOT_SAID.sub("", text)
            said = words(named)
            if code in families:
                if best[families[code]] != code:
                    continue
                said = words(take(named)[1])
        found = tuple(sorted(roots(said)))
        if source in CONTEXTS:
            found = tuple(f"{source}0{one}" for one in found)
        wording = (code, frozenset(said) if source not in ("title", "short") else found)
        if found and wording not in seen:
            seen.add(wording)
            yield Row(text, code, source, written, found)


def _rows(table: CodeSystem) -> Iterable[tuple[str, str, str]]:
    yield from _own_rows(
        "status", table.name, lambda row: "drug" if row["when"] == "adverse" else row["when"]
    )
    yield from _own_rows("search_terms", table.name, lambda row: "default")
    yield from _own_rows("procedures", table.name, lambda row: "procedure")
    yield from terms(table.name)


def _own_rows(
    name: str, system: str, source: Callable[[dict[str, str]], str]
) -> Iterable[tuple[str, str, str]]:
    for row in read_csv(name):
        if (row.get("system") or ("icd10pcs" if name == "procedures" else "icd10cm")) == system:
            yield row["term"], row["code"], source(row)


def _vocabulary(table: CodeSystem, rows: Iterable[Row]) -> dict[str, float]:
    """The words as written and how common each is: those of defaults, which are what people say, count more."""
    often: dict[str, float] = defaultdict(float)
    for row in rows:
        weight = 5.0 if BELIEVED[row.source] >= 1.0 else 0.3 if row.source == "drug" else 1.0
        for word in set(row.words):
            often[word] += weight
    for title in table.titles.values():  # members of families too
        for word in set(words(title)):
            often[word] += 0.05
    return {word: round(number, 2) for word, number in often.items() if len(word) > 1}


def _end_with_standard_input() -> None:
    while os.read(0, 1):
        pass
    os._exit(1)


if __name__ == "__main__":
    threading.Thread(target=_end_with_standard_input, daemon=True).start()  # who waits for the index is gone
    try:
        build_systems(Path(sys.argv[1]), sys.argv[2:])
    except (OSError, sqlite3.Error, InputError) as failed:
        sys.exit(str(failed))
