"""Coding many notes: folders and tables in, four formats out, bad notes skipped, interrupted and resumed."""

import csv
import io
import json
import shutil

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from fhir.resources.R4B import get_fhir_model_class
from tests.small import WORDS, make_corpus, tiny_settings
from typer.testing import CliRunner

from icdbridge import Coder, InputError
from icdbridge.cli import app
from icdbridge.coding import bulk
from icdbridge.coding.bulk import Done, code_notes, journal_of
from icdbridge.coding.sources import NoteColumns, Source
from icdbridge.coding.trained import TrainedCoder
from icdbridge.corpora import Corpus
from icdbridge.runs.run import Run
from icdbridge.terminal import Terminal
from icdbridge.training import train

NOTES = {f"n{number:02}": f"seen today, {WORDS[number % 5]}, feels well\n" * 3 for number in range(11)}


@pytest.fixture(scope="module")
def coder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    corpora = [make_corpus(folder, "ten", "icd10"), make_corpus(folder, "nine", "icd9", seed=1)]
    return TrainedCoder(train(corpora, folder / "run", tiny_settings(epochs=1)))


@pytest.fixture
def folder(tmp_path):
    below = tmp_path / "notes"
    (below / "ward").mkdir(parents=True)
    for number, (name, text) in enumerate(NOTES.items()):
        (below / ("ward" if number > 8 else ".") / f"{name}.txt").write_text(text, "utf-8")
    return below


def write_table(path, rows):
    if path.suffix == ".parquet":
        pq.write_table(pa.Table.from_pylist(rows), path)
    elif path.suffix == ".jsonl":
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    else:
        with path.open("w", newline="") as handle:
            writer = csv.DictWriter(handle, list(rows[0]), delimiter="\t" if path.suffix == ".tsv" else ",")
            writer.writeheader()
            writer.writerows(rows)
    return path


def results(path):
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def test_a_folder_gives_what_the_coder_gives_for_each_note(coder, folder, tmp_path):
    out = tmp_path / "out.jsonl"
    assert code_notes(coder, Source([folder]), out, version="icd10", top=3) == Done(11, 0)
    found = results(out)
    assert [record["note_id"] for record in found] == [
        name if number < 9 else f"ward/{name}" for number, name in enumerate(NOTES)
    ]
    for record, text in zip(found, NOTES.values(), strict=True):
        expected = coder.code(text, "icd10", top=3)
        assert [one["code"] for one in record["suggestions"]] == [one.code for one in expected]
        for one, other in zip(record["suggestions"], expected, strict=True):
            assert one["probability"] == pytest.approx(other.probability, abs=1e-6)
            assert all(text[span["start"] : span["end"]] == span["text"] for span in one["evidence"])
    assert not journal_of(out).exists()


def test_the_bar_counts_what_is_done(coder, folder, tmp_path, monkeypatch):
    screen = io.StringIO()
    monkeypatch.setattr("icdbridge.progress.console", Terminal(file=screen, force_terminal=True, width=100))
    code_notes(coder, Source([folder]), tmp_path / "out.jsonl", version="icd10", top=1)
    assert "11/11" in screen.getvalue()


@pytest.mark.parametrize("ending", [".csv", ".tsv", ".jsonl", ".parquet"])
def test_every_table_gives_the_same(coder, folder, tmp_path, ending):
    rows = [{"id": number, "note": text} for number, text in enumerate(NOTES.values())]
    table = write_table(tmp_path / f"table{ending}", rows)
    outs = [tmp_path / "a.jsonl", tmp_path / "b.jsonl"]
    source = Source([table], NoteColumns("id", "note"))
    assert len(source) == 11
    code_notes(coder, source, outs[0], version="icd9", top=2)
    code_notes(coder, Source([folder]), outs[1], version="icd9", top=2)
    one, other = results(outs[0]), results(outs[1])
    assert [record["note_id"] for record in one] == [str(number) for number in range(11)]
    assert [record["suggestions"] for record in one] == [record["suggestions"] for record in other]


def test_every_format_says_the_same(coder, folder, tmp_path):
    table = write_table(
        tmp_path / "t.csv", [{"note_id": name, "text": text, "person": "p1"} for name, text in NOTES.items()]
    )
    for ending in (".jsonl", ".csv", ".parquet", ".ndjson"):
        source = Source([table], NoteColumns(patient="person"))
        code_notes(coder, source, tmp_path / f"out{ending}", version="icd10", top=2)
    rows = [
        {"note_id": record["note_id"], **found}
        for record in results(tmp_path / "out.jsonl")
        for found in record["suggestions"]
    ]
    assert pq.read_table(tmp_path / "out.parquet").to_pylist() == rows
    with (tmp_path / "out.csv").open(newline="") as handle:
        read = list(csv.DictReader(handle))
    assert [(row["note_id"], row["code"], row["band"]) for row in read] == [
        (row["note_id"], row["code"], row["band"]) for row in rows
    ]
    assert [json.loads(row["evidence"]) for row in read] == [row["evidence"] for row in rows]
    resources = results(tmp_path / "out.ndjson")
    assert [one["code"]["coding"][0]["code"] for one in resources] == [row["code"] for row in rows]
    for one in resources:
        read = get_fhir_model_class(one["resourceType"]).model_validate(one)
        assert read.subject.identifier.value == "p1"


def test_bad_notes_are_named_and_skipped(coder, tmp_path):
    folder = tmp_path / "notes"
    folder.mkdir()
    (folder / "a.txt").write_text("dyspnea")
    (folder / "b.txt").write_bytes("secreto: caf\u00e9".encode("latin-1"))
    (folder / "c.txt").write_text(" \n")
    lines = folder / "d.jsonl"
    lines.write_text(
        '{"note_id": "ok", "text": "metformin"}\nsecreto\n[1]\n{"note_id": "n", "text": 5}\n'
        '{"text": "secreto"}\n{"note_id": "m"}\n{"note_id": "s", "text": "secreto \\ud800"}\n'
    )
    cells = tmp_path / "e.csv"
    cells.write_bytes(b'note_id,text\n1,"two\nlines"\n2,secreto,more\n\n3,secreto \xff\n4,infiltrate\n')
    said = []
    out = tmp_path / "out.jsonl"
    source = Source([folder, lines, cells])
    assert len(source) == 3 + 7 + 4
    done = code_notes(coder, source, out, version="icd10", say=said.append)
    assert done == Done(4, 10)
    assert [record["note_id"] for record in results(out) if "suggestions" in record] == ["a", "ok", "1", "4"]
    told = "\n".join(said)
    assert "secreto" not in told
    for expected in (
        "b.txt (note b): the byte 0xE9 is not UTF-8",
        "c.txt (note c): the note is empty or has no words",
        "d.jsonl, row 2: not valid JSON (column 1)",
        "d.jsonl, row 3: not a JSON object",
        "d.jsonl, row 4 (note n): column text: expected text, found a number",
        "d.jsonl, row 5: no column note_id: it has text",
        "d.jsonl, row 6: no column text: it has note_id",
        "d.jsonl, row 7 (note s): column text: half a character",
        "e.csv, row 3: 3 cells under a header of 2",
        "e.csv, row 5: the byte 0xFF is not UTF-8",
    ):
        assert expected in told


def test_a_full_disk_says_how_to_go_on(coder, folder, tmp_path, monkeypatch):
    out = tmp_path / "out.csv"
    command = ["code", str(coder.folder), str(folder), "--version", "icd10", "--out", str(out)]

    def full(*_):
        raise OSError(28, "No space left on device", str(out))

    with monkeypatch.context() as patched:
        patched.setattr(bulk, "write_results", full)
        stopped = CliRunner().invoke(app, command)
    assert stopped.exit_code != 0
    assert "--resume goes on" in stopped.output
    assert CliRunner().invoke(app, [*command, "--resume"]).exit_code == 0
    assert out.is_file()


def test_nothing_is_begun_on_a_full_disk(coder, folder, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pathlib.Path.write_text", full)
    with pytest.raises((OSError, InputError)):
        code_notes(coder, Source([folder]), tmp_path / "out.csv", version="icd10")
    assert not journal_of(tmp_path / "out.csv").exists()


def test_interrupted_and_resumed_is_the_same_as_in_one_go(coder, folder, tmp_path, monkeypatch):
    monkeypatch.setattr(bulk, "NOTES", 4)
    whole, out = tmp_path / "whole.jsonl", tmp_path / "out.jsonl"
    code_notes(coder, Source([folder]), whole, version="icd10", top=2)
    real, coded = TrainedCoder.code_many, []

    def interrupting(self, texts, *arguments, **options):
        if len(coded) == 4:
            raise KeyboardInterrupt
        coded.extend(texts)
        return real(self, texts, *arguments, **options)

    monkeypatch.setattr(TrainedCoder, "code_many", interrupting)
    options = {"version": "icd10", "top": 2}
    with pytest.raises(KeyboardInterrupt):
        code_notes(coder, Source([folder]), out, **options)
    assert not out.exists()
    with journal_of(out).open("a") as handle:
        handle.write('{"note_id": "n04", "sugg')  # as a power cut leaves it
    coded.clear()
    monkeypatch.setattr(TrainedCoder, "code_many", lambda *a, **o: coded.extend(a[1]) or real(*a, **o))
    with pytest.raises(InputError, match="go on by --resume"):
        code_notes(coder, Source([folder]), out, **options)
    with pytest.raises(InputError, match="notes or options"):
        code_notes(coder, Source([folder]), out, version="icd10", top=3, resume=True)
    assert code_notes(coder, Source([folder]), out, resume=True, **options) == Done(11, 0)
    assert coded == list(NOTES.values())[4:]
    assert out.read_bytes() == whole.read_bytes()
    (folder / "n00.txt").write_text("other")
    with pytest.raises(InputError, match="exists already"):
        code_notes(coder, Source([folder]), out, **options)
    with pytest.raises(InputError, match="was not begun"):
        code_notes(coder, Source([folder]), tmp_path / "none.csv", resume=True, **options)
    assert code_notes(coder, Source([folder]), out, force=True, **options) == Done(11, 0)
    assert out.read_bytes() != whole.read_bytes()


def test_no_other_run_goes_on_with_what_one_began(coder, folder, tmp_path, monkeypatch):
    monkeypatch.setattr(bulk, "NOTES", 4)
    out, options = tmp_path / "out.jsonl", {"version": "icd10", "top": 2}
    real, calls = TrainedCoder.code_many, []

    def interrupting(self, texts, *arguments, **given):
        calls.append(texts)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return real(self, texts, *arguments, **given)

    with monkeypatch.context() as patched:
        patched.setattr(TrainedCoder, "code_many", interrupting)
        with pytest.raises(KeyboardInterrupt):
            code_notes(coder, Source([folder]), out, **options)
    begun = journal_of(out).read_bytes()
    # the same codes, settings and names of files, but other weights
    corpora = [Corpus.open(coder.run.path.parent / name) for name in ("ten", "nine")]
    other = TrainedCoder(train(corpora, tmp_path / "other" / "run", tiny_settings(epochs=1, seed=1)))
    for more in ({"resume": True}, {"resume": True, "force": True}):
        with pytest.raises(InputError, match="was begun with another run"):
            code_notes(other, Source([folder]), out, **options, **more)
        assert journal_of(out).read_bytes() == begun
    copy = tmp_path / "copy"
    shutil.copytree(coder.run.path, copy)  # the same run at another place is the same run
    assert code_notes(TrainedCoder(Run.open(copy)), Source([folder]), out, resume=True, **options) == Done(
        11, 0
    )


def test_force_and_resume_together_go_on(coder, folder, tmp_path, monkeypatch):
    monkeypatch.setattr(bulk, "NOTES", 4)
    out, options = tmp_path / "out.jsonl", {"version": "icd10", "top": 2, "force": True}
    assert code_notes(coder, Source([folder]), out, resume=True, **options) == Done(
        11, 0
    )  # nothing was begun
    whole = out.read_bytes()
    out.write_text("old")
    real, coded = TrainedCoder.code_many, []

    def interrupting(self, texts, *arguments, **given):
        if len(coded) == 8:
            raise KeyboardInterrupt
        coded.extend(texts)
        return real(self, texts, *arguments, **given)

    monkeypatch.setattr(TrainedCoder, "code_many", interrupting)
    with pytest.raises(KeyboardInterrupt):
        code_notes(coder, Source([folder]), out, **options)
    assert out.read_text() == "old"
    assert journal_of(out).stat().st_mode & 0o077 == 0
    coded.clear()
    monkeypatch.setattr(TrainedCoder, "code_many", lambda *a, **o: coded.extend(a[1]) or real(*a, **o))
    with pytest.raises(InputError, match="was begun with another run, notes or options"):
        code_notes(coder, Source([folder]), out, resume=True, **(options | {"top": 3}))
    assert code_notes(coder, Source([folder]), out, resume=True, **options) == Done(11, 0)
    assert coded == list(NOTES.values())[8:]
    assert out.read_bytes() == whole
    code_notes(coder, Source([folder]), out, **options)
    assert coded[3:] == list(NOTES.values())  # force alone begins anew


def test_one_output_has_one_writer(coder, folder, tmp_path, monkeypatch):
    out = tmp_path / "out.csv"
    real, said = TrainedCoder.code_many, []

    def meanwhile(self, texts, *arguments, **given):
        if texts and not said:
            said.append("")
            for more in ({}, {"resume": True}, {"force": True}, {"force": True, "resume": True}):
                with pytest.raises(
                    InputError, match=r"out\.csv is being written by process \d+ on \S+ since "
                ):
                    code_notes(coder, Source([folder]), out, version="icd10", **more)
        return real(self, texts, *arguments, **given)

    monkeypatch.setattr(TrainedCoder, "code_many", meanwhile)
    assert code_notes(coder, Source([folder]), out, version="icd10", top=1) == Done(11, 0)
    assert said
    with out.open(newline="") as handle:
        assert len(list(csv.DictReader(handle))) == 11
    assert sorted(path.name for path in tmp_path.iterdir()) == ["notes", "out.csv"]


def test_a_link_is_written_where_it_leads(coder, folder, tmp_path):
    (tmp_path / "real.csv").write_text("old")
    (tmp_path / "link.csv").symlink_to("real.csv")
    code_notes(coder, Source([folder]), tmp_path / "link.csv", version="icd10", force=True)
    assert (tmp_path / "link.csv").is_symlink()
    assert (tmp_path / "real.csv").read_text().startswith("note_id,")


def test_a_folder_of_tables_and_one_of_both(tmp_path):
    table, note = tmp_path / "t.csv", tmp_path / "note.txt"
    table.write_text("note_id,text\n1,dyspnea\n")
    assert Source([tmp_path]).paths == [tmp_path, table]
    note.write_text("dyspnea")
    assert Source([tmp_path]).paths == [tmp_path, note]
    both = Source([tmp_path], tables_first=True)
    assert both.paths == [tmp_path, table]
    assert both.left_out == [f"{tmp_path}: left out 1 file that is no note, such as note.txt"]


def test_what_does_not_fit(coder, folder, tmp_path):
    with pytest.raises(InputError, match=r"expected a name ending in \.csv, \.jsonl, \.parquet, \.ndjson"):
        code_notes(coder, Source([folder]), tmp_path / "out.xlsx", version="icd10")
    with pytest.raises(InputError, match="say which by version"):
        code_notes(coder, Source([folder]), tmp_path / "out.csv")
    (tmp_path / "none").mkdir()
    for paths, message in (
        ([], "no notes"),
        ([tmp_path / "none"], "holds no note"),
        ([tmp_path / "gone.csv"], "is missing"),
    ):
        with pytest.raises(InputError, match=message):
            Source(paths)
    table = tmp_path / "t.csv"
    table.write_text("id,text\n1,dyspnea\n")
    with pytest.raises(InputError, match=r"t\.csv has no column note_id: it has id, text"):
        code_notes(coder, Source([table]), tmp_path / "out.csv", version="icd10")
    (tmp_path / "t.parquet").write_bytes(b"PAR1 no")
    with pytest.raises(InputError, match="not a whole Parquet file"):
        len(Source([tmp_path / "t.parquet"]))
    assert not list(tmp_path.glob(".out*"))


def test_command(coder, folder, tmp_path):
    out = tmp_path / "out.csv"
    arguments = ["code", str(coder.run.path), str(folder), "--version", "icd10", "--top", "2"]
    runner = CliRunner()
    answer = runner.invoke(app, [*arguments, "--out", str(out)])
    assert answer.exit_code == 0, answer.output
    assert "11 notes coded, 0 skipped" in answer.stdout
    (folder / "empty.txt").write_text("")
    answer = runner.invoke(app, [*arguments, "--out", str(out), "--force", "--no-evidence"])
    assert answer.exit_code == 3
    assert "11 notes coded, 1 skipped" in answer.stdout
    with out.open(newline="") as handle:
        assert {row["evidence"] for row in csv.DictReader(handle)} == {"[]"}
    refused = runner.invoke(app, arguments)
    assert isinstance(refused.exception, InputError)
    assert "name by --out" in str(refused.exception)


def test_a_changed_bit_of_what_was_done_is_never_gone_on_from(coder, folder, tmp_path, monkeypatch):
    monkeypatch.setattr(bulk, "write_results", lambda *arguments: (_ for _ in ()).throw(KeyboardInterrupt))
    out, options = tmp_path / "out.jsonl", {"version": "icd10", "top": 2}
    with pytest.raises(KeyboardInterrupt):
        code_notes(coder, Source([folder]), out, **options)
    monkeypatch.undo()
    written = journal_of(out).read_bytes()
    for place in range(3, len(written) - 1, max(1, len(written) // 60)):
        changed = bytearray(written)
        changed[place] ^= 4
        journal_of(out).write_bytes(changed)
        with pytest.raises(InputError, match=r"out\.jsonl(\.unfinished is damaged \(note \d+\)| was begun)"):
            code_notes(coder, Source([folder]), out, resume=True, **options)
    journal_of(out).write_bytes(written)
    assert code_notes(coder, Source([folder]), out, resume=True, **options) == Done(11, 0)


SPANISH = (
    "El paciente de 63 años acude a urgencias por un dolor en el pecho desde hace dos días. No tiene fiebre y "
    "no toma la medicación de la presión en casa. Se le realizó una radiografía del tórax sin hallazgos."
)


@pytest.mark.parametrize("ending", [".csv", ".jsonl", ".ndjson", ".parquet"])
def test_the_starter_codes_many_notes_and_names_those_that_it_cannot(tmp_path, ending):
    notes = {
        "a": "Community acquired pneumonia. Denies chest pain.",
        "b": SPANISH,
        "c": "Type 2 diabetes, HTN.",
    }
    table = write_table(tmp_path / "notes.jsonl", [{"note_id": k, "text": v} for k, v in notes.items()])
    out = tmp_path / f"codes{ending}"
    answer = CliRunner().invoke(app, ["code", str(table), "--out", str(out)])
    assert answer.exit_code == 3, answer.output
    assert "2 notes coded, 1 skipped" in answer.stdout
    (line,) = [line for line in answer.stderr.splitlines() if line.startswith("skipped")]
    assert "(note b)" in line
    assert "Spanish" in line
    assert "urgencias" not in answer.output
    expected = {name: [one.code for one in Coder.load().code(notes[name])] for name in ("a", "c")}
    if ending == ".ndjson":
        status = {
            one["code"]["coding"][0]["code"]: one["verificationStatus"]["coding"][0]["code"]
            for one in results(out)
        }
        assert (
            {"J18.9", "E11.9", "I10"}
            <= set(status)
            <= {code for codes in expected.values() for code in codes}
        )
        assert status["R07.9"] == "refuted"
        return
    if ending == ".jsonl":
        records = [(one["note_id"], one.get("suggestions", ())) for one in results(out)]
    elif ending == ".parquet":
        records = [(row["note_id"], [row]) for row in pq.read_table(out).to_pylist()]
    else:
        with out.open(encoding="utf-8", newline="") as handle:
            records = [(row["note_id"], [row]) for row in csv.DictReader(handle)]
    found = {}
    for name, suggestions in records:
        found.setdefault(name, []).extend(one["code"] for one in suggestions)
    assert found == expected | ({"b": []} if ending == ".jsonl" else {})


def test_what_the_starter_or_a_run_lacks_is_refused(coder, folder, tmp_path):
    options = {"top": 3, "setting": "inpatient"}
    with pytest.raises(InputError, match="a setting is for the starter"):
        code_notes(coder, Source([folder]), tmp_path / "out.csv", version="icd10", **options)
    assert code_notes(Coder.load(), Source([folder]), tmp_path / "out.csv", **options) == Done(11, 0)
    command = ["code", str(coder.folder), str(folder), "--out", str(tmp_path / "other.csv")]
    answer = CliRunner().invoke(app, [*command, "--setting", "inpatient"])
    assert "--setting has no effect with a run" in str(answer.exception)
    for option in ("--candidates", "--precision=bf16"):
        answer = CliRunner().invoke(app, ["code", str(folder), "--out", str(tmp_path / "other.csv"), option])
        assert "has no effect without a run" in str(answer.exception)
    assert not (tmp_path / "other.csv").exists()


class TellsSettingsApart:
    """Stands for the starter: it suggests nothing, and notes what it was asked."""

    settings = ("inpatient", "outpatient")

    def __init__(self):
        self.asked = []

    def code_many(self, texts, setting=None, as_of=None):
        self.asked += [(text, setting) for text in texts]
        return [[] for _ in texts]


@pytest.mark.parametrize(
    ("given", "second"), [(None, ["inpatient", None]), ("outpatient", ["outpatient"] * 2)]
)
def test_each_note_is_coded_for_the_setting_that_its_row_says(tmp_path, given, second):
    rows = [
        {"note_id": "a", "text": "first", "setting": "Outpatient"},
        {"note_id": "b", "text": "second", "setting": "IMP"},
        {"note_id": "c", "text": "third", "setting": "elsewhere"},
    ]
    notes = list(Source([write_table(tmp_path / "notes.csv", rows)]))
    coder = TellsSettingsApart()
    records = list(bulk.code_together(coder, notes, {"setting": given}))
    assert [one["note_id"] for one in records] == ["a", "b", "c"]
    assert sorted(coder.asked) == [("first", "outpatient"), ("second", second[0]), ("third", second[1])]
    coder.settings, coder.asked = (), []  # a run codes as its training notes were coded
    list(bulk.code_together(coder, notes, {"setting": None}))
    assert {setting for _, setting in coder.asked} == {None}
