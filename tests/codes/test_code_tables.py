from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from icdbridge.codes import read_code_table
from icdbridge.errors import InputError


def test_csv_tsv_and_parquet_read_alike(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(
        '\ufeffcode,description,synonyms\nk1,"Broken, heart",sad| very  sad |\nk2,Fine,\n', encoding="utf-8"
    )
    (tmp_path / "a.tsv").write_text(
        "Code\tDescription\tsynonyms\nk1\tBroken, heart\tsad|very sad\nk2\tFine\t\n"
    )
    pq.write_table(
        pa.table(
            {
                "code": ["k1", "k2"],
                "description": ["Broken, heart", "Fine"],
                "synonyms": [["sad", "very sad"], None],
            }
        ),
        tmp_path / "a.parquet",
    )
    for name in ("a.csv", "a.tsv", "a.parquet"):
        table = read_code_table(tmp_path / name, "local")
        assert table.titles == {"K1": "Broken, heart", "K2": "Fine"}
        assert table.synonyms == {"K1": ("sad", "very sad")}
        assert (table.name, table.version, table.release) == ("local", "local", name)


def test_another_release_of_a_known_system(tmp_path: Path) -> None:
    file = tmp_path / "icd10cm-2030.csv"
    file.write_text("description,code\nOne,I214\nTwo,I21\n")
    table = read_code_table(file, "icd10cm")
    assert table.version == "icd10"
    assert table.titles == {"I21.4": "One", "I21": "Two"}
    assert table.parent("I21.4") == "I21"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "is empty"),
        ("code,title\nI10,x\n", "has no column description: it has code, title"),
        ("code,description\n", "has no rows below its header"),
        ("code,description\nI10,x\nhello,y\n", "row 3, column code: 'hello' is not a code of icd10cm"),
        ("code,description\nI10,x\n\nI10.,y\n", "row 4, column code: I10 is already in row 2"),
        ("code,description\nI10, \n", "row 2, column description: the description of I10 is empty"),
        ("code,description\nI10\n", "row 2: 1 cells under a header of 2"),
        ("code,description\nI10,a,b\n", "row 2: 3 cells under a header of 2"),
        ('code,description\nI10,"a\n', "row 2: a quote is opened and never closed"),
        (b"code,description\nI10,M\xe9ni\xe8re\n", "row 2: the byte 0xE9 is not UTF-8"),
    ],
)
def test_bad_tables_name_file_row_and_column(tmp_path: Path, content: str | bytes, message: str) -> None:
    file = tmp_path / "bad.csv"
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    with pytest.raises(InputError) as caught:
        read_code_table(file, "icd10cm")
    assert str(file) in str(caught.value)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_bad_files(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is missing"):
        read_code_table(tmp_path / "none.csv", "local")
    (tmp_path / "a.xlsx").write_bytes(b"x")
    with pytest.raises(InputError, match=r"is named \.xlsx but holds text"):
        read_code_table(tmp_path / "a.xlsx", "local")
    (tmp_path / "a.parquet").write_bytes(b"PAR1 cut off")
    with pytest.raises(InputError, match="not a whole Parquet file"):
        read_code_table(tmp_path / "a.parquet", "local")
    pq.write_table(pa.table({"code": [4280], "description": ["x"]}), tmp_path / "n.parquet")
    with pytest.raises(InputError, match="row 1, column code: expected text"):
        read_code_table(tmp_path / "n.parquet", "icd9cm")
    with pytest.raises(InputError, match="cannot name a code system"):
        read_code_table(tmp_path / "n.parquet", "my system")
