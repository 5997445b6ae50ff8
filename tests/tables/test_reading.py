"""Any table, row by row: every format gives the same rows, and every fault names its row."""

import gzip
import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.tables.writing import FORMATS, write_table, write_xlsx

from icdbridge.codes import read_code_table, read_terms
from icdbridge.coding.sources import Source
from icdbridge.corpora.readers.table import prepare_table
from icdbridge.errors import InputError
from icdbridge.tables import Column, Fault, Row, read_rows

COLUMNS = [Column("note_id", option="--id"), Column("text", option="--text")]
HEADER = ["note_id", "text"]


def rows_of(path: Path, columns: list[Column] = COLUMNS) -> list[tuple[int, str | None, str | None]]:
    first, second = (column.name for column in columns[:2])
    return [(row.number, row.identifier(first), row.text(second)) for row in read_rows(path, columns)]


def contents(path: Path) -> list[tuple[str | None, str | None]]:
    return [row[1:] for row in rows_of(path)]


def write(tmp_path: Path, name: str, content: str | bytes) -> Path:
    path = tmp_path / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


# XML has no control characters, and a lone CR may be a line end.
CELLS = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff")
) | st.sampled_from(
    [
        'say "no"',
        "a,b;c\td",
        "two\nlines",
        "'",
        "=1+1",
        "007",
        "1e5",
        "ſß",
        "<b>&amp;</b>",
        "[1]",
        "NA",
        "None",
        "𝔘 💊",
    ]
)


@pytest.mark.parametrize("ending", FORMATS)
@given(rows=st.lists(st.tuples(st.integers(0, 10**12), CELLS), min_size=1, max_size=8))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_cells_come_back(tmp_path: Path, ending: str, rows: list[tuple[int, str]]) -> None:
    path = write_table(tmp_path / f"t{ending}", HEADER, [(str(number), text) for number, text in rows])
    assert contents(path) == [(str(number), text or None) for number, text in rows]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("separator", [",", ";"])
def test_encodings_line_ends_and_semicolons(tmp_path: Path, encoding: str, end: str, separator: str) -> None:
    lines = [f"note_id{separator}text", f'1{separator}"ménière{end}ja"', f"2{separator}x"]
    path = write(tmp_path, "t.csv", end.join(lines).encode(encoding))
    assert rows_of(path) == [(2, "1", f"ménière{end}ja"), (3, "2", "x")]


def test_columns_are_found_in_any_spelling(tmp_path: Path) -> None:
    for header in ("Note ID,TEXT,x", "note-id,Text,x", '"NoteId"," text ",', "sep=,\nNOTE_ID,text,x"):
        path = write(tmp_path, "t.csv", f"{header}\n1,a,b\n")
        assert contents(path) == [("1", "a")]
    path = write(tmp_path, "t.jsonl", '{"Note ID": 1, "TEXT": "a"}\n{"text": "b", "note_id": 2}\n')
    assert contents(path) == [("1", "a"), ("2", "b")]
    pq.write_table(pa.table({"NoteID": [1], "Text": ["a"]}), tmp_path / "t.parquet")
    assert contents(tmp_path / "t.parquet") == [("1", "a")]


@pytest.mark.parametrize("name", ["t", "t.txt", "t.dat"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_a_name_that_says_nothing(tmp_path: Path, name: str, separator: str) -> None:
    assert contents(write(tmp_path, name, f"note_id{separator}text\n1{separator}a\n")) == [("1", "a")]


def test_a_column_that_need_not_be_there(tmp_path: Path) -> None:
    path = write(tmp_path, "t.csv", "note_id,text\n1,a\n")
    (row,) = read_rows(path, [*COLUMNS, Column("split", needed=False)])
    assert row.text("split") is None
    with pytest.raises(
        InputError, match=r"t.csv has no column who: it has note_id, text; name another by --patient"
    ):
        list(read_rows(path, [Column("who", option="--patient")]))


def test_a_table_without_a_header_does_not_show_its_notes(tmp_path: Path) -> None:
    path = write(
        tmp_path, "t.csv", '1,"A secret note of a patient that is longer than any name of a column"\n2,b\n'
    )
    with pytest.raises(InputError, match="has no column note_id: it has 1, ") as caught:
        rows_of(path)
    assert "secret" not in str(caught.value)


def test_rows_without_content_are_no_rows(tmp_path: Path) -> None:
    path = write(tmp_path, "t.csv", '\n,\nnote_id,text\n\n1,a\n,\n" ",\n2,b\n,,,,\n')
    assert rows_of(path) == [(5, "1", "a"), (8, "2", "b")]
    book = write_xlsx(tmp_path / "t.xlsx", {"One": [[], HEADER, [], [1, "a"], [None, " "], ["02", "b"]]})
    assert rows_of(book) == [(4, "1", "a"), (6, "02", "b")]


def test_ids_as_numbers(tmp_path: Path) -> None:
    ids = [3.0, None, float("nan"), -7.0]
    pq.write_table(pa.table({"note_id": ids, "text": ["a"] * 4}), tmp_path / "t.parquet")
    assert [row[1] for row in rows_of(tmp_path / "t.parquet")] == ["3", None, None, "-7"]
    lines = '{"note_id": 5.0, "text": "a"}\n{"note_id": 12345678901234567890, "text": "b"}\n'
    assert [row[1] for row in rows_of(write(tmp_path, "t.jsonl", lines))] == ["5", "12345678901234567890"]
    assert contents(write(tmp_path, "t.csv", "note_id,text\n007,a\n 1.0 ,b\n")) == [
        ("007", "a"),
        ("1.0", "b"),
    ]
    assert contents(write_xlsx(tmp_path / "t.xlsx", {"S": [HEADER, [17, "a"], ["017", "b"]]})) == [
        ("17", "a"),
        ("017", "b"),
    ]


@pytest.mark.parametrize("value", [True, 1.5, [1], {"a": 1}, 1e300, "a\nb"])
def test_ids_of_other_kinds_are_refused_with_their_row(tmp_path: Path, value: Any) -> None:
    lines = [{"note_id": 1, "text": "secret"}, {"note_id": value, "text": "secret"}]
    path = write(tmp_path, "t.jsonl", "".join(json.dumps(line) + "\n" for line in lines))
    with pytest.raises(Fault, match=r"t.jsonl, row 2, column note_id: ") as caught:
        rows_of(path)
    assert "secret" not in str(caught.value)


def test_dates_and_booleans_of_a_sheet_are_no_ids(tmp_path: Path) -> None:
    book = write_xlsx(tmp_path / "t.xlsx", {"S": [HEADER, [1, "a"], [True, "b"]]})
    with pytest.raises(
        Fault, match="row 3, column note_id: expected text or a whole number, found true or false"
    ):
        rows_of(book)
    book = write_xlsx(tmp_path / "n.xlsx", {"S": [HEADER, [1, 5]]})
    with pytest.raises(Fault, match="row 2, column text: expected text, found a number"):
        rows_of(book)


def test_sheets(tmp_path: Path) -> None:
    other = [["about"], ["x"]]
    notes = [HEADER, [1, "a"]]
    assert contents(write_xlsx(tmp_path / "a.xlsx", {"About": other, "Notes": notes, "Empty": []})) == [
        ("1", "a")
    ]
    assert contents(write_xlsx(tmp_path / "b.xlsx", {"Old": notes, "Notes": notes}, hidden=["Old"])) == [
        ("1", "a")
    ]
    for sheets, complaint in (
        ({"A": notes, "B": notes}, "has two sheets with such columns, A and B"),
        ({"A": other, "B": other}, r"\(sheet A\) has no column note_id: it has about"),
        ({"A": []}, "is empty"),
        ({"A": [HEADER]}, "no rows below its header"),
    ):
        with pytest.raises(InputError, match=complaint):
            rows_of(write_xlsx(tmp_path / "c.xlsx", sheets))


BAD: list[tuple[str, str | bytes, str]] = [
    # quotes
    ("t.csv", 'note_id,text\n1,a\n2,"secret\n3,b\n', r"t.csv, row 3: a quote is opened and never closed"),
    (
        "t.csv",
        'note_id,text\n1,"a\nb"\n2,"secret\n3,"b"\n',
        r"t.csv, row 3: a quote is opened and never closed",
    ),
    ("t.tsv", 'note_id\ttext\n1\ta\n2\t"se" cret\n', r"t.tsv, row 3: a quote is opened and never closed"),
    ("t.csv", '"note_id,text\n1,a\n', r"t.csv, row 1: a quote"),
    # width
    ("t.csv", "note_id,text\n1,a\n2,secret,more\n", r"t.csv, row 3: 3 cells under a header of 2"),
    ("t.csv", "note_id,text\n1,a\nsecret\n", r"t.csv, row 3: 1 cells under a header of 2"),
    # encodings
    ("t.csv", "note_id,text\n1,a\n\n2,café\n".encode("latin-1"), r"t.csv, row 4: the byte 0xE9 is not UTF-8"),
    ("t.csv", "note_id,téxt\n1,a\n".encode("cp1252"), r"t.csv, row 1: the byte 0xE9 is not UTF-8"),
    (
        "t.csv",
        "note_id,text\n1,a\n".encode("utf-16-le"),
        "holds NUL characters: it is UTF-16 without its mark",
    ),
    ("t.csv", "note_id,text\n1,a\n".encode("utf-16")[:-1], "is not whole UTF-16-LE text"),
    ("t.csv", "note_id,text\n1,aaaaaaaaaaaaaaaa\n2,secret\0\n", r"t.csv, row 3: a NUL character"),
    (
        "t.jsonl",
        b'{"note_id": 1, "text": "a"}\n{"note_id": 2, "text": "\xff"}\n',
        "row 2: the byte 0xFF is not UTF-8",
    ),
    ("t.jsonl", '{"note_id": 1, "text": "secret \\ud800"}\n', "row 1, column text: half a character"),
    ("t.jsonl", '{"note_id": "\\udc00", "text": "a"}\n', "row 1, column note_id: half a character"),
    ("t.jsonl", '{"note_id": 1, "text": "secret \\u0000"}\n', "row 1, column text: a NUL character"),
    # headers
    ("t.csv", "note_id,text,text\n1,a,b\n", "two columns named text"),
    ("t.csv", "note_id,text,Text\n1,a,b\n", "two columns for text: text and Text"),
    ("t.csv", "Note ID,note_id,text\n1,2,a\n", "two columns for note_id: Note ID and note_id"),
    ("t.jsonl", '{"note_id": 1, "text": "a", "Text": "b"}\n', "row 1: two columns for text"),
    ("t.jsonl", '{"note_id": 1, "text": "a", "text": "b"}\n', "row 1: not valid JSON .a name stands twice"),
    ("t.csv", "note_id,words\n1,a\n", "no column text: it has note_id, words; name another by --text"),
    ("t.csv", "note_id;words\n1;a\n", "no column text: it has note_id, words; name another by --text"),
    # nothing in it
    ("t.csv", "", "t.csv is empty"),
    ("t.jsonl", "\n \n", "t.jsonl is empty"),
    ("t.json", "[]", "t.json is empty"),
    ("t.csv", "note_id,text\n", "no rows below its header"),
    ("t.csv", "note_id,text\n,\n\n", "no rows below its header"),
    # JSON
    ("t.jsonl", '{"note_id": 1, "text": "a"}\n{"text": secret\n', r"row 2: not valid JSON \(column 10\)"),
    ("t.jsonl", '{"note_id": 1, "text": "a"}\n["secret"]\n', "row 2: not a JSON object"),
    ("t.jsonl", '{"note_id": 1, "text": 5}\n', "row 1, column text: expected text, found a number"),
    ("t.jsonl", '{"note_id": 1}\n', "row 1: no column text: it has note_id"),
    ("t.json", '[{"note_id": 1, "text": "a"},\n {"note_id": 2 "text": "secret"}]', r"\(line 2, column 16\)"),
    ("t.json", '[{"note_id": 1, "text": "a"}, "secret"]', "row 2: not a JSON object"),
    ("t.json", '{\n"note_id": 1,\n"text": "secret"}\n', "one JSON object over many lines"),
    ("t.json", "[" * 100_000, r"not a valid JSON list \(nested too deep\)"),
    ("t.jsonl", '{"note_id": ' + "9" * 5_000 + "}\n", r"row 1: not valid JSON \(a number is too long\)"),
    ("t.json", '{"note_id": {"0": 1}, "text": {"0": "secret"}}', "found an object"),
    ("t.jsonl", '{"note_id": 1, "text": ' + "[" * 100_000 + "\n", "row 1: not valid JSON"),
    # named otherwise
    ("t.csv", '{"note_id": 1, "text": "secret"}\n', "is named .csv but holds JSON"),
    ("t.jsonl", "note_id,text\n1,secret\n", "is named .jsonl but holds text that is no JSON"),
    ("t.parquet", "note_id,text\n1,secret\n", "is named .parquet but holds text"),
    (
        "t.csv",
        "note_id\ttext\n1\tsecret\n",
        "is named .csv but its cells are separated by tabs: name it .tsv",
    ),
    (
        "t.tsv",
        "note_id,text\n1,secret\n",
        "is named .tsv but its cells are separated by commas: name it .csv",
    ),
    ("t.csv", gzip.compress(b"note_id,text\n1,secret\n", mtime=0), "is packed by gzip: name it t.csv.gz"),
    ("t.csv.gz", "note_id,text\n1,secret\n", "is not a whole gzip file"),
    (
        "t.csv.gz",
        gzip.compress(gzip.compress(b"note_id,text\n1,secret\n", mtime=0), mtime=0),
        "is packed twice",
    ),
    ("t.csv.zst", gzip.compress(b"note_id,text\n1,secret\n", mtime=0), "is not a whole zstd file"),
    # no table
    ("t.csv", "<html><body><table><tr><td>secret</td></tr></table></body></html>", "holds HTML, no table"),
    ("t.xls", "<!DOCTYPE html>\n<p>secret", "holds HTML, no table"),
    ("t.csv", "%PDF-1.7 secret", "is a PDF file, no table"),
    ("t.csv", "{\\rtf1 secret}", "holds RTF, no table"),
    # cut off
    (
        "t.csv.gz",
        gzip.compress(b"note_id,text\n" + b"1,secret\n" * 99, mtime=0)[:-9],
        "is not a whole gzip file",
    ),
    ("t.parquet", b"PAR1 secret", "is not a whole Parquet file"),
    ("t.feather", b"ARROW1\0\0 secret", "is not a whole Feather file"),
    ("t.xlsx", b"PK\x03\x04 secret", "is not a whole Excel or zip file"),
    ("t.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 secret", "is not a whole Excel workbook"),
]


@pytest.mark.parametrize(("name", "content", "complaint"), BAD)
def test_bad_tables(tmp_path: Path, name: str, content: str | bytes, complaint: str) -> None:
    path = write(tmp_path, name, content)
    with pytest.raises(InputError, match=complaint) as caught:
        rows_of(path)
    assert "secret" not in str(caught.value)
    assert "\n" not in str(caught.value)
    assert str(path) in str(caught.value)


def told_by_code(path: Path) -> str:
    """The first complaint of ``icdbridge code``."""
    try:
        source = Source([path])
        len(source)
        return next(f"{note.place}: {note.fault}" for note in source if note.fault)
    except InputError as error:
        return str(error)


@pytest.mark.parametrize(
    ("name", "content", "rows"),
    [
        ("t.csv", 'note_id,text,codes,code,description,term\n1,a,I10,I10,x,y\n2,"a,I10,I10,x,y\n', "row 3"),
        ("t.csv", "note_id,text,codes,code,description,term\n1,a,I10,I10,x,y\n2,a\n", "row 3"),
        (
            "t.csv",
            b"note_id,text,codes,code,description,term\n1,a,I10,I10,x,y\n2,\xe9,I11,I11,x,y\n",
            "row 3",
        ),
        ("t.csv", "note_id,text,codes,code,description,term\n1,a\0,I10,I10,x,y\n", "row 2"),
        ("t.csv", "note_id,text,codes,code,description,term\n", "no rows"),
        ("t.csv", "", "is empty"),
        (
            "t.jsonl",
            '{"note_id": 1, "text": "a", "codes": "I10", "code": "I10", "description": "x"\n',
            "row 1",
        ),
        ("t.json", "[1", "not a valid JSON list"),
        ("t.xlsx", "PK\x03\x04", "is not a whole Excel"),
        ("t.parquet", "PAR1", "is not a whole Parquet file"),
    ],
)
def test_all_that_read_tables_say_the_same(
    tmp_path: Path, name: str, content: str | bytes, rows: str
) -> None:
    path = write(tmp_path, name, content)
    told = {told_by_code(path)}
    for read in (
        lambda: read_code_table(path, "icd10cm"),
        lambda: read_terms(path),
        lambda: prepare_table(path, tmp_path / "out", version="icd10"),
    ):
        with pytest.raises(InputError) as caught:
            read()
        told.add(str(caught.value))
    assert len(told) == 1
    assert rows in told.pop()


def test_a_file_that_grows_without_end_when_unpacked_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("icdbridge.tables.streams.SUSPECT", 1_000_000)
    path = write(
        tmp_path,
        "t.csv.gz",
        gzip.compress(b"note_id,text\n" + b"1,aaaaaaaaaaaaaaaaaaaa\n" * 400_000, mtime=0),
    )
    with pytest.raises(InputError, match="grows to more than 200 times its size"):
        rows_of(path)


def test_a_cell_without_end_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("icdbridge.tables.delimited.LONGEST_LINE", 1_000_000)
    monkeypatch.setattr("icdbridge.tables.streams.LONGEST_LINE", 1_000_000)
    path = write(tmp_path, "t.csv", "note_id,text\n1,a\n2," + "secret " * 200_000 + "\n")
    with pytest.raises(InputError, match="row 3: a line of more than"):
        rows_of(path)
    path = write(tmp_path, "t.csv", 'note_id,text\n1,a\n2,"' + "secret\n" * 200_000)
    with pytest.raises(InputError, match=r"row 3: a cell of more than .* a quote is opened and never closed"):
        rows_of(path)
    path = write(tmp_path, "t.csv", 'note_id,text\n1,"' + "word\n" * 100_000 + '"\n')
    ((_, _, text),) = rows_of(path)
    assert text == "word\n" * 100_000


def test_few_rows_lie_in_memory(tmp_path: Path) -> None:
    path = write(tmp_path, "t.csv", "note_id,text\n" + "1,a\n" * 50_000 + "1\n")
    rows = read_rows(path, COLUMNS)
    assert next(rows).number == 2  # the fault at the end was not met


def test_a_folder_and_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is a folder"):
        rows_of(tmp_path)
    with pytest.raises(InputError, match="is missing"):
        rows_of(tmp_path / "none.csv")


@pytest.mark.parametrize("ending", FORMATS)
@given(data=st.data())
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_damage_gives_another_error(tmp_path: Path, ending: str, data: st.DataObject) -> None:
    path = tmp_path / f"t{ending}"
    content = bytearray(
        write_table(path, HEADER, [(str(i), f'note "{i}", ménière') for i in range(20)]).read_bytes()
    )
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(content) - 1))
        change = data.draw(st.sampled_from(["cut", "set", "insert", "drop"]))
        if change == "cut":
            del content[place + 1 :]
        elif change == "set":
            content[place] = data.draw(st.integers(0, 255))
        elif change == "insert":
            content[place:place] = data.draw(st.binary(min_size=1, max_size=4))
        elif len(content) > 1:
            del content[place]
    path.write_bytes(content)
    for row in rows_or_none(path):
        with suppress(Fault):
            row.identifier("note_id")
            row.text("text")


def rows_or_none(path: Path) -> list[Row]:
    try:
        return list(read_rows(path, COLUMNS))
    except InputError:
        return []
