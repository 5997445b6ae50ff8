"""A run says where a note is unlike those that it learnt from, and what its confidence rests on."""

from dataclasses import replace

import pytest
from tests.small import make_corpus, tiny_settings
from typer.testing import CliRunner

from icdbridge import Coder
from icdbridge.cli import app
from icdbridge.coding import Suggestion
from icdbridge.lexical.evidence import Evidence
from icdbridge.training import train

KNOWN = "patient was seen today and feels well in clinic dyspnea metformin"
STRANGE = "Colonoscopy showed diverticulosis without haemorrhage or perforation; dyspnea"


@pytest.fixture(scope="module")
def run_path(tmp_path_factory):
    folder = tmp_path_factory.mktemp("caution")
    return train([make_corpus(folder, "ten")], folder / "run", tiny_settings(epochs=1)).path


@pytest.fixture
def coder(run_path):
    return Coder.load(run_path)


def predicted(*contexts):
    """Predicted codes whose evidence stands in these contexts; "" for one without evidence."""
    found = []
    for rank, context in enumerate(contexts, 1):
        said = context or None
        spans = () if context == "" else (Evidence(0, 7, "dyspnea", 1.0, said),)
        found.append(Suggestion(rank, "icd10cm", f"R0{rank}", "a title", 0.9, True, 5, spans, context=said))
    return found


def test_a_note_of_known_words_is_told_of_nothing(coder):
    assert coder.caution(KNOWN, predicted(None, None)) is None


def test_unknown_words(coder):
    line = coder.caution(STRANGE, [])
    assert line.startswith("This note is unlike the run's training notes")
    assert "of its words are unknown to the run" in line
    assert "\n" not in line
    assert not [word for word in STRANGE.lower().split() if len(word) > 8 and word in line.lower()]


@pytest.mark.parametrize(
    ("contexts", "said"),
    [
        (("negated", "", None), "no word of the note asserts 2 of 3 predicted codes"),
        (("negated", None, None), None),
        (("negated",), None),  # of one code nothing follows
        ((), None),
    ],
)
def test_predicted_codes_that_nothing_asserts(coder, contexts, said):
    line = coder.caution(KNOWN, predicted(*contexts))
    assert (line is None) if said is None else said in line
    unlikely = [replace(one, predicted=False) for one in predicted(*contexts)]
    assert coder.caution(KNOWN, unlikely) is None


def test_a_run_of_synthetic_notes_says_so_of_every_note(coder, monkeypatch):
    monkeypatch.setattr(coder, "synthetic", True)
    for note in (KNOWN, STRANGE):
        assert "synthetic notes only" in coder.caution(note, [])


def test_the_command_shows_caution_and_basis(run_path, tmp_path):
    (tmp_path / "note.txt").write_text(STRANGE, "utf-8")
    (tmp_path / "known.txt").write_text(KNOWN, "utf-8")
    strange, known = (
        " ".join(CliRunner().invoke(app, ["code", str(run_path), str(tmp_path / name)]).stdout.split())
        for name in ("note.txt", "known.txt")
    )
    assert "words are unknown to the run" in strange
    assert "words are unknown to the run" not in known
    assert "confidence: " in known


def test_the_starter_says_what_it_rests_on(tmp_path):
    (tmp_path / "note.txt").write_text("Community acquired pneumonia.", "utf-8")
    shown = " ".join(CliRunner().invoke(app, ["code", str(tmp_path / "note.txt")]).stdout.split())
    assert "J18.9" in shown
    assert f"confidence: {Coder.load().basis}" in shown
