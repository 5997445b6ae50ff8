"""Answers of bounded size to a request's notes, as JSON or as a FHIR Bundle; the bands of confidence in them."""

import json
import uuid
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from icdbridge.codes import declaration
from icdbridge.coding import Coder, Suggestion, fhir
from icdbridge.coding.identity import note_identity
from icdbridge.lexical.evidence import BANDS, cautious
from icdbridge.server.answer_schemas import BandOut
from icdbridge.server.limits import ANSWER_BYTES
from icdbridge.server.request_schemas import NoteIn

# Bytes beside the texts, in FHIR, where they are more; measured, rounded up.
_SUGGESTION, _SPAN, _ALTERNATIVE = 700, 250, 100


def bounded(found: Sequence[Sequence[Suggestion]], limit: int) -> list[tuple[list[Suggestion], bool]]:
    """The suggestions for each note that fit into an answer of ``limit`` bytes, and whether something is left out.

    Each note has the same share, from its first rank on. A suggestion without room for its evidence is sent without.
    """
    return [_bounded(suggestions, limit // max(1, len(found))) for suggestions in found]


def _bounded(suggestions: Sequence[Suggestion], room: int) -> tuple[list[Suggestion], bool]:
    kept: list[Suggestion] = []
    cut = False
    for one in suggestions:
        others = sum(_ALTERNATIVE + _bytes(other.description) for other in one.alternatives)
        bare = _SUGGESTION + _bytes(one.description) + _bytes(one.reason or "") + others
        whole = bare + sum(_SPAN + _bytes(span.text) for span in one.evidence)
        if bare > room:
            return kept, True
        if whole > room:
            one, whole, cut = replace(one, evidence=()), bare, True
        kept.append(one)
        room -= whole
    return kept, cut


def _bytes(text: str) -> int:
    return len(json.dumps(text, ensure_ascii=False).encode("utf-8", "replace"))


def as_json(
    name: str,
    coder: Coder,
    version: str | None,
    notes: Sequence[NoteIn],
    words: Sequence[int],
    found: Sequence[Sequence[Suggestion]],
) -> bytes:
    """``answer_schemas.CodeResponse`` as JSON, made of plain values: thousands of objects would block others."""
    shown = [
        {
            "id": note.id or str(number),
            "words": count,
            "read_words": min(count, coder.max_note_words),
            "caution": coder.caution(note.text, suggestions),
            "suggestions": [suggestion_out(coder, one) for one in kept],
            "cut": cut,
        }
        for number, (note, count, suggestions, (kept, cut)) in enumerate(
            zip(notes, words, found, bounded(found, ANSWER_BYTES), strict=True), 1
        )
    ]
    return json.dumps(
        {"model": name, "version": version, "notes": shown}, ensure_ascii=False, separators=(",", ":")
    ).encode("utf-8", "replace")


def as_fhir(notes: Sequence[NoteIn], found: Sequence[Sequence[Suggestion]]) -> bytes:
    """A Bundle of the suggestions as JSON; an OperationOutcome in it names notes with suggestions left out."""
    made, cut_notes = [], []
    for number, (note, (kept, cut)) in enumerate(zip(notes, bounded(found, ANSWER_BYTES), strict=True), 1):
        name = note.id or str(number)
        identity = note_identity(note.id, note.patient, note.text)
        resources = [fhir.resource(one, note.id, note.patient, identity=identity) for one in kept]
        made += [one for one in resources if one is not None]
        cut_notes += [name] if cut else []
    if cut_notes:
        issue = {
            "severity": "warning",
            "code": "too-long",
            "diagnostics": "evidence, or suggestions of the lowest ranks, were left out for the notes "
            + ", ".join(cut_notes),
        }
        made.append({"resourceType": "OperationOutcome", "id": str(uuid.uuid4()), "issue": [issue]})
    return json.dumps(fhir.bundle(made), ensure_ascii=False).encode()


def suggestion_out(coder: Coder, found: Suggestion) -> dict[str, Any]:
    """A suggestion as ``answer_schemas.SuggestionOut``."""
    return {
        **vars(found),
        "evidence": [vars(span) for span in found.evidence],
        "alternatives": [vars(other) for other in found.alternatives],
        "kind": declaration(found.system).kind,
        "band": band(coder, found),
    }


def bands(coder: Coder, version: str) -> list[BandOut]:
    """The bands of a version, the most confident first; without figures where it was not calibrated."""
    calibration = coder.calibration.get(version)
    if calibration is None:
        return [BandOut(name=name) for name in BANDS]
    return [BandOut.model_validate(band, from_attributes=True) for band in calibration.bands]


def band(coder: Coder, found: Suggestion) -> str:
    """A suggestion's band: by calibration, or else by its distance from the threshold tuned on val."""
    if found.band is not None:
        return found.band
    likely, possible, unlikely = BANDS
    if found.probability > (1 + coder.threshold) / 2:
        return cautious(likely, found.context)
    return possible if found.probability > coder.threshold else unlikely
