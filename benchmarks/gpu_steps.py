"""What ``benchmarks.gpu_check`` measures: a function a step, which says its rows one by one.

Figures are medians of steps or notes after one that does not count. Random weights of the released sizes, synthetic
notes of MIMIC-like lengths, names of real codes.
"""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import numpy as np
import torch
from scipy.special import expit

from benchmarks import inputs as sizes
from benchmarks import reference
from benchmarks.gpu_gradients import gradients
from benchmarks.gpu_memory import fresh, memory
from benchmarks.gpu_run import whole_run
from benchmarks.gpu_step import Given, Row, Step
from benchmarks.inputs import Inputs, make_inputs, mimic_lengths, released_size
from benchmarks.scoring import operations
from benchmarks.subjects import (
    baseline,
    baseline_trainer,
    icdbridge_trainer,
    matrix_products,
    timed,
    training_notes,
)
from icdbridge.models import build_model
from icdbridge.runs.scoring import encode_codes, pad, score_notes
from icdbridge.training.batches import batches_ahead, plan_epoch
from icdbridge.training.pretrained import small_transformer
from icdbridge.training.settings import make_settings

NAMES = {"gru": "RNN", "cnn": "CNN"}


def shrink() -> None:
    """Makes notes and models so small that figures mean nothing, to see that all runs."""
    sizes.VOCABULARY, reference.NOTE_WORDS = 500, 64
    sizes.SIZES.update(gru=(8, 0.3), cnn=(8, 0.2))


def notes_of(given: Given, count: int, codes: int) -> Inputs:
    lengths = [min(length, given.least(4_000, 40)) for length in mimic_lengths(count)]
    return make_inputs(lengths, codes)


def machine(given: Given) -> Iterator[Row]:
    """The card, and how fast it multiplies."""
    name = torch.cuda.get_device_name() if given.device == "cuda" else "CPU"
    yield Row("machine", f"{name}, torch {torch.__version__}, CUDA {torch.version.cuda}")
    if not given.smoke:
        rates = matrix_products(given.device)("wall")
        yield Row(
            "matrix products", ", ".join(f"{key} {rate / 1e12:.0f} TFLOP/s" for key, rate in rates.items())
        )


def agreement(given: Given) -> Iterator[Row]:
    """Whether it predicts as the CPU does."""
    inputs = notes_of(given, given.least(6, 2), given.least(2_000, 20))
    for encoder in NAMES:
        model = released_size(encoder)
        exact = score_notes(model, inputs.notes, encode_codes(model, inputs.codes))
        cut = np.quantile(exact, 0.99)  # random weights have no threshold: a hundredth is predicted
        model.to(given.device)
        queries = encode_codes(model, inputs.codes)
        for precision in ("fp32", "bf16"):
            found = score_notes(model, inputs.notes, queries, precision=precision)  # type: ignore[arg-type]
            gap = float(abs(expit(found.astype(float)) - expit(exact.astype(float))).max())
            anew = abs(found - cut) < 0.05  # as runs do in bf16 (runs/scorer.py)
            changed = int((((found > cut) != (exact > cut)) & ~(anew & (precision == "bf16"))).sum())
            yield Row(
                f"{NAMES[encoder]}, {precision}: predictions that differ from the CPU's fp32",
                f"{changed} of {int((exact > cut).sum())}; largest difference of a probability {gap:.1e}",
                "0",
            )


def _training(encoder: str) -> Step:
    def step(given: Given) -> Iterator[Row]:
        """Steps of 16 and of 64 notes at |L| = 1,024 against the baseline's."""
        space = given.least(1_024, 40)
        name = "paper's code" if given.paper_code else "straightforward implementation"
        ratios = []
        for count, precisions in ((given.least(16, 2), ("bf16", "fp32")), (given.least(64, 3), ("bf16",))):
            inputs = notes_of(given, count, given.least(sizes.CODES, 60))
            seconds, learning = {}, {}
            for key in (*precisions, name):
                fresh(given.device)
                learn = (
                    baseline_trainer(encoder, inputs, given.paper_code, given.device)
                    if key == name
                    else icdbridge_trainer(encoder, inputs, key, given.device)
                )
                rounds = range(given.least(6 if count < 64 else 4, 2))
                taken = [learn(count, space, seed) for seed in rounds][1:]
                seconds[key] = median(one["seconds"]["wall"] for one in taken)
                batching = median(one["batching_seconds"]["wall"] for one in taken)
                learning[key] = seconds[key] - batching
                yield Row(
                    f"{NAMES[encoder]}, training step, L = {space:,}, {count} notes: {key}",
                    f"{1e3 * seconds[key]:.1f} ms, of which making the batch {1e3 * batching:.1f}, "
                    f"{count / seconds[key]:.1f} notes/s, {memory(given.device)}",
                )
                del learn
            faster = ", ".join(
                f"{key} {seconds[name] / seconds[key]:.1f} (learning alone {learning[name] / learning[key]:.1f})"
                for key in precisions
            )
            ratios.append(f"{count} notes: {faster}")
        what = f"{NAMES[encoder]}, training: times as fast as the {name}"
        yield Row(what, "; ".join(ratios), "20 (paper's code)")

    return step


def _scoring(encoder: str) -> Step:
    def step(given: Given) -> Iterator[Row]:
        """Notes a second against all codes, and against the baseline, which encodes the codes with every note."""
        rate = 1.0 if given.smoke else matrix_products(given.device)("wall")["bf16"]
        for codes in (26_085, 75_000):
            fresh(given.device)
            inputs = notes_of(given, given.least(65, 3), given.least(codes, 30))
            model = released_size(encoder).to(given.device).eval()
            encoding, queries = timed(lambda m=model, i=inputs: encode_codes(m, i.codes))
            for precision in ("bf16", "fp32"):
                score = partial(score_notes, model, queries=queries, precision=precision)  # type: ignore[arg-type]
                # kernels are built and graphs made at the first notes of each kind
                score(inputs.notes[1:] if precision == "bf16" else inputs.notes[:9])
                rounds = range(given.least(5, 1) if precision == "bf16" else 1)
                seconds = median(timed(lambda s=score, i=inputs: s(i.notes[1:]))[0]["wall"] for _ in rounds)
                work = sum(operations(encoder, len(note), len(inputs.codes)) for note in inputs.notes[1:])
                share = (
                    f", {work / seconds / rate:.0%} of the bf16 matrix rate" if precision == "bf16" else ""
                )
                goals = {26_085: "60 % of the rate", 75_000: "200 notes/s (RNN: 717 TFLOP/s)"}
                yield Row(
                    f"{NAMES[encoder]}, scoring {len(inputs.codes):,} codes: {precision}",
                    f"{len(inputs.notes[1:]) / seconds:.1f} notes/s{share}, {memory(given.device)}, "
                    f"codes encoded once in {encoding['wall']:.1f} s",
                    goals[codes] if precision == "bf16" else "",
                )
            del model, queries, score
        yield from _baseline_scoring(encoder, given)

    return step


@torch.no_grad()
def _baseline_scoring(encoder: str, given: Given) -> Iterator[Row]:
    fresh(given.device)
    codes = given.least(8_192, 30)
    inputs = notes_of(given, given.least(3, 2), codes)
    model = baseline(encoder, given.paper_code).to(given.device).eval()
    words = reference.pad_to(inputs.codes, max(map(len, inputs.codes))).to(given.device)
    notes = reference.pad_to(inputs.notes, reference.NOTE_WORDS).to(given.device)
    model(notes[:1], words)
    seconds, _ = timed(lambda: [model(note[None], words) for note in notes])
    name = "paper's code" if given.paper_code else "straightforward implementation"
    yield Row(
        f"{NAMES[encoder]}, scoring {codes:,} codes: {name}",
        f"{len(notes) / seconds['wall']:.2f} notes/s, {memory(given.device)}",
    )


def largest_batch(given: Given) -> Iterator[Row]:
    """How many notes of 4,000 words fit in a step at |L| = 8,192."""
    for encoder in NAMES:
        fits, count, most = 0, 8, given.least(512, 16)
        inputs = make_inputs([given.least(4_000, 40)] * most, given.least(sizes.CODES, 600))
        learn = icdbridge_trainer(encoder, inputs, "bf16", given.device)
        taken = 0.0
        while count <= most and taken < 20:
            fresh(given.device)
            try:
                taken = learn(count, given.least(8_192, 400), 0)["seconds"]["wall"]
            except torch.OutOfMemoryError:
                break
            fits, held = count, memory(given.device)
            count *= 2
        limit = "" if fits < most and taken < 20 else ", not the limit"
        yield Row(f"{NAMES[encoder]}, largest batch in bf16, L = 8,192", f"{fits} notes, {held}{limit}")
        del learn


def loader(given: Given) -> Iterator[Row]:
    """Words a second from disk to the device: more than a step learns from?"""
    count = given.least(512, 8)
    inputs = notes_of(given, count, given.least(sizes.CODES, 300))
    data = training_notes(inputs)
    settings = make_settings(label_space=given.least(8_192, 200), batch_size=given.least(32, 4))
    with TemporaryDirectory() as folder:
        path = Path(folder) / "words.bin"
        data.parts[0].words.astype(np.int32).tofile(path)
        on_disk = np.memmap(path, dtype=np.int32, mode="r")
        object.__setattr__(data.parts[0], "words", on_disk)
        plan = plan_epoch([data], settings.batch_size, settings.batch_words, 0, 0)

        def read() -> int:
            return sum(
                int(part.batch.to(torch.device(given.device)).note_lengths.sum())
                for part in batches_ahead([data], plan, settings, 0)
            )

        seconds, words = timed(read)
    yield Row(
        "words from disk to the device, label spaces of 8,192 drawn",
        f"{words / seconds['wall'] / 1e6:.2f} million/s",
    )


def plm(given: Given) -> Iterator[Row]:
    """PLM-ICD over a small encoder with fresh weights: a step and scoring."""
    labels, segment, count = given.least(7_942, 30), 128, given.least(8, 2)
    inputs = notes_of(given, count, labels)
    shape = (sizes.VOCABULARY, given.least(384, 16))
    settings = small_transformer(shape, given.least(6, 1), segment) | {
        "num_attention_heads": given.least(6, 2)
    }
    model = build_model("plm-icd", {"labels": labels, "transformer": settings, "segment": segment})
    model.to(given.device).train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=5e-5)
    notes, lengths = pad(inputs.notes, given.device)
    rows = torch.arange(labels, device=given.device)[:, None]
    target = torch.zeros(count, labels, device=given.device)

    def learn() -> None:
        optimizer.zero_grad()
        with torch.autocast(given.device, torch.bfloat16):
            loss = torch.nn.functional.binary_cross_entropy_with_logits(
                model(notes, lengths, rows, torch.ones_like(rows[:, 0]), 1024).float(), target
            )
        torch.autograd.backward(loss)
        optimizer.step()

    fresh(given.device)
    learn()
    seconds = median(timed(learn)[0]["wall"] for _ in range(given.least(5, 1)))
    size = sum(p.numel() for p in model.parameters()) / 1e6
    what = f"PLM-ICD, encoder of {size:.0f} M with word vectors and outputs, {labels:,} codes"
    yield Row(
        f"{what}: training step, {count} notes", f"{count / seconds:.1f} notes/s, {memory(given.device)}"
    )
    queries = encode_codes(model, [np.array([row]) for row in range(labels)])
    taken, _ = timed(lambda: score_notes(model, inputs.notes, queries, "bf16"))
    yield Row(f"{what}: scoring", f"{count / taken['wall']:.1f} notes/s")


STEPS: dict[str, Step] = {
    "machine": machine,
    "agreement": agreement,
    "gradients": gradients,
    "whole-run": whole_run,
    "training-cnn": _training("cnn"),
    "training-rnn": _training("gru"),
    "scoring-cnn": _scoring("cnn"),
    "scoring-rnn": _scoring("gru"),
    "largest-batch": largest_batch,
    "loader": loader,
    "plm": plm,
}
