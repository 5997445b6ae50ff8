"""The one strict reader of tables and note files. Content decides the format, and each row knows its place."""

from icdbridge.tables.cells import Fault, check_text, split_codes
from icdbridge.tables.delimited import has_header
from icdbridge.tables.note_files import (
    NOTE_ENDINGS,
    NoteFiles,
    decode_note,
    find_notes,
    is_note,
    read_bytes,
    read_note,
    read_whole,
)
from icdbridge.tables.reading import ENDINGS, is_table, read_rows
from icdbridge.tables.rows import Column, Row, match_columns
from icdbridge.tables.streams import read_text

__all__ = [
    "ENDINGS",
    "NOTE_ENDINGS",
    "Column",
    "Fault",
    "NoteFiles",
    "Row",
    "check_text",
    "decode_note",
    "find_notes",
    "has_header",
    "is_note",
    "is_table",
    "match_columns",
    "read_bytes",
    "read_note",
    "read_rows",
    "read_text",
    "read_whole",
    "split_codes",
]
