"""What a code means, in words, also for codes that are retired, cut off or in no table."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from icdbridge.codes.axes import axis_title
from icdbridge.codes.code import Code, parse_key, shorter
from icdbridge.codes.headings import agreed_title
from icdbridge.codes.packages import load_system, releases
from icdbridge.codes.system import CodeSystem
from icdbridge.codes.systems import declaration, kept_by_code, known_systems


class Description(NamedTuple):
    """``source``: ``corpus``, ``release``, ``category``, ``ancestor`` or ``none`` (the text is the code)."""

    text: str
    source: str


def describe(code: Code | str, own: Mapping[str, str] | None = None) -> Description:
    """Describes a code, or that of a key such as ``icd10cm:I21.4``, from the first source that knows it.

    1. ``corpus``: ``own``, the descriptions (by key) that the corpus brings.
    2. ``release``: its title in any installed release, newest first, so that retired codes are found; then
       its heading, if it is a category.
    3. ``category``: a prefix of codes that no table lists: of ICD-10-PCS (``BW20``) the values of its axes, of
       others (ICD-9 procedures ``02.4``) what the titles of its codes agree on (``headings.agreed_title``).
    4. ``ancestor``: the description of the nearest shorter prefix that has one.
    5. ``none``: the code itself.

    A code that joins several (a cluster of ICD-11) has the descriptions of its parts.
    """
    code = parse_key(code) if isinstance(code, str) else code
    if own and (text := own.get(str(code), "").strip()):
        return Description(text, "corpus")
    return _from_releases(code)


@kept_by_code()
def _from_releases(code: Code) -> Description:
    if code.system not in known_systems():
        return Description(code.code, "none")
    if len(parts := code.declaration.parts(code.code)) > 1:
        each = [_from_releases(Code(code.system, part)) for part in parts]
        return Description("; ".join(one.text for one in each), each[0].source)
    editions = [load_system(code.system, release) for release in reversed(releases(code.system))]
    for table in (*(edition.titles for edition in editions), *(edition.headings for edition in editions)):
        if text := table.get(code.code):
            return Description(text, "release")
    for edition in editions:
        if text := _category(edition, code.code):
            return Description(text, "category")
    above = shorter(code)
    found = _from_releases(above) if above else None
    if found is None or found.source == "none":
        return Description(code.code, "none")
    return Description(found.text, "ancestor")


def _category(edition: CodeSystem, prefix: str) -> str | None:
    titles = [edition.titles[code] for code in edition.below(prefix) if code in edition.titles]
    if not titles:
        return None
    return (axis_title(prefix) if declaration(edition.name).axes else None) or agreed_title(titles)


def whole_systems(keys: Iterable[str]) -> dict[str, str]:
    """All codes of the newest releases of the code systems that some codes (keys) are of: key to title. Systems that no
    package brings are left out. A key may be of a system alone (``icd10cm:``).

    Where codes of ICD-10-PCS are cut, as ``BW20`` is, all beginnings of so many characters are among them.
    """
    lengths: dict[str, set[int]] = {}
    for key in keys:
        system, _, code = key.partition(":")
        lengths.setdefault(system, set()).update([len(code)] if code else [])
    found: dict[str, str] = {}
    for system in sorted(lengths.keys() & set(known_systems())):
        declared, titles = declaration(system), load_system(system).titles
        if declared.axes and declared.length is not None:
            cut = sorted(length for length in lengths[system] if length < declared.length)
            beginnings = dict.fromkeys(code[:length] for length in cut for code in titles)
            found |= {f"{system}:{one}": describe(Code(system, one)).text for one in beginnings}
        found |= {f"{system}:{code}": title for code, title in titles.items()}
    return found
