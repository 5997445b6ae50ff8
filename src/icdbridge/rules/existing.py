"""Whether each code exists, may be billed, and is valid on the day."""

from collections.abc import Iterator, Sequence
from contextlib import suppress

from icdbridge.codes import Code, describe, load_system, releases, systems_of, undotted, version_of
from icdbridge.codes.gate import assignable, nearest, standing
from icdbridge.codes.respelling import parsed
from icdbridge.codes.systems import VERSION_LABELS, VERSIONS, known_systems
from icdbridge.codes.validity import release_on, release_period, validity, version_period
from icdbridge.errors import InputError
from icdbridge.escaping import visible
from icdbridge.knowledge.families import default_child
from icdbridge.knowledge.successors import predecessors, successors
from icdbridge.rules.code_set import CodeSet, Given
from icdbridge.rules.findings import Encounter, Finding, finding

_WHOLE = 7  # characters of the longest ICD-10-CM code
_MOST = 40  # choices


def check_existing(codes: CodeSet, encounter: Encounter) -> Iterator[Finding]:
    """Unknown and unbillable codes, seventh characters and placeholders, and days on which a code is not valid."""
    for given, code in zip(codes.given, codes.read, strict=True):
        if code is None or standing(code) == "unknown":
            yield _unknown(given, code, codes.version)
        elif version_of(code.system) != codes.version:
            yield _other_version(code, codes.version)
        elif standing(code) in ("category", "unlisted"):
            yield _not_billable(code)
        elif not _on_day(code, encounter) or (encounter.day is None and standing(code) == "retired"):
            yield _invalid(code, encounter)
    yield from _beyond(codes, encounter)


def _unknown(given: Given, code: Code | None, version: str) -> Finding:
    text = code.code if code else visible(given.text[:20], one_line=True)
    system = code.system if code else systems_of(version)[0]
    if placed := _with_placeholders(text):
        return finding("placeholder", text, choices=(placed,), placed=placed)
    near = _near(text, system)
    whole = code is not None and len(undotted(code)) == _WHOLE
    if whole and near and near != code and (sevenths := _sevenths(near)):
        ends = ", ".join(one[-1] for one in sevenths)
        return finding("other 7th", text, choices=sevenths, near=near.code, given=text[-1], ends=ends)
    choices = () if near is None else _choices(near)[:_MOST]
    hint = f"did you mean {near.code} ({describe(near).text})?" if near else "search for it by words"
    return finding("unknown", text, choices=choices, hint=hint)


def _near(text: str, system: str) -> Code | None:
    """The nearest code that there is; of what is longer than any code, its beginning where that is one."""
    for written in (text, text.replace(".", "")[:_WHOLE]):
        with suppress(InputError):
            if near := nearest(written, system):
                return near
    return None


def _with_placeholders(text: str) -> str | None:
    """The code with X before its last character that exists, where the text is one without."""
    plain = text.replace(".", "")
    if not 4 <= len(plain) < _WHOLE:
        return None
    code = parsed(plain[:-1].ljust(_WHOLE - 1, "X") + plain[-1], "icd10cm")
    return code.code if code and assignable(code) else None


def _sevenths(code: Code) -> list[str]:
    """The billable codes below a code that are it with placeholders and a seventh character."""
    if code.system != "icd10cm":
        return []
    below = _choices(code)
    stem = undotted(code).ljust(_WHOLE - 1, "X")
    fitting = [one for one in below if one.replace(".", "")[:-1] == stem]
    return fitting if len(fitting) == len(below) else []


def _choices(code: Code) -> tuple[str, ...]:
    """The billable codes below a code in the newest release, the default first; itself where it is one."""
    table = load_system(code.system)
    if code.code in table.titles:
        return (code.code,)
    below = [one for one in table.below(code.code) if one in table.titles]
    if not below:
        return ()
    default = [default_child(code.code, code.system)] if code.code in table.headings else []
    return tuple(dict.fromkeys([*default, *below]))


def _not_billable(code: Code) -> Finding:
    choices = _choices(code)
    title = describe(code).text
    if sevenths := _sevenths(code):
        ends = ", ".join(one[-1] for one in sorted(sevenths))
        what = "placeholders X and a 7th character" if len(undotted(code)) < _WHOLE - 1 else "a 7th character"
        said = {"title": title, "what": what, "ends": ends, "example": choices[0]}
        said["said"] = "encounter" if {"A", "D"} & {one[-1] for one in sevenths} else "of them"
        return finding("no 7th", code.code, choices=choices, **said)
    said = {"title": title, "which": _which(choices)}
    if code.declaration.axes and (whole := code.declaration.length):
        said |= {"many": str(len(undotted(code))), "whole": str(whole), "label": code.declaration.label}
        return finding("too short", code.code, choices=choices[:_MOST], **said)
    return finding("not billable", code.code, choices=choices[:_MOST], **said)


def _which(choices: Sequence[str]) -> str:
    if len(choices) == 1:
        return f"{choices[0]}, the only code"
    return f"one of the {len(choices)} codes" if choices else "a code"


def _other_version(code: Code, version: str) -> Finding:
    own, said = version_of(code.system), {"own": code.declaration.label}
    said["version"] = VERSION_LABELS.get(version, version)
    if not {version, own} <= VERSIONS.keys():
        return finding("other system", code.code, named=own, **said)
    start, end = version_period(version)
    said["period"] = (f", in use since {start}" if start else "") + (f", in use until {end}" if end else "")
    return finding("other version", code.code, key=code, **said)


def _on_day(code: Code, encounter: Encounter) -> bool:
    """Whether a code is valid on the day, as far as is known."""
    valid = validity(code)
    return valid is None or encounter.day is None or valid.period.holds(encounter.day)


def _invalid(code: Code, encounter: Encounter) -> Finding:
    valid, day = validity(code), encounter.day
    assert valid is not None
    start, end = valid.period
    early = day and start and day < start
    others = predecessors(code) if early else successors(code)
    choices = [one.code.code for one in others]
    how = " (inferred from titles)" if any(one.inferred for one in others) else ""
    if early:
        use = "use what was valid then:" if others else "use a code of that day's release"
    else:
        use = "use" if others else "look for its successor by words"
    use = f"{use} {', '.join(choices)}{how}" if others else use
    kind = "too early" if early else "too late"
    return finding(kind, code.code, choices=choices, start=start, end=end, use=use)


def _beyond(codes: CodeSet, encounter: Encounter) -> Iterator[Finding]:
    """One note for each system of whose releases none is of the day."""
    day = encounter.day
    for system in sorted({code.system for code in codes.codes} & {*known_systems()}) if day else ():
        assert day is not None
        release, in_force = release_on(system, day)
        period = version_period(version_of(system))
        if in_force or not period.holds(day) or release_period(system, release) == period:
            continue
        label = codes.codes[0].declaration.label if len(codes.codes) == 1 else system
        several = (code.code for code in codes.codes if code.system == system)
        installed = ", ".join(releases(system))
        yield finding("not covered", *several, label=label, day=day, installed=installed, release=release)
