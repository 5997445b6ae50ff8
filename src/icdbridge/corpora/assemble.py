"""Makes a corpus folder from staged notes, codes and splits, for all readers alike."""

import shutil
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from pathlib import Path
from typing import Any

import pyarrow as pa

from icdbridge import __version__
from icdbridge.codes import Code, declaration, known_systems, load_system, parse_code, undotted
from icdbridge.codes.gate import Spelling, named, nearest, standing
from icdbridge.corpora.corpus import CORPUS, FORMAT, Corpus
from icdbridge.corpora.data_report import figures, spreads, write_html
from icdbridge.corpora.splits import choose_splits, read_splits
from icdbridge.corpora.staging import Staging
from icdbridge.corpora.writing import write_codes, write_evidence, write_notes, write_rejected
from icdbridge.errors import InputError
from icdbridge.files import atomic_folder, write_json, write_manifest
from icdbridge.report_page import page_template

FREQUENT = 10  # notes of the corpus that carry a frequent code (Edin et al. 2023)
DEFAULT_SEED = 10


def assemble(
    out: Path | str,
    read: Callable[[Staging], None],
    *,
    inputs: Sequence[Path | str],
    source: str,
    version: str,
    settings: Mapping[str, Any] = {},
    splits: Path | None = None,
    seed: int = DEFAULT_SEED,
    only_with_frequent: bool = False,
    number_repeats: bool = False,
    val_share: float | None = None,
    force: bool = False,
    staging: Staging | None = None,
) -> Corpus:
    """Writes the corpus folder ``out`` from what ``read`` stages, and opens it.

    ``inputs`` are the files and folders that ``read`` reads; ``out`` must be apart from them. ``splits`` is a split
    file; without one, and without staged splits, patients are split by ``stratify`` with ``seed``.
    ``only_with_frequent`` drops notes without a frequent code (after counting which are frequent). ``number_repeats``:
    a second note with the same id and another text gets ``-2`` after its id; otherwise it is an error. ``val_share``:
    if the source has no val split, this share of the train patients becomes it. ``staging`` is a partly filled one that
    ``read`` completes; it is closed. Few texts are in memory at once. Raises ``InputError`` for errors of the source or
    the disk.
    """
    out = Path(out)
    given = read_splits(splits) if splits else None
    read_from = [*map(Path, inputs), *([splits] if splits else [])]
    with atomic_folder(out, CORPUS, read_from, replace=force) as folder:
        staging = staging or Staging(folder / "staging")
        try:
            with ThreadPoolExecutor(1) as beside:  # reading is done outside of Python for the most part
                looked_up = beside.submit(_look_up, version)
                read(staging)
                looked_up.result()
            if given is not None:
                staging.note_file(Path(splits or ""))
                staging.run("DELETE FROM raw_splits")
                staging.insert("raw_splits", given.to_batches())
            _index_notes(staging, number_repeats)
            malformed = _index_codes(staging, version)
            _choose_scopes(staging, only_with_frequent)
            how = choose_splits(staging, seed, val_share)
            _number_kept(staging)
            sources = write_codes(staging, folder / "codes.parquet")
            words = write_notes(staging, folder / "notes.parquet", version)
            write_evidence(staging, folder)
            write_rejected(staging, folder / "rejected.parquet")
            meta = {
                "format": FORMAT,
                "source": source,
                "version": version,
                "synthetic": staging.synthetic,
                "tool_version": __version__,
                "settings": {**settings, "splits": splits.name if splits else None, "seed": seed},
                "files": [{"name": name, "bytes": size} for name, size in staging.files.items()],
                "split_method": how,
                **figures(staging, source, version, sources, words),
                "malformed": malformed,
                "dropped": staging.dropped,
                "remarks": staging.remarks,
                "warnings": staging.warnings,
            }
            write_json(folder / "corpus.json", meta)
            write_html(folder / "report.html", out.resolve().name, meta, spreads(staging, words))
        finally:
            staging.close()
        shutil.rmtree(folder / "staging", ignore_errors=True)
        write_manifest(folder, sorted(file.name for file in folder.iterdir()))
    return Corpus.open(out)


def _look_up(version: str) -> None:
    """Loads what is needed once the source is read; what draws takes half a second."""
    for system in known_systems():
        if declaration(system).version == version:
            load_system(system)
    page_template()
    import_module("icdbridge.drawing")


def _index_notes(staging: Staging, number_repeats: bool) -> None:
    """``note(row, id, note_id, patient_id)``: the notes worth keeping, by their place in ``raw_notes``."""
    staging.run(
        """CREATE TABLE note AS SELECT rowid AS row, id, id AS note_id,
           coalesce(nullif(trim(patient_id), ''), id) AS patient_id, text_hash, fault
           FROM raw_notes WHERE part_of IS NULL"""
    )
    if not staging.number("SELECT count(*) FROM note"):
        raise InputError("the source has no notes: look at the files and options named")
    for fault, count, first in staging.rows(
        "SELECT fault, count(*), min(row) FROM note WHERE fault IS NOT NULL GROUP BY 1 ORDER BY 1"
    ):
        staging.drop(fault, count, "notes", staging.place(first))
    staging.run("DELETE FROM note WHERE fault IS NOT NULL")
    repeats = "SELECT row FROM note QUALIFY row_number() OVER (PARTITION BY id, text_hash ORDER BY row) > 1"
    staging.drop_notes("the same text again under the same id", f"row IN ({repeats})")
    twice = staging.rows(
        """SELECT id, list(row + 1 ORDER BY row)[:2] FROM note GROUP BY id HAVING count(*) > 1
           ORDER BY min(row)"""
    )
    if twice and not number_repeats:
        name, (first, second) = twice[0]
        more = f", and {len(twice) - 1} more ids like it" if len(twice) > 1 else ""
        raise InputError(
            f"notes {first} and {second} (counted from 1) have the same id {name[:40]!r} but different texts"
            f"{more}: give each note an id of its own"
        )
    if twice:
        staging.remarks.append(
            f"{len(twice):,} ids have several different notes: -2, -3, ... was added to the later ones."
        )
        staging.run(
            """UPDATE note SET note_id = note.id || '-' || nth FROM
               (SELECT row, row_number() OVER (PARTITION BY id ORDER BY row) AS nth FROM note) AS counted
               WHERE counted.row = note.row AND nth > 1"""
        )


def _index_codes(staging: Staging, version: str) -> list[dict[str, Any]]:
    """``code(number, key, system)`` and ``note_code(row, number)``; gives examples of malformed codes."""
    empty = "code IS NULL OR trim(code) = ''"
    staging.drop(
        "code left empty", staging.number(f"SELECT count(*) FROM raw_codes WHERE {empty}"), "code entries"
    )
    spellings, malformed, first = [], [], {}
    counts: Counter[Code] = Counter()
    for system, text, count, row in staging.rows(
        f"""SELECT system, code, count(*), min(rowid) FROM raw_codes WHERE NOT ({empty})
            GROUP BY 1, 2 ORDER BY 1, 2"""
    ):
        try:
            code = parse_code(text, system)
            spellings.append((system, text, str(code)))
            counts[code] += count
        except InputError:
            # What is no code may be anything, a piece of a note too: only what is short is shown.
            shown = text if len(text) <= 10 else f"({len(text)} characters)"
            malformed.append({"system": system, "text": shown, "count": count})
            first[row] = shown
    example = None
    if first:
        note_id, row = staging.rows(
            """SELECT any_value(raw_codes.id), min(raw_notes.rowid) FROM raw_codes LEFT JOIN raw_notes USING (id)
               WHERE raw_codes.rowid = ?""",
            [min(first)],
        )[0]
        example = f"{first[min(first)]!r} in {staging.place(row, note_id)}"
    _look_at_existence(staging, counts)
    staging.drop("malformed code", sum(entry["count"] for entry in malformed), "code entries", example)
    keys = {key: number for number, key in enumerate(sorted({key for _, _, key in spellings}))}
    staging.run("CREATE TABLE code(number BIGINT, key VARCHAR, system VARCHAR)")
    staging.run("CREATE TABLE spelling(system VARCHAR, code VARCHAR, number BIGINT)")
    if not keys:
        such = f", such as {example}" if example else ""
        raise InputError(
            f"the source has no {version} code that can be read{such}: look at the files and options named"
        )
    staging.insert("code", [pa.record_batch({"number": list(keys.values()), "key": list(keys)})])
    staging.run("UPDATE code SET system = split_part(key, ':', 1)")
    systems, texts, found = zip(*spellings, strict=True)
    numbers = [keys[key] for key in found]
    staging.insert("spelling", [pa.record_batch({"system": systems, "code": texts, "number": numbers})])
    staging.run(
        """CREATE TABLE coded AS SELECT id, number, count(*) AS times
           FROM raw_codes JOIN spelling USING (system, code) GROUP BY 1, 2""",
        label="collecting the codes",
    )
    count, example = staging.rows(
        "SELECT coalesce(sum(times - 1), 0), min(id) FILTER (times > 1) FROM coded"
    )[0]
    staging.drop("the same code again for the same note", count, "code entries", staging.place(None, example))
    count, example = staging.rows(
        "SELECT count(*), min(id) FROM coded WHERE id IS NULL OR id NOT IN (SELECT id FROM note)"
    )[0]
    staging.drop("code of no note", count, "code entries", staging.place(None, example))
    staging.run("CREATE TABLE note_code AS SELECT row, number FROM note JOIN coded USING (id)")
    staging.drop_notes(f"note without a code of {version}", "row NOT IN (SELECT row FROM note_code)")
    if not staging.number("SELECT count(*) FROM note"):
        raise InputError(f"no note has a code of {version}: do the ids of the notes and of the codes match?")
    return sorted(malformed, key=lambda entry: -int(entry["count"]))[:20]


def _look_at_existence(staging: Staging, counts: Mapping[Code, int]) -> None:
    """Says which codes no release has, and which are categories; both are kept, as real corpora carry them."""
    unknown = [
        Spelling(c.code, n, nearest(c.code, c.system)) for c, n in counts.items() if standing(c) == "unknown"
    ]
    titled = set(staging.rows("SELECT DISTINCT system, upper(replace(code, '.', '')) FROM raw_titles"))
    if titled:  # a source that says what they are called knows them
        plain = {code.code: (code.system, undotted(code)) for code in counts}
        unknown = [one for one in unknown if plain[one.written] not in titled]
    if unknown:
        staging.warnings.append(
            f"Codes that no installed release has are kept ({len(unknown):,}): {named(unknown, 'near')}."
        )
    wide = [Spelling(c.code, n, None) for c, n in counts.items() if standing(c) in ("category", "unlisted")]
    if wide:
        staging.remarks.append(
            f"Categories, which are not billable, are kept ({len(wide):,}): {named(wide, '')}."
        )


def _choose_scopes(staging: Staging, only_with_frequent: bool) -> None:
    """Marks the frequent codes, counted before any split; drops notes without one if wanted."""
    staging.run(
        f"""ALTER TABLE code ADD COLUMN frequent BOOLEAN DEFAULT false;
            UPDATE code SET frequent = true WHERE number IN
            (SELECT number FROM note_code GROUP BY number HAVING count(*) >= {FREQUENT})"""
    )
    if only_with_frequent:
        keep = "row IN (SELECT row FROM note_code JOIN code USING (number) WHERE frequent)"
        staging.drop_notes(f"note without a frequent code (one in at least {FREQUENT} notes)", f"NOT {keep}")
        if not staging.number("SELECT count(*) FROM note"):
            raise InputError(
                f"no code occurs in {FREQUENT} notes, and notes without such a code are dropped: none is left"
            )


def _number_kept(staging: Staging) -> None:
    """``kept(n, row, note_id, patient_id, split)``, ``kept_code(n, rank)`` and ``kept_codes(rank, key, ...)``.

    ``n`` counts the notes in the order of the source and ``rank`` the codes in that of codes.parquet, both from 0.
    """
    staging.run(
        """CREATE TABLE kept AS
           SELECT row_number() OVER (ORDER BY row) - 1 AS n, row, note_id, patient_id, split
           FROM note ORDER BY row"""
    )
    staging.run(
        """CREATE TABLE kept_codes AS
           SELECT row_number() OVER (ORDER BY NOT frequent, key) - 1 AS rank, key, system, frequent,
                  notes, train_notes
           FROM code JOIN (SELECT number, count(*) AS notes, count(*) FILTER (split = 'train') AS train_notes
                           FROM note_code JOIN kept USING (row) GROUP BY 1) USING (number)"""
    )
    staging.run(
        """CREATE TABLE kept_code AS SELECT n, rank
           FROM note_code JOIN kept USING (row) JOIN code USING (number) JOIN kept_codes USING (key)
           ORDER BY n, rank"""
    )
