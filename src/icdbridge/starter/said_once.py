"""What a note says once and titles of several codes spell out: which hand leads, whether consciousness was lost,
whether who took a poison meant to harm themselves, the quadrant of a breast, and the stage of each eye's glaucoma.
"""

import re
from collections.abc import Mapping, Sequence

from icdbridge.starter.clock_face import quadrant
from icdbridge.starter.cues import cue
from icdbridge.starter.lines import Line, asserted, line_by_rule
from icdbridge.starter.note_reading import Note
from icdbridge.starter.overdoses import ACCIDENT, SELF_HARM, is_meant
from icdbridge.starter.tree import Tree

# Where it is not said, the right hand leads (I.C.6.a); titles put it in several ways.
_LEADS = re.compile(r"\b(left|right) (?:non-?)?dominant side")
_UNKNOWN = re.compile(r"with loss of consciousness(?: of)? (?:status unknown|unspecified duration)")
_OPEN_AFTER = re.compile(r"\s*\?|\s*unknown|\s*unclear")
_LASTED = re.compile(
    r"(?:<|less than |under |about |approx\w* |for |x|~|of )?\s*(\d+)(?:-\d+)?\s?(sec|s\b|min|hours?\b|hrs?\b)",
    re.IGNORECASE,
)


# Glaucoma has a stage in each eye: "severe stage OS, moderate OD".
_STAGED = re.compile(r", (?:(?:right|left|unspecified) eye|bilateral), \w+ stage")
_EYE = r"\b(?P<eye>right|left|od|os)\b(?: eye)?"
_STAGE = r"\b(?P<stage>mild|moderate|severe|indeterminate)\b(?: stage)?"
_STAGES = [
    re.compile(f"{first}[,:;]? ?(?:(?:in|of|the|is|-) ?){{0,2}}{then}", re.IGNORECASE)
    for first, then in ((_STAGE, _EYE), (_EYE, _STAGE))
]
_EYES = {"od": "right", "os": "left"}
_REACH = 100  # characters behind a glaucoma that tell its stages
_BREAST = re.compile(
    r"(?:unspecified site of (left|right) (?:fe)?male|(left|right)) breast(?:, unspecified quadrant)?\Z"
)
_QUADRANT = (
    "overlapping sites",
    "overlapping quadrants",
)  # of a cancer and of a lump, where an hour is between two


def spell_out(note: Note, lines: list[Line], tree: Tree) -> None:
    """Moves lines to the codes of the same title but for what the note says once."""
    left_handed = note.says("left-handed")
    lost = _consciousness(note.text)
    harmed = is_meant(note.text)
    for line in asserted(lines):
        title = tree.titles[line.code].lower()
        if lost:
            title = _UNKNOWN.sub(lost, title)
        if harmed and title.startswith(("poisoning", "toxic effect")):
            title = title.replace(ACCIDENT, SELF_HARM)
        if (found := _BREAST.search(title)) and (told := quadrant(note.text, found[1] or found[2])):
            named = (f"{told.replace(' ', '-')} quadrant", f"{told} quadrant")
            cancer, lump = _QUADRANT if told == "overlapping" else named
            title = title.replace("unspecified site", cancer).replace("unspecified quadrant", lump)
        if _STAGED.search(title) and line.said:
            stages = _stages(note.text[line.said[0].start : line.said[0].end + _REACH])
            titles = [_STAGED.sub(f", {eye} eye, {stage} stage", title) for eye, stage in stages.items()]
            if len(set(stages.values())) == len(titles) == 2 and all(one in tree.by_title for one in titles):
                title = titles[0]
                line_by_rule(lines, tree.by_title[titles[1]], "", line.said)
        said = [_LEADS.sub(rf"\1 {leads} side", title) for leads in _leads(title)] if left_handed else [title]
        line.code = next((tree.by_title[one] for one in said if one in tree.by_title), line.code)


def _stages(text: str) -> Mapping[str, str]:
    """The stage of each eye, as titles put them, in the order in which they are told."""
    told = [
        {
            _EYES.get(one["eye"].lower(), one["eye"].lower()): one["stage"].lower()
            for one in pattern.finditer(text)
        }
        for pattern in _STAGES
    ]
    return max(told, key=len)


def _leads(title: str) -> Sequence[str]:
    """How a title may put the hand that it names, of one whose left hand leads."""
    return ("dominant",) if "left" in title else ("non-dominant", "nondominant")


def _consciousness(text: str) -> str:
    """How titles put the loss of consciousness that a note tells; empty where it tells of none and denies none."""
    for found in cue("loss of consciousness").all_within(text):
        after = found["after"]
        if found["not"] or cue("none lost").behind(after, 0):
            return "without loss of consciousness"
        if found["short"] or cue("short loss").behind(after, 0):
            return "with loss of consciousness of 30 minutes or less"
        if lasted := _LASTED.search(after):
            return f"with loss of consciousness {_duration(int(lasted[1]), lasted[2].lower())}"
        before = text[max(found.start() - 25, 0) : found.start()]
        if not (_OPEN_AFTER.match(after) or cue("loss unsure").within(before)):
            return "with loss of consciousness of unspecified duration"
    return ""


def _duration(number: int, unit: str) -> str:
    """A time as the titles of S06 divide it."""
    minutes = number * 60 if unit.startswith("h") else number if unit.startswith("m") else 1
    if minutes <= 30:
        return "of 30 minutes or less"
    if minutes < 60:
        return "of 31 minutes to 59 minutes"
    return "of 1 hour to 5 hours 59 minutes" if minutes < 360 else "of 6 hours to 24 hours"
