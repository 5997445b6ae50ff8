"""The order of codes, and codes that others require."""

import re
from collections.abc import Iterator

from icdbridge.codes import describe
from icdbridge.rules.code_set import CodeSet
from icdbridge.rules.findings import Finding, finding
from icdbridge.rules.rule_tables import matching, of_table, table
from icdbridge.rules.tabular_notes import Note, blocks, notes, title_of

_ELSEWHERE = re.compile(
    r"(?<!not )\bdiseases? classified elsewhere|(?<!not )\bdisorders classified elsewhere"
)
_OPEN = re.compile(r"\bany\b|applicable|if known|where known", re.IGNORECASE)
_UNDERLYING = re.compile(r"\bunderlying\b", re.IGNORECASE)
_ALWAYS = re.compile(
    r"\b(?:identify|specify) (?:the )?(?:stage|type|site|severity|limb|specific)|^(?:stage|type) of\b",
    re.IGNORECASE,
)
_CODE = re.compile(r"^codes?(?:\(s\))?,? ")
_EXTERNAL = "20"  # the chapter of external causes
_OF_DRUGS = ("underdosing", "adverse effect")  # how titles begin: the condition comes before such a code
_NEWBORN = "Z38"
# The reason for an encounter, which is first unless another reason is: how codes begin (guideline I.C.21.c.16).
_REASONS = (
    "Z00", "Z01", "Z02", "Z04", "Z33.2", "Z34", "Z39", "Z40", "Z42", "Z51.0", "Z51.1", "Z52", "Z76.1", "Z76.2",
)  # fmt: skip
_NO_REASON = ("Z52.9",)
_INJURIES, _SYMPTOMS = "19", "18"  # chapters
_POISONED = ("poisoning by", "toxic effect of")  # how titles begin: such a code comes before what it caused
_BY_POISON = ("G92", "I46", "J96.0", "J96.2", "J96.9")  # what else it may cause at once, beside symptoms
_OFTEN_ALONE = ("M40",)  # "code first underlying disease" stands above codes that rarely have one
_KINDS = (("useAdditionalCode", "additional"), ("codeAlso", "also"))
_MOST = 200  # characters of a note in a message


def check_principal(codes: CodeSet) -> Iterator[Finding]:
    """Checks whether the first code may be first."""
    first = codes.principal
    if first is None or first.system != "icd10cm" or first.code not in codes.diagnoses:
        return
    code = first.code
    title = title_of(code) or describe(first).text
    chapter = next((block.name for block in blocks(code)), "")
    if chapter == _EXTERNAL:
        yield finding("external cause", code)
        return
    if is_manifestation(code):
        yield finding("manifestation", code, title=title)
    if source := only_beside(code):
        yield finding("secondary only", code, title=title, source=source)
    yield from (finding(said, code) for said in _OF_DRUGS if title.lower().startswith(said))
    yield from _behind_others(code, chapter, codes)
    yield from _out_of_sequence(code, codes)
    for note in notes(code, "codeFirst"):
        found = [
            (line.text.strip(" ,"), other)
            for line in note.lines
            for other, plain in codes.diagnoses.items()
            if other != code and line.includes(plain)
        ]
        if found:
            named = list(dict.fromkeys(other for _, other in found))
            said = {"others": ", ".join(named), "line": found[0][0], "first": named[0], "place": note.place}
            yield finding("behind", code, *named, **said)


def only_beside(code: str) -> str:
    """The source that says that a code is given only beside another one; empty where none does."""
    return next((source for codes, source in table("only_beside") if re.match(codes, code)), "")


def _behind_others(code: str, chapter: str, codes: CodeSet) -> Iterator[Finding]:
    """What else of the set should be first in place of a code."""
    others = [other for other in codes.diagnoses if other != code]
    births = [other for other in others if other.startswith(_NEWBORN)]
    if not code.startswith(("O", _NEWBORN)):  # of a mother's record it is told already
        yield from (finding("newborn", other) for other in births)
    if not code.startswith((*_REASONS, _NEWBORN)):
        for other in others:
            if other.startswith(_REASONS) and not other.startswith(_NO_REASON):
                yield finding("first only", other, title=title_of(other))
    if chapter == _INJURIES and code.endswith("S"):
        yield finding("sequela", code)
    if chapter == _SYMPTOMS or code.startswith(_BY_POISON):
        by = [one for one in others if one.endswith("A") and title_of(one).lower().startswith(_POISONED)]
        if by:
            yield finding("poisoning", code, *by, poisoning=", ".join(by))
    if is_manifestation(code) or code.startswith(_OFTEN_ALONE) or not others:
        return
    for note in notes(code, "codeFirst"):
        named = any(line.references for line in note.lines)
        if not named and "-" not in note.place and not _OPEN.search(note.text):
            yield finding("unnamed", code, line=note.text.rstrip("."), place=note.place)


def _out_of_sequence(code: str, codes: CodeSet) -> Iterator[Finding]:
    """What comes before a first code; nothing that developed only after admission."""
    later = {one.code for given, one in zip(codes.given, codes.read, strict=True) if one and given.poa == "N"}
    for first, behind, unless, *texts in table("sequence"):
        others = [other for other in matching(behind, codes) if other != code and other not in later]
        if others and re.match(first, code) and not matching(unless, codes):
            yield of_table(texts, (code, *others), first=code, behind=", ".join(others))


def check_companions(codes: CodeSet) -> Iterator[Finding]:
    """Finds codes that require others ("code first", "use additional code", "code also") of which none is present."""
    for code in codes.diagnoses:
        for note in notes(code, "codeFirst"):
            if _UNDERLYING.search(note.heading) and not _OPEN.search(note.heading):
                yield from _underlying(code, note, codes)
    asked: dict[tuple[str, str], tuple[set[str], set[str]]] = {}
    for kind, called in _KINDS:
        for code in codes.diagnoses:
            for note in _unmet(code, kind, codes):
                who, places = asked.setdefault((called, note.text), (set(), set()))
                who.add(code)
                places.add(note.place)
    for (called, text), (who, places) in asked.items():
        always = called == "additional" and _ALWAYS.search(text) and not _OPEN.search(text)
        said = {"who": ", ".join(sorted(who)), "line": _cut(_CODE.sub("", text).lstrip(" ,"))}
        said["places"] = ", ".join(sorted(places))
        yield finding(called if always else f"{called} if said", *sorted(who), **said)


def _unmet(code: str, kind: str, codes: CodeSet) -> Iterator[Note]:
    """The notes of a kind at and above a code of whose codes the set has none. Left out are notes that name no code,
    that a narrower one repeats, and optional ones of sections and chapters.
    """
    said: list[str] = []
    for note in notes(code, kind):
        named = {line.text for line in note.lines if line.references}
        wide = "-" in note.place or note.place.isdigit()
        if not named or (wide and _OPEN.search(note.heading)) or named <= set(said):
            continue
        said += named
        if not any(note.includes(plain) for plain in codes.diagnoses.values()):
            yield note


def is_manifestation(code: str) -> bool:
    """Whether the title of a code, or of its category, says that its disease is classified elsewhere."""
    return any(_ELSEWHERE.search(title_of(place)) for place in (code, code[:3]))


def _underlying(code: str, note: Note, codes: CodeSet) -> Iterator[Finding]:
    others = [plain for other, plain in codes.diagnoses.items() if other != code]
    named = [line for line in note.lines if line.references]
    if any(note.includes(plain) for plain in others):
        return
    examples = "such as" in note.heading
    # of examples, what stands in one category with them will do: A41.5 beside A41.9
    if examples and any(
        one.low[:3] == plain[:3] for line in named for one in line.references for plain in others
    ):
        return
    listed = bool(named) and not examples and not note.heading.endswith(":")
    kind = "alone" if not others else "underlying" if listed else "underlying if any"
    yield finding(kind, code, line=_cut(note.text), place=note.place)


def _cut(text: str) -> str:
    return text if len(text) <= _MOST else text[:_MOST].rsplit(";", 1)[0] + " ..."
