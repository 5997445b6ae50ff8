"""A procedure at the body part that a query names: "colonoscopy polypectomy cecum" is of the code for the cecum.

Tables give a procedure's name the code of its usual body part. Codes of ICD-10-PCS of the same operation, approach,
device and qualifier differ from it in the fourth character only.
"""

from icdbridge.knowledge.search.match_ranking import Match
from icdbridge.knowledge.search.search_index import Entry, Index
from icdbridge.knowledge.search.wordforms import root, words

_SYSTEM, _SOURCE = "icd10pcs", "procedure"
# What a procedure's own name is better by than other finds, and by its body part besides: a query that names an
# operation is of the operation done now rather than of the state after it.
_NAMED, _AT_BODY_PART = 0.5, 1.0
_COVERED = 0.5  # share of the query that the name has, at least, where a body part is looked for
_OPERATION, _PART = 3, 4  # characters: section, body system and operation; the body part behind them
_MOST = 400  # titles of an operation and body part


def at_body_part(index: Index, match: Match, meant: list[Entry]) -> tuple[list[Entry], float]:
    """The codes that a match means, of a procedure at the body part that the query names, and how much better they are
    for it.
    """
    if index.system != _SYSTEM or match.found.source != _SOURCE:
        return meant, 0.0
    own = set(match.found.roots.split())
    besides = [
        token.roots
        for token in match.reading.tokens
        if not (token.values or token.light or token.denied) and own.isdisjoint(token.roots)
    ]
    if not besides or len(meant) > 1 or match.covered < _COVERED:
        return meant, _NAMED
    usual = meant[0].code
    operation = root(words(meant[0].title)[0])
    found = [
        entry
        for entry in index.whole_titles([[operation], *besides], _MOST)
        if entry.code[:_OPERATION] == usual[:_OPERATION] and entry.code[_PART:] == usual[_PART:]
    ]
    if not found:
        return meant, _NAMED
    side = meant[0].said.get("side")
    return [
        max(found, key=lambda entry: (entry.said.get("side") == side, entry.prior))
    ], _NAMED + _AT_BODY_PART
