"""Where something holds in a text, asked of many places at once."""

import numpy as np


class Intervals:
    """Where each of several things holds in a text: half-open, in characters, in any order, overlapping or not."""

    def __init__(self) -> None:
        self._edges: dict[str, tuple[list[int], list[int]]] = {}
        self._sorted: dict[str, tuple[np.ndarray, np.ndarray]] = {}  # those that were asked for

    def add(self, name: str, start: int, end: int) -> None:
        if start < end:
            self._sorted.pop(name, None)
            starts, ends = self._edges.setdefault(name, ([], []))
            starts.append(start)
            ends.append(end)

    def at(self, name: str, places: np.ndarray) -> np.ndarray:
        """Whether each place lies in an interval: more of them begin than end up to it."""
        if name not in self._edges:
            return np.zeros(len(places), bool)
        if name not in self._sorted:
            first, last = (np.sort(np.array(edges, np.int64)) for edges in self._edges[name])
            self._sorted[name] = first, last
        starts, ends = self._sorted[name]
        begun = np.searchsorted(starts, places, side="right")
        return begun > np.searchsorted(ends, places, side="right")
