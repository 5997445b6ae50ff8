"""Seconds that training and scoring take a note, of every model of the paper's tables: what ``icdbridge plan`` goes by.

    python -m benchmarks.step_times --name cpu-core [--device cpu] [--model caml] [--notes 2] >> step_times.csv

Settings of the preset ``paper``, random weights, synthetic notes of MIMIC-like lengths, label spaces as in training. A
step that does not count, then the median of ``--steps``. On the CPU one thread, processor time; on a GPU the wall's.
Prints a line a model: device, model, precision, seconds of training a note, seconds of scoring a note, codes scored.
"""

import argparse
from statistics import median

import numpy as np
import torch

from benchmarks.inputs import CODES, make_inputs, mimic_lengths
from benchmarks.subjects import timed
from icdbridge.models import ARCHITECTURES, Batch, CodingModel, build_model
from icdbridge.runs.scoring import encode_codes, pad, score_notes
from icdbridge.training.settings import Settings, make_settings

MODELS = ("caml", "laat", "duallaat-cnn", "duallaat-rnn", "plm-icd", "corelation")
FREQUENT, CATEGORIES, VOCABULARY = 7_942, 1_900, 125_762  # of MIMIC-IV's ICD-10
PIECES = 1.35  # parts of words that a pretrained encoder reads for each word
ROBERTA = {
    "model_type": "roberta", "vocab_size": 50_265, "hidden_size": 768, "num_hidden_layers": 12,
    "num_attention_heads": 12, "intermediate_size": 3072, "max_position_embeddings": 514, "type_vocab_size": 1,
    "pad_token_id": 1, "bos_token_id": 0, "eos_token_id": 2,
}  # fmt: skip


def build(settings: Settings) -> tuple[CodingModel, int]:
    """A model of the sizes that the settings give on MIMIC-IV's ICD-10, and how many codes it knows."""
    labels = FREQUENT if settings.training_scope == "frequent" else CODES
    sizes = settings.model_dump() | {
        "vocabulary": VOCABULARY, "labels": labels, "categories": CATEGORIES, "transformer": ROBERTA,
        "features": 0, "versions": 1,
    }  # fmt: skip
    return build_model(settings.architecture, sizes), labels


def measure(name: str, device: str, notes: int, steps: int, precision: str) -> tuple[float, float, int]:
    """Seconds of training a note, of scoring one, and the codes scored."""
    settings = make_settings(name)
    model, labels = build(settings)
    model.to(device)
    longer = PIECES if settings.architecture == "plm-icd" else 1.0
    lengths = [min(int(length * longer), settings.max_note_words) for length in mimic_lengths(notes)]
    inputs = make_inputs(lengths, labels)
    fixed = ARCHITECTURES[settings.architecture][0].fixed_labels
    codes = [np.array([row]) for row in range(labels)] if fixed else inputs.codes
    drawn = codes[: min(settings.label_space, labels)]
    batch = Batch(*pad(inputs.notes), *pad(drawn), torch.zeros(notes, len(drawn))).to(torch.device(device))
    if settings.architecture == "plm-icd":
        batch = batch._replace(notes=batch.notes % int(ROBERTA["vocab_size"]))
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-5, fused=True)
    clock = "wall" if device == "cuda" else "cpu"

    def learn() -> None:
        optimizer.zero_grad()
        with torch.autocast(device, torch.bfloat16, enabled=precision == "bf16"):
            loss = model.loss(batch, settings.label_chunk)
        torch.autograd.backward(loss)
        optimizer.step()

    model.train()
    learn()
    training = median(timed(learn)[0][clock] for _ in range(steps)) / notes
    queries = encode_codes(model, codes)
    words = [note[:length].numpy() for note, length in zip(batch.notes.cpu(), lengths, strict=True)]
    scoring, _ = timed(lambda: score_notes(model, words, queries, precision))  # type: ignore[arg-type]
    return training, scoring[clock] / notes, labels


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--name", required=True, help="of the device, as plan's --device will call it")
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument("--model", choices=MODELS, action="append")
    parser.add_argument("--precision", choices=["fp32", "bf16"], default="fp32")
    parser.add_argument("--notes", type=int, default=2)
    parser.add_argument("--steps", type=int, default=1)
    given = parser.parse_args()
    if given.device == "cpu":
        torch.set_num_threads(1)
    for model in given.model or MODELS:
        notes = 1 if model == "corelation" and given.device == "cpu" else given.notes
        training, scoring, codes = measure(model, given.device, notes, given.steps, given.precision)
        print(f"{given.name},{model},{given.precision},{training:.4g},{scoring:.4g},{codes}", flush=True)


if __name__ == "__main__":
    main()
