"""What the tables will take, before anything is trained."""

import pytest
from benchmarks.step_times import MODELS
from tests.small import make_corpus

from icdbridge.errors import InputError
from icdbridge.reproduction import TABLES
from icdbridge.reproduction.plan import hours, open_plan, plan, read_step_times, systems_of

TIMES = "gpu,duallaat-cnn,fp32,2,0.5,5\ngpu,duallaat-rnn,fp32,4,1,5\nother,caml,fp32,1,1,5\n"


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    folder = tmp_path_factory.mktemp("corpora")
    make_corpus(folder, "ten", "icd10", 40)
    make_corpus(folder, "nine", "icd9", 20, seed=1)
    return open_plan(folder, "small", 3, ("pretrained=small",))


@pytest.fixture
def times(tmp_path):
    (tmp_path / "times.csv").write_text(f"# device,model\n{TIMES}")
    return read_step_times("gpu", tmp_path / "times.csv")


def test_tables_say_what_they_compare(study):
    found = {name: {(one.model, one.trained_on) for one in systems_of(study, name)} for name in TABLES}
    assert found["5"] == found["overlap"] == set()
    assert ("plm-icd", ("nine",)) in found["1"]
    assert ("caml", ("ten",)) in found["6"]
    assert ("corelation", ("ten",)) in found["4"]
    both = {("duallaat-cnn", ("ten", "nine")), ("duallaat-rnn", ("ten", "nine"))}
    assert found["figure1"] == both | {("duallaat-cnn", ("ten",)), ("duallaat-rnn", ("ten",))}
    assert not study.folder.exists()


def test_hours_are_notes_times_seconds(study, times):
    alone, mixed = study.duals()["DualLAAT cnn (single)"], study.duals()["DualLAAT cnn"]
    ten, nine = study.corpora["ten"], study.corpora["nine"]
    epochs = study.settings("duallaat-cnn").epochs
    weight = {name: words / 1_500 for name, words in study.words.items()}
    training = epochs * ten.count("train") * 2
    scoring = (epochs * ten.count("val") + ten.count("test")) * 0.5 * len(ten.codes) / 5
    assert hours(study, alone, times) == pytest.approx(weight["ten"] * (training + scoring) / 3600)
    more = epochs * nine.count("train") * 2 * weight["nine"] + nine.count("test") * 0.5 * weight["ten"]
    assert hours(study, mixed, times) - hours(study, alone, times) == pytest.approx(more / 3600)
    (plm,) = {one for one in systems_of(study, "6") if one.model == "plm-icd"}
    assert hours(study, plm, times) is None


def test_a_run_is_counted_once(study, times):
    table = plan(study, ["3", "figure1", "overlap"], "gpu", times)
    rows = {row[0]: row for row in table.rows}
    assert rows["figure1"][1:4] == ["12", "0", "0.0"]  # all four systems are those of table 3
    assert rows["overlap"][1:4] == ["0", "0", "0.0"]
    assert rows["all"][2] == rows["3"][2]
    assert "not measured" in rows["3"][3]
    assert "plm-icd" in table.note
    assert float(rows["3"][4]) > 0
    half = {(model, "bf16"): time for (model, _), time in times.items()}
    assert "bf16 is measured (--set precision=bf16-mixed)" in plan(study, ["3"], "gpu", half).note


def test_step_times_that_are_none(tmp_path):
    with pytest.raises(InputError, match="no step times of 'h100' \\(known: cpu-core, h200\\)"):
        read_step_times("h100")
    assert ("duallaat-cnn", "fp32") in read_step_times("cpu-core")
    assert {(model, "bf16") for model in MODELS} == read_step_times("h200").keys()
    (tmp_path / "bad.csv").write_text("gpu,caml,fp32,fast,1,5\n")
    with pytest.raises(InputError, match="no table of step times"):
        read_step_times("gpu", tmp_path / "bad.csv")
    with pytest.raises(InputError, match="cannot be read"):
        read_step_times("gpu", tmp_path / "there is none.csv")
