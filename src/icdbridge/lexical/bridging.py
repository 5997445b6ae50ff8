"""Labels of one version as labels of another, by the general equivalence mappings (GEM)."""

from collections.abc import Sequence

import numpy as np
from scipy.sparse import csr_array

from icdbridge.codes import equivalents, parse_key


def bridge(own: Sequence[str], others: Sequence[str]) -> csr_array:
    """What a code of ``own`` (keys) says of the codes ``others`` of another version: float32 [own, others].

    An exact equivalent counts 1; where GEM gives approximate ones only, each counts its share of all of them, asked
    for or not. Labels [N, own] times this are soft labels [N, others]. Codes that stand for one only together with
    others count nothing.
    """
    column = {key: place for place, key in enumerate(others)}
    rows, columns, weights = [], [], []
    for row, key in enumerate(own):
        code = parse_key(key)
        targets = equivalents(code.system).get(code.code, {})
        exact = any(targets.values())
        for target, is_exact in targets.items():
            place = column.get(str(target))
            if place is not None and (is_exact or not exact):
                rows.append(row)
                columns.append(place)
                weights.append(1.0 if is_exact else 1 / len(targets))
    entries = (np.array(weights, np.float32), (np.array(rows, np.int64), np.array(columns, np.int64)))
    return csr_array(entries, shape=(len(own), len(others)))
