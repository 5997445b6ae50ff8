"""What other versions could teach: the codes and words that they share with the target's rare codes."""

from collections.abc import Iterable

from icdbridge.codes import category_of, parse_key, version_of
from icdbridge.codes.crosswalks import PAIRS, crosswalk
from icdbridge.corpora import Corpus
from icdbridge.reproduction.study import Study
from icdbridge.text import split_words
from icdbridge.text_table import Table


def overlap(study: Study) -> Table:
    """How many of the target's rare test labels have a counterpart (GEM) among the codes of the others' training notes,
    and how many words of rare codes' descriptions the notes have. Nothing is trained.
    """
    target = study.corpora[study.target]
    others = [study.corpora[name] for name in study.others]
    own_words, own_codes = _words_and_codes([target])
    other_words, other_codes = _words_and_codes(others)
    counterparts = {found for code in other_codes for found in _counterparts(code, target.version)}
    categories = {category_of(code) for code in counterparts}
    rare = set(target.codes[target.n_frequent :])
    labels = [code for codes in target.column("codes", "test") for code in codes if code in rare]
    described = {
        word
        for code, text in zip(target.codes, target.descriptions, strict=True)
        if code in rare
        for word in split_words(text, "benchmark")
    }
    unseen = [code for code in labels if code not in own_codes]
    notes = target.count("train"), sum(one.count("train") for one in others)
    of_others = _of(described, other_words - own_words)
    rows = [
        ["training notes, target and others", *(f"{count:,}" for count in notes)],
        ["rare test labels, and with a counterpart", *_of(labels, counterparts)],
        ["the same, or a code of its category", *_of(map(category_of, labels), categories)],
        ["rare test labels unseen in training, and with a counterpart", *_of(unseen, counterparts)],
        ["words of rare descriptions, and in the target's notes", *_of(described, own_words)],
        ["words of rare descriptions, and in the others' notes alone", *of_others],
    ]
    title = f"What the rare codes of {study.target} have in {', '.join(study.others)}{study.tag}"
    note = "Counterpart: a code that the general equivalence mappings give for a code of the others' training notes."
    return Table(title, ["", "all", "of them"], rows, 1, note)


def _words_and_codes(corpora: Iterable[Corpus]) -> tuple[set[str], set[str]]:
    words: set[str] = set()
    codes: set[str] = set()
    for corpus in corpora:
        for batch in corpus.notes("train", ("text", "codes")):
            for text, carried in zip(batch["text"].to_pylist(), batch["codes"].to_pylist(), strict=True):
                words.update(split_words(text, "benchmark"))
                codes.update(carried)
    return words, codes


def _counterparts(key: str, version: str) -> list[str]:
    """The keys that stand for a code, or for the codes of a category, in the systems of a version."""
    code = parse_key(key)
    found = []
    for source, to in PAIRS:
        if source != code.system or version_of(to) != version:
            continue
        dotted = code.code if "." in code.code else f"{code.code}."
        for name, entries in crosswalk(source, to).items():
            if name == code.code or name.startswith(dotted):
                found += [str(entry.target) for entry in entries]
    return found


def _of(things: Iterable[str], known: set[str]) -> tuple[str, str]:
    hits = [thing in known for thing in things]
    return f"{len(hits):,}", f"{sum(hits):,} ({100 * sum(hits) / len(hits):.1f} %)" if hits else "-"
