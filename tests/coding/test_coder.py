"""Coding notes: evidence in the original text, unseen codes, damaged runs, the command."""

import json
import shutil
import subprocess
import sys

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from icdbridge import Coder, InputError
from icdbridge.cli import app
from icdbridge.cli.code_display import print_suggestions as show
from icdbridge.coding import Evidence, Suggestion
from icdbridge.coding.trained import TrainedCoder
from icdbridge.corpora import Corpus
from icdbridge.runs.run import Run

NOTE = "Seen today:\n  DYSPNEA at rest (12 34), was given metformin."


@pytest.fixture(scope="module")
def corpora(learned):
    return [Corpus.open(learned("duallaat-rnn") / name) for name in ("ten", "nine")]


@pytest.fixture(scope="module")
def run(learned):
    return Run.open(learned("duallaat-rnn") / "run")


def test_codes_of_either_version_with_evidence(run):
    coder = Coder.load(run.path)
    for version, expected in (("icd10", {"I50.9", "E11.9"}), ("icd9", {"428.0", "250.00"})):
        found = coder.code(NOTE, version=version, top=2)
        assert {suggestion.code for suggestion in found} == expected
        assert found[0].probability >= found[1].probability
        for suggestion in found:
            assert suggestion.evidence
            assert all(span.text == NOTE[span.start : span.end] for span in suggestion.evidence)
        words = " ".join(span.text for suggestion in found for span in suggestion.evidence)
        assert "DYSPNEA" in words
        assert "metformin" in words


def test_opening_a_run_and_coding_a_note_leaves_the_compiler_of_torch_alone(run):
    """It takes longer to import than the note to code."""
    program = "import sys\nfrom icdbridge import Coder\n"
    program += "found = Coder.load(sys.argv[1]).code(sys.argv[2], 'icd10', top=2)\n"
    program += "print(len(found), 'torch' in sys.modules, 'torch._dynamo' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program, run.path, NOTE], capture_output=True, text=True)
    assert done.stdout == "2 True False\n", done.stderr


def test_a_code_set_that_training_never_saw_does_not_move_the_others(run):
    coder = Coder.load(run.path)
    own = {s.code: s.probability for s in coder.code(NOTE, "icd10", top=5)}
    descriptions = dict(zip(run.index.code, run.index.description, strict=True))
    candidates = {"icd10cm:I50.9": descriptions["icd10cm:I50.9"], "house:X1": "Fracture of the left tibia"}
    found = {s.code: s for s in coder.code(NOTE, codes=candidates)}
    assert found["I50.9"].probability == pytest.approx(own["I50.9"], abs=1e-5)
    assert (found["X1"].system, found["X1"].train_notes) == ("house", 0)


def test_scores_of_the_coder_are_those_of_the_evaluation(run, corpora, tmp_path):
    scored = run.score_corpus(corpora[0], "test", tmp_path)
    texts = [text for batch in corpora[0].notes("test") for text in batch.column("text").to_pylist()]
    found = {f"{s.system}:{s.code}": s.probability for s in TrainedCoder(run).code(texts[3], "icd10", top=5)}
    expected = 1 / (1 + np.exp(-scored.logits[3].astype(float)))
    assert found == pytest.approx(dict(zip(scored.codes, expected, strict=True)), abs=1e-5)


def test_in_bf16_the_same_codes_are_predicted(run, monkeypatch):
    exact = {s.code: s.probability for s in TrainedCoder(run).code(NOTE, "icd10", top=5)}
    plain = {s.code: s.probability for s in Coder.load(run.path, precision="bf16").code(NOTE, "icd10", top=5)}
    between = {code: (exact[code] + plain[code]) / 2 for code in exact}  # the two are on different sides
    assert any((exact[code] > cut) != (plain[code] > cut) for code, cut in between.items())
    cuts = lambda self, version, keys: np.array([between[key.partition(":")[2]] for key in keys])  # noqa: E731
    monkeypatch.setattr(Run, "thresholds", cuts)
    own = run.index.of_version("icd10")
    coder = Coder.load(run.path, precision="bf16")
    for found in (coder.code(NOTE, "icd10", top=5), coder.code(NOTE, codes=own)):
        assert {s.code: s.predicted for s in found} == {code: exact[code] > between[code] for code in exact}


def test_of_two_codes_that_exclude_each_other_one_is_predicted(run, monkeypatch):
    monkeypatch.setattr(Run, "thresholds", lambda self, version, keys: np.zeros(len(keys)))
    codes = {
        "icd10cm:E10.9": "Type 1 diabetes mellitus without complications",
        "icd10cm:E11.9": "Type 2 diabetes mellitus without complications",
        "icd10cm:Z79.84": "Long term (current) use of oral hypoglycemic drugs",
    }
    first, second, drugs = (
        next(one for one in Coder.load(run.path).code(NOTE, codes=codes, top=top) if one.code == code)
        for code, top in (("E11.9", 3), ("E10.9", 3), ("Z79.84", 3))
    )
    kept, apart = sorted((first, second), key=lambda one: one.rank)
    assert kept.predicted
    assert not apart.predicted
    assert apart.reason.startswith(f"not beside {kept.code}: Excludes1 note at E1")
    assert drugs.predicted
    assert (drugs.reason is not None) == (kept is first)  # an oral drug goes with type 2


def test_several_cores_find_what_one_finds(run):
    coder, texts = Coder.load(run.path), [NOTE, "12 34", *(f"{NOTE} {'metformin ' * n}" for n in range(6))]
    one = coder.code_many(texts, "icd10", top=3)
    threads = torch.get_num_threads()
    torch.set_num_threads(3)
    try:
        several = coder.code_many(texts, "icd10", top=3)
        assert torch.get_num_threads() == 3
    finally:
        torch.set_num_threads(threads)
    for alone, together in zip(one, several, strict=True):
        assert (alone is None) == (together is None)
        for own, other in zip(alone or [], together or [], strict=True):
            assert (own.code, own.band) == (other.code, other.band)
            assert own.probability == pytest.approx(other.probability, abs=1e-5)
            assert [(span.text, span.start) for span in own.evidence] == [
                (span.text, span.start) for span in other.evidence
            ]


def test_notes_coded_together_get_what_each_gets_alone(run):
    coder = Coder.load(run.path)
    texts = [NOTE, "...", "creatinine " * 300, "lisinopril and metformin", NOTE[:20]]
    together = coder.code_many(texts, "icd10", top=3)
    assert together[1] is None
    for text, found in zip(texts, together, strict=True):
        if found is None:
            continue
        for one, alone in zip(found, coder.code(text, "icd10", top=3), strict=True):
            assert (one.code, one.rank, one.predicted) == (alone.code, alone.rank, alone.predicted)
            assert one.probability == pytest.approx(alone.probability, abs=1e-6)
            assert [(e.start, e.end, e.text) for e in one.evidence] == [
                (e.start, e.end, e.text) for e in alone.evidence
            ]


@pytest.mark.parametrize("text", ["", "  \n ", "... --- !!!"])
def test_note_without_words(run, text):
    with pytest.raises(InputError, match="has no words"):
        TrainedCoder(run).code(text, "icd10")


def test_note_of_only_digits_is_coded_by_what_is_left(run):
    assert TrainedCoder(run).code("12 34 56", "icd10", top=1)


def test_unknown_version(run):
    with pytest.raises(InputError, match="trained on icd10, icd9, not on 'icd11'"):
        TrainedCoder(run).code(NOTE, "icd11")
    with pytest.raises(InputError, match="say which"):
        TrainedCoder(run).code(NOTE)


@pytest.mark.parametrize(
    "name", ["model.safetensors", "config.json", "tokenizer.json", "codes.parquet", "manifest.json"]
)
def test_run_with_a_missing_or_damaged_file(run, tmp_path, name):
    folder = tmp_path / "copy"
    shutil.copytree(run.path, folder)
    (folder / name).write_bytes((folder / name).read_bytes()[:-20])
    with pytest.raises(InputError, match=name.replace(".", r"\.")):
        Run.open(folder)
    (folder / name).unlink()
    with pytest.raises(InputError, match=name.replace(".", r"\.")):
        Run.open(folder)


def test_not_a_run(tmp_path, corpora):
    with pytest.raises(InputError, match="ten is not a run folder"):
        Run.open(corpora[0].path)
    with pytest.raises(InputError, match="not a folder"):
        Run.open(tmp_path / "none")


def test_command(run, tmp_path):
    note = tmp_path / "note.txt"
    note.write_text(NOTE)
    table = tmp_path / "codes.csv"
    table.write_text("code,description\nX1,dyspnea\nX2,unspecified metformin\n")
    runner = CliRunner()
    arguments = ["code", str(run.path), "--version", "icd10", "--json", "--top", "2"]
    answer = runner.invoke(app, [*arguments, str(note)])
    assert answer.exit_code == 0, answer.output
    assert {s["code"] for s in json.loads(answer.stdout)["suggestions"]} == {"I50.9", "E11.9"}
    piped = runner.invoke(app, arguments, input=NOTE)
    assert json.loads(piped.stdout)["suggestions"] == json.loads(answer.stdout)["suggestions"]
    several = runner.invoke(app, [*arguments, str(note), str(note)])
    assert len(several.stdout.splitlines()) == 2
    other = runner.invoke(app, ["code", str(run.path), str(note), "--codes", str(table), "--json"])
    assert {s["code"] for s in json.loads(other.stdout)["suggestions"]} == {"X1", "X2"}
    shown = runner.invoke(app, ["code", str(run.path), str(note), "--version", "icd9"])
    assert "428.0" in shown.stdout


def test_command_bad_input(run, tmp_path):
    bad = tmp_path / "latin.txt"
    bad.write_bytes("caf\u00e9".encode("latin-1"))
    runner = CliRunner()
    for arguments, message in (([str(tmp_path / "none.txt")], "cannot read"), ([str(bad)], "not UTF-8")):
        answer = runner.invoke(app, ["code", str(run.path), *arguments, "--version", "icd10"])
        assert isinstance(answer.exception, InputError)
        assert message in str(answer.exception)


def test_brackets_in_a_note_are_shown_not_read_as_markup(capsys):
    words = "dyspnea [/bold] dyspnea [red]"
    evidence = (Evidence(0, len(words), words, 1.0),)
    show(
        "[red]note.txt",
        [Suggestion(1, "icd10cm", "I50.9", "[dim]a description", 0.5, True, 3, evidence)],
        "val",
        None,
    )
    shown = " ".join(capsys.readouterr().out.split())
    for expected in ("[red]note.txt", "[dim]a description", "[/bold]"):
        assert expected in shown


def test_words_that_a_note_denies_are_shown_as_such(run, tmp_path):
    note = tmp_path / "note.txt"
    note.write_text("Denies dyspnea. Takes metformin.")
    arguments = ["code", str(run.path), "--version", "icd10", "--top", "2", str(note)]
    shown = CliRunner().invoke(app, arguments).stdout
    assert "(negated)" in next(line for line in shown.splitlines() if "I50.9" in line)
    assert "(negated)" not in next(line for line in shown.splitlines() if "E11.9" in line)
    table = tmp_path / "codes.jsonl"
    assert CliRunner().invoke(app, [*arguments, "--out", str(table)]).exit_code == 0
    (line,) = table.read_text().splitlines()
    contexts = {
        one["code"]: {span["context"] for span in one["evidence"]} for one in json.loads(line)["suggestions"]
    }
    assert contexts == {"I50.9": {"negated"}, "E11.9": {None}}
    told = {one["code"]: (one["context"], one["band"]) for one in json.loads(line)["suggestions"]}
    assert told["I50.9"][0] == "negated"
    assert told["I50.9"][1] != "likely"
    assert told["E11.9"][0] is None


def test_what_is_no_text_is_refused(run):
    coder = Coder.load(run.path)
    for texts, complaint in (
        ("dyspnea", "takes a list of texts"),
        (["dyspnea", "\ud83d"], "text 2: half a character"),
        ([None], "the text is missing"),
        (["a", 5], "text 2 is a number"),
    ):
        with pytest.raises(InputError, match=complaint):
            coder.code_many(texts, "icd10")
    with pytest.raises(InputError, match="the text: half a character"):
        coder.code("\ud83d hypertension", "icd10")
    with pytest.raises(InputError, match="the description of icd10cm:I10: half a character"):
        coder.code("dyspnea", codes={"icd10cm:I10": "high \udc00"})


def test_codes_that_cannot_be_told_apart_or_exist_nowhere_are_said(run, tmp_path):
    table = tmp_path / "codes.csv"
    table.write_text("code,description\nI1O,Dyspnea\nJ18.9,Infiltrate\nJ18.8,infiltrate.\n")
    note = tmp_path / "note.txt"
    note.write_text("infiltrate")
    command = ["code", str(run.path), str(note), "--codes", str(table), "--system", "ICD10CM"]
    answer = CliRunner().invoke(app, command)
    assert answer.exit_code == 0
    assert "in no installed release (1): I1O near I10" in answer.stderr
    assert "2 of 3 codes have the same words as another, such as J18.9 and J18.8" in answer.stderr
    answer = CliRunner().invoke(app, [*command[:-2], "--system", "ICD-10"])
    assert "is a version, no code system" in str(answer.exception)


def test_codes_and_versions_in_any_spelling(run):
    coder = TrainedCoder(run)
    found = coder.code("infiltrate", codes={"ICD-10-CM:j189": "Pneumonia", "icd10cm:I10": "Hypertension"})
    assert {one.system for one in found} == {"icd10cm"}
    assert coder.code("infiltrate", "ICD-10") == coder.code("infiltrate", "icd10")


def test_evidence_in_parts_is_the_evidence_of_one_piece(run):
    coder = TrainedCoder(run)
    own = {"mine:X1": "dyspnea", "mine:x2": "unspecified metformin"}
    for version, codes in (("icd10", None), ("icd9", None), (None, own)):
        whole = coder.code(NOTE, version, codes=codes)
        bare = coder.code(NOTE, version, codes=codes, evidence=False)
        parts = [
            one for start in range(0, len(bare), 2)
            for one in coder.explain(NOTE, bare[start : start + 2], version, codes=codes)
        ]  # fmt: skip
        assert any(one.evidence for one in whole)
        for one, part in zip(whole, parts, strict=True):
            spans = [
                (span.start, span.end, span.context, pytest.approx(span.weight, abs=1e-4))
                for span in part.evidence
            ]
            assert [(span.start, span.end, span.context, span.weight) for span in one.evidence] == spans
            assert (one.code, one.band, one.context) == (part.code, part.band, part.context)
