"""A whole training on the device, by the public API, and whether its run codes notes as on the CPU.

A step of ``benchmarks.gpu_check``; the notes are synthetic, the models small.
"""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import icdbridge
from benchmarks.gpu_step import Given, Row
from benchmarks.subjects import timed
from icdbridge.corpora import Corpus

MODELS = {
    "CNN": ("duallaat-cnn", "small"),
    "RNN": ("duallaat-rnn", "small"),
    "few-notes": ("duallaat-cnn", "few-notes"),
}


def whole_run(given: Given) -> Iterator[Row]:
    """Trains, measures and codes on the device, and beside it the same run on the CPU."""
    with TemporaryDirectory() as place:
        folder = Path(place)
        corpus = synthetic_corpus(folder, given)
        if not given.smoke:
            yield from _by_torchrun(folder, given)
        for name, (model, preset) in list(MODELS.items())[: given.least(3, 1)]:
            changes = [f"device={given.device}", "precision=bf16-mixed", "label_space=100"]
            changes.append(f"epochs={given.least(2, 1)}")
            if name == "few-notes":
                changes.append("prior=false")  # which would leave attention nothing to say
            out = folder / name
            seconds, _ = timed(
                lambda m=model, p=preset, c=changes, o=out: icdbridge.train(
                    [corpus], o, icdbridge.make_settings(m, p, None, c)
                )
            )
            yield Row(f"{name}: trained by `train` in mixed precision", f"{seconds['wall']:.1f} s")
            yield from _as_on_the_cpu(name, out, corpus, given)


def synthetic_corpus(folder: Path, given: Given) -> Corpus:
    """Notes in the layout of MIMIC-IV, prepared."""
    notes, words = given.least(600, 150), given.least(170, 100)
    dump = icdbridge.synthesize_mimic4(folder / "dump", notes, words=words, concepts=60)
    return icdbridge.prepare_mimic4(dump, folder / "corpus")


def _as_on_the_cpu(name: str, run: Path, corpus: Corpus, given: Given) -> Iterator[Row]:
    """The predicted codes of test notes and the words shown for them, against those that the CPU gives in fp32."""
    texts = [note["text"] for batch in corpus.notes("test") for note in batch.to_pylist()][
        : given.least(40, 3)
    ]

    def coded(device: str, precision: str) -> tuple[set[tuple[int, str]], set[tuple[int, str, int, int]]]:
        coder = icdbridge.Coder.load(run, device=device, precision=precision)  # type: ignore[arg-type]
        found, words = set(), set()
        for number, text in enumerate(texts):
            for one in coder.code(text, top=len(corpus.codes)):
                if one.predicted:
                    found.add((number, one.code))
                    words |= {(number, one.code, part.start, part.end) for part in one.evidence}
        return found, words

    exact, exact_words = coded("cpu", "fp32")
    for precision in ("fp32", "bf16"):
        found, words = coded(given.device, precision)
        yield Row(
            f"{name}: codes predicted in {precision} that differ from the CPU's, {len(texts)} notes",
            f"{len(exact ^ found)} of {len(exact)}; evidence: {len(exact_words ^ words)} of {len(exact_words)} words",
            "0",
        )


def _by_torchrun(folder: Path, given: Given) -> Iterator[Row]:
    """One process that joins others of a job, by NCCL on a GPU."""
    launcher = [
        "-m",
        "torch.distributed.run",
        "--standalone",
        "--nproc-per-node",
        "1",
        "-m",
        "icdbridge",
        "train",
    ]
    settings = ["--preset", "small", "--epochs", "1"]
    settings += ["--set", f"device={given.device}", "--set", "label_space=100"]
    out = ["--out", str(folder / "joined"), "--model", "duallaat-cnn"]
    command = [sys.executable, *launcher, str(folder / "corpus"), *out, *settings]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    said = "trained" if not done.returncode else done.stderr.strip().splitlines()[0]
    yield Row("one process of torchrun", said)
