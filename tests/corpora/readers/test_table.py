import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from icdbridge.corpora import Corpus
from icdbridge.corpora.readers.table import Columns, prepare_table
from icdbridge.errors import InputError

Rows = list[dict[str, Any]]
Write = Callable[..., Path]


def rows_of(corpus: Corpus) -> Rows:
    names = ("note_id", "patient_id", "version", "text", "codes", "split")
    return [row for batch in corpus.notes(columns=names) for row in batch.to_pylist()]


def dropped(corpus: Corpus) -> dict[str, int]:
    return {entry["reason"]: entry["count"] for entry in corpus.meta["dropped"]}


@pytest.mark.parametrize("name", ["n.csv", "n.tsv", "n.jsonl"])
def test_kinds_of_files_give_the_same_corpus(
    tmp_path: Path, table_file: Write, some_rows: Rows, name: str
) -> None:
    corpus = prepare_table(table_file(some_rows, name), tmp_path / "out", version="icd10")
    found = rows_of(corpus)
    assert [row["note_id"] for row in found] == [row["note_id"] for row in some_rows]
    assert found[1]["codes"] == ["icd10cm:E11.9", "icd10cm:I10"]
    assert found[1]["patient_id"] == "p1"
    assert corpus.notes_with == [15, 30]
    splits: dict[str, set[str]] = {}
    for row in found:
        splits.setdefault(row["patient_id"], set()).add(row["split"])
    assert all(len(split) == 1 for split in splits.values())


def test_gzip_parquet_lists_and_a_folder(tmp_path: Path, some_rows: Rows) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    listed = [{**row, "codes": str(row["codes"]).split("; ")} for row in some_rows]
    pq.write_table(pa.Table.from_pylist(listed[:10]), folder / "a.parquet")
    lines = "".join(json.dumps(row) + "\n" for row in listed[10:20])
    (folder / "b.jsonl.gz").write_bytes(gzip.compress(lines.encode()))
    head = "note_id,patient_id,text,codes\n"
    body = "".join(
        f"{row['note_id']},{row['patient_id']},{row['text']},{row['codes']}\n" for row in some_rows[20:]
    )
    (folder / "c.csv.gz").write_bytes(gzip.compress((head + body).encode()))
    corpus = prepare_table(folder, tmp_path / "out", version="icd10")
    assert [row["note_id"] for row in rows_of(corpus)] == [row["note_id"] for row in some_rows]
    assert corpus.notes_with == [15, 30]


def test_text_is_kept_to_the_letter(tmp_path: Path, table_file: Write) -> None:
    text = '  Zeilen\r\nmit "Anführung", Komma;\tTab und 💊 \n'
    for name in ("n.csv", "n.jsonl"):
        rows = [{"note_id": i, "text": text + str(i), "codes": "I10"} for i in range(12)]
        corpus = prepare_table(table_file(rows, name), tmp_path / f"out-{name}", version="icd10")
        assert [row["text"] for row in rows_of(corpus)] == [row["text"] for row in rows]
        assert rows_of(corpus)[0]["patient_id"] == "0"


def test_columns_and_separator_by_option(tmp_path: Path, table_file: Write) -> None:
    rows = [{"ID": i, "who": i % 5, "Report": f"Cough {i}", "dx": "428.0/V45.81/96.71"} for i in range(12)]
    columns = Columns(id="id", text="report", codes="DX", patient="who")
    corpus = prepare_table(
        table_file(rows, "n.csv"), tmp_path / "out", version="icd9", columns=columns, separator="/"
    )
    assert corpus.codes == ["icd9cm:428.0", "icd9cm:V45.81", "icd9proc:96.71"]
    assert {row["patient_id"] for row in rows_of(corpus)} == {"0", "1", "2", "3", "4"}


@pytest.mark.parametrize(
    ("version", "codes", "keys"),
    [
        ("icd9", "icd9proc:9671", ["icd9proc:96.71"]),
        ("icd9", "4280 V4581 E8120", ["icd9cm:428.0", "icd9cm:E812.0", "icd9cm:V45.81"]),
        ("icd9", "486 786.2", ["icd9cm:486", "icd9cm:786.2"]),  # the dot elsewhere: not 48.6
        ("icd10", "I214, e119", ["icd10cm:E11.9", "icd10cm:I21.4"]),
        ("icd10", "0JH60DZ|T38.0X5A", ["icd10cm:T38.0X5A", "icd10pcs:0JH60DZ"]),
        ("icd10", "T380X5A XW033E5", ["icd10cm:T38.0X5A", "icd10pcs:XW033E5"]),
        ("icd10", "icd10pcs:BW20", ["icd10pcs:BW20"]),
    ],
)
def test_systems_by_key_or_form(
    tmp_path: Path, table_file: Write, version: str, codes: str, keys: list[str]
) -> None:
    rows = [{"note_id": i, "text": f"Note {i}", "codes": codes} for i in range(10)]
    assert prepare_table(table_file(rows), tmp_path / "out", version=version).codes == keys


@pytest.mark.parametrize(
    ("version", "codes", "complaint"),
    [
        ("icd9", "9671", r"row 3: the code '9671' may be icd9cm:967.1 or icd9proc:96.71"),
        ("icd10", "icd9cm:428.0", r"row 3: the code 'icd9cm:428.0' is not of version icd10"),
    ],
)
def test_ambiguous_codes_and_other_versions_name_the_row(
    tmp_path: Path, table_file: Write, version: str, codes: str, complaint: str
) -> None:
    rows = [{"note_id": i, "text": f"Note {i}", "codes": codes if i == 2 else ""} for i in range(4)]
    with pytest.raises(InputError, match=complaint):
        prepare_table(table_file(rows), tmp_path / "out", version=version)


def test_a_version_of_one_s_own(tmp_path: Path, table_file: Write) -> None:
    (tmp_path / "ops.csv").write_text("code,description\n5-470,Appendectomy\n1-632,Gastroscopy\n")
    rows = [{"note_id": i, "text": f"Note {i}", "codes": "5-470 ops:1-632 9-999"} for i in range(10)]
    path = table_file(rows)
    corpus = prepare_table(path, tmp_path / "out", version="ops", code_table=tmp_path / "ops.csv")
    assert corpus.version == "ops"
    described = dict(zip(corpus.codes, corpus.descriptions, strict=True))
    assert described == {"ops:1-632": "Gastroscopy", "ops:5-470": "Appendectomy", "ops:9-999": "9-999"}
    assert corpus.meta["description_sources"] == {"corpus": 2, "none": 1}
    with pytest.raises(
        InputError, match="unknown version 'ops': use icd9 or icd10, or give its --code-table"
    ):
        prepare_table(path, tmp_path / "two", version="ops")
    with pytest.raises(InputError, match="'icd9cm' is no code system of version icd10"):
        prepare_table(path, tmp_path / "two", version="icd10", system="icd9cm")


def test_malformed_codes_notes_without_words_and_without_codes(
    tmp_path: Path, table_file: Write, some_rows: Rows
) -> None:
    some_rows[0]["codes"] = "I10 ?? this-is-no-code-at-all"
    some_rows[1]["codes"] = ""
    some_rows[2]["text"] = "  \n "
    some_rows[3]["text"] = "123 45.6"
    some_rows[4]["codes"] = "??"
    some_rows.append({**some_rows[5]})
    corpus = prepare_table(table_file(some_rows), tmp_path / "out", version="icd10")
    assert dropped(corpus) == {
        "malformed code": 3,
        "note without a code of icd10": 2,
        "empty note": 1,
        "note without a word (only digits or signs)": 1,
        "the same text again under the same id": 1,
        "the same code again for the same note": 2,
        "code of no note": 3,
    }
    assert {entry["text"] for entry in corpus.meta["malformed"]} == {"??", "(22 characters)"}


def test_the_same_id_twice_with_other_text(tmp_path: Path, table_file: Write, some_rows: Rows) -> None:
    some_rows[7]["note_id"] = "n03"
    with pytest.raises(InputError, match=r"notes 4 and 8 \(counted from 1\) have the same id 'n03'"):
        prepare_table(table_file(some_rows), tmp_path / "out", version="icd10")


def test_split_column(tmp_path: Path, table_file: Write, some_rows: Rows) -> None:
    for i, row in enumerate(some_rows):
        row["split"] = ["Train", "dev", "test", ""][i % 4]
    corpus = prepare_table(table_file(some_rows), tmp_path / "out", version="icd10")
    assert [corpus.count(split) for split in ("train", "val", "test")] == [8, 8, 7]
    assert dropped(corpus) == {"note that no split names": 7}
    assert "patients have notes in more than one split" in corpus.meta["warnings"][0]
    some_rows[0]["split"] = "holdout"
    with pytest.raises(InputError, match="the split column: unknown split 'holdout'"):
        prepare_table(table_file(some_rows), tmp_path / "two", version="icd10")


@pytest.mark.parametrize("name", ["n.csv", "n.jsonl", "n.parquet"])
def test_a_missing_column(tmp_path: Path, table_file: Write, some_rows: Rows, name: str) -> None:
    for row in some_rows:
        row["note"] = row.pop("text")
    if name == "n.parquet":
        path = tmp_path / name
        pq.write_table(pa.Table.from_pylist(some_rows), path)
    else:
        path = table_file(some_rows, name)
    with pytest.raises(
        InputError, match=r"no column text: it has note_id, patient_id, codes, note; name another by --text"
    ):
        prepare_table(path, tmp_path / "out", version="icd10")


@pytest.mark.parametrize(
    ("name", "content", "complaint"),
    [
        (
            "n.jsonl",
            b'{"note_id": 1, "text": "a", "codes": ["I10"]}\n{"text": secret\n',
            r"row 2: not valid JSON \(column 10\)",
        ),
        ("n.jsonl", b'{"note_id": 1}\n["secret"]\n', "row 1: no column text"),
        ("n.jsonl", b'["secret"]\n', "row 1: not a JSON object"),
        ("n.jsonl", b'\n{"note_id": 1, "text": "secret \xff"}\n', "row 2: the byte 0xFF is not UTF-8"),
        ("n.jsonl", b'{"note_id": 1, "text": 5, "codes": []}\n', "row 1, column text: expected text"),
        (
            "n.jsonl",
            b'{"note_id": 1.5, "text": "a", "codes": []}\n',
            "row 1, column note_id: expected text or a whole",
        ),
        (
            "n.jsonl",
            b'{"note_id": 1, "text": "a", "codes": [428]}\n',
            "row 1, column codes: expected text or a list",
        ),
        (
            "n.jsonl.gz",
            gzip.compress(b'{"note_id": 1, "text": "a", "codes": []}\n' * 99, mtime=0)[:-9],
            "not a whole gzip file",
        ),
        ("n.parquet", b"PAR1 secret", "not a whole Parquet file"),
        ("n.csv", b"", "is empty"),
        ("n.csv", b"note_id,text,codes\n", "has no rows below its header"),
        ("n.csv", b"note_id,text,codes\n1,a,\n", "has no icd10 code that can be read"),
        ("n.xlsx", b"", "is empty"),
    ],
)
def test_bad_files(tmp_path: Path, name: str, content: bytes, complaint: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(InputError, match=complaint) as caught:
        prepare_table(path, tmp_path / "out", version="icd10")
    assert "secret" not in str(caught.value)
    assert "\n" not in str(caught.value)
    assert sorted(file.name for file in tmp_path.iterdir()) == [name]


def test_missing_file_and_empty_folder(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is missing: expected a table"):
        prepare_table(tmp_path / "none.csv", tmp_path / "out", version="icd10")
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="holds no table"):
        prepare_table(tmp_path / "empty", tmp_path / "out", version="icd10")


def test_what_is_dropped_has_an_example_with_its_row(
    tmp_path: Path, table_file: Write, some_rows: Rows
) -> None:
    some_rows[3]["codes"] = "I10 8.45x"
    some_rows[5]["codes"] = "??"
    some_rows[6]["text"] = " "
    some_rows[8]["codes"] = ""
    path = table_file(some_rows, "n.csv")
    corpus = prepare_table(path, tmp_path / "out", version="icd10")
    examples = {entry["reason"]: entry.get("example") for entry in corpus.meta["dropped"]}
    assert examples == {
        "malformed code": "'8.45x' in n.csv, row 5",
        "empty note": "n.csv, row 8",
        "note without a code of icd10": "n.csv, row 7",
        "code of no note": "note n06",
    }
    for row in some_rows:
        row["codes"] = "#REF!"
    with pytest.raises(
        InputError, match=r"no icd10 code that can be read, such as '#REF!' in n.csv, row 2: look"
    ):
        prepare_table(table_file(some_rows, "n.csv"), tmp_path / "two", version="icd10")


def test_lists_of_codes_as_other_software_writes_them(tmp_path: Path, table_file: Write) -> None:
    written = ["['I10', 'E11.9']", '["I10","E11.9"]', "{I10,E11.9}", "('I10', 'E11.9')", "I10|E11.9"]
    rows = [{"note_id": i, "text": f"Note {i}", "codes": written[i % 5]} for i in range(10)]
    corpus = prepare_table(table_file(rows, "n.csv"), tmp_path / "out", version="icd10")
    assert {tuple(row["codes"]) for row in rows_of(corpus)} == {("icd10cm:E11.9", "icd10cm:I10")}
    rows[4]["codes"] = "[250.0, 8.45]"
    with pytest.raises(InputError, match=r"n.csv, row 6, column codes: a list of numbers"):
        prepare_table(table_file(rows, "n.csv"), tmp_path / "two", version="icd10")


def test_what_is_no_table_in_a_folder_is_counted(tmp_path: Path, table_file: Write, some_rows: Rows) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    table_file(some_rows, "n.csv").rename(folder / "N.CSV")
    for name in ("readme.md", ".hidden.csv", "~$n.xlsx"):
        (folder / name).write_text("x")
    corpus = prepare_table(folder, tmp_path / "out", version="icd10")
    assert corpus.meta["dropped"] == [
        {"reason": "file that is no table", "count": 3, "unit": "files", "example": ".hidden.csv"}
    ]


def coded_rows(*codes: str) -> Rows:
    return [{"note_id": i, "text": f"Note number {i}", "codes": code} for i, code in enumerate(codes)]


def test_codes_of_another_version_are_refused(tmp_path: Path, table_file: Write) -> None:
    rows = coded_rows(*["V4581 I10 E8120"] * 8)
    with pytest.raises(
        InputError, match=r"1 are in ICD-10-CM .* 2 only in ICD-9-CM, .*did you mean version icd9\?"
    ):
        prepare_table(table_file(rows), tmp_path / "out", version="icd10")
    assert not (tmp_path / "out").exists()


def test_lost_zeros_are_put_back_and_said(tmp_path: Path, table_file: Write) -> None:
    rows = coded_rows(*["250.0"] * 6, *["8.45"] * 5, "401.9", "Z99.99")
    corpus = prepare_table(table_file(rows), tmp_path / "out", version="ICD-9")
    assert corpus.version == "icd9"
    assert set(corpus.codes) == {"icd9cm:250.00", "icd9cm:008.45", "icd9cm:401.9"}
    (warning,) = corpus.meta["warnings"]
    assert "250.0 (6 times) read as 250.00; 8.45 (5 times) read as 008.45" in warning
    (malformed,) = (entry for entry in corpus.meta["dropped"] if entry["reason"] == "malformed code")
    assert (malformed["count"], "Z99.99" in malformed["example"]) == (1, True)


def test_codes_in_no_release_are_kept_and_named(tmp_path: Path, table_file: Write) -> None:
    rows = coded_rows(*["I10"] * 10, "I1O", "S32.2", "250.00")
    corpus = prepare_table(table_file(rows), tmp_path / "out", version="icd10", system="ICD-10-CM")
    assert {"icd10cm:I1O", "icd10cm:S32.2"} < set(corpus.codes)
    assert any("no installed release has are kept (1): I1O near I10" in w for w in corpus.meta["warnings"])
    assert any("not billable, are kept (1): S32.2" in remark for remark in corpus.meta["remarks"])
    assert dropped(corpus)["code that only icd9 has (250.00 there 250.00)"] == 1
