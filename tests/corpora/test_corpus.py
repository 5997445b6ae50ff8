import json
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from tests.forking import Forked

from icdbridge.corpora import Corpus, assemble
from icdbridge.corpora.readers.table import prepare_table
from icdbridge.errors import InputError
from icdbridge.files import write_manifest

Rows = list[dict[str, Any]]
FILES = ["codes.parquet", "corpus.json", "manifest.json", "notes.parquet", "report.html"]


@pytest.fixture
def folder(tmp_path: Path, table_file: Callable[..., Path], some_rows: Rows) -> Path:
    return prepare_table(table_file(some_rows), tmp_path / "corpus", version="icd10").path


def test_what_is_read_is_what_was_written(folder: Path) -> None:
    corpus = Corpus.open(str(folder))
    assert sorted(file.name for file in folder.iterdir()) == FILES
    assert (corpus.name, corpus.version, corpus.path) == ("corpus", "icd10", folder)
    assert corpus.codes == ["icd10cm:E11.9", "icd10cm:I10"]
    assert corpus.n_frequent == 2
    assert sum(corpus.count(split) for split in ("train", "val", "test")) == 30
    for split in ("train", "val", "test"):
        batches = list(corpus.notes(split))
        assert [batch.schema.names for batch in batches] == [["note_id", "text", "codes"]] * len(batches)
        assert sum(batch.num_rows for batch in batches) == corpus.count(split)
    trained = [
        code for batch in corpus.notes("train") for codes in batch["codes"].to_pylist() for code in codes
    ]
    assert [trained.count(code) for code in corpus.codes] == corpus.train_notes
    with pytest.raises(InputError, match="unknown split 'dev'"):
        list(corpus.notes("dev"))


def test_row_groups_are_small(tmp_path: Path, table_file: Callable[..., Path]) -> None:
    rows = [{"note_id": i, "text": f"Note {i}", "codes": "I10"} for i in range(4_500)]
    corpus = prepare_table(table_file(rows), tmp_path / "corpus", version="icd10")
    meta = pq.read_metadata(corpus.path / "notes.parquet")
    assert [meta.row_group(i).num_rows for i in range(meta.num_row_groups)] == [2_000, 2_000, 500]
    ids = [name for batch in corpus.notes(columns=["note_id"]) for name in batch["note_id"].to_pylist()]
    assert ids == [str(i) for i in range(4_500)]


def test_same_source_same_corpus(
    folder: Path, tmp_path: Path, table_file: Callable[..., Path], some_rows: Rows
) -> None:
    again = prepare_table(table_file(some_rows), tmp_path / "again", version="icd10").path
    for name in ("notes.parquet", "codes.parquet", "corpus.json"):
        assert (folder / name).read_bytes() == (again / name).read_bytes()


@pytest.mark.parametrize("name", FILES)
def test_a_missing_file_is_named(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(InputError, match=name):
        Corpus.open(folder)


@pytest.mark.parametrize("name", ["codes.parquet", "corpus.json", "notes.parquet"])
def test_a_damaged_file_is_named(folder: Path, name: str) -> None:
    data = bytearray((folder / name).read_bytes())
    data[len(data) // 2] ^= 1
    (folder / name).write_bytes(data)
    with pytest.raises(InputError, match=f"{name} is damaged"):
        Corpus.open(folder)


def test_another_format_or_schema_is_refused(folder: Path) -> None:
    meta = json.loads((folder / "corpus.json").read_text())
    (folder / "corpus.json").write_text(json.dumps({**meta, "format": 99}))
    write_manifest(folder, [name for name in FILES if name != "manifest.json"])
    with pytest.raises(InputError, match="not of format 1"):
        Corpus.open(folder)
    (folder / "corpus.json").write_text(json.dumps(meta))
    pq.write_table(pq.read_table(folder / "codes.parquet").drop(["scope"]), folder / "codes.parquet")
    write_manifest(folder, [name for name in FILES if name != "manifest.json"])
    with pytest.raises(InputError, match=r"codes.parquet has other columns"):
        Corpus.open(folder)


def test_an_existing_folder_is_replaced_only_when_forced(
    folder: Path, tmp_path: Path, table_file: Callable[..., Path], some_rows: Rows
) -> None:
    path = table_file(some_rows[:20])
    with pytest.raises(InputError, match="exists already"):
        prepare_table(path, folder, version="icd10")
    assert Corpus.open(folder).meta["notes"]["total"] == 30
    assert prepare_table(path, folder, version="icd10", force=True).meta["notes"]["total"] == 20
    assert not [file for file in tmp_path.iterdir() if "partial" in file.name]


def test_a_full_disk_leaves_nothing_behind(
    tmp_path: Path, table_file: Callable[..., Path], some_rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("icdbridge.corpora.writing.pq.ParquetWriter.write_table", full)
    path = table_file(some_rows)
    with pytest.raises(InputError, match=r"cannot write .*: No space left on device"):
        prepare_table(path, tmp_path / "corpus", version="icd10")
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


def test_a_kill_leaves_nothing_that_is_taken_for_a_corpus(
    tmp_path: Path, table_file: Callable[..., Path], some_rows: Rows
) -> None:
    path = table_file(some_rows)
    program = f"""
import time
from icdbridge.corpora import assemble
from icdbridge.corpora.readers.table import prepare_table
write_notes = assemble.write_notes
def slow(*parts):
    found = write_notes(*parts)
    print("written", flush=True)
    time.sleep(60)
    return found
assemble.write_notes = slow
prepare_table({str(path)!r}, {str(tmp_path / "corpus")!r}, version="icd10")
"""
    process = Forked(program)
    assert process.stdout.readline() == "written\n"
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    assert not (tmp_path / "corpus").exists()
    with pytest.raises(InputError, match="is not a folder"):
        Corpus.open(tmp_path / "corpus")
    (left,) = [file for file in tmp_path.iterdir() if file.is_dir()]
    with pytest.raises(InputError, match=r"it has no manifest.json"):
        Corpus.open(left)
    assert prepare_table(path, tmp_path / "corpus", version="icd10").meta["notes"]["total"] == 30


def test_ctrl_c_leaves_nothing_behind(
    tmp_path: Path, table_file: Callable[..., Path], some_rows: Rows
) -> None:
    path = table_file(some_rows)
    program = f"""
import signal
from icdbridge.corpora import assemble
from icdbridge.corpora.readers.table import prepare_table
def endless(staging, *_):
    print("reading", flush=True)
    many = "range(1000000000)"
    staging.run(f"SELECT sum(a.range * b.range) FROM {{many}} a, {{many}} b", label="reading")
assemble._index_notes = endless
try:
    prepare_table({str(path)!r}, {str(tmp_path / "corpus")!r}, version="icd10")
except KeyboardInterrupt:
    print("interrupted", flush=True)
"""
    process = Forked(program)
    assert process.stdout.readline() == "reading\n"
    time.sleep(0.5)
    os.kill(process.pid, signal.SIGINT)
    assert process.communicate()[0] == "interrupted\n"
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


@pytest.mark.usefixtures("plotted")
def test_the_report_stands_alone_and_escapes(
    tmp_path: Path, table_file: Callable[..., Path], some_rows: Rows
) -> None:
    some_rows[0]["codes"] = "<b>x I10"
    page = (
        prepare_table(table_file(some_rows), tmp_path / "c", version="icd10").path / "report.html"
    ).read_text()
    assert page.count("<svg") == 1
    assert "codes per note" in page
    assert "median " in page
    assert "&lt;b&gt;x" in page.lower()
    assert "<b>x" not in page.lower()
    for outside in ("src=", 'href="http', "url(http", "@import"):
        assert outside not in page
    assert assemble.FREQUENT == 10
