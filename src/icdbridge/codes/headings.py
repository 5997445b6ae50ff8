"""What a category is called that no release lists: what the titles of its codes agree on."""

import re
from collections.abc import Sequence

_WORD = re.compile(r"\w+")
# Words that say nothing at the end of a title.
# fmt: off
_LINKING = {
    "a", "an", "and", "approach", "as", "at", "by", "due", "during", "elsewhere", "for", "from", "in", "into", "of",
    "on", "or", "other", "specified", "than", "the", "to", "unspecified", "using", "via", "with",
}
_DENYING = {"except", "excluding", "neither", "never", "no", "non", "nor", "not", "without"}
# fmt: on
_RESIDUAL = re.compile(
    r"^(?:other (?:and|or) unspecified|unspecified|other(?: specified)?) |, unspecified$", re.I
)
MOST = 3  # codes named in place of a title


def agreed_title(titles: Sequence[str]) -> str:
    """A title for codes with these titles, none of which it contradicts.

    Their common beginning; or else what the last of them leaves over ("Other incision of brain": "Incision of
    brain"), if that denies nothing; or else the first ``MOST`` titles themselves.
    """
    if beginning := common_beginning(titles):
        return beginning
    left = _RESIDUAL.sub("", titles[-1])
    if left != titles[-1] and not _DENYING.intersection(_WORD.findall(left.lower())):
        return left[:1].upper() + left[1:]
    more = f"; and {len(titles) - MOST} more" if len(titles) > MOST else ""
    return "; ".join(titles[:MOST]) + more


def common_beginning(titles: Sequence[str]) -> str:
    """The words with which all titles begin. What they deny is kept whole or not at all: of "without open wound" and
    "without open fracture" nothing is left. Empty if only linking words are common.
    """
    columns = list(zip(*(title.split() for title in titles), strict=False))
    size = next((i for i, tokens in enumerate(columns) if len({_plain(t) for t in tokens}) > 1), len(columns))
    kept = titles[0].split()[:size]
    ended = all(len(title.split()) == size or title.split()[size - 1][-1:] in ",;" for title in titles)
    if kept and not ended:
        clause = next((i for i in range(size - 2, -1, -1) if kept[i][-1] in ",;"), -1) + 1
        denied = next((i for i in range(clause, size) if _plain(kept[i]) in _DENYING), size)
        kept = kept[:denied]
    while kept and _plain(kept[-1]) in _LINKING | _DENYING | {""}:
        kept.pop()
    text = " ".join(kept).rstrip(",;")
    if text.count("(") != text.count(")") or text.count("[") != text.count("]"):
        text = re.sub(r"[\[\]()]", "", text)
    return text


def _plain(token: str) -> str:
    return token.strip(",;()[]").lower()
