"""The public API: complete at the top, light until it is used, and plain to read at a prompt."""

import inspect
import json
import subprocess
import sys

import pytest

import icdbridge
from icdbridge.coding import Alternative, Evidence, Suggestion

MODELS = {"torch", "pyarrow", "duckdb", "scipy", "sklearn", "gensim", "tokenizers"}


def in_a_fresh_process(code, hidden=()):
    hide = "".join(f"sys.modules[{name!r}] = None\n" for name in hidden)
    answer = subprocess.run(
        [sys.executable, "-c", f"import sys\n{hide}{code}"], capture_output=True, text=True
    )
    assert answer.returncode == 0, answer.stderr
    return answer.stdout


def suggestion(**changes):
    spans = (Evidence(0, 4, "COPD", 0.3), Evidence(10, 14, "worse", 0.7))
    given = {
        "rank": 1,
        "system": "icd10cm",
        "code": "J44.1",
        "description": "COPD with (acute) exacerbation",
        "probability": 0.9,
        "predicted": True,
        "train_notes": None,
        "evidence": spans,
        "confidence": 0.85,
        "band": "likely",
        "alternatives": (Alternative("icd10cm", "J44.9", "COPD, unspecified"),),
    }
    return Suggestion(**given | changes)


def test_every_public_name_is_there_with_a_docstring():
    for name in icdbridge.__all__:
        thing = getattr(icdbridge, name)
        assert name == "__version__" or inspect.getdoc(thing), name
        assert name in dir(icdbridge)


def test_functions_are_called_as_they_are_exported():
    for name in icdbridge.__all__:
        assert getattr(getattr(icdbridge, name), "__name__", name) in (name, f"icdbridge.{name}")


def test_a_name_that_is_not_there_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'icdbridge' has no attribute 'prepare'"):
        icdbridge.prepare  # noqa: B018


def test_importing_brings_nothing_heavy():
    loaded = in_a_fresh_process(
        "import icdbridge, json\nfrom icdbridge import codes, Coder\ncodes.names('icd10cm:I21.4')\n"
        "print(json.dumps(sorted({name.partition('.')[0] for name in sys.modules})))"
    )
    assert not MODELS & set(json.loads(loaded))


def test_help_shows_what_is_installed():
    program = "import icdbridge, pydoc\nprint(pydoc.plain(pydoc.render_doc(icdbridge)))\nprint('dir', dir(icdbridge))"
    help_text, _, names = in_a_fresh_process(program, hidden=MODELS).partition("dir [")
    assert "class Coder" in help_text
    assert "to_frame(" in help_text
    assert "'codes'" in names
    assert "'train'" not in names
    assert "train" in dir(icdbridge)


def test_without_the_extra_a_name_of_it_says_what_to_install():
    said = in_a_fresh_process(
        "import icdbridge\ntry:\n    from icdbridge import train\nexcept icdbridge.InputError as error:\n"
        "    print(error)",
        hidden=MODELS,
    )
    assert said.endswith("which is not installed: pip install 'icdbridge[models]'\n")


def test_codes_answer_what_people_ask_of_a_code():
    codes = icdbridge.codes
    assert "search" in dir(codes)
    assert codes.describe("icd10cm:I214") == codes.describe(codes.Code("icd10cm", "I21.4"))
    assert "Non-Q wave myocardial infarction NOS" in [name.text for name in codes.names("ICD-10-CM:i21.4")]
    assert [str(entry.target) for entry in codes.crosswalks("icd9cm:410.71")] == ["icd10cm:I21.4"]
    assert codes.crosswalks("local:X") == []
    assert codes.search("htn", limit=1)[0].code == codes.Code("icd10cm", "I10")


def test_a_suggestion_reads_well_at_a_prompt():
    assert repr(suggestion()) == "<1. icd10cm:J44.1 'COPD with (acute) exacerbation', likely 0.85>"
    uncalibrated = suggestion(confidence=None, band=None)
    assert repr(uncalibrated) == "<1. icd10cm:J44.1 'COPD with (acute) exacerbation', 0.90>"
    assert repr(icdbridge.Coder.load()) == "<Coder starter: icd10, icd9>"


def test_suggestions_of_a_note_as_a_frame():
    frame = icdbridge.to_frame([suggestion(), suggestion(rank=2, code="I10", evidence=(), alternatives=())])
    assert "note" not in frame
    assert list(frame["code"]) == ["J44.1", "I10"]
    assert list(frame["evidence"]) == ["worse … COPD", ""]
    assert list(frame["spans"]) == [[(10, 14), (0, 4)], []]
    assert list(frame["alternatives"]) == [["J44.9"], []]


def test_suggestions_of_many_notes_as_a_frame():
    found = [[suggestion(), suggestion(rank=2)], None, [suggestion()]]
    assert list(icdbridge.to_frame(found)["note"]) == [0, 0, 2]
    assert list(icdbridge.to_frame(found, ["a", "b", "c"])["note"]) == ["a", "a", "c"]
    with pytest.raises(icdbridge.InputError, match="2 names of notes for 3 notes"):
        icdbridge.to_frame(found, ["a", "b"])
    assert list(icdbridge.to_frame([])["code"]) == []


def test_a_frame_without_pandas_says_what_to_install():
    said = in_a_fresh_process(
        "import icdbridge\ntry:\n    icdbridge.to_frame([])\nexcept icdbridge.InputError as error:\n    print(error)",
        hidden=["pandas"],
    )
    assert said == "this needs pandas, which is not installed: pip install 'icdbridge[pandas]'\n"
