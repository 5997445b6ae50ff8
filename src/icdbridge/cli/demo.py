"""icdbridge demo: a realistic note coded by the starter, then training from end to end on synthetic notes.

Each step is a command that one can type oneself.
"""

import math
import os
import shlex
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import typer

from icdbridge.cli import app, examples
from icdbridge.errors import InputError
from icdbridge.files import only_writer, read_json
from icdbridge.terminal import say

NOTES3, NOTES4, WORDS, CONCEPTS = 1200, 3000, 170, 600
TRAINING = ["--model", "duallaat-cnn", "--preset", "small", "--set", "label_space=160"]
MARK, SAID = "demo.txt", "Everything in this folder comes from synthetic notes.\n"
# All that a demo writes into its folder.
MADE = {MARK, "example.txt", "raw", "corpora", "runs", "report", "note.txt"}


@app.command(epilog=examples("demo", "demo --scale 0.1"))
def demo(
    out: Path = typer.Option(Path("build/demo"), "--out", help="Folder for all that the demo makes."),
    scale: float = typer.Option(1.0, min=0.01, max=500, help="Share of the notes, for a quick look."),
    epochs: int = typer.Option(6, min=1, help="Passes over the notes; twice as many on ICD-10 alone."),
) -> None:
    """Show what icdbridge does: code a made-up note, then train and compare two models on synthetic notes.

    One model learns from ICD-10 notes alone, the other from ICD-9 too, as in the paper. Takes minutes on two cores.
    """
    if not math.isfinite(scale):
        raise InputError(f"--scale {scale} is no number of notes: give one such as 1")
    with only_writer(Path(os.path.realpath(out))):
        _demo(out, scale, epochs)


def _demo(out: Path, scale: float, epochs: int) -> None:
    from icdbridge.starter.examples import example

    _clear(out)
    out.mkdir(parents=True)
    (out / MARK).write_text(SAID, "utf-8")
    raw3, raw4 = out / "raw" / "mimic3", out / "raw" / "mimic4"
    iii9, iv9, iv10 = (out / "corpora" / name for name in ("mimic3-icd9", "mimic4-icd9", "mimic4-icd10"))
    alone, mixed = out / "runs" / "icd10-alone", out / "runs" / "mixed"
    size = ["--words", str(WORDS), "--concepts", str(CONCEPTS)]

    _say("1/7  A realistic note (made up) coded by the starter, which needs no coded notes")
    first = out / "example.txt"
    first.write_text(example("discharge"), "utf-8")
    say(first.read_text("utf-8"))
    _run("code", first, "--top", 20)
    _say("2/7  Synthetic notes in the raw files of MIMIC-III and MIMIC-IV")
    _run("synthesize", "mimic3", "--out", raw3, "--notes", int(NOTES3 * scale), *size, "--seed", 1)
    _run("synthesize", "mimic4", "--out", raw4, "--notes", int(NOTES4 * scale), *size, "--seed", 2)
    _say("3/7  Three corpora: two in ICD-9, one in ICD-10")
    _run("prepare", "mimic3", "--root", raw3, "--out", iii9)
    _run("prepare", "mimic4", "--root", raw4, "--version", "icd9", "--out", iv9)
    _run("prepare", "mimic4", "--root", raw4, "--version", "icd10", "--out", iv10)
    _say("4/7  A model trained on ICD-10 alone: twice the epochs, so that it has as many steps as the other")
    _run("train", iv10, "--out", alone, *TRAINING, "--epochs", 2 * epochs)
    _say("5/7  The same model trained on ICD-10 and ICD-9 together")
    _run("train", iv10, iv9, iii9, "--out", mixed, *TRAINING, "--epochs", epochs)
    _say("6/7  Both measured on the ICD-10 test notes")
    _run("evaluate", alone, iv10, quiet=True)
    _run("evaluate", mixed, iv10, quiet=True)
    _run("compare", alone, mixed, "--out", out / "report", quiet=True)
    _found(*(read_json(run / "evaluations" / f"{iv10.name}-test" / "metrics.json") for run in (alone, mixed)))
    _say("7/7  One synthetic note coded, with the words that spoke for each code")
    note = out / "note.txt"
    note.write_text(_some_note(iv10), "utf-8")
    _run("code", mixed, note, "--version", "icd10", "--top", 8)
    say("\nYour own note:            icdbridge code NOTE.txt, or in the browser: icdbridge serve")
    say(f"Report of the comparison: {out / 'report' / 'report.html'}")
    say(f"Report of the mixed run:  {mixed / 'evaluations' / f'{iv10.name}-test' / 'report.html'}")


def _clear(out: Path) -> None:
    """Removes the folder of an earlier demo, and nothing that a demo does not write."""
    if not out.exists():
        return
    mark = out / MARK
    if not out.is_dir() or not mark.is_file() or mark.read_bytes() != SAID.encode():
        raise InputError(f"{out} exists and is no demo folder: give another --out")
    foreign = sorted(entry.name for entry in out.iterdir() if entry.name not in MADE)
    if foreign:
        raise InputError(f"{out / foreign[0]} is none of the demo's: move it, or give another --out")
    shutil.rmtree(out)


def _say(text: str) -> None:
    typer.secho(f"\n{text}", bold=True)


def _run(*words: object, quiet: bool = False) -> None:
    """Prints a command and runs it in this process; ``quiet`` drops what it prints."""
    import contextlib
    import io

    arguments = [str(word) for word in words]
    say(f"$ icdbridge {shlex.join(arguments)}")
    with contextlib.redirect_stdout(io.StringIO()) if quiet else contextlib.nullcontext():
        app(arguments, standalone_mode=False)


def _some_note(corpus: Path) -> str:
    from icdbridge.corpora import Corpus

    notes = [row for batch in Corpus.open(corpus).notes("test") for row in batch.to_pylist()]
    return str(max(notes, key=lambda row: len(row["codes"]))["text"])


def _found(alone: Mapping[str, Any], mixed: Mapping[str, Any]) -> None:
    from icdbridge.text_table import Table, show

    rows: list[list[str]] = []
    gains: dict[str, float] = {}
    for scope in ("frequent", "full", "rare"):
        before, after = alone["scopes"][scope], mixed["scopes"][scope]
        if "present" not in before or "present" not in after:
            rows.append([f"{scope} (synthetic)", "no label", *4 * ["-"]])
            continue
        cells = [
            f"{100 * before['present'][name]:.1f} → {100 * after['present'][name]:.1f}"
            for name in ("f1_micro", "f1_macro", "p_at_8", "map")
        ]
        rows.append([f"{scope} (synthetic)", f"{after['codes']:,}", *cells])
        gains[scope] = 100 * (after["present"]["f1_micro"] - before["present"]["f1_micro"])
    columns = ["scope", "codes", "micro F1", "macro F1", "P@8", "MAP"]
    show([Table("Synthetic ICD-10 test notes, percent: ICD-10 alone → with ICD-9", columns, rows)])
    for scope, gain in gains.items():
        verdict = "helped" if gain > 0 else "did not help"
        say(f"Mixing in ICD-9 {verdict} on {scope} codes: micro F1 {gain:+.1f} points (synthetic, one seed).")
