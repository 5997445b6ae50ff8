"""What the starter reaches: ``python -m benchmarks.starter [DATA] [--half report]``.

All billable codes are candidates. Gold notes are ours; with DATA, a folder of the public notes (see
``benchmarks.coded_notes``), CodiEsp's dev part, ACI-Bench and CMC 2007 are measured too. "No label used" ranks by trees
that saw no CodiEsp note.
"""

import argparse
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from benchmarks import learn_ranking
from benchmarks.coded_notes import CodedNote, aci, cmc, codiesp, gold
from benchmarks.learn_ranking import fit, folds, held_out, read_notes, scale
from benchmarks.starter_figures import Coded, forbidden, likely, recall
from icdbridge.caches import cache_folder
from icdbridge.coding.untrained import StarterCoder
from icdbridge.starter.starter import Starter


def code(starter: Starter, notes: Sequence[CodedNote]) -> Coded:
    """The notes with what the starter finds in them."""
    return [(note, starter.code(note.text, note.inpatient)) for note in notes]


def mean_average_precision(coded: Coded) -> float:
    """MAP over the whole list of each note; labels that no billable code has count as missed."""
    scores = []
    for note, list_ in coded:
        right = np.array([found.code in note.codes for found in list_], float)
        precision = np.cumsum(right) / np.arange(1, len(right) + 1)
        scores.append(float((precision * right).sum()) / max(len(note.codes), 1))
    return float(np.mean(scores))


def micro_f1(coded: Coded, threshold: float) -> float:
    """Micro F1 of what is above the threshold."""
    predicted = [
        (note, found)
        for note, list_ in coded
        for found in list_
        if found.confidence > threshold and not found.doubted
    ]
    right = sum(found.code in note.codes for note, found in predicted)
    return 2 * right / (len(predicted) + sum(len(note.codes) for note, _ in coded))


def unseen_recall(coded: Coded, seen: frozenset[str], lines: int = 15) -> float:
    """Recall among the first lines of labels that no training note carries."""
    hits = [
        code in {found.code for found in list_[:lines]} for note, list_ in coded for code in note.codes - seen
    ]
    return float(np.mean(hits))


def code_unseen(starter: Starter, notes: Sequence[CodedNote]) -> Coded:
    """The last fold of notes, coded by a ranking learnt on the others: what a threshold is chosen on."""
    own, rest = read_notes(starter, gold("tune")), read_notes(starter, notes)
    fold = folds(len(notes))
    learnt = fit(starter, own, [one for one, of in zip(rest, fold, strict=True) if of])
    learnt = replace(learnt, scale=starter.ranking.scale, about=starter.ranking.about)
    ranked = Starter(starter.system, cache_folder(), learnt)
    return code(ranked, [one for one, of in zip(notes, fold, strict=True) if not of])


def show(name: str, value: str) -> None:
    print(f"| {name} | {value} |", flush=True)


def report_gold(starter: Starter, half: str) -> None:
    if half == "tune":  # it was learnt from: what counts is what it found in each note before it had seen it
        for name, value in starter.ranking.about["held_out"].items():
            show(f"gold notes (tune), each held out of learning: {name}", str(value))
        return
    coded = code(starter, gold(half))  # type: ignore[arg-type]
    wanted = sum(len(note.wanted) for note, _ in coded)
    count, exact, category = likely(coded)
    offered, of = forbidden(coded, float(starter.ranking.about["threshold"]))
    show(f"gold notes ({half}), {len(coded)} with {wanted} codes: recall in the first 10 / 20 lines",
         f"{recall(coded, 10):.2f} / {recall(coded, 20):.2f}")  # fmt: skip
    show(f"of {count} called likely: exactly right / right category", f"{exact:.2f} / {category:.2f}")
    show("must-not codes offered as predicted", f"{offered} of {of}")


def report_public(starter: Starter, data: Path, fast: bool) -> None:
    coded = code(starter, aci(data))
    show(
        f"ACI-Bench, {len(coded)} notes: listed conditions by category in the first 10",
        f"{recall(coded, 10):.2f}",
    )
    dev, train = codiesp(data, "dev"), codiesp(data, "train", in_force=True)
    in_force = codiesp(data, "dev", in_force=True)
    seen = frozenset[str]().union(
        *(note.codes for note in train), *(note.codes for note in codiesp(data, "train"))
    )

    def figures(ranked: Starter, threshold: float) -> str:
        coded = code(ranked, dev)
        now = [(note, found) for note, (_, found) in zip(in_force, coded, strict=True)]
        return "; ".join(
            f"{mean_average_precision(one):.3f} / {micro_f1(one, threshold):.3f} / {unseen_recall(one, seen):.3f}"
            for one in (coded, now)
        )

    what = "MAP / micro F1 / recall@15 of unseen codes; with labels that were split since 2018 as the code of today"
    if not fast:
        own = read_notes(starter, gold("tune"))
        lines, raw = held_out(starter, own, [])
        blind = replace(fit(starter, own, []), scale=scale(lines, raw), about=starter.ranking.about)
        ranked = Starter(starter.system, cache_folder(), blind)
        show(f"CodiEsp dev, no label of it used: {what}", figures(ranked, learn_ranking.THRESHOLD))
    best = best_threshold(code_unseen(starter, train))
    show(f"CodiEsp dev, ranking learnt on its train part: {what}", figures(starter, best))


def best_threshold(coded: Coded) -> float:
    """The confidence with the best micro F1 on notes that are not the measured ones."""
    points = np.arange(0.05, 0.7, 0.025)
    return float(max(points, key=lambda point: micro_f1(coded, float(point))))


def report_cmc(data: Path) -> None:
    coder, notes = StarterCoder(), cmc(data)
    found = coder.code_many([note.text for note in notes], "icd9", top=30)
    predicted = [{one.code for one in list_ or [] if one.predicted} for list_ in found]
    right = sum(len(codes & note.codes) for codes, note in zip(predicted, notes, strict=True))
    total = sum(map(len, predicted)) + sum(len(note.codes) for note in notes)
    near = sum(
        any(code.startswith(label) for code in codes)
        for codes, note in zip(predicted, notes, strict=True)
        for label in note.codes
    )
    show("CMC 2007 (ICD-9), no note of it used: micro F1 exact; with codes below a retired label",
         f"{2 * right / total:.3f}; {2 * near / total:.3f}")  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, nargs="?", help="folder of the public notes")
    parser.add_argument("--half", choices=("tune", "report"), default="tune")
    parser.add_argument("--fast", action="store_true", help="leave out what learns anew")
    options = parser.parse_args()
    print("| figure | value |\n| --- | --- |")
    starter = Starter("icd10cm", cache_folder())
    report_gold(starter, options.half)
    if options.data:
        report_public(starter, options.data, options.fast)
        report_cmc(options.data)
    notes = [note.text for note in gold("tune")]
    words = sum(len(text.split()) for text in notes)
    begin = time.perf_counter()
    for text in notes:
        starter.code(text)
    spent = time.perf_counter() - begin
    show("a 500-word note, one core", f"{1000 * spent / words * 500:.1f} ms")


if __name__ == "__main__":
    main()
