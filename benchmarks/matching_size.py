"""What matching takes at the size of MIMIC: time, memory and disk of building it from many synthetic training notes.

    python -m benchmarks.matching_size make 20000 build/sizes/20000
    python -m benchmarks.matching_size build build/sizes/20000 --out build/bench

``make`` writes a corpus: notes of MIMIC-like lengths (1,500 words in the mean), whose words follow Zipf's law, in
phrases that come again, sentences and sections, among them names of the note's codes: 16 of 26,085, by Zipf's law too.
``build`` does what a training with ``lexical=associations`` does before attention learns: phrases counted, notes
matched, the network of lexical features. Killed, and started again, it goes on. Prints Markdown, writes
matching_size.json.
"""

import argparse
import os
import resource
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from scipy.sparse import csr_array

from benchmarks.inputs import CODES, mimic_lengths
from icdbridge.codes import whole_systems
from icdbridge.corpora import Corpus
from icdbridge.corpora.corpus import CODES_SCHEMA, FORMAT, NOTES_SCHEMA, ROW_GROUP
from icdbridge.files import write_json, write_manifest
from icdbridge.lexical.associations import find_phrases
from icdbridge.lexical.features import LEXICAL_FEATURES
from icdbridge.lexical.note import NoteWords
from icdbridge.models.combiner import Combiner
from icdbridge.runs.tokens import TokenizedNotes
from icdbridge.training import forked_work
from icdbridge.training.batches import VersionNotes
from icdbridge.training.combining import fit_networks, wanted_notes
from icdbridge.training.matching import match_training, scale_rows
from icdbridge.training.settings import make_settings

WORDS = 60_000  # of the vocabulary
PHRASES = 300_000  # of two to six words, that notes have half of their words of
CARRIED = 16  # codes of a note
_SECTIONS = (
    "HISTORY OF PRESENT ILLNESS:",
    "PAST MEDICAL HISTORY:",
    "HOSPITAL COURSE:",
    "DISCHARGE DIAGNOSES:",
)
_CONTEXT = ("no", "denies", "history of", "possible", "mother had", "status post")


def code_titles() -> dict[str, str]:
    """``CODES`` codes of ICD-10 (keys) with their titles."""
    every = whole_systems(["icd10cm:", "icd10pcs:"])
    keys = sorted(every)
    drawn = np.sort(np.random.default_rng(0).choice(len(keys), CODES, replace=False))
    return {keys[i]: every[keys[i]] for i in drawn}


@cache
def _weights(kinds: int) -> np.ndarray:
    return np.cumsum((np.arange(kinds) + 2.7) ** -1.05)  # Zipf and Mandelbrot


def zipf(rng: np.random.Generator, kinds: int, count: int) -> np.ndarray:
    """Numbers below ``kinds``, 0 the most frequent."""
    weights = _weights(kinds)
    return np.searchsorted(weights, rng.random(count) * weights[-1])


@dataclass(frozen=True)
class Writer:
    """Writes synthetic notes of the codes with ``titles``."""

    titles: list[str]
    words: np.ndarray
    phrases: np.ndarray

    @classmethod
    def make(cls, titles: list[str]) -> "Writer":
        rng = np.random.default_rng(1)
        named = sorted({word.lower().strip(",()[];") for title in titles for word in title.split()})
        letters = np.array(list("aeioubcdfglmnprst"))
        made = ["".join(letters[rng.integers(0, len(letters), rng.integers(4, 11))]) for _ in range(WORDS)]
        words = np.array(rng.permutation(np.unique([*named, *made])))[:WORDS].astype(object)
        sizes = rng.integers(2, 7, PHRASES)
        drawn = words[zipf(rng, len(words), int(sizes.sum()))]
        ends = np.cumsum(sizes)
        phrases = np.array(
            [" ".join(drawn[end - size : end]) for end, size in zip(ends, sizes, strict=True)], object
        )
        return cls(titles, words, phrases)

    def write(self, length: int, codes: np.ndarray, rng: np.random.Generator) -> str:
        """A note of about so many words."""
        single = self.words[zipf(rng, len(self.words), length // 2)]
        phrases = self.phrases[zipf(rng, len(self.phrases), length // 8)]
        parts = [*(" ".join(pair) for pair in pairwise(single[::2])), *phrases]
        parts += [f"{_CONTEXT[rng.integers(len(_CONTEXT))]} {part}" for part in parts[: length // 60]]
        parts += [self.titles[code] for code in codes if rng.random() < 0.8]
        parts = [parts[i] for i in rng.permutation(len(parts))]
        lines = [" ".join(parts[i : i + 4]) + "." for i in range(0, len(parts), 4)]
        for number, section in enumerate(_SECTIONS):
            lines.insert(number * len(lines) // len(_SECTIONS), f"\n{section}\n")
        return " ".join(" ".join(lines).split(" ")[:length])


def make(count: int, folder: Path) -> None:
    """Writes a corpus of ``count`` training notes."""
    folder.mkdir(parents=True)
    titles = code_titles()
    keys, rng = list(titles), np.random.default_rng(2)
    writer, frequent = Writer.make(list(titles.values())), rng.permutation(len(keys))
    with pq.ParquetWriter(folder / "notes.parquet", NOTES_SCHEMA, compression="zstd") as file:
        lengths, carried = mimic_lengths(count), np.zeros(len(keys), np.int64)
        for first in range(0, count, ROW_GROUP):
            rows = []
            for note in range(first, min(first + ROW_GROUP, count)):
                codes = np.unique(frequent[zipf(rng, len(keys), CARRIED)])
                carried[codes] += 1
                text = writer.write(lengths[note], codes, rng)
                row = (f"n{note}", f"p{note}", "icd10", text, [keys[code] for code in codes], "train")
                rows.append(dict(zip(NOTES_SCHEMA.names, row, strict=True)))
            file.write_table(pa.Table.from_pylist(rows, NOTES_SCHEMA))
    source, scope = ["title"] * len(keys), ["frequent"] * len(keys)
    columns = [keys, list(titles.values()), source, carried, carried, scope]
    pq.write_table(
        pa.table(dict(zip(CODES_SCHEMA.names, columns, strict=True)), CODES_SCHEMA), folder / "codes.parquet"
    )
    notes = {"total": count, "train": count, "val": 0, "test": 0}
    meta = {"format": FORMAT, "version": "icd10", "source": "synthetic", "synthetic": True, "notes": notes}
    write_json(folder / "corpus.json", meta)
    write_manifest(folder, ["corpus.json", "notes.parquet", "codes.parquet"])


@dataclass
class Watch:
    """Seconds and memory of this process and its children."""

    steps: dict[str, dict[str, float]] = field(default_factory=dict)
    peak: float = 0.0
    own: float = 0.0

    def look(self) -> None:
        while True:
            both = np.sum([_memory(pid) for pid in (os.getpid(), *_children(os.getpid()))], axis=0) / 2**20
            self.peak, self.own = max(self.peak, both[0]), max(self.own, both[1])
            time.sleep(0.5)

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        clock, cpu = time.perf_counter(), _cpu()
        yield
        row = self.steps.setdefault(name, {"seconds": 0.0, "cpu_seconds": 0.0})
        row["seconds"] += time.perf_counter() - clock
        row["cpu_seconds"] += _cpu() - cpu
        print(
            f"{name}: {row['seconds']:.0f} s, {row['cpu_seconds']:.0f} s of a core, peak {self.peak:.2f} GB",
            flush=True,
        )


def _cpu() -> float:
    used = [resource.getrusage(of) for of in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def _children(pid: int) -> list[int]:
    try:
        return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def _memory(pid: int) -> tuple[int, int]:
    """kB of a process, what it shares divided by those that share it: all, and without pages of files."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]
    except OSError:
        return 0, 0
    found = {line.split(":")[0]: int(line.split()[1]) for line in lines}
    return found.get("Pss", 0), found.get("Pss_Anon", 0)


def _disk(folder: Path) -> float:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e9


def training_notes(corpus: Corpus) -> VersionNotes:
    """The notes as training has them, without their words."""
    keys = pa.array(corpus.codes)
    columns, sizes, lengths = [], [], []
    for batch in corpus.notes("train", ("text", "codes")):
        columns.append(pc.index_in(batch["codes"].flatten(), keys).to_numpy())
        sizes.append(pc.list_value_length(batch["codes"]).to_numpy())
        lengths.append(pc.count_substring(batch["text"], " ").to_numpy() + 1)
    column, starts = np.concatenate(columns), np.cumsum([0, *np.concatenate(sizes)])
    count = len(starts) - 1
    labels = csr_array((np.ones(len(column), bool), column, starts), shape=(count, len(keys)))
    ends, rejected = np.cumsum([0, *np.concatenate(lengths)]), csr_array(labels.shape, dtype=bool)
    part = TokenizedNotes([""] * count, np.zeros(0, np.int32), ends, labels, rejected)
    pool = dict(zip(corpus.codes, corpus.descriptions, strict=True))
    return VersionNotes.join("icd10", [part], pool, [np.zeros(1, np.int32)] * len(pool), "corpora")


def build(folder: Path, given: argparse.Namespace) -> None:
    """Measures matching of a corpus, and prints what it took."""
    watch = Watch()
    threading.Thread(target=watch.look, daemon=True).start()
    forked_work.on_all_cores = _timed(watch, forked_work.on_all_cores)  # the long steps, each by its name
    corpus = Corpus.open(folder)
    settings = make_settings("duallaat-cnn", changes=given.set, lexical="associations")
    work = given.out / f"matching-{folder.name}"
    with watch.step("all"):
        with watch.step("labels"):
            data = training_notes(corpus)
            pool = dict(zip(corpus.codes, corpus.descriptions, strict=True))
            (wanted,) = wanted_notes([data], settings)
            drawn = np.unique(np.linspace(0, len(wanted) - 1, given.matched or len(wanted)).astype(int))
        sources, labels = {"icd10": [(corpus, "train")]}, {"icd10": data.labels}
        with watch.step("matching"):
            rows = {"icd10": np.union1d(wanted[drawn], scale_rows(len(data)))}
            found = match_training(sources, labels, {"icd10": pool}, settings, work, wanted=rows)
        lexicon, matched = found["icd10"]
        assert matched is not None
        if not given.matched:
            with watch.step("network"):
                fit_networks(Combiner(len(LEXICAL_FEATURES)), [data], [matched], settings)
    told: dict[str, Any] = {"notes": len(data), "wanted": len(wanted), "matched": len(matched.notes)}
    told["steps"] = watch.steps
    told |= {"peak_gb": float(watch.peak), "peak_gb_without_files": float(watch.own), "disk_gb": _disk(work)}
    told["evidence_gb"] = _disk(work / "icd10" / "matched")
    associations = lexicon.statistics[0].associations
    assert associations is not None
    told |= {"phrases": len(associations.hashes), "entries": int(associations.counts.nnz)}
    titles, rng = list(pool.values()), np.random.default_rng(3)
    writer = Writer.make(titles)
    texts = [writer.write(1_500, rng.integers(0, len(titles), CARRIED), rng) for _ in range(50)]
    lexicon.own.match(NoteWords(texts[0]))
    cpu = time.process_time()
    notes = [NoteWords(text) for text in texts]
    phrases = [find_phrases(note) for note in notes]
    read = time.process_time()
    for one in phrases:
        associations.match(one)
    looked = time.process_time()
    told["codes_with_evidence"] = float(
        np.mean([len(lexicon.own.match(note).features.codes) for note in notes])
    )
    told["ms_a_note"] = {
        "reading": 20 * (read - cpu),
        "looking phrases up": 20 * (looked - read),
        "all": 20 * (time.process_time() - looked + read - cpu),
    }
    print(told)
    write_json(given.out / f"matching_size-{folder.name}.json", told)


def _timed(watch: Watch, run: Any) -> Any:
    def timed(work: Any, jobs: Any, total: int, description: str) -> None:
        with watch.step(description.partition(" (")[0]):
            run(work, jobs, total, description)

    return timed


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    verbs = parser.add_subparsers(dest="verb", required=True)
    making = verbs.add_parser("make")
    making.add_argument("notes", type=int)
    making.add_argument("folder", type=Path)
    building = verbs.add_parser("build")
    building.add_argument("folder", type=Path)
    building.add_argument("--out", type=Path, default=Path("build/bench"))
    building.add_argument("--matched", type=int, help="match so many notes only, to tell what all would take")
    building.add_argument(
        "--set", action="append", default=[], help="settings of training, as for icdbridge train"
    )
    given = parser.parse_args()
    if given.verb == "make":
        make(given.notes, given.folder)
    else:
        build(given.folder, given)


if __name__ == "__main__":
    main()
