"""What each part of the starter is worth: ``python -m benchmarks.starter_ablation [--half report]``.

Each row leaves one part out and codes the gold notes again, by the ranking that ships (it was learnt with all parts).
"""

import argparse
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import fields, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

import numpy as np

from benchmarks.coded_notes import gold
from benchmarks.starter import code
from benchmarks.starter_figures import forbidden, likely, recall
from icdbridge.caches import cache_folder
from icdbridge.lexical.contexts import CONTEXTS
from icdbridge.starter import knowledge_building
from icdbridge.starter.line_features import FEATURES
from icdbridge.starter.line_ranking import Memory, Ranking, shipped_ranking
from icdbridge.starter.practice import count_practice
from icdbridge.starter.specify import Decision
from icdbridge.starter.starter import Starter
from icdbridge.starter.tree import Tree

HERE = "icdbridge.starter"


class ByRarity(Ranking):
    """Ranks by how rare the words of the best mention are, all alike confident that are asserted."""

    def raw(self, features: np.ndarray) -> np.ndarray:
        weight: np.ndarray = features[:, FEATURES.index("weight")].astype(np.float64) / 20
        return weight


every_name = knowledge_building._every


def without_defaults(system: str) -> Iterator[tuple[str, str, str]]:
    """The names of a system but those that say what coders default to."""
    return (term for term in every_name(system) if term[2] not in ("default", "clinical"))


def no_contexts(text: str, spans: np.ndarray) -> np.ndarray:
    """Every word as if it stood alone."""
    return np.zeros((len(spans), len(CONTEXTS)), bool)


def default_of(tree: Tree, code: int, *_: object) -> Decision:
    """The family's default, whatever is said near by."""
    return Decision(int(tree.default[code]), frozenset(), ())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--half", choices=("tune", "report"), default="report")
    half = parser.parse_args().half
    shipped = shipped_ranking()
    assert shipped is not None
    no_memory = Memory(*(np.zeros(0, kind) for kind in (np.uint32, np.uint16, np.uint16)))
    unlearnt = replace(shipped, published=no_memory, own=no_memory, practice=count_practice((), {}))
    by_rarity = ByRarity(**{field.name: getattr(unlearnt, field.name) for field in fields(Ranking)})
    parts: dict[str, tuple[Ranking, dict[str, object]]] = {
        "all parts": (shipped, {}),
        "without what coders default to (2)": (shipped, {"knowledge_building._every": without_defaults}),
        "without deciding within the family (3)": (shipped, {"said.specify": default_of}),
        "without one line a thing said (3)": (shipped, {"starter.merge_categories": lambda lines, tree: lines}),
        "without contexts (4)": (shipped, {"note_reading.contexts": no_contexts}),
        "without presumptions and companions (5)": (shipped, {"starter.apply_rules": lambda note, lines, tree: lines}),
        "without what phrases were coded (6)": (unlearnt, {}),
        "by the rarity of words in place of a learnt ranking (6, 7)": (by_rarity, {}),
    }  # fmt: skip
    print(
        "| part | recall@10 | recall@20 | likely | of them right | must not, predicted |\n| --- |"
        + " ---: |" * 5
    )
    notes = gold(half)  # type: ignore[arg-type]
    for name, (ranking, patched) in parts.items():
        with ExitStack() as stack:
            for target, value in patched.items():
                stack.enter_context(patch(f"{HERE}.{target}", value))
            apart = "_every" in str(patched)
            cache = Path(stack.enter_context(TemporaryDirectory())) if apart else cache_folder()
            coded = code(Starter("icd10cm", cache, ranking), notes)
        count, exact, _ = likely(coded)
        offered, of = forbidden(coded, float(shipped.about["threshold"]))
        print(
            f"| {name} | {100 * recall(coded, 10):.0f} | {100 * recall(coded, 20):.0f} | {count} "
            f"| {100 * exact:.0f} | {offered} of {of} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
