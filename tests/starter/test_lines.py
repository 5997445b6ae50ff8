"""Mentions become lines: one a code, the contexts in which they count, and what goes into what says more."""

import pytest


def line_codes(starter, text, **options):
    tree = starter.prepared.tree
    return [
        (tree.codes[line.code], line.origin) for line in starter.lines(text, **options)[1] if line.asserted
    ]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Asthma. She has asthma. Bronchial asthma.", [("J45.909", "said")]),
        ("Heart failure. Acute systolic heart failure.", [("I50.21", "said")]),
        ("Left hip fracture. Hip fracture.", [("S72.002A", "said")]),
        ("CKD. CKD stage 4.", [("N18.4", "said")]),
        ("Warfarin", [("Z79.01", "medications")]),
        ("Mother with breast cancer", [("Z80.3", "family")]),
        ("PMH: prostate cancer in 2011, resected 2012.", [("Z85.46", "history")]),
        ("Burkitt lymphoma, in remission.", [("C83.7A", "said")]),
        ("Left costovertebral angle tenderness", [("R39.852", "said")]),
        ("Rash due to warfarin", [("T45.515A", "adverse")]),
        ("Missed doses of lisinopril", [("T46.4X6A", "underdosing")]),
    ],
)
def test_one_line_a_thing_said(text, found, starter):
    assert set(found) <= set(line_codes(starter, text))
    codes = [code for code, _ in line_codes(starter, text)]
    assert len(set(codes)) == len(codes)
    assert len({code[:3] for code in codes}) == len(codes)


def test_what_is_said_twice_is_shown_twice(starter):
    text = "Asthma on arrival. Known asthma."
    (found,) = starter.code(text)
    assert [text[span.start : span.end].lower() for span in found.speaking] == ["asthma", "asthma"]


def test_what_is_denied_here_and_said_there_is_said(starter):
    text = "Denies chest pain at rest. Chest pain with exertion."
    found = next(one for one in starter.code(text) if one.code == "R07.9")
    assert not found.doubted
    assert [span.context for span in found.speaking] == [None, "negated"]


def test_lines_come_in_the_order_of_the_note(starter):
    lines = starter.lines("Gout. Asthma. Migraine.")[1]
    assert [line.said[0].start for line in lines] == sorted(line.said[0].start for line in lines)
    assert len(lines) == 3


def test_siblings_stand_behind_a_line(starter):
    found = {one.code: dict(one.alternatives) for one in starter.code("Systolic heart failure.")}
    assert {"I50.21", "I50.22", "I50.23"} <= set(found["I50.20"])


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("Family history: no diabetes.", "Z83.3"),
        ("Not on warfarin.", "Z79.01"),
        ("Warfarin was considered; he is no longer taking his warfarin.", "T45.516A"),
        ("Stopped aspirin.", "Z79.82"),
        ("Off insulin since May.", "Z79.4"),
        ("No known allergy to penicillin.", "Z88.0"),
        ("Baby boy, DOL 2. Mother had gestational diabetes.", "O24.419"),
    ],
)
def test_status_codes_need_what_they_say(text, wrong, starter):
    assert wrong not in dict(line_codes(starter, text))
