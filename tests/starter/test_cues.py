"""The table of wordings, and how its wordings are read."""

import re
from pathlib import Path

import pytest

from icdbridge.packed import packed_rows
from icdbridge.starter.cues import cue, part

SOURCE = Path(__file__).parents[2] / "src/icdbridge/starter"
ROWS = packed_rows("icdbridge.starter", "data/cues.csv")
NAMES = {name for name, place, _ in ROWS if place != "part"}
PARTS = {name for name, place, _ in ROWS if place == "part"}


def test_every_row_is_a_wording_that_can_be_read():
    assert {place for _, place, _ in ROWS} == {"before", "behind", "within", "part"}
    assert len({tuple(row) for row in ROWS}) == len(ROWS) > 400
    for name in NAMES:
        assert cue(name)
    for name in PARTS:
        assert re.compile(part(name))


def test_every_cue_and_part_is_asked_for_and_no_other():
    code = "".join(file.read_text("utf-8") for file in SOURCE.glob("*.py"))
    asked = set(re.findall(r'(?:cue\(|says\(|tells\(note, said, )"([^"]+)"', code))
    inside = {name for _, _, wording in ROWS for name in re.findall(r"(?<!\?P)<([a-z][a-z ]*)>", wording)}
    assert asked == NAMES
    assert {*re.findall(r"""part\(["']([^"']+)""", code), *inside} == PARTS


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("drug not taken", "He ran out of his | and", True),
        ("drug not taken", "He ran out of money for | and", False),
        ("drug not taken", "He takes |, (not taking it as told)", True),
        ("healed", "| (now well healed), seen today", True),
        ("healed", "| unhealed", False),
        ("mended", "ORIF of the left | today", True),
        ("mended", "ORIF. Of the left | today", False),
        ("long ago", "| with 2.5 tablets years ago", True),
        ("months ago", "Last winter she was seen in the clinic for a mild | again", True),
        ("months ago", "| three months ago", True),
    ],
)
def test_a_wording_stands_right_before_or_behind(name, text, told):
    start = text.index("|")
    assert cue(name).beside(text, start, start + 1) is told


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("inpatient stay", "Discharge diagnoses: gout", True),
        ("inpatient stay", "POD 3, doing well", True),
        ("inpatient stay", "tripod 3", False),
        ("later care", "She lives in a nursing home.", True),
        ("later care", "prehab", False),
        ("cesarean", "s/p caesareans", True),
        ("left by a stroke", "weakness since his old stroke", True),
        ("left by a stroke", "a stroke of luck", False),
    ],
)
def test_a_wording_stands_in_a_text(name, text, told):
    assert (cue(name).within(text) is not None) is told


def test_a_wording_is_looked_for_between_two_characters():
    text = "gout. Discharge summary. gout"
    assert cue("end of a stay").within(text, 6)
    assert not cue("end of a stay").within(text, 0, 9)
    assert [found.start() for found in cue("older patient").all_within("Mrs A and Mrs B, 41 yo")] == [
        0,
        10,
        17,
    ]
