"""Maps the starter's codes to those that a caller chooses from."""

from collections.abc import Mapping, Sequence

from icdbridge.starter.found import Found

DIAGNOSES = {
    "icd10": "icd10cm",
    "icd9": "icd9cm",
}  # the code system of each version that the starter codes in


def chosen(found: Sequence[Found], titles: Mapping[str, str]) -> list[Found]:
    """The found codes as codes of ``titles`` (code without system, to description): the code itself or the nearest one
    above it, each once.
    """
    kept: dict[str, Found] = {}
    for one in found:
        code = next((code for code in _ways(one.code) if code in titles), None)
        if code is not None and code not in kept:
            kept[code] = one._replace(code=code, title=titles[code])
    return list(kept.values())


def _ways(code: str) -> list[str]:
    """A code and the beginnings of it that may be a category."""
    return [code[:end].rstrip(".") for end in range(len(code), 2, -1)]
