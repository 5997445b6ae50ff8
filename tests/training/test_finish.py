"""What val decides once training is over: everything from one scoring of its notes."""

from collections import Counter

import numpy as np
import pytest
from tests.small import make_corpus, tiny_settings

from icdbridge.evaluation.thresholds import tune_threshold
from icdbridge.lexical.matcher import Matcher
from icdbridge.runs.run import Run
from icdbridge.training import train

SETTINGS = tiny_settings("duallaat-cnn", "lexical=associations", epochs=2, matching_steps=50)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A run of two corpora, and how often each note was matched for it."""
    folder, matched, real = tmp_path_factory.mktemp("finish"), Counter(), Matcher.match

    def counting(self, note, *given):
        matched[note.text] += 1
        return real(self, note, *given)

    corpora = [make_corpus(folder, "ten", notes=60), make_corpus(folder, "nine", "icd9", notes=60)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Matcher, "match", counting)
        train(corpora, folder / "run", SETTINGS)
    return folder / "run", corpora, matched


def test_every_note_is_matched_once(trained):
    _, corpora, matched = trained
    texts = Counter(
        text for corpus in corpora for split in ("train", "val") for text in corpus.column("text", split)
    )
    assert matched == texts


def test_threshold_and_card_are_of_the_logits_that_the_run_gives(trained, tmp_path):
    path, corpora, _ = trained
    run = Run.open(path)
    scored = run.score_corpus(corpora[0], "val", tmp_path)
    tuned = tune_threshold(np.array(scored.logits), scored.labels)
    assert run.config["threshold"] == pytest.approx(tuned.threshold)
    assert f"| f1_micro | {tuned.f1_micro:.4f} |" in (path / "README.md").read_text()
    for version, corpus in zip(run.versions, corpora, strict=True):
        calibration = run.calibration[version]
        pairs = corpus.count("val") * len(corpus.codes)
        assert sum(scale.pairs for scale in calibration.scales.values()) == pairs
        assert calibration.corpora == (corpus.name,)
