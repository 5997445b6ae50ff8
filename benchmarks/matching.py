"""What matching adds to the time of coding and of training: the same model with and without, in turns.

    python -m benchmarks.matching [--rounds 3] [--clock cpu] [--encoder cnn] [--out build/bench]

Released sizes, random weights, 26,085 ICD-10 codes with their names. The notes are synthetic: names of codes between
other words of names. Coding is one note against all codes. In training attention learns as without matching; what is
added is done once, before the first epoch: finding the words of the training notes, and the steps of the network of
lexical features. Prints Markdown, writes matching.json.
"""

import shutil
from collections.abc import Callable
from dataclasses import replace
from statistics import median
from typing import Any

import numpy as np
from scipy.sparse import csr_array

from benchmarks import options
from benchmarks.inputs import CODES, Inputs, make_inputs, released_size
from benchmarks.scoring import LENGTHS
from benchmarks.subjects import icdbridge_trainer, timed, training_notes
from icdbridge.codes import code_names, whole_systems
from icdbridge.files import write_json
from icdbridge.lexical.associations import Associations, find_phrases
from icdbridge.lexical.features import LEXICAL_FEATURES
from icdbridge.lexical.lexicon import Lexicon, with_categories
from icdbridge.lexical.matcher import CodeStatistics, Matcher
from icdbridge.lexical.note import NoteWords
from icdbridge.models.combiner import Combiner
from icdbridge.runs.note_scores import Note
from icdbridge.runs.scorer import Scorer
from icdbridge.runs.scoring import Precision, encode_codes
from icdbridge.runs.stored_files import CodeIndex
from icdbridge.runs.text_model import TextModel
from icdbridge.text import Tokenizer
from icdbridge.training.batches import VersionNotes
from icdbridge.training.combining import fit_networks
from icdbridge.training.matched_notes import MatchedNotes, match_notes
from icdbridge.training.matching import MatchedTraining
from icdbridge.training.settings import make_settings

STEPS = [(1_024, 4), (8_192, 2)]  # |L|, notes
COUNTED_NOTES = 300  # synthetic training notes that phrases are counted over
WORDS = 4_000  # of a note, at most
NOTES, EPOCHS = 10_000, 10  # of a training whose cost is told
MATCHING_STEPS = make_settings().matching_steps


def make_texts(titles: list[str], lengths: list[int], rng: np.random.Generator) -> list[str]:
    """Notes of so many words: half of them names of random codes, between words of other names."""
    vocabulary = sorted({word for title in titles for word in title.split()})
    texts = []
    for length in lengths:
        words: list[str] = []
        while len(words) < length:
            words += titles[rng.integers(len(titles))].split()
            words += [vocabulary[i % len(vocabulary)] for i in rng.zipf(1.2, 8)]
        texts.append(" ".join(words[:length]))
    return texts


def make_matcher(rng: np.random.Generator) -> tuple[Matcher, list[str]]:
    """The matcher of ``CODES`` codes, phrases counted over synthetic notes, and the titles of its codes."""
    every = whole_systems(["icd10cm:", "icd10pcs:"])
    keys = sorted(every)
    pool = {keys[i]: every[keys[i]] for i in np.sort(rng.choice(len(keys), CODES, replace=False))}
    titles = list(pool.values())
    codes = np.stack([rng.choice(len(pool), 16, replace=False) for _ in range(COUNTED_NOTES)])
    texts = make_texts(titles, [1_500] * COUNTED_NOTES, rng)
    labels = csr_array(
        (np.ones(codes.size, np.int64), (np.repeat(np.arange(COUNTED_NOTES), 16), codes.ravel())),
        shape=(COUNTED_NOTES, len(pool)),
    )
    nothing = CodeStatistics(np.zeros(0, np.float32))
    lexicon = Lexicon(list(pool), code_names(list(pool), titles), {}, (nothing, nothing))
    whole = with_categories(labels, lexicon.categories_of(lexicon.keys))
    associations = Associations.learn([find_phrases(NoteWords(text, WORDS)).hashes for text in texts], whole)
    statistics = CodeStatistics(np.asarray(whole.sum(axis=0), np.float32), associations)
    # as many phrases again, of notes of another version, as in a run of two
    return replace(lexicon, statistics=(statistics, statistics)).own, titles


def ratios(
    plain: Callable[[], Any], matching: Callable[[], Any], rounds: int, clock: str
) -> dict[str, float]:
    """Medians of seconds with and without, and of the ratio, in turns; a first round does not count."""
    taken = []
    for _ in range(rounds + 1):
        first, _ = timed(plain)
        second, _ = timed(matching)
        taken.append((first[clock], second[clock]))
    without, with_it = zip(*taken[1:], strict=True)
    return {
        "plain": median(without),
        "matching": median(with_it),
        "ratio": median(b / a for a, b in taken[1:]),
    }


def coding(
    encoder: str, inputs: Inputs, texts: list[str], matcher: Matcher, precision: Precision, given: Any
) -> dict[str, float]:
    """One note of the median length against all codes, which are encoded beforehand."""
    network = released_size(encoder, features=len(LEXICAL_FEATURES))
    codes = {str(number): "" for number in range(len(inputs.codes))}
    model = TextModel(
        network, Tokenizer.from_words([]), CodeIndex([], [], [], []), WORDS, 48, precision=precision
    )
    note, queries = Note(texts[0], inputs.notes[0]), encode_codes(network, inputs.codes)

    def code(matching: bool) -> None:
        scorer = Scorer(model, codes, "icd10")
        # made beforehand; thresholds that no score comes near
        vars(scorer).update(
            queries=queries, matcher=matcher if matching else None, thresholds=np.zeros(len(codes))
        )
        list(scorer.score([note]))

    return ratios(lambda: code(False), lambda: code(True), given.rounds, given.clock)


def plain_step(encoder: str, inputs: Inputs, precision: Precision, given: Any) -> list[dict[str, float]]:
    """Seconds of a training step of the model, for each of ``STEPS``; attention learns without lexical features."""
    step = icdbridge_trainer(encoder, inputs, precision)
    found = []
    for size, count in STEPS:
        step(count, size, 0)  # does not count
        seconds = [step(count, size, 0)["seconds"][given.clock] for _ in range(given.rounds)]
        found.append({"label_space": size, "notes": count, "plain": median(seconds)})
    return found


def network_step(
    notes: VersionNotes, matched: MatchedTraining, label_space: int, count: int, given: Any
) -> float:
    """Seconds of a step of the network of lexical features: what more steps take longer."""

    def learn(steps: int) -> float:
        settings = make_settings(label_space=label_space, batch_size=count, matching_steps=steps)
        return timed(lambda: fit_networks(Combiner(len(LEXICAL_FEATURES)), [notes], [matched], settings))[0][
            given.clock
        ]

    return median((learn(25) - learn(5)) / 20 for _ in range(given.rounds))


def main() -> None:
    parser = options.parser(__doc__, rounds=3)
    parser.add_argument("--encoder", choices=["gru", "cnn"], action="append")
    parser.add_argument("--precision", choices=["bf16", "fp32"], default="bf16")
    given = parser.parse_args()
    rng = np.random.default_rng(0)
    matcher, titles = make_matcher(rng)
    lengths = [*LENGTHS, 1_500]
    texts, inputs = make_texts(titles, lengths, rng), make_inputs(lengths)
    found = [matcher.match(NoteWords(text, WORDS)).features for text in texts]
    once = median(
        timed(lambda t=text: matcher.match(NoteWords(t, WORDS)).features)[0][given.clock] for text in texts
    )  # type: ignore[misc]
    folder = given.out / "matched"
    shutil.rmtree(folder, ignore_errors=True)
    match_notes(texts, len(texts), matcher, WORDS, folder, "matching")
    together = MatchedNotes.open([(np.arange(len(texts)), folder)])
    notes = training_notes(inputs)
    matched = MatchedTraining(together, np.zeros(len(texts), np.int64), [matcher], 0.2)
    results: dict[str, Any] = {
        "match_ms": 1e3 * once,
        "codes_with_evidence": float(np.mean([len(each.codes) for each in found])),
        "precision": given.precision,
    }
    print("| coding | plain, s | with matching, s | ratio (goal 1.3) |\n| --- | ---: | ---: | ---: |")
    encoders = {"gru": "RNN", "cnn": "CNN"}
    chosen = given.encoder or list(encoders)
    for encoder in chosen:
        row = coding(encoder, inputs, texts, matcher, given.precision, given)
        results[encoder] = {"coding": row}
        print(
            f"| {encoders[encoder]}, a note of {lengths[0]:,} words, {CODES:,} codes | {row['plain']:.3f} | "
            f"{row['matching']:.3f} | {row['ratio']:.3f} |",
            flush=True,
        )
    network = [network_step(notes, matched, size, count, given) for size, count in STEPS]
    print(
        f"\n| training of {NOTES:,} notes, {EPOCHS} epochs | plain, s a step | network of features, s a step | "
        "whole, ratio (goal 1.3) |\n| --- | ---: | ---: | ---: |"
    )
    for encoder in chosen:
        results[encoder]["training"] = plain_step(encoder, inputs, given.precision, given)
        for row, step in zip(results[encoder]["training"], network, strict=True):
            plain = EPOCHS * NOTES / row["notes"] * row["plain"]
            row |= {"network": step, "ratio": 1 + (NOTES * once + MATCHING_STEPS * step) / plain}
            print(
                f"| {encoders[encoder]}, L = {row['label_space']:,}, {row['notes']:.0f} notes | {row['plain']:.3f} | "
                f"{step:.3f} | {row['ratio']:.3f} |",
                flush=True,
            )
    print(
        f"\n{given.precision}; finding words takes {results['match_ms']:.1f} ms a note (once for each training note), "
        f"and gives evidence for {results['codes_with_evidence']:,.0f} codes. Whole: all steps, finding the words of "
        f"all notes, and {MATCHING_STEPS:,} steps of the network."
    )
    given.out.mkdir(parents=True, exist_ok=True)
    write_json(given.out / "matching.json", results)


if __name__ == "__main__":
    main()
