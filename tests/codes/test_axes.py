"""ICD-10-PCS by its axes."""

import pytest

from icdbridge.codes import describe, load_system
from icdbridge.codes.axes import axes, axis_title


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (
            "0DTJ4ZZ",
            {"operation": "Resection", "body part": "Appendix", "approach": "Percutaneous Endoscopic"},
        ),
        ("0DTJ", {"operation": "Resection", "body part": "Appendix"}),
        ("BW20", {"operation": "Computerized Tomography (CT Scan)", "body part": "Abdomen"}),
        (
            "30243N1",
            {
                "operation": "Transfusion",
                "body part": "Central Vein",
                "approach": "Percutaneous",
                "device": "Nonautologous Red Blood Cells",
            },
        ),
        ("GZ72ZZZ", {"operation": "Family Psychotherapy"}),
    ],
)
def test_axes_of_a_code_or_of_a_beginning(code, expected):
    found = axes(code, describe(f"icd10pcs:{code}").text)
    assert {one.axis: one.value for one in found} == expected


def test_every_code_has_an_operation():
    titles = load_system("icd10pcs").titles
    for code in list(titles)[::500]:
        assert axes(code, titles[code])[0].axis == "operation"


def test_what_the_table_lacks_has_no_title_of_axes():
    assert axis_title("0DTJ") == "Resection, Appendix"
    assert axis_title("ZZZZ") is None
    assert axis_title("0") is None
