"""Codes many notes into one file, in bounded memory. An interrupted coding can be resumed.

What is found for a note is appended to a journal beside the output: one line of JSON a note, after its checksum. The
first line describes the coding. When all notes are coded, the output is written from the journal.
"""

import hashlib
import json
import os
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from icdbridge.coding.coder import Asked, Coder
from icdbridge.coding.identity import note_identity
from icdbridge.coding.outputs import Record, check_format, write_results
from icdbridge.coding.sources import Source, SourceNote
from icdbridge.coding.suggestion import Suggestion
from icdbridge.documents.document import Setting
from icdbridge.errors import InputError
from icdbridge.files import check_output, only_writer
from icdbridge.progress import progress_bar

JOURNAL = 4  # what a line of it holds
NOTES = 64  # coded together, and written to the journal together


@dataclass(frozen=True)
class Done:
    """How many notes were coded, and how many skipped."""

    coded: int
    skipped: int


def journal_of(out: Path) -> Path:
    """The journal of an unfinished coding."""
    real = Path(os.path.realpath(out))
    return real.with_name(f".{real.name}.unfinished")


def code_notes(
    coder: Coder,
    source: Source,
    out: Path,
    *,
    resume: bool = False,
    force: bool = False,
    inputs: Sequence[Path] = (),
    say: Callable[[str], None] = lambda line: None,
    **asked: Any,
) -> Done:
    """Codes the notes of ``source`` into ``out`` (formats: ``write_results``); ``asked``: options of ``Coder.code``.

    ``say`` gets one line, without text of the note, for each note that cannot be coded and for parts of a note that
    were not read, such as scanned pages. ``resume`` continues an interrupted coding of the same run, notes and options.
    ``force`` replaces ``out`` at the end, and any unfinished coding. Both together continue if possible. No other
    process may write ``out`` meanwhile, and ``out`` must be apart from the notes, the run and ``inputs``. Raises
    ``InputError`` otherwise, and for whatever ``Coder.code`` refuses.
    """
    out = Path(out)
    check_format(out)
    real = check_output(
        out, None, [*([coder.folder] if coder.folder else []), *source.paths, *inputs], replace=True
    )
    wanted = Asked(**asked)
    options = {**vars(wanted), "as_of": wanted.as_of and str(wanted.as_of)}
    # asked for before any note is read, so that a wrong version is no fault of the first note
    coder.code_many([], **options)
    told = {"journal": JOURNAL, "notes": source.fingerprint(), **told_of(coder, options)}
    total = len(source)
    with only_writer(real):
        journal = journal_of(real)
        finished = _begin(real, out, told, resume, force)
        with progress_bar() as bar, journal.open("a", encoding="utf-8") as handle:
            task = bar.add_task("coding", total=total, completed=finished)
            rest = islice(source, finished, None)
            while notes := tuple(islice(rest, NOTES)):
                for record, note in zip(code_together(coder, notes, options), notes, strict=True):
                    told_record = json.dumps(record, ensure_ascii=False)
                    handle.write(f"{_digest(told_record.encode())} {told_record}\n")
                    if line := line_of(note, record):
                        say(line)
                handle.flush()
                bar.advance(task, len(notes))
        write_results(_records(journal), real)
        skipped = sum("skipped" in record for record in _records(journal))
        journal.unlink()
    return Done(total - skipped, skipped)


def told_of(coder: Coder, options: Mapping[str, Any]) -> dict[str, Any]:
    """Everything that determines what a coder finds in a note; ``options`` are those of ``Coder.code``."""
    codes = options.get("codes")
    hashed = hashlib.sha256(json.dumps(dict(codes)).encode()).hexdigest() if codes else None
    return {"coder": coder.fingerprint(), **options, "codes": hashed}


def line_of(note: SourceNote, record: Record) -> str | None:
    """A message for people about a note, without its text: that it was skipped, or which parts were not read."""
    if "skipped" in record:
        name = f" (note {note.note_id})" if note.note_id else ""
        return f"skipped {note.place}{name}: {record['skipped']}"
    return f"{note.place}: {'; '.join(note.remarks)}" if note.remarks else None


def code_together(coder: Coder, notes: Sequence[SourceNote], options: Mapping[str, Any]) -> Iterator[Record]:
    """The results of some notes, or why they are skipped.

    Each is coded for its own setting, if the coder tells them apart, and its own day, unless ``options`` name one.
    """
    own = bool(coder.settings) and options.get("setting") is None
    groups: dict[tuple[Setting | None, str | None], list[int]] = defaultdict(list)
    for place, note in enumerate(notes):
        if note.fault is None:
            setting = note.setting if own else options.get("setting")
            groups[setting, options.get("as_of") or note.day].append(place)
    found: dict[int, list[Suggestion] | None] = {}
    for (setting, day), places in groups.items():
        texts = [notes[place].text for place in places]
        coded = coder.code_many(texts, **{**options, "setting": setting, "as_of": day})
        found |= zip(places, coded, strict=True)
    for place, note in enumerate(notes):
        record: Record = {"note_id": note.note_id, "patient_id": note.patient_id}
        suggestions = found.get(place)
        if suggestions is None:
            yield record | {"skipped": note.fault or coder.fault(note.text)}
        else:
            identity = note_identity(note.note_id, note.patient_id, note.text)
            yield record | {"identity": identity, "suggestions": [one.to_dict() for one in suggestions]}


def _begin(real: Path, out: Path, told: dict[str, Any], resume: bool, force: bool) -> int:
    """Starts the journal, or counts the notes in it; a truncated last line is removed."""
    journal = journal_of(real)
    begun = _is_begun(journal)
    check_begun(out, real.exists(), begun, resume, force)
    if not (begun and resume):
        journal.unlink(missing_ok=True)
        journal.touch(mode=0o600)  # it holds words of notes
        try:
            journal.write_text(json.dumps(told) + "\n", "utf-8")
        except OSError:  # a full disk: nothing is begun
            journal.unlink()
            raise
        return 0
    with journal.open("rb+") as handle:
        try:
            same = json.loads(handle.readline()) == told
        except ValueError:
            same = False
        if not same:
            raise InputError(f"{out} was begun with another run, notes or options: start anew by --force")
        whole, lines = handle.tell(), 0
        while (line := handle.readline()).endswith(b"\n"):
            whole, lines = handle.tell(), lines + 1
            _record(journal, lines, line)
        handle.truncate(whole)
    return lines


def check_begun(out: Path | str, exists: bool, begun: bool, resume: bool, force: bool) -> None:
    """``InputError`` where ``out``, which ``exists`` or was ``begun``, may be neither continued nor replaced."""
    if exists and not force:
        raise InputError(f"{out} exists already: give another name, or --force to replace it")
    if begun and not resume and not force:
        raise InputError(f"{out} was begun and not finished: go on by --resume, or start anew by --force")
    if resume and not begun and not force:
        raise InputError(f"{out} was not begun: leave --resume out")


def _is_begun(journal: Path) -> bool:
    if not journal.exists():
        return False
    with journal.open("rb") as handle:
        return handle.readline().endswith(b"\n")


def _records(journal: Path) -> Iterator[Record]:
    with journal.open("rb") as handle:
        for number, line in enumerate(islice(handle, 1, None), 1):
            yield _record(journal, number, line)


def _record(journal: Path, number: int, line: bytes) -> Record:
    """The result in a line of the journal; ``InputError`` if the line was damaged."""
    digest, _, told = line.removesuffix(b"\n").partition(b" ")
    if digest.decode("ascii", "replace") != _digest(told):
        raise InputError(f"{journal} is damaged (note {number}): start anew by --force")
    return json.loads(told)


def _digest(told: bytes) -> str:
    return hashlib.blake2b(told, digest_size=8).hexdigest()
