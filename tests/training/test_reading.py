"""Which words a text has is a setting of the run: the presets, and runs of before."""

import pytest
from tests.small import make_corpus, tiny_settings

from icdbridge.coding.trained import TrainedCoder
from icdbridge.runs.run import Run
from icdbridge.text import Tokenizer
from icdbridge.training import make_settings, train


@pytest.mark.parametrize(
    ("preset", "reading"), [("paper", "benchmark"), ("small", "folded"), ("few-notes", "folded")]
)
def test_presets(preset, reading):
    assert make_settings("duallaat-cnn", preset).reading == reading


def test_a_run_reads_as_it_was_trained(tmp_path):
    words = {"E10.9": "type 1 glucose", "E11.9": "type 2 glucose", "I10": "ﬁbrosis"}
    corpus = make_corpus(tmp_path, "ten", words=words)
    runs = {
        reading: train(
            [corpus], tmp_path / reading, tiny_settings("duallaat-cnn", f"reading={reading}", epochs=1)
        )
        for reading in ("benchmark", "folded")
    }
    known = {reading: set(run.tokenizer.words) for reading, run in runs.items()}
    assert {"1", "2", "fibrosis"} <= known["folded"]
    assert "brosis" in known["benchmark"]
    assert not {"1", "fibrosis"} & known["benchmark"]
    for reading, run in runs.items():
        assert Run.open(run.path).tokenizer.reading == run.config["settings"]["reading"] == reading
    typed = [TrainedCoder(runs["folded"]).code(text) for text in ("Fibrosis.", "ﬁbrosis", "fi\u00adbrosis")]
    assert [[(one.code, one.probability) for one in found] for found in typed[1:]] == [
        [(one.code, one.probability) for one in typed[0]]
    ] * 2


def test_a_tokenizer_of_before_reads_as_the_benchmark(tmp_path):
    Tokenizer.from_words(["heart"], "benchmark").save(tmp_path / "tokenizer.json")
    assert Tokenizer.load(tmp_path / "tokenizer.json").reading == "benchmark"
