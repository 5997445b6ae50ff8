"""Features of ICD-10-PCS codes from training notes with other procedures that share axes.

ICD-10-PCS has 78,000 codes, of which training notes carry a few hundred. Each character is an axis, so an unseen code
shares most of its meaning with others.
"""

from collections.abc import Sequence

import numpy as np

from icdbridge.codes import declaration, known_systems
from icdbridge.codes.axes import LABELLED

AXIS_COUNTS = ("same_operation", "same_part", "same_means", "same_length")
_OPERATION = 3  # characters: section, body system, operation


class AxisCounts:
    """Which codes of training notes (keys ``taught``) share axes with some ``keys``; only for systems with axes."""

    def __init__(self, taught: Sequence[str], keys: Sequence[str]) -> None:
        self._place = np.full(len(keys), -1, np.int64)
        self._groups = np.full((len(keys), len(AXIS_COUNTS)), -1, np.int64)
        self._of_taught = np.full((len(taught), len(AXIS_COUNTS)), -1, np.int64)
        place = {key: row for row, key in enumerate(taught)}
        numbers: dict[tuple[str, ...], int] = {}
        for row, key in enumerate(taught):
            self._of_taught[row] = [numbers.setdefault(group, len(numbers)) for group in _shared(key)] or -1
        self._count = len(numbers)
        for row, key in enumerate(keys if numbers else ()):
            self._place[row] = place.get(key, -1)
            self._groups[row] = [numbers.get(group, -1) for group in _shared(key)] or -1

    def of(self, notes: np.ndarray) -> np.ndarray:
        """Log of 1 + the number of notes that carry other codes sharing axes: float32 [keys, len(AXIS_COUNTS)], from
        the ``notes`` [taught] that carry each code.

        Only codes with as many characters count. Shared are: the operation (with section and body system), the body
        part, the approach, device and qualifier within the section, and the section alone.
        """
        if not self._count:
            return np.broadcast_to(np.float32(0), self._groups.shape)
        notes = notes[: len(self._of_taught)]  # categories come after the codes
        own = np.where(self._place >= 0, notes[self._place], 0)
        found = np.zeros(self._groups.shape, np.float32)
        for column in range(len(AXIS_COUNTS)):
            group, taught = self._groups[:, column], self._of_taught[:, column]
            kept = taught >= 0
            total = np.append(np.bincount(taught[kept], notes[kept], self._count), 0)
            found[:, column] = np.log1p(np.maximum(total[group] - own, 0) * (group >= 0))
        return found


def _shared(key: str) -> list[tuple[str, ...]]:
    """What codes share with one, by ``AXIS_COUNTS``; empty for a system without axes."""
    system, _, code = key.partition(":")
    if system not in known_systems() or not declaration(system).axes:
        return []
    size, rest = str(len(code)), code[LABELLED:] or "cut"
    return [
        (system, size, "operation", code[:_OPERATION]),
        (system, size, "part", code[: _OPERATION - 1] + code[_OPERATION:LABELLED]),
        (system, size, "means", code[:1], rest),
        (system, size, "length", code[:1]),
    ]
