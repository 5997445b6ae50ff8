"""Makes a corpus of short texts, each with a few names of codes and labelled with these codes; no note is needed.

A model trained on it knows every code, and the words of its names, before the first real note (``start_from``).
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from icdbridge.codes import (
    Terms,
    category_of,
    code_names,
    known_systems,
    load_system,
    system_named,
    systems_of,
    version_named,
    version_of,
)
from icdbridge.corpora.assemble import assemble
from icdbridge.corpora.corpus import Corpus
from icdbridge.corpora.staging import Staging
from icdbridge.errors import InputError
from icdbridge.knowledge.further import further_terms

# Kinds of names; ancestors are no code's own.
NAMED = ("title", "inclusion", "index", "equivalent", "approximate")
VAL_NOTES = 100


def prepare_names(
    out: Path | str,
    *,
    version: str,
    systems: Sequence[str] = (),
    terms: Path | None = None,
    names_per_note: int = 8,
    passes: int = 1,
    seed: int = 10,
    force: bool = False,
) -> Corpus:
    """Makes notes of ``names_per_note`` names of different codes, using every name of every code of the newest
    releases, ``passes`` times.

    Names are titles, inclusion terms, titles of equivalents (general equivalence mappings) and those of ``terms``
    (``further_terms``; of the first system). A note is labelled with the codes that it names and their categories, so
    that children and parents share names. ``systems`` are some of those of the version (default: all). ``VAL_NOTES`` of
    the notes, or a tenth if they are few, are the val split. Raises ``InputError`` for an unknown version or system.
    """
    version, systems = version_named(version), [system_named(system) for system in systems]
    of_version = [system for system in systems_of(version) if system in known_systems()]
    if not of_version:
        versions = dict.fromkeys(map(version_of, known_systems()))
        raise InputError(f"unknown version {version!r}: names are known of {', '.join(versions)}")
    for system in systems:
        if system not in of_version:
            raise InputError(f"{system!r} is no code system of {version}: those are {', '.join(of_version)}")
    chosen = [system for system in of_version if system in (systems or of_version)]
    further = further_terms(terms, chosen[0])

    def read(staging: Staging) -> None:
        rng = np.random.default_rng(seed)
        keys, texts = _names(chosen, further)
        notes = list(_notes(keys, texts, names_per_note, passes, rng))
        staging.synthetic = True
        staging.add_rows("raw_codes", _codes(notes))
        val = set(rng.choice(len(notes), min(VAL_NOTES, -(-len(notes) // 10)), replace=False).tolist())
        splits = (
            {"id": note["id"], "split": "val" if number in val else "train"}
            for number, note in enumerate(notes)
        )
        staging.add_rows("raw_splits", splits)
        staging.add_rows("raw_notes", notes)
        made_of = f"{len(texts):,} names of {len(set(keys)):,} codes ({', '.join(chosen)})"
        staging.remarks.append(f"Made of {made_of}: no note of any patient.")

    settings = {
        "systems": chosen,
        "terms": terms.name if terms else None,
        "names_per_note": names_per_note,
        "passes": passes,
    }
    inputs = [terms] if terms else []
    return assemble(
        out, read, inputs=inputs, source="names", version=version, settings=settings, seed=seed, force=force
    )


def _names(systems: Sequence[str], terms: Terms) -> tuple[list[str], list[str]]:
    keys, texts = [], []
    for system in systems:
        titles = load_system(system).titles
        own = [f"{system}:{code}" for code in titles]
        for key, names in zip(own, code_names(own, list(titles.values()), terms), strict=True):
            for name in names:
                if name.kind in NAMED:
                    keys.append(key)
                    texts.append(name.text)
    return keys, texts


def _notes(
    keys: Sequence[str], texts: Sequence[str], size: int, passes: int, rng: np.random.Generator
) -> Iterator[dict[str, Any]]:
    for turn in range(passes):
        order = rng.permutation(len(texts))
        for number, first in enumerate(range(0, len(order), size), start=1):
            some = order[first : first + size]
            yield {
                "id": f"names-{turn + 1}-{number}",
                "text": ".\n".join(texts[i] for i in some) + ".",
                "codes": list(dict.fromkeys(key for i in some for key in (keys[i], category_of(keys[i])))),
            }


def _codes(notes: Sequence[dict[str, Any]]) -> Iterator[dict[str, str]]:
    for note in notes:
        for key in note["codes"]:
            system, _, code = key.partition(":")
            yield {"id": note["id"], "system": system, "code": code}
