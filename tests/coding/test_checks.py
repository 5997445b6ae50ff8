"""What cannot be meant is told in one line: by the Coder, and by options of commands that would have no effect."""

from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from tests.small import make_corpus, tiny_settings
from typer.testing import CliRunner

from icdbridge import Coder, InputError
from icdbridge.cli import app
from icdbridge.coding.checks import check_codes, check_options, check_texts
from icdbridge.coding.on_day import not_of_day
from icdbridge.coding.trained import TrainedCoder
from icdbridge.training import train

I10 = {"icd10cm:I10": "Hypertension"}


@pytest.fixture(scope="module")
def coder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    return TrainedCoder(train([make_corpus(folder, "ten", "icd10")], folder / "run", tiny_settings(epochs=1)))


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        ((None,), {}, "the text is missing: expected text"),
        ((b"dyspnea",), {}, "the text is bytes: decode it first"),
        ((7,), {}, "the text is a number"),
        ((["dyspnea"],), {}, "the text is a list"),
        (("dyspnea", 10), {}, "a version is a name such as icd10, not a value of type int"),
        (("dyspnea", b"icd10"), {}, "not bytes"),
        (("dyspnea",), {"top": 0}, "a whole number from 1 on, not 0"),
        (("dyspnea",), {"top": -1}, "not -1"),
        (("dyspnea",), {"top": 2.0}, "not 2.0"),
        (("dyspnea",), {"top": "3"}, "not '3'"),
        (("dyspnea",), {"top": None}, "not None"),
        (("dyspnea",), {"top": True}, "not True"),
        (
            ("dyspnea",),
            {"codes": ["icd10cm:I10"]},
            "a mapping of key to description, not a value of type list",
        ),
        (("dyspnea",), {"codes": "icd10cm"}, "not a string"),
        (("dyspnea",), {"codes": {}}, "is empty"),
        (("dyspnea",), {"codes": {"I10": "Hypertension"}}, "not a code key"),
        (("dyspnea",), {"codes": {10: "Hypertension"}}, "a code's key is text"),
        (("dyspnea",), {"codes": {"icd10cm:I10": None}}, "the description of icd10cm:I10 is missing"),
        (("dyspnea",), {"codes": {"icd10cm:I10": " "}}, "icd10cm:I10 has no description"),
        (("dyspnea",), {"codes": {"icd10cm:I509": "a", "icd10cm:I50.9": "b"}}, "the same code: give it once"),
        (("dyspnea", "icd10"), {"codes": I10}, "not both"),
        (("dyspnea",), {"evidence": "no"}, "evidence is true or false, not a string"),
        (("dyspnea",), {"candidates": None}, "candidates is true or false, not None"),
    ],
)
def test_a_note_and_its_options(coder, arguments, options, message):
    with pytest.raises(InputError, match=message) as refused:
        coder.code(*arguments, **options)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        ("dyspnea", "code_many takes a list of texts, not a string: use code for one note"),
        (b"dyspnea", "not bytes"),
        (None, "a list of texts, not None"),
        (5, "type int"),
        ({"a": "dyspnea"}, "type dict"),
        ({"dyspnea"}, "type set"),
        (["dyspnea", None], "text 2 is missing"),
        (["dyspnea", b"dyspnea"], "text 2 is bytes: decode it first"),
    ],
)
def test_several_notes(coder, texts, message):
    with pytest.raises(InputError, match=message):
        coder.code_many(texts)


@pytest.mark.parametrize("kind", ["run", "starter"])
def test_what_is_explained_and_counted(coder, kind):
    reader = coder if kind == "run" else Coder.load()
    for text in (None, 5, b"dyspnea", ["dyspnea"], "\ud83d"):
        for ask in (
            reader.count_words,
            reader.fault,
            lambda text: reader.caution(text, []),
            lambda text: reader.explain(text, [], "icd10"),
        ):
            with pytest.raises(InputError, match="the text") as refused:
                ask(text)
            assert "\n" not in str(refused.value)
    for found in (None, "J18.9", ["J18.9"], [None], {"J18.9": 1}, 5):
        for ask in (reader.caution, lambda text, found: reader.explain(text, found, "icd10")):
            with pytest.raises(InputError, match="suggestion"):
                ask("dyspnea", found)


def test_a_code_that_is_not_among_those_of_the_run_is_not_explained(coder):
    [first, *_] = coder.code("dyspnea", "icd10")
    with pytest.raises(InputError, match="none of the codes to choose from"):
        coder.explain("dyspnea", [replace(first, code="none")], "icd10")


def test_whatever_holds_texts_will_do(coder):
    texts = ["dyspnea", "metformin"]
    expected = [[one.code for one in found] for found in coder.code_many(texts)]
    for given in (tuple(texts), iter(texts), np.array(texts)):
        assert [[one.code for one in found] for found in coder.code_many(given, top=np.int64(10))] == expected
    assert coder.code_many([]) == []
    assert check_texts(()) == []
    check_options(None, 1, I10, evidence=np.bool_(True))
    check_codes(I10)


@pytest.mark.parametrize(
    ("given", "options", "message"),
    [
        (123, {}, "a run is named by the path of its folder, not by a value of type int"),
        (b"run", {}, "not by bytes"),
        ("no such run", {}, "is not a folder"),
        ("no such run", {"precision": "fp8"}, "unknown precision 'fp8': expected fp32 or bf16"),
        ("no such run", {"device": "fast"}, "unknown device 'fast'"),
        ("no such run", {"device": None}, "unknown device None"),
    ],
)
def test_loading(given, options, message):
    with pytest.raises(InputError, match=message):
        Coder.load(given, **options)


@pytest.fixture
def files(tmp_path, coder):
    (tmp_path / "note.txt").write_text("dyspnea")
    (tmp_path / "notes.csv").write_text("note_id,text\n1,dyspnea\n")
    (tmp_path / "codes.csv").write_text("code,description\nX1,dyspnea\n")
    (tmp_path / "splits.csv").write_text("_id,split\n1,train\n")
    (tmp_path / "run").symlink_to(coder.run.path)
    (tmp_path / "ten").symlink_to(coder.run.path.parent / "ten")
    return tmp_path


@pytest.mark.parametrize(
    ("line", "option", "why"),
    [
        ("code @run @note.txt --resume", "--resume", "without --out"),
        ("code @run @note.txt --force", "--force", "without --out"),
        ("code @run @note.txt --id x", "--id", "without --out"),
        ("code @run @note.txt --id note_id", "--id", "without --out"),
        ("code @run @note.txt --text x", "--text", "without --out"),
        ("code @run @note.txt --patient x", "--patient", "without --out"),
        ("code @run @note.txt --out @out.csv --json", "--json", "with --out"),
        ("code @run @note.txt --out @out.jsonl --id x", "--id", "as no table is given"),
        ("code @run @note.txt --out @out.jsonl --patient x", "--patient", "as no table is given"),
        ("code @run @notes.csv --out @out.csv --patient x", "--patient", "in .csv, which names no patient"),
        ("code @run @note.txt --system house", "--system", "without --codes"),
        ("code @run @note.txt --codes icd10cm --system house", "--system", "names a code system"),
        ("code @run @note.txt --codes @codes.csv --version icd10", "--version", "with --codes"),
        ("evaluate @run @ten --json --markdown", "--markdown", "with --json"),
        ("evaluate @run @ten --system house", "--system", "without --codes"),
        ("evaluate @run @ten --codes icd10cm --system icd10cm", "--system", "names a code system"),
        ("compare @run @run --json --markdown", "--markdown", "with --json"),
        ("compare @run @run --force", "--force", "without --out"),
        ("train @ten --out @new --epochs 2 --set epochs=3", "--epochs", "with --set epochs"),
        ("train @ten --out @new --seed 2 --set seed=3", "--seed", "with --set seed"),
        ("prepare mimic3 --root @ --out @new --splits @splits.csv --seed 3", "--seed", "with --splits"),
        ("prepare mimic4 --root @ --out @new --splits @splits.csv --seed 3", "--seed", "with --splits"),
        ("prepare cmc2007 --root @ --out @new --splits @splits.csv --seed 3", "--seed", "with --splits"),
        (
            "prepare table --root @notes.csv --out @new --version icd10 --splits @splits.csv --split s",
            "--split",
            "with --splits",
        ),
    ],
)
def test_options_without_effect_are_refused(files, line, option, why):
    before = sorted(files.iterdir())
    answer = CliRunner().invoke(app, [word.replace("@", f"{files}/") for word in line.split()])
    assert isinstance(answer.exception, InputError), answer.output
    assert str(answer.exception).startswith(f"{option} has no effect {why}"[: len(option) + 15])
    assert why in str(answer.exception)
    assert str(answer.exception).endswith(": leave it out")
    assert sorted(files.iterdir()) == before


def test_the_same_commands_without_them_go_through(files):
    for line in (
        "code @run @note.txt --json",
        "code @run @notes.csv --out @out.jsonl --id note_id --patient note_id",
        "code @run @note.txt --codes @codes.csv --system house",
        "code @run @note.txt --codes icd9proc --top 1 --no-evidence",
    ):
        answer = CliRunner().invoke(app, [word.replace("@", f"{files}/") for word in line.split()])
        assert answer.exit_code == 0, (line, answer.exception)


def test_standard_input_twice(files):
    answer = CliRunner().invoke(app, ["code", str(files / "run"), "-", "-"], input="dyspnea")
    assert "can be read only once" in str(answer.exception)


@pytest.mark.parametrize(
    ("version", "day", "told"),
    [
        ("icd10", date(2026, 5, 1), None),
        ("icd9", date(2012, 1, 1), None),
        ("icd10", date(2012, 1, 1), "--version icd9"),
        ("icd9", date(2020, 1, 1), "--version icd10"),
        ("icd10", date(2016, 5, 1), "coded by FY2024"),
        ("icd10", date(2099, 1, 1), "coded by FY2026"),
    ],
)
def test_a_day_that_no_release_is_of_is_told(version, day, told):
    said = not_of_day(version, day)
    assert told in said if told else said is None
