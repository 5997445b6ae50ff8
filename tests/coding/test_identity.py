"""Notes are told apart in every output: by folder and file, by row, by patient, note and code."""

import json
import os
from itertools import combinations

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from icdbridge import InputError
from icdbridge.coding import Evidence, Suggestion
from icdbridge.coding.fhir import bundle, coded, resource
from icdbridge.coding.identity import check_ids, file_ids, note_identity, part_identity
from icdbridge.coding.outputs import write_results
from icdbridge.coding.sources import Source

PARTS = st.text(alphabet="ab", min_size=1, max_size=2)


def write(folder, **files):
    for name, text in files.items():
        path = folder / name.replace("__", "/").replace("_txt", ".txt")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def ids(source):
    return [note.note_id for note in source]


def test_files_of_one_name_in_several_folders(tmp_path, monkeypatch):
    write(tmp_path, east__note_txt="a", west__note_txt="b", west__old__note_txt="c", other_txt="d")
    monkeypatch.chdir(tmp_path)
    here = type(tmp_path)
    assert ids(Source([here("east"), here("west")])) == ["east/note", "west/note", "west/old/note"]
    assert ids(Source([here("west")])) == ["note", "old/note"]
    assert ids(Source([here("west"), here("other.txt")])) == ["west/note", "west/old/note", "other"]
    assert ids(Source([here("east/note.txt"), here("west/note.txt")])) == ["east/note", "west/note"]
    assert ids(Source([here("west/note.txt")])) == ["note"]
    monkeypatch.chdir(tmp_path / "east")
    assert ids(Source([here("."), here("../west")])) == ["east/note", "west/note", "west/old/note"]


def test_a_table_elsewhere_does_not_change_the_ids_of_files(tmp_path):
    write(tmp_path / "notes", a_txt="a")
    table = tmp_path / "tables" / "t.csv"
    table.parent.mkdir()
    table.write_text("note_id,text\nr,dyspnea\n")
    assert ids(Source([tmp_path / "notes", table])) == ["a", "r"]


def test_a_file_whose_name_is_no_text_is_named_not_coded(tmp_path):
    (tmp_path / "a.txt").write_text("dyspnea")
    (tmp_path / os.fsdecode(b"\xff.txt")).write_text("dyspnea")
    whole, named = sorted(Source([tmp_path]), key=lambda note: note.fault is not None)
    assert (whole.note_id, whole.fault) == ("a", None)
    assert named.note_id is None
    assert "its name" in named.fault
    named.fault.encode()


@given(st.lists(st.tuples(PARTS, PARTS, PARTS), min_size=1, unique=True))
def test_no_two_files_share_an_id(tmp_path_factory, paths):
    root = tmp_path_factory.mktemp("any")
    files = [root.joinpath(*parts).with_suffix(".txt") for parts in paths]
    assert len(set(file_ids([root], files))) == len(files)
    assert len(set(file_ids([file.parent for file in files], files))) == len(files)


@pytest.mark.parametrize("ending", [".csv", ".tsv", ".jsonl", ".parquet"])
def test_a_repeated_id_is_refused_with_both_places(tmp_path, ending):
    def table(name, *rows):
        path = tmp_path / f"{name}{ending}"
        if ending == ".parquet":
            pq.write_table(pa.Table.from_pylist([{"note_id": i, "text": "dyspnea"} for i in rows]), path)
        elif ending == ".jsonl":
            path.write_text("".join(json.dumps({"note_id": i, "text": "dyspnea"}) + "\n" for i in rows))
        else:
            mark = "," if ending == ".csv" else "\t"
            path.write_text(
                "".join(f"{i}{mark}dyspnea\n" for i in ["note_id", *rows]).replace(
                    "note_id" + mark + "dyspnea", "note_id" + mark + "text"
                )
            )
        return path

    first = 2 if ending in (".csv", ".tsv") else 1
    one, other = table("one", "a", "b", "a"), table("other", "b", "c")
    with pytest.raises(InputError) as refused:
        len(Source([one]))
    assert f"the id a: {one}, row {first} and {one}, row {first + 2};" in str(refused.value)
    with pytest.raises(InputError) as refused:
        len(Source([table("fine", "a", "b"), other]))
    assert f"the id b: {tmp_path / 'fine'}{ending}, row {first + 1} and {other}, row {first};" in str(
        refused.value
    )
    assert len(Source([other])) == 2


def test_a_file_given_twice_and_a_row_called_as_a_file(tmp_path):
    write(tmp_path, a_txt="dyspnea")
    with pytest.raises(InputError, match=r"two notes have the id a: .*a\.txt and .*a\.txt"):
        len(Source([tmp_path, tmp_path / "a.txt"]))
    table = tmp_path / "t.csv"
    table.write_text("note_id,text\na,metformin\n")
    with pytest.raises(InputError, match=r"the id a: .*a\.txt and .*t\.csv, row 2"):
        len(Source([tmp_path / "a.txt", table]))


def test_notes_without_an_id_are_counted_and_never_repeated():
    assert check_ids(lambda: [(None, "row 1"), (None, "row 2"), ("x", "row 3")]) == 3


@given(st.lists(st.text(), max_size=30))
def test_check_ids_finds_exactly_the_repeated(names):
    def named():
        return [(name, str(row)) for row, name in enumerate(names)]

    if len(set(names)) == len(names):
        assert check_ids(named) == len(names)
    else:
        with pytest.raises(InputError, match="two notes have the id"):
            check_ids(named)


def test_an_identity_is_of_patient_note_and_text():
    every = [
        ("n", "p", "t"),
        ("n", "q", "t"),
        ("n", None, "t"),
        ("m", "p", "t"),
        ("n", "p", "u"),
        ("n", "p", None),
    ]
    every += [('n", "p', "", "t"), ("n\np", None, "t"), ("n", "p\nt", None)]
    for one, other in combinations(every, 2):
        assert note_identity(*one) != note_identity(*other)
    assert note_identity("n", "p", "t") == note_identity("n", "p", "t")
    assert note_identity(None, "p", "t") != note_identity(None, "p", "t")


def test_resources_of_two_patients_or_without_a_note_id_never_share_an_id():
    found = Suggestion(1, "icd10cm", "I10", "Hypertension", 0.5, True, 1, ())
    assert resource(found, "1", "A")["id"] != resource(found, "1", "B")["id"]
    assert resource(found, None, "A")["id"] != resource(found, None, "A")["id"]
    assert "evidence" not in resource(found, None, "A")
    assert "report" not in coded("icd10pcs", "0JH60DZ", "Insertion", None)


def test_a_bundle_has_every_id_once():
    one = coded("icd10cm", "I10", "Hypertension", "n")
    made = bundle([one, coded("icd10cm", "E11.9", "Diabetes", "n"), dict(one)])
    assert [entry["resource"]["code"]["coding"][0]["code"] for entry in made["entry"]] == ["I10", "E11.9"]
    with pytest.raises(ValueError, match="two resources have the id"):
        bundle([one, coded("icd10cm", "I10", "High blood pressure", "n")])


# The same two notes, of two patients, in every output. What changes here changes what hospitals have stored.
RECORDS = [
    {
        "note_id": f"{ward}/note",
        "patient_id": patient,
        "identity": note_identity(f"{ward}/note", patient, "HTN today"),
        "suggestions": [
            Suggestion(
                1,
                "icd10cm",
                "I10",
                "Hypertension",
                0.5,
                True,
                1,
                (Evidence(0, 3, "HTN", 1.0, None),),
                0.4,
                "possible",
            ).to_dict()
        ],
    }
    for ward, patient in (("east", "A"), ("west", "B"))
]
IDS = ["b1ae25c1-a948-596c-aa65-50dd19d5691f", "427c2e94-3e3c-5b8d-9c83-d20ee42516ac"]


def test_golden_outputs(tmp_path):
    for ending in ("csv", "jsonl", "parquet", "ndjson"):
        write_results(RECORDS, tmp_path / f"out.{ending}")
    assert (tmp_path / "out.csv").read_text() == (
        "note_id,rank,system,code,description,probability,confidence,band,context,predicted,train_notes,"
        "reason,alternatives,evidence\n"
        + "".join(
            f'{ward}/note,1,icd10cm,I10,Hypertension,0.5,0.4,possible,,True,1,,[],"[{{""start"": 0, ""end"": 3, '
            '""text"": ""HTN"", ""weight"": 1.0, ""context"": null, ""cut"": false, ""axis"": null}]"\n'
            for ward in ("east", "west")
        )
    )
    rows = pq.read_table(tmp_path / "out.parquet").to_pylist()
    assert [(row["note_id"], row["code"]) for row in rows] == [("east/note", "I10"), ("west/note", "I10")]
    lines = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert lines == [
        {
            k: v if k != "suggestions" else json.loads(json.dumps(v))  # tuples are lists there
            for k, v in record.items()
            if k != "identity"
        }
        for record in RECORDS
    ]
    resources = [json.loads(line) for line in (tmp_path / "out.ndjson").read_text().splitlines()]
    assert [one["id"] for one in resources] == IDS
    assert [one["subject"]["identifier"]["value"] for one in resources] == ["A", "B"]
    assert [one["evidence"][0]["detail"][0]["identifier"]["value"] for one in resources] == [
        "east/note",
        "west/note",
    ]
    assert part_identity(RECORDS[0]["identity"], "icd10cm:I10") == IDS[0]
