"""The paper's checkpoints: the same logits as their arithmetic, exact round trips, and refusal of what is wrong."""

import json
import pickle

import pytest
import torch

from icdbridge.errors import InputError
from icdbridge.runs.released import read_released, write_released
from icdbridge.runs.scoring import encode_codes, score_notes

from .reference import NOTE_WORDS, SIZE, WORDS, reference_logits, released_checkpoint

NOTES = [
    "Acute RENAL failure, of the heart",
    "chest pain 81mg 12 of unknown origin",
    " ".join(WORDS * 5),  # longer than a note may be
]
CANDIDATES = [
    ["heart failure", "pain"],
    ["heart failure"],
    ["heart failure", "pain", "acute failure of the renal heart, of the chest, the pain"],  # cut to 7 words
]
ENCODERS = ["gru", "lstm", "cnn"]


def our_logits(released, notes, candidates):
    notes = released.tokenizer.encode_many(notes, released.max_note_words)
    words = released.tokenizer.encode_many(candidates, released.max_code_words)
    return torch.from_numpy(score_notes(released.model, notes, encode_codes(released.model, words)))


def words(text):
    from icdbridge.text import normalize

    return normalize(text, "benchmark").split()


@pytest.mark.parametrize("encoder", ENCODERS)
def test_logits_equal_the_plain_formulas(tmp_path, encoder):
    state = released_checkpoint(tmp_path / "checkpoint", encoder)
    released = read_released(tmp_path / "checkpoint")
    for candidates in CANDIDATES:
        expected = reference_logits(
            state, encoder, [words(note) for note in NOTES], [words(text) for text in candidates]
        )
        torch.testing.assert_close(our_logits(released, NOTES, candidates), expected, atol=1e-4, rtol=0)


@pytest.mark.parametrize("encoder", ENCODERS)
def test_padding_is_read_as_the_paper_s_code_reads_it(tmp_path, encoder):
    released_checkpoint(tmp_path / "checkpoint", encoder)
    released = read_released(tmp_path / "checkpoint")
    first = [our_logits(released, NOTES[:1], candidates)[0, 0] for candidates in CANDIDATES]
    torch.testing.assert_close(first[0], first[1])  # the same longest description
    assert abs(first[2] - first[0]) > 1e-3  # a longer one changes the others
    together, alone = (
        our_logits(released, NOTES, CANDIDATES[0]),
        our_logits(released, NOTES[:1], CANDIDATES[0]),
    )
    torch.testing.assert_close(together[:1], alone, atol=1e-5, rtol=0)  # but other notes do not


@pytest.mark.parametrize("encoder", ENCODERS)
def test_written_back_it_is_the_same(tmp_path, encoder):
    state = released_checkpoint(tmp_path / "first", encoder)
    write_released(read_released(tmp_path / "first"), tmp_path / "second")
    for name in ("config.json", "token2id.json"):
        assert json.loads((tmp_path / "second" / name).read_text()) == json.loads(
            (tmp_path / "first" / name).read_text()
        )
    again = torch.load(tmp_path / "second" / "pytorch_model.bin", weights_only=True)
    assert again.keys() == state.keys()
    assert all(torch.equal(again[name], state[name]) for name in state)


def test_names_of_the_training_code_and_other_orders_of_words_are_read(tmp_path):
    state = released_checkpoint(tmp_path / "first")
    expected = our_logits(read_released(tmp_path / "first"), NOTES, CANDIDATES[0])
    order = torch.randperm(SIZE, generator=torch.Generator().manual_seed(1))
    renamed = {name.replace("encoder_", "rnn_"): tensor for name, tensor in state.items()}
    renamed["embedding.weight"] = state["embedding.weight"][order]
    names = [*WORDS, "<UNK>", "<PAD>"]
    tokens = {names[row]: place for place, row in enumerate(order.tolist())}
    released_checkpoint(tmp_path / "second", tokens=tokens)
    torch.save(renamed, tmp_path / "second" / "pytorch_model.bin")
    found = our_logits(read_released(tmp_path / "second"), NOTES, CANDIDATES[0])
    torch.testing.assert_close(found, expected, atol=0, rtol=0)


def refused(folder, match):
    with pytest.raises(InputError, match=match) as caught:
        read_released(folder)
    assert "\n" not in str(caught.value)


def test_wrong_tensors_are_named(tmp_path):
    released_checkpoint(tmp_path / "shape", state={"final_layer.0.weight": torch.zeros(3, 24)})
    refused(tmp_path / "shape", r"final_layer.0.weight: 3 x 24 float32 where config.json asks for 24 x 24")
    state = released_checkpoint(tmp_path / "missing")
    del state["projection_code_layers.1.bias"]
    torch.save(state, tmp_path / "missing" / "pytorch_model.bin")
    refused(tmp_path / "missing", "lacks the tensor projection_code_layers.1.bias")
    released_checkpoint(tmp_path / "more", state={"extra.weight": torch.zeros(1)})
    refused(tmp_path / "more", "a tensor extra.weight that a model of this config.json has not")
    released_checkpoint(tmp_path / "nan", state={"final_layer.2.bias": torch.tensor([torch.nan])})
    refused(tmp_path / "nan", "final_layer.2.bias: not all values are finite")
    released_checkpoint(tmp_path / "integers", state={"final_layer.2.bias": torch.tensor([1])})
    refused(tmp_path / "integers", "final_layer.2.bias: 1 int64")
    released_checkpoint(tmp_path / "heads", config={"num_mha_heads": 4})
    refused(tmp_path / "heads", "lacks the tensor projection_text_layers.3.weight")


class Malicious:
    """Unpickled without care, it writes a file."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return type(self.path).touch, (self.path,)


@pytest.mark.parametrize("writer", ["torch", "pickle"])
def test_a_pickle_that_would_run_code_is_refused_and_nothing_is_run(tmp_path, writer):
    released_checkpoint(tmp_path / "checkpoint")
    trace = tmp_path / "trace"
    content = {"embedding.weight": Malicious(trace)}
    weights = tmp_path / "checkpoint" / "pytorch_model.bin"
    if writer == "torch":
        torch.save(content, weights)
    else:
        weights.write_bytes(pickle.dumps(content))
    refused(tmp_path / "checkpoint", "refused, and nothing in it was run")
    assert not trace.exists()
    pickle.loads(pickle.dumps(Malicious(trace)))  # noqa: S301  (so it would have run)
    assert trace.exists()


def test_files_that_are_not_weights(tmp_path):
    released_checkpoint(tmp_path / "checkpoint")
    weights = tmp_path / "checkpoint" / "pytorch_model.bin"
    whole = weights.read_bytes()
    for content in (b"", b"no weights", whole[: len(whole) // 2]):
        weights.write_bytes(content)
        refused(tmp_path / "checkpoint", "damaged or holds more than weights")
    weights.write_bytes(b"version https://git-lfs.github.com/spec/v1\noid sha256:5ba8\nsize 149342173\n")
    refused(tmp_path / "checkpoint", "git lfs pull")
    torch.save([torch.zeros(2)], weights)
    refused(tmp_path / "checkpoint", "no state dict")
    weights.unlink()
    refused(tmp_path / "checkpoint", "pytorch_model.bin is missing")
    refused(tmp_path / "nowhere", "is not a folder")


def test_a_token_table_that_does_not_match_the_embedding(tmp_path):
    whole = {word: row for row, word in enumerate([*WORDS, "<UNK>", "<PAD>"])}
    short = {"heart": 0, "<UNK>": 1, "<PAD>": 2}
    twice = whole | {"pain": 0}
    for number, (tokens, match) in enumerate(
        [
            (short, "does not match the embedding: its 3 words should be numbered from 0 to 11"),
            (twice, "does not match the embedding"),
            (whole | {"more": len(whole)}, "does not match the embedding"),
            ({word: row for word, row in whole.items() if word != "<PAD>"}, "has no word <PAD>"),
            (whole | {"pain": "9"}, "no table of words and numbers"),
            ([*whole], "no table of words and numbers"),
        ]
    ):
        released_checkpoint(tmp_path / str(number), tokens=tokens)
        refused(tmp_path / str(number), match)


def test_bad_configs_are_named(tmp_path):
    for number, (change, match) in enumerate(
        [
            ({"encoder_type": "bert"}, "encoder_type: Input should be 'rnn' or 'cnn'"),
            ({"rnn_num_layers": 2}, "rnn_num_layers"),
            ({"num_mha_heads": 0}, "num_mha_heads"),
            ({"vocab_size": None}, "vocab_size"),
        ]
    ):
        released_checkpoint(tmp_path / str(number), config=change)
        refused(tmp_path / str(number), match)
    (tmp_path / "0" / "config.json").write_text("[")
    refused(tmp_path / "0", "not valid JSON")
    (tmp_path / "0" / "config.json").write_text("[]")
    refused(tmp_path / "0", "config.json")


def test_notes_are_cut_to_the_released_length(tmp_path):
    released_checkpoint(tmp_path / "checkpoint")
    released = read_released(tmp_path / "checkpoint")
    longer = " ".join(WORDS * 9)
    assert released.max_note_words == NOTE_WORDS
    cut = " ".join((WORDS * 9)[:NOTE_WORDS])
    assert torch.equal(our_logits(released, [longer], ["pain"]), our_logits(released, [cut], ["pain"]))
