"""Suggestions as a table for analysis."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from icdbridge.coding.suggestion import Suggestion
from icdbridge.errors import InputError
from icdbridge.extras import not_installed

if TYPE_CHECKING:
    import pandas as pd


def to_frame(
    found: Sequence[Suggestion] | Sequence[Sequence[Suggestion] | None], notes: Sequence[str] | None = None
) -> "pd.DataFrame":
    """The results of ``Coder.code`` or ``code_many`` as a pandas DataFrame with one row a suggestion.

    Columns: ``note`` (only for ``code_many``: its position from 0 on, or its name in ``notes``), ``rank``, ``system``,
    ``code``, ``description``, ``confidence``, ``band``, ``probability``, ``predicted``, ``train_notes``, ``context``,
    ``reason``, ``evidence`` (the words, the heaviest first), ``spans`` (their places, ``text[start:end]``),
    ``alternatives`` (codes). A note that could not be coded has no row. Raises ``InputError`` if pandas is not
    installed, or if ``notes`` has another length than the results.
    """
    try:
        import pandas as pd
    except ModuleNotFoundError as error:
        raise not_installed(error) from error
    columns = ["rank", "system", "code", "description", "confidence", "band", "probability", "predicted"]
    columns += ["train_notes", "context", "reason", "evidence", "spans", "alternatives"]
    if notes is None and all(isinstance(one, Suggestion) for one in found):
        return pd.DataFrame([_row(one) for one in found if isinstance(one, Suggestion)], columns=columns)
    names: Sequence[Any] = range(len(found)) if notes is None else notes
    if len(names) != len(found):
        raise InputError(f"{len(names)} names of notes for {len(found)} notes")
    rows = [
        {"note": name, **_row(one)}
        for name, several in zip(names, found, strict=True)
        if several is not None and not isinstance(several, Suggestion)
        for one in several
    ]
    return pd.DataFrame(rows, columns=["note", *columns])


def _row(one: Suggestion) -> dict[str, Any]:
    spans = sorted(one.evidence, key=lambda span: -span.weight)
    return vars(one) | {
        "evidence": " … ".join(span.text for span in spans),
        "spans": [(span.start, span.end) for span in spans],
        "alternatives": [other.code for other in one.alternatives],
    }
