"""Run folders that a stranger made: whatever they hold, one line says what is wrong, and nothing is fetched."""

import json
import re
import shutil
import sys

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from safetensors.numpy import load_file, save_file
from scipy.sparse import csr_array

from icdbridge import InputError
from icdbridge.codes import Name
from icdbridge.files import MANIFEST, write_manifest
from icdbridge.lexical.associations import Associations
from icdbridge.lexical.features import LEXICAL_FEATURES
from icdbridge.lexical.lexicon import Lexicon
from icdbridge.lexical.matcher import CodeStatistics
from icdbridge.models import build_model
from icdbridge.runs.candidate_search import CandidateCounts, Candidates, LinearScorer
from icdbridge.runs.confidence import BANDS, Band, Scale, VersionCalibration
from icdbridge.runs.run import Run, write_run
from icdbridge.runs.stored_files import CodeIndex
from icdbridge.runs.text_model import TextModel
from icdbridge.text import Tokenizer

KEYS = ["icd10cm:I50.9", "icd10cm:E11.9", "icd10cm:I10"]
TITLES = ["heart failure", "diabetes", "hypertension"]
WORDS = ["heart", "failure", "diabetes", "hypertension"]
SIZES = {
    "vocabulary": 6, "embedding_dim": 4, "encoder": "cnn", "hidden_size": 4, "layers": 1, "kernel_size": 3, "heads": 2,
    "shared_dim": 4, "dropout": 0.0, "features": len(LEXICAL_FEATURES), "versions": 1,
}  # fmt: skip
TRANSFORMER = {
    "model_type": "roberta", "vocab_size": 6, "hidden_size": 4, "num_hidden_layers": 1, "num_attention_heads": 2,
    "intermediate_size": 8, "max_position_embeddings": 18, "type_vocab_size": 1, "pad_token_id": 0,
}  # fmt: skip
CONFIG = {
    "settings": {"max_note_words": 100, "max_code_words": 10, "learning_rate": 0.1, "terms": None},
    "corpora": [],
    "threshold": 0.5,
    "parameters": 1,
    "synthetic": True,
    "created": "2026-01-01",
    "made_with": {"icdbridge": "0.1.0"},
}


def make(path, architecture, sizes, lexicons=None, further=()):
    """``further``: keys of ICD-9 beside those of ICD-10."""
    torch.manual_seed(0)
    scales = {name: Scale(1.0, 0.0, 10, 3) for name in ("common", "uncommon", "unseen")}
    bands = tuple(Band(name, above, 10, 3) for name, above in BANDS.items())
    thresholds = {"common": 0.4, "uncommon": 0.5, "unseen": 0.6}
    calibration = {"icd10": VersionCalibration(("mine",), scales, bands, thresholds)}
    more = len(further)
    versions = ["icd10"] * 3 + ["icd9"] * more
    index = CodeIndex([*KEYS, *further], versions, [*TITLES, *["failure"] * more], [12, 3, 0, *[1] * more])
    model = build_model(architecture, sizes)
    tokenizer = Tokenizer.from_words(WORDS, "folded")
    write_run(
        path,
        CONFIG,
        TextModel(model, tokenizer, index, 20, 8, lexicons),
        [{"epoch": 1.0}],
        "a card",
        calibration,
    )
    return path


def lexicon_of(keys, names):
    hashes = np.array([1, 5, 9], np.uint64)
    width = 2 * len(keys)  # codes and their categories
    counts = csr_array(np.eye(3, width, dtype=np.float32))
    learnt = CodeStatistics(
        np.ones(width, np.float32), Associations(hashes, np.full(3, 2, np.float32), counts)
    )
    return Lexicon(keys, names, {}, (learnt, CodeStatistics(np.ones(width, np.float32))))


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A run with all that a run may hold."""
    names = [[Name(title, "title")] for title in TITLES]
    made = tmp_path_factory.mktemp("runs") / "a folder that is" / "not there yet"
    path = make(made, "duallaat", SIZES, {"icd10": lexicon_of(KEYS, names)})
    linear = LinearScorer(np.zeros((6, 2)), np.zeros((3, 2)), np.zeros(3))
    counted = {"icd10": CandidateCounts(2, 2, 0.9, 0.9, 10)}
    Candidates(linear, dict(zip(KEYS, names, strict=True)), counted).save(path)
    assert Run.open(path).candidates.counts == counted
    return path


@pytest.fixture(scope="module")
def segments(tmp_path_factory):
    """A run over a transformer."""
    sizes = {"labels": 3, "segment": 16, "transformer": TRANSFORMER}
    path = make(tmp_path_factory.mktemp("runs") / "segments", "plm-icd", sizes)
    assert Run.open(path).versions == ["icd10"]
    return path


@pytest.fixture(scope="module")
def another_tokenizer():
    return Tokenizer.from_words(["other", "words", "of", "another"], "folded").to_json()


def put(*keys, value):
    """Changes a value in JSON; a value that is callable is given the old one."""

    def change(stored):
        inner = stored
        for key in keys[:-1]:
            inner = inner[key]
        inner[keys[-1]] = value(inner.get(keys[-1])) if callable(value) else value
        return stored

    return change


def drop(*keys):
    def change(stored):
        inner = stored
        for key in keys[:-1]:
            inner = inner[key]
        del inner[keys[-1]]
        return stored

    return change


def config(*keys, value):
    return "config.json", put(*keys, value=value)


def transformer(key, value):
    return "config.json", put("model", "transformer", key, value=value)


def calibration(*keys, value):
    return "calibration.json", put("versions", "icd10", *keys, value=value)


def tokenizer(*keys, value):
    return "tokenizer.json", put(*keys, value=value)


def counts(*keys, value):
    return "candidates/counts.json", put("icd10", *keys, value=value)


NAN, INF = float("nan"), float("inf")
HUGE = 10**8
PADDING = {"strategy": {"Fixed": HUGE}, "direction": "Right", "pad_to_multiple_of": None, "pad_id": 0, "pad_type_id": 0,
           "pad_token": "[PAD]"}  # fmt: skip
SLOW = {"type": "Replace", "pattern": {"Regex": "(a+)+$"}, "content": ""}
JSON_FAULTS = {
    "format of the future": (config("format", value=3), "format"),
    "no model": (("config.json", drop("model")), "model"),
    "unknown field": (config("auto_map", value={"AutoModel": "evil.Model"}), "auto_map"),
    "unknown architecture": (config("model", "architecture", value="evil"), "model.architecture"),
    "architecture of another kind": (config("model", "architecture", value=["duallaat"]), "model.architecture"),
    "unknown size": (config("model", "trust_remote_code", value=True), "model.trust_remote_code"),
    "missing size": (("config.json", drop("model", "heads")), "heads"),
    "no heads": (config("model", "heads", value=0), "heads"),
    "negative size": (config("model", "hidden_size", value=-4), "hidden_size"),
    "half a size": (config("model", "hidden_size", value=4.5), "hidden_size"),
    "size as text": (config("model", "hidden_size", value="4"), "hidden_size"),
    "size as truth": (config("model", "layers", value=True), "layers"),
    "a size that fills the memory": (config("model", "vocabulary", value=40_000_000), "model.safetensors"),
    "a size out of bounds": (config("model", "embedding_dim", value=10**15), "embedding_dim"),
    "a billion layers": (config("model", "layers", value=10**9), "layers"),
    "other weights": (config("model", "shared_dim", value=8), "model.safetensors"),
    "dropout": (config("model", "dropout", value=1.5), "dropout"),
    "dropout of nothing": (config("model", "dropout", value=NAN), "dropout"),
    "unknown encoder": (config("model", "encoder", value="evil"), "encoder"),
    "features of another version": (config("model", "features", value=3), "model.safetensors"),
    "features that have no names": (("config.json", drop("lexical_features")), "does not name the lexical features"),
    "features in another order": (config("lexical_features", value=list(LEXICAL_FEATURES[::-1])), "number 1: train"),
    "features too many": (config("lexical_features", value=[*LEXICAL_FEATURES, "luck"]), "are expected, as the model"),
    "padded to the end": (config("model", "padded_words", value=10**12), "padded_words"),
    "no words of a note": (config("settings", "max_note_words", value=-1), "settings.max_note_words"),
    "all words of a note": (config("settings", "max_note_words", value=HUGE), "settings.max_note_words"),
    "no words of a code": (config("settings", "max_code_words", value=0), "settings.max_code_words"),
    "unknown scope": (config("settings", "training_scope", value="evil"), "settings.training_scope"),
    "settings within settings": (config("settings", "learning_rate", value={"a": 1}), "settings.learning_rate"),
    "no settings": (config("settings", value=None), "settings"),
    "threshold of nothing": (config("threshold", value=NAN), "threshold"),
    "threshold beyond all": (config("threshold", value=-INF), "threshold"),
    "threshold above one": (config("threshold", value=1.5), "threshold"),
    "threshold as text": (config("threshold", value="0.5"), "threshold"),
    "negative parameters": (config("parameters", value=-1), "parameters"),
    "synthetic as text": (config("synthetic", value="no"), "synthetic"),
    "corpora as text": (config("corpora", value="mine"), "corpora"),
    "terminal escapes": (config("\x1b[2Jevil", value=1), r"\x1b[2Jevil"),
    "tokenizer of another run by checksum": (config("tokenizer", value="0" * 64), "tokenizer.json"),
    "thresholds of nothing": (calibration("thresholds", "uncommon", value=NAN), "versions.icd10.thresholds.uncommon"),
    "threshold of a frequency above one": (calibration("thresholds", "uncommon", value=7), "thresholds.uncommon"),
    "a frequency too few": (("calibration.json", drop("versions", "icd10", "scales", "uncommon")), "scales.uncommon"),
    "slope of nothing": (calibration("scales", "uncommon", "slope", value=INF), "scales.uncommon.slope"),
    "negative pairs": (calibration("scales", "uncommon", "pairs", value=-1), "scales.uncommon.pairs"),
    "no bands": (calibration("bands", value=[]), "bands"),
    "more right than there are": (calibration("bands", 0, "right", value=11), "versions.icd10"),
    "bands of others": (calibration("bands", 0, "name", value="certain"), "bands"),
    "version of others": (("calibration.json", put("versions", "icd11", value=lambda _: None)), "versions.icd11"),
    "top of nothing": (("calibration.json", put("top", value=0)), "top"),
    "padding without end": (tokenizer("padding", value=PADDING), "padding"),
    "truncation": (tokenizer("truncation", value={"max_length": 1, "stride": 0}), "truncation"),
    "a slow pattern": (tokenizer("normalizer", value=SLOW), "normalizer"),
    "words that need no blanks": (tokenizer("pre_tokenizer", value=None), "pre_tokenizer"),
    "two words of one number": (tokenizer("model", "vocab", "heart", value=3), "model.vocab"),
    "a number beyond all": (tokenizer("model", "vocab", "heart", value=HUGE), "model.vocab"),
    "words as a list": (tokenizer("model", "vocab", value=list(WORDS)), "model.vocab"),
    "a model of nothing": (tokenizer("model", value={"type": "evil"}), "model"),
    "words added": (tokenizer("added_tokens", value=[{"id": 9, "content": "x"}]), "pre_tokenizer"),
    "more words than the model has": (tokenizer("model", "vocab", "more", value=6), "tokenizer.json"),
    "negative candidates": (counts("linear", value=-1), "icd10.linear"),
    "candidates beyond all": (counts("lexical", value=10**12), "icd10.lexical"),
    "recall of nothing": (counts("recall", value=NAN), "icd10.recall"),
    "candidates of others": (("candidates/counts.json", lambda stored: {"icd9": stored["icd10"]}), "counts.json"),
    "no candidates": (("candidates/counts.json", lambda stored: {}), "counts.json"),
}  # fmt: skip
TRANSFORMER_FAULTS = {
    "a kernel": ("_attn_implementation", "evil/kernel"),
    "a kernel by its other name": ("attn_implementation", "evil/kernel"),
    "an experts' kernel": ("_experts_implementation", "evil/kernel"),
    "code of its own": ("auto_map", {"AutoModel": "evil--code.Model"}),
    "code allowed": ("trust_remote_code", True),
    "quantised by others": ("quantization_config", {"quant_method": "evil"}),
    "another kind of model": ("model_type", "llama"),
    "a kind of model that is a path": ("model_type", "../evil"),
    "another activation": ("hidden_act", "evil"),
    "negative layers": ("num_hidden_layers", -1),
    "a billion layers": ("num_hidden_layers", 10**9),
    "heads that do not fit": ("num_attention_heads", 3),
    "a size that fills the memory": ("max_position_embeddings", 99_999),
    "an epsilon of nothing": ("layer_norm_eps", NAN),
}


def copy(source, tmp_path):
    return shutil.copytree(source, tmp_path / "run")


def sign(run):
    """Gives the manifests the checksums of what is there, as one would who wants to be believed."""
    for folder in (run, run / "candidates"):
        if folder.is_dir():
            write_manifest(folder, list(json.loads((folder / MANIFEST).read_text())))


def edit(run, file, change):
    """Changes a JSON file, and what else tells its checksum."""
    path = run / file
    path.write_text(json.dumps(change(json.loads(path.read_text()))))
    sign(run)


def assert_refused(run, *says):
    """One line, printable, that names what is wrong."""
    with pytest.raises(InputError) as refused:
        opened = Run.open(run)
        opened.candidates  # noqa: B018
    line = str(refused.value)
    assert line.isprintable()
    assert len(line) < 1_000
    assert all(part in line for part in says), line


@pytest.mark.parametrize("fault", JSON_FAULTS)
def test_json_that_is_not_as_it_was_made(whole, tmp_path, fault):
    (file, change), says = JSON_FAULTS[fault]
    run = copy(whole, tmp_path)
    if file == "tokenizer.json":  # its checksum stands in config.json
        (run / "config.json").write_text(
            json.dumps(drop("tokenizer")(json.loads((run / "config.json").read_text())))
        )
    edit(run, file, change)
    assert_refused(run, says)


@pytest.mark.parametrize("fault", TRANSFORMER_FAULTS)
def test_a_transformer_is_built_of_known_sizes_only(segments, tmp_path, fault, monkeypatch):
    import transformers

    def reached(*arguments, **keywords):
        raise AssertionError("transformers was asked for a model")

    name, value = TRANSFORMER_FAULTS[fault]
    run = copy(segments, tmp_path)
    edit(run, *transformer(name, value))
    if name not in (
        "num_attention_heads",
        "max_position_embeddings",
    ):  # these only their weights or builder tell
        monkeypatch.setattr(transformers.AutoConfig, "for_model", reached)
        monkeypatch.setattr(transformers.AutoModel, "from_config", reached)
    assert_refused(run, "config.json" if name != "max_position_embeddings" else "model.safetensors")
    assert not [module for module in sys.modules if "hub_kernels" in module and "evil" in module]


def test_the_tokenizer_of_another_run_is_refused(whole, tmp_path, another_tokenizer):
    run = copy(whole, tmp_path)
    (run / "tokenizer.json").write_text(another_tokenizer)
    sign(run)
    assert_refused(run, "tokenizer.json is not the tokenizer that this run was trained with")


JSON = ["config.json", "calibration.json", "tokenizer.json", "candidates/counts.json", MANIFEST]
OTHERS = ["model.safetensors", "associations.safetensors", "candidates/linear.safetensors", "codes.parquet",
          "names.parquet", "terms.parquet", "candidates/names.parquet"]  # fmt: skip
RAW = {
    "nothing": b"",
    "not UTF-8": b'{"format": "\xff"}',
    "nested too deep": b"[" * 100_000,
    "a number too long": b'{"format": ' + b"1" * 5_000 + b"}",
    "half of it": b'{"format": 1, "model": {',
    "a list": b"[]",
    "null": b"null",
}


@pytest.mark.parametrize("file", JSON)
@pytest.mark.parametrize("content", RAW)
def test_json_that_is_none(whole, tmp_path, file, content):
    run = copy(whole, tmp_path)
    (run / file).write_bytes(RAW[content])
    if file != MANIFEST:
        sign(run)
    assert_refused(run, file)


@pytest.mark.parametrize(
    ("entry", "says"),
    [
        ({"../../etc/passwd": {"bytes": 1, "sha256": "0" * 64}}, "names no file of the folder"),
        ({"/etc/passwd": {"bytes": 1, "sha256": "0" * 64}}, "names no file of the folder"),
        ({"config.json": {"bytes": -1, "sha256": "0" * 64}}, "config.json.bytes"),
        ({"config.json": {"bytes": 1, "sha256": "x"}}, "config.json.sha256"),
        ({"config.json": 5}, "config.json"),
    ],
)
def test_a_manifest_that_names_what_it_should_not(whole, tmp_path, entry, says):
    run = copy(whole, tmp_path)
    stored = json.loads((run / MANIFEST).read_text())
    (run / MANIFEST).write_text(json.dumps(stored | entry))
    assert_refused(run, MANIFEST, says)


def column(name, values):
    return lambda table: table.set_column(table.schema.get_field_index(name), name, pa.array(values))


TABLE_FAULTS = {
    "a code twice": ("codes.parquet", column("code", [KEYS[0], KEYS[0], KEYS[2]]), "row 2"),
    "no code": ("codes.parquet", column("code", ["evil", *KEYS[1:]]), "row 1"),
    "null": ("codes.parquet", column("description", [None, *TITLES[1:]]), "row 1"),
    "negative notes": ("codes.parquet", column("train_notes", [-1, 2, 3]), "row 1"),
    "notes of some": ("codes.parquet", column("train_notes", [1, None, 3]), "row 2"),
    "notes as text": ("codes.parquet", column("train_notes", ["x", "y", "z"]), "codes.parquet"),
    "one column more": ("codes.parquet", lambda table: table.append_column("evil", pa.array([1, 2, 3])), "columns"),
    "no row": ("codes.parquet", lambda table: table[:0], "no code"),
    "a row less": ("codes.parquet", lambda table: table[:2], "names.parquet"),
    "names of nothing": ("names.parquet", column("kind", ["evil"] * 3), "row 1"),
    "names in another order": ("names.parquet", lambda table: table[::-1] if False else table.take([2, 1, 0]), "order"),
    "names of candidates": ("candidates/names.parquet", lambda table: table.take([2, 1, 0]), "order"),
}  # fmt: skip


@pytest.mark.parametrize("fault", TABLE_FAULTS)
def test_tables_that_are_not_as_they_were_made(whole, tmp_path, fault):
    file, change, says = TABLE_FAULTS[fault]
    run = copy(whole, tmp_path)
    pq.write_table(change(pq.read_table(run / file)), run / file)
    sign(run)
    assert_refused(run, file.rpartition("/")[2] if says != "names.parquet" else says, says)


def array(name, change):
    return lambda stored: {**stored, name: np.ascontiguousarray(change(stored[name]))}


ARRAY_FAULTS = {
    "a weight of nothing": ("model.safetensors", array("embedding.weight", lambda a: a * np.float32(NAN)), "finite"),
    "weights of another kind": ("model.safetensors", array("embedding.weight", np.float64), "F64"),
    "weights of another shape": ("model.safetensors", array("embedding.weight", lambda a: a[:, :2]), "6 x 2"),
    "a weight too many": ("model.safetensors", lambda stored: {**stored, "evil": np.zeros(3)}, "evil"),
    "a weight too few": ("model.safetensors", lambda stored: dict(list(stored.items())[1:]), "lacks"),
    "codes out of range": ("associations.safetensors", array("icd10.own.indices", lambda a: a + 9), "no counts"),
    "rows that go back": ("associations.safetensors", array("icd10.own.indptr", lambda a: a[::-1]), "no counts"),
    "negative counts": ("associations.safetensors", array("icd10.own.notes", lambda a: -a), "no counts"),
    "phrases that are not sorted": ("associations.safetensors", array("icd10.own.hashes", lambda a: a[::-1]), "no"),
    "notes of more codes": ("associations.safetensors", array("icd10.own.notes", lambda a: a[:2]), "asks for"),
    "words of another run": ("candidates/linear.safetensors", array("words", lambda a: a[:3]), "asks for"),
    "vectors of two sizes": ("candidates/linear.safetensors", array("codes", lambda a: a[:, :1]), "different sizes"),
    "scores of nothing": ("candidates/linear.safetensors", array("bias", lambda a: a * np.float16(INF) * 0), "finite"),
}  # fmt: skip


@pytest.mark.parametrize("fault", ARRAY_FAULTS)
def test_arrays_that_are_not_as_they_were_made(whole, tmp_path, fault):
    file, change, says = ARRAY_FAULTS[fault]
    run = copy(whole, tmp_path)
    with np.errstate(invalid="ignore"):
        save_file(change(load_file(run / file)), run / file)
    sign(run)
    assert_refused(run, file, says)


def test_counts_of_nothing_are_counts(whole, tmp_path):
    run = copy(whole, tmp_path)
    file = run / "associations.safetensors"
    save_file(array("icd10.own.counts", np.zeros_like)(load_file(file)), file)
    sign(run)
    assert Run.open(run).lexicons["icd10"]


def test_lexicons_of_more_versions_than_the_model_weighs(tmp_path):
    names = [[Name(title, "title")] for title in TITLES]
    nine = ["icd9cm:428.0"]
    lexicons = {"icd10": lexicon_of(KEYS, names), "icd9": lexicon_of(nine, [[Name("failure", "title")]])}
    run = make(tmp_path / "run", "duallaat", SIZES, lexicons, nine)
    assert_refused(run, "config.json", "fewer than lexicons")
    edit(run, "config.json", drop("model", "versions"))  # as runs of one version were written
    assert_refused(run, "config.json", "fewer than lexicons")


@pytest.mark.parametrize("file", OTHERS)
@pytest.mark.parametrize("size", [0, 8, 60])
def test_files_that_were_cut(whole, tmp_path, file, size):
    run = copy(whole, tmp_path)
    (run / file).write_bytes((run / file).read_bytes()[:size])
    sign(run)
    assert_refused(run, file)


def test_a_header_that_promises_more_than_there_is(whole, tmp_path):
    run = copy(whole, tmp_path)
    header = json.dumps(
        {"embedding.weight": {"dtype": "F32", "shape": [10**9, 4], "data_offsets": [0, 16 * 10**9]}}
    )
    (run / "model.safetensors").write_bytes(len(header).to_bytes(8, "little") + header.encode() + b"\0" * 64)
    sign(run)
    assert_refused(run, "model.safetensors")


def test_a_log_that_is_none(whole, tmp_path):
    run = copy(whole, tmp_path)
    (run / "log.csv").write_text("epoch\nevil\n")
    sign(run)
    with pytest.raises(InputError, match=re.escape("log.csv is no table of numbers")):
        Run.open(run).log  # noqa: B018


def test_a_run_from_before_its_tokenizer_was_told_opens(whole, tmp_path):
    run = copy(whole, tmp_path)
    edit(run, "config.json", drop("tokenizer"))
    assert Run.open(run).tokenizer.size == 6


def test_a_run_of_format_1_opens_where_it_reads_no_lexical_features(segments, tmp_path):
    run = copy(segments, tmp_path)
    before = Run.open(run).calibration["icd10"]

    def renamed(stored):
        for of_frequency in (
            stored["versions"]["icd10"]["scales"],
            stored["versions"]["icd10"]["thresholds"],
        ):
            of_frequency |= {"frequent": of_frequency.pop("common"), "rare": of_frequency.pop("uncommon")}
        return stored

    edit(run, "config.json", put("format", value=1))
    edit(run, "calibration.json", renamed)
    assert Run.open(run).calibration["icd10"] == before
