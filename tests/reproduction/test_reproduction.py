"""The paper's tables from tiny corpora: runs made once, found again, gone on with; its figures beside MIMIC alone."""

import os
import re
import signal

import pytest
from tests.small import TINY, make_corpus
from typer.testing import CliRunner

from icdbridge.cli import app
from icdbridge.corpora import Corpus
from icdbridge.corpora.shares import take_share
from icdbridge.errors import InputError
from icdbridge.evaluation.reports.evaluation_report import PAPER
from icdbridge.evaluation.results import NAMES
from icdbridge.reproduction import TABLES, Study, paper, study, sweep
from icdbridge.reproduction.sweeps import write_sweep
from icdbridge.training import loop

CHANGES = [*TINY, "epochs=1", "vector_epochs=1", "warmup_steps=0", "kernel_size=3"]


@pytest.fixture(scope="module")
def corpora(tmp_path_factory):
    folder = tmp_path_factory.mktemp("study") / "corpora"
    folder.mkdir()
    make_corpus(folder, "ten", "icd10", 25)
    make_corpus(folder, "nine", "icd9", 25, seed=1)
    return folder


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    return tmp_path_factory.mktemp("runs")


pytestmark = pytest.mark.usefixtures("no_report")


def opened(corpora, folder, seeds=1, changes=CHANGES):
    return Study.open(corpora, folder, "small", seeds, changes)


def test_all_tables_and_nothing_is_trained_twice(corpora, runs, monkeypatch):
    first = {name: make(opened(corpora, runs)) for name, make in TABLES.items()}
    monkeypatch.setattr(study, "train", None)
    monkeypatch.setattr(study, "evaluate", None)
    again = {name: make(opened(corpora, runs)) for name, make in TABLES.items()}
    assert {name: table.rows for name, table in first.items()} == {
        name: table.rows for name, table in again.items()
    }
    assert [row[:2] for row in first["1"].rows] == [
        ["nine", "PLM-ICD"],
        ["nine", "DualLAAT"],
        ["ten", "PLM-ICD"],
        ["ten", "DualLAAT cnn (single)"],
        ["ten", "DualLAAT cnn"],
        ["ten", "DualLAAT (single)"],
        ["ten", "DualLAAT"],
    ]
    assert first["1"].columns[2:] == [NAMES[name] for name in PAPER]
    assert all(re.fullmatch(r"\d+\.\d \([↑↓→]\)", cell) for cell in first["1"].rows[4][2:])
    assert [row[1] for row in first["3"].rows] == [
        "PLM-ICD", "DualLAAT cnn", "DualLAAT", "PLM-ICD (× 2 models)", "DualLAAT cnn", "DualLAAT",
    ]  # fmt: skip
    assert [row[0] for row in first["4"].rows] == ["PLM-ICD", "CoRelation", "DualLAAT (single)", "DualLAAT"]
    assert first["6"].columns[1:] == ["CAML", "LAAT", "PLM-ICD", "DualLAAT cnn", "DualLAAT"]
    assert (runs / "figure1.html").read_text().count("<svg") == 1
    overlap = first.pop("overlap")
    assert overlap.rows[0][1:] == ["15", "15"]
    assert overlap.rows[4][2].endswith("%)")
    for table in first.values():
        assert "Not MIMIC: the paper's figures do not compare." in table.note
        assert not any("[" in cell for row in table.rows for cell in row if not row[1].startswith("gain"))
    assert "none pretrained" in first["6"].note


def test_table_5_counts(corpora, runs):
    rows = {row[0]: row[1:] for row in TABLES["5"](opened(corpora, runs)).rows}
    ten = Corpus.open(corpora / "ten")
    carried = [codes for batch in ten.notes() for codes in batch.column("codes").to_pylist()]
    rare = [[code for code in codes if code in ten.codes[ten.n_frequent :]] for codes in carried]
    assert rows["notes"] == ["25", "25"]
    assert rows["train/val/test, %"][1] == "60.0/20.0/20.0"
    assert rows["full: codes"][1] == "5"
    assert rows["full: codes per note, mean ± sd"][1].startswith(f"{sum(map(len, carried)) / 25:.1f} ")
    assert rows["notes with a rare code"][1] == str(sum(bool(codes) for codes in rare))


def test_on_mimic_the_papers_figures_stand_beside(corpora, runs):
    mimic = opened(corpora, runs)
    mimic.corpora["ten"].meta.update(source="mimic4")
    assert paper.dataset(mimic.corpora["ten"]) == paper.IV_10
    assert paper.dataset(mimic.corpora["nine"]) is None
    table = TABLES["6"](mimic)
    assert "[paper's figure, difference]" in table.note
    ours, printed, difference = re.fullmatch(r"(.+) \[(.+), (.+)\]", table.rows[0][1]).groups()
    assert printed == "98.5"
    assert float(difference) == pytest.approx(float(ours) - 98.5, abs=0.11)
    mimic.corpora["ten"].meta.update(synthetic=True)
    assert paper.dataset(mimic.corpora["ten"]) is None
    assert "(synthetic notes)" in TABLES["5"](mimic).title


def test_the_papers_tables_agree_with_each_other():
    for key in paper.TABLE_6.keys() & paper.TABLE_1.keys():
        assert paper.TABLE_6[key] == paper.TABLE_1[key]
    printed = {paper.IV_10: (27.4, 5.2, 9.7), paper.IV_9: (51.4, 17.9, 22.8)}  # relative gains of table 2
    for dataset, gains in printed.items():
        before, after = (paper.TABLE_2[dataset, system] for system in (paper.CNN_ALONE, paper.CNN))
        for old, new, gain in zip(before, after, gains, strict=True):
            assert 100 * (new - old) / old == pytest.approx(gain, abs=0.06)


def test_interrupted_it_goes_on(corpora, tmp_path, monkeypatch):
    real, calls = loop.learning_rate, []  # asked once a step

    def interrupting(*arguments):
        calls.append(1)
        if len(calls) == 2:
            os.kill(os.getpid(), signal.SIGINT)
        return real(*arguments)

    monkeypatch.setattr(loop, "learning_rate", interrupting)
    one = opened(corpora, tmp_path, changes=[*CHANGES, "batch_size=4"])
    with pytest.raises(KeyboardInterrupt):
        one.run(one.alone("CAML", "caml", "ten"), 0)
    began = len(calls)
    path = one.run(one.alone("CAML", "caml", "ten"), 0)
    assert (path / "manifest.json").exists()
    assert len(calls) == 4  # 15 notes in batches of 4, none twice
    assert began == 2
    other = opened(corpora, tmp_path, changes=[*CHANGES, "batch_size=5"])
    assert other.run(other.alone("CAML", "caml", "ten"), 0) != path


def test_a_share_of_the_training_notes(corpora, tmp_path):
    whole = Corpus.open(corpora / "nine")

    def ids(corpus, split):
        return {note for batch in corpus.notes(split) for note in batch.column("note_id").to_pylist()}

    small, large = (take_share(whole, share, tmp_path / str(share)) for share in (0.2, 0.6))
    assert (small.count("train"), large.count("train")) == (3, 9)
    assert ids(small, "train") < ids(large, "train") < ids(whole, "train")
    assert ids(small, "test") == ids(whole, "test")
    assert small.codes == whole.codes
    carried = [
        code for batch in large.notes("train") for codes in batch["codes"].to_pylist() for code in codes
    ]
    assert dict(zip(large.codes, large.train_notes, strict=True)) == {
        code: carried.count(code) for code in whole.codes
    }
    with pytest.raises(InputError, match="leaves 0"):
        take_share(whole, 0.01, tmp_path / "none")


def test_sweeps(corpora, runs):
    one = opened(corpora, runs)
    table, plot = sweep(one, "icd9-share", "duallaat-cnn", ["0", "50", "100"])
    assert [row[0] for row in table.rows] == ["0", "50", "100"]
    assert "<svg" in write_sweep(runs, "icd9-share", table, plot, False).read_text()
    assert [row[0] for row in sweep(one, "heads", "duallaat-cnn", ["1", "2"])[0].rows] == ["1", "2"]
    with pytest.raises(InputError, match="unknown sweep 'epochs'"):
        sweep(one, "epochs", "duallaat-cnn")
    with pytest.raises(InputError, match="whole percentages"):
        sweep(one, "icd9-share", "duallaat-cnn", ["some"])


def test_overlap_counts_counterparts(corpora, runs):
    one = opened(corpora, runs)
    rows = {row[0]: row[1:] for row in TABLES["overlap"](one).rows}
    ten = one.corpora["ten"]
    labels = [c for batch in ten.notes("test") for codes in batch["codes"].to_pylist() for c in codes]
    rare = [code for code in labels if code in ten.codes[ten.n_frequent :]]
    # 428.0, 250.00, 486, 584.9 and 401.9 stand for all five codes of icd10
    assert rows["rare test labels, and with a counterpart"] == [str(len(rare)), f"{len(rare)} (100.0 %)"]


def test_commands(corpora, runs, tmp_path):
    def invoke(*words):
        return CliRunner().invoke(app, [str(word) for word in words])

    done = invoke("reproduce", "5", "--corpora", corpora, "--out", runs, "--preset", "small", "--markdown")
    assert done.exit_code == 0
    assert "| notes | 25 | 25 |" in done.stdout
    assert isinstance(invoke("reproduce", "7", "--corpora", corpora).exception, InputError)
    (tmp_path / "empty").mkdir()
    assert "holds no corpus" in str(invoke("reproduce", "5", "--corpora", tmp_path / "empty").exception)
    alone = tmp_path / "alone"
    alone.mkdir()
    make_corpus(alone, "nine", "icd9", 25)
    failed = invoke("reproduce", "1", "--corpora", alone, "--out", runs, "--preset", "small").exception
    assert "one corpus of version icd10; there are nine (icd9)" in str(failed)
