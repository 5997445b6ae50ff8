import csv
import gzip
import random
from pathlib import Path

import pytest

from icdbridge.corpora.csv_files import find_file
from icdbridge.corpora.csv_rows import LONGEST_ROW
from icdbridge.corpora.staging import Staging, run_together
from icdbridge.corpora.staging_database import errors_told
from icdbridge.errors import InputError


def read(tmp_path: Path, content: bytes, name: str = "notes.csv") -> list[tuple[object, ...]]:
    path = tmp_path / name
    path.write_bytes(content)
    staging = Staging(tmp_path / "staging")
    try:
        staging.read_notes(path, ["id"], "text", "id, file_row::VARCHAR AS patient_id")
        found = staging.rows("SELECT id, patient_id FROM raw_notes ORDER BY rowid")
        texts = [text for _, batch in staging.texts() for text in batch.to_pylist()]
        return [(*row, text) for row, text in zip(found, texts, strict=True)]
    finally:
        staging.close()


@pytest.mark.parametrize(
    "content",
    [
        b'id,other,TEXT\n1,x,"a ""b""\nc, d"\n2,,\n',
        b'\xef\xbb\xbfid,other,TEXT\n1,x,"a ""b""\nc, d"\n2,"",""\n',
        b'Id,"Oth,er",Text\n1,x,"a ""b""\nc, d"\n2,,',
    ],
)
def test_quotes_line_breaks_and_marks_of_byte_order(tmp_path: Path, content: bytes) -> None:
    assert read(tmp_path, content) == [("1", "1", 'a "b"\nc, d'), ("2", "2", None)]


def test_many_rows_keep_their_order(tmp_path: Path) -> None:
    body = b"id,text\n" + b"".join(b'%d,"note\n%d"\n' % (i, i) for i in range(30_000))
    rows = read(tmp_path, gzip.compress(body), "notes.csv.gz")
    assert [int(str(row[0])) for row in rows] == list(range(30_000))


WHOLE = gzip.compress(
    b"id,text\n"
    + b"".join(b'%d,"secret %d"\n' % (i, random.Random(i).getrandbits(64)) for i in range(5_000)),
    mtime=0,
)


@pytest.mark.parametrize(
    ("name", "content", "complaint"),
    [
        ("n.csv", b'id,text\n1,"a\nb"\n2,secret \xff\xfe\n', "n.csv, row 3: the byte 0xFF is not UTF-8"),
        ("n.csv", b"id,te\xffxt\n1,secret\n", "n.csv, row 1: the byte 0xFF is not UTF-8"),
        ("n.csv", b"id,text\n1,secret,more\n", "row 2: 3 cells under a header of 2"),
        ("n.csv", b"id,text\n1,a\nsecret\n", "row 3: 1 cells under a header of 2"),
        ("n.csv", b'id,text\n1,"secret\n2,b\n', "n.csv, row 2: a quote is opened and never closed"),
        (
            "n.csv",
            b'id,text\n1,a 5" secret\n',
            "n.csv: a row is longer than 4 MB, a quote is opened and never closed, or",
        ),
        ("n.csv", b"id,text\n1,a\n2,secret" + 3 * LONGEST_ROW * b"s", "n.csv, row 3: longer than 4 MB"),
        ("n.csv", "id,text\n1,secret\n".encode("utf-16"), "or it is not UTF-8: mend it"),
        ("n.csv", b"id,words\n1,secret\n", "has no column text: it has id, words"),
        ("n.csv.gz", WHOLE[: len(WHOLE) // 2], "n.csv.gz is not a whole gzip file: copy it again"),
        (
            "n.csv.gz",
            WHOLE[:-8] + b"\0\0\0\0" + WHOLE[-4:],
            "n.csv.gz is not a whole gzip file: copy it again",
        ),
        ("n.csv.gz", WHOLE[:4], "n.csv.gz is not a whole gzip file: copy it again"),
        ("n.csv.gz", b"id,text\n1,secret\n", "n.csv.gz is not a whole gzip file: copy it again"),
    ],
)
def test_broken_files_are_named_and_never_quoted(
    tmp_path: Path, name: str, content: bytes, complaint: str
) -> None:
    with pytest.raises(InputError, match=complaint) as caught:
        read(tmp_path, content, name)
    assert "secret" not in str(caught.value)
    assert "\n" not in str(caught.value)
    assert caught.value.__cause__ is None or "secret" not in str(caught.value.__cause__)


def test_line_breaks_in_quotes_in_a_file_larger_than_the_buffers(tmp_path: Path) -> None:
    lot = random.Random(3)
    pieces = ["Name:  ___\n", '"quoted" ', ' 1,2,"x"\n', '5,"6"\n', '","\n', "\n\n", '""', "word word word. "]
    pieces += ["\r\n", "it's; a, b\n", "7,8\n9,10\n"]
    texts = ["".join(lot.choices(pieces, k=lot.choice((3, 30, 900, 3_000)))) for _ in range(4_000)]
    path = tmp_path / "large.csv"
    with path.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.writer(handle, lineterminator="\n")
        writer.writerows([("id", "text"), *enumerate(texts)])
    assert path.stat().st_size > 2 * LONGEST_ROW
    assert [row[2] for row in read(tmp_path, path.read_bytes())] == texts


def test_what_fails_in_one_thread_ends_the_other(tmp_path: Path) -> None:
    whole = Staging(tmp_path / "staging")
    finished = []

    def fail(staging: Staging) -> None:
        raise InputError("this one")

    def go_on(staging: Staging) -> None:
        for _ in range(100_000):
            staging.rows("SELECT count(*) FROM range(1000)")
        finished.append(staging)

    with pytest.raises(InputError, match="this one"):
        run_together({whole.branch("a"): go_on, whole.branch("b"): fail})
    assert not finished
    whole.close()


def test_branches_keep_what_they_make_to_themselves(tmp_path: Path) -> None:
    whole = Staging(tmp_path / "staging")
    whole.run("INSERT INTO raw_codes VALUES ('1', 'icd9cm', '4280')")
    one, other = whole.branch("one"), whole.branch("other")
    one.run("CREATE TABLE raw_codes AS SELECT * FROM main.raw_codes WHERE false")
    one.run("INSERT INTO raw_splits VALUES ('1', 'train')")
    one.drop("reason", 2, "notes")
    counted = "SELECT (SELECT count(*) FROM raw_codes), (SELECT count(*) FROM raw_splits)"
    assert [staging.rows(counted)[0] for staging in (one, other, whole)] == [(0, 1), (1, 0), (1, 0)]
    assert (len(one.dropped), other.dropped, whole.dropped) == (1, [], [])
    for staging in (one, other, whole):
        staging.close()


def test_find_file(tmp_path: Path) -> None:
    (tmp_path / "3.1" / "Hosp").mkdir(parents=True)
    (tmp_path / "3.1" / "Hosp" / "D_ICD.CSV.gz").touch()
    (tmp_path / "other_d_icd.csv").touch()
    assert find_file(tmp_path, "hosp/d_icd", "d_icd").name == "D_ICD.CSV.gz"
    with pytest.raises(InputError, match=r"hosp/x.csv.gz is missing below"):
        find_file(tmp_path, "hosp/x")
    with pytest.raises(InputError, match="is not a folder"):
        find_file(tmp_path / "none", "x")


def test_the_database_tells_an_interrupt_between_two_statements_as_one() -> None:
    with pytest.raises(KeyboardInterrupt), errors_told():
        raise RuntimeError("Query interrupted")
    with pytest.raises(RuntimeError, match="something else"), errors_told():
        raise RuntimeError("something else")
