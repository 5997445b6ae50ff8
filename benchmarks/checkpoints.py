"""Our scores beside those of the paper's own code, on random checkpoints of the released sizes.

    git clone https://github.com/JHLiu7/Dual-LAAT paper
    python benchmarks/checkpoints.py --paper-code paper

The paper's own code writes each checkpoint (with random biases and a padding vector that is not zero, as after
training) and scores; ours imports it and scores the same notes against the same candidate sets.
"""

import argparse
import importlib.util
import logging
import sys
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

import torch

from icdbridge.codes import load_system
from icdbridge.runs.released import read_released, write_released
from icdbridge.runs.scoring import encode_codes, score_notes

VOCABULARY = 125_762
RELEASED = {  # the sizes of the released checkpoints; lstm: their code's other recurrent encoder
    "gru": {"encoder_type": "rnn", "rnn_type": "gru", "rnn_hidden_size": 512, "rnn_num_layers": 1}
    | {"projection_dim": 512, "dropout": 0.3},
    "lstm": {"encoder_type": "rnn", "rnn_type": "lstm", "rnn_hidden_size": 512, "rnn_num_layers": 1}
    | {"projection_dim": 512, "dropout": 0.3},
    "cnn": {
        "encoder_type": "cnn",
        "kernel_size": 10,
        "num_filters": 256,
        "projection_dim": 256,
        "dropout": 0.2,
    },
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--paper-code", type=Path, required=True, help="a checkout of JHLiu7/Dual-LAAT")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    logging.disable(logging.WARNING)
    theirs = load_module(arguments.paper_code / "duallaat.py")
    titles = list(load_system("icd9cm").titles.values())
    words, notes = made_up(titles, arguments.seed)
    candidate_sets = [titles[:1], titles[100:105], sorted(titles, key=len)[-20:], titles[::300]]
    print(
        f"{len(notes)} made-up notes, {[len(one) for one in candidate_sets]} candidate codes; largest differences:"
    )
    for encoder, sizes in RELEASED.items():
        with tempfile.TemporaryDirectory() as folder:
            found = compare(theirs, sizes, words, notes, candidate_sets, Path(folder), arguments.seed)
        print(
            f"{encoder:5} {found.parameters:12,} parameters; logits from {found.low:.2f} to {found.high:.2f} differ "
            f"by at most {found.difference:.1e}; written back, weights and words are the same",
            flush=True,
        )


def load_module(path: Path) -> Any:
    spec = importlib.util.spec_from_file_location("duallaat", path)
    if spec is None or spec.loader is None or not path.is_file():
        sys.exit(f"{path} is missing: clone the paper's repository and name its folder by --paper-code")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def made_up(titles: list[str], seed: int) -> tuple[list[str], list[str]]:
    """A vocabulary of the released size, and notes of its words: short, long, too long, full of unknown words."""
    known = sorted({word for title in titles for word in title.lower().split() if word.isalnum()})
    words = known + [f"word{number}" for number in range(VOCABULARY - 2 - len(known))]
    generator = torch.Generator().manual_seed(seed)
    notes = []
    for length in (1, 40, 1500, 4500):
        rows = torch.randint(len(words), (length,), generator=generator)
        notes.append(" ".join(words[row] for row in rows) + ".")
    notes.append("Seen, 12 34 times; UNKNOWNABLE words & acute MYOCARDIAL infarction 81mg. " * 20)
    return words, notes


class Compared(NamedTuple):
    """Largest difference of a logit, the range of the paper's logits, the model's size."""

    difference: float
    low: float
    high: float
    parameters: int


def compare(
    theirs: Any, sizes: dict[str, Any], words: list[str], notes: list[str], sets: list[list[str]],
    folder: Path, seed: int,
) -> Compared:  # fmt: skip
    torch.manual_seed(seed)
    config = theirs.DualLAATConfig(vocab_size=VOCABULARY, embedding_dim=100, num_mha_heads=4, **sizes)
    model = theirs.DualLAAT(config)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "bias" in name:
                parameter.normal_(std=0.1)
        model.embedding.weight.copy_(torch.nn.functional.normalize(torch.randn(VOCABULARY, 100)))
    tokens = {word: row for row, word in enumerate([*words, "<UNK>", "<PAD>"])}
    model.save_pretrained(folder / "theirs", tokens)
    ours = read_released(folder / "theirs")
    write_released(ours, folder / "back")
    check_same(folder / "theirs", folder / "back")
    ids = ours.tokenizer.encode_many(notes, ours.max_note_words)
    model = theirs.DualLAAT.from_pretrained(folder / "theirs")
    difference = 0.0
    low, high = torch.inf, -torch.inf
    for candidates in sets:
        expected = model.predict(notes, candidates)["logits"]
        codes = ours.tokenizer.encode_many(candidates, ours.max_code_words)
        found = torch.from_numpy(score_notes(ours.model, ids, encode_codes(ours.model, codes)))
        difference = max(difference, (found - expected).abs().max().item())
        low, high = min(low, expected.min().item()), max(high, expected.max().item())
    return Compared(difference, low, high, model.num_parameters())


def check_same(first: Path, second: Path) -> None:
    for name in ("config.json", "token2id.json"):
        if (first / name).read_bytes().strip() != (second / name).read_bytes().strip():
            sys.exit(f"{name} did not come back as it was")
    before, after = (torch.load(path / "pytorch_model.bin", weights_only=True) for path in (first, second))
    if before.keys() != after.keys() or not all(torch.equal(before[name], after[name]) for name in before):
        sys.exit("the weights did not come back as they were")


if __name__ == "__main__":
    main()
