"""A run that learnt from an earlier release codes by a later one: codes that came since are found by their names."""

import csv
import json

import pytest
from tests.small import make_corpus, tiny_settings
from typer.testing import CliRunner

from icdbridge.cli import app
from icdbridge.codes import load_system
from icdbridge.runs import Run
from icdbridge.training import train

# Training notes name their codes, which is what teaches how far names can be trusted.
NAMED = {
    "E11.9": "type 2 diabetes mellitus",
    "I10": "essential hypertension",
    "I50.9": "heart failure",
    "J18.9": "pneumonia",
    "J45.909": "asthma",
    "K80.20": "calculus of gallbladder",
    "M10.9": "gout",
    "N17.9": "acute kidney failure",
    "G35": "multiple sclerosis",
    "L66.0": "pseudopelade",
    "B88.9": "infestation",
    "D61.9": "aplastic anemia",
}
NEW = [  # the release that brought a code, the code, and a note that names it
    ("FY2025", "L66.10", "patchy alopecia of the scalp, biopsy shows lichen planopilaris, no gout"),
    ("FY2025", "D61.03", "short stature and low counts, breakage test positive: Fanconi anemia"),
    ("FY2026", "B88.01", "itchy eyelids, infestation by Demodex mites was confirmed"),
    ("FY2026", "G35.C0", "walks with a cane, now secondary progressive multiple sclerosis"),
]
BEFORE = {"FY2025": "FY2024", "FY2026": "FY2025"}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("release")
    corpus = make_corpus(folder, "named", notes=100, words=NAMED)
    changes = ("lexical=associations", "warmup_steps=5", "label_space=12")
    return train([corpus], folder / "run", tiny_settings("duallaat-cnn", *changes, epochs=12))


@pytest.mark.parametrize(("release", "code", "note"), NEW)
def test_a_code_that_came_later_is_among_the_first(run, tmp_path, release, code, note):
    assert code not in load_system("icd10cm", BEFORE[release]).titles
    titles = load_system("icd10cm", release).titles
    assert code in titles
    chosen = {
        other: title for other, title in titles.items() if other[:3] in {key[:3] for key in (*NAMED, code)}
    }
    assert len(chosen) > 300
    table = tmp_path / f"{release}.csv"
    with table.open("w", newline="") as handle:
        csv.writer(handle).writerows([("code", "description"), *chosen.items()])
    (tmp_path / "note.txt").write_text(note)
    options = ["--codes", table, "--system", "icd10cm", "--top", "3", "--json"]
    answer = CliRunner().invoke(app, ["code", *map(str, [run.path, tmp_path / "note.txt", *options])])
    assert answer.exit_code == 0, answer.output
    found = json.loads(answer.stdout)["suggestions"]
    assert code in [one["code"] for one in found]
    own = next(one for one in found if one["code"] == code)
    assert own["train_notes"] == 0
    assert own["evidence"]


def test_the_run_had_none_of_them(run):
    assert not {f"icd10cm:{code}" for _, code, _ in NEW} & set(Run.open(run.path).index.code)
