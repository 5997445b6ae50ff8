"""What codes a note of the tabular list names."""

import pytest

from icdbridge.codes.references import references


def named(note, *plain):
    return [any(one.includes(code) for one in references(note)) for code in plain]


@pytest.mark.parametrize(
    ("note", "meant", "others"),
    [
        ("renal colic (N23)", ["N23"], ["N200", "N22"]),
        (
            "skin of genital organs (C51-C52, C60.-, C63.2)",
            ["C519", "C52", "C609", "C632"],
            ["C53", "C631", "C61"],
        ),
        ("meningitis (in) (B65.0-B65.9)", ["B650", "B659"], ["B66", "B64"]),
        ("fracture (S12.0--S12.6.-)", ["S120XXA", "S12600A"], ["S128XXA", "S11"]),
        ("head injury (S00 - S09)", ["S0990XA"], ["S10"]),
        ("mucosa (C00.- to C14.-)", ["C000", "C148"], ["C15"]),
        (
            "adverse effect (T36-T50 with fifth or sixth character 5)",
            ["T39015A", "T3795XA"],
            ["T39011A", "T3791XA"],
        ),
        ("poisoning (T36-T65 with fifth or sixth character 1-4)", ["T39011A", "T3794XA"], ["T39015A"]),
        ("dysphagia (I69. with final characters -91)", ["I69391", "I6991"], ["I69390", "I63"]),
        ("diabetes mellitus (E08-E13 with .42)", ["E1142"], ["E1141", "E119", "G63"]),
        ("vertebrae (E08-E13 with .51-.52)", ["E1151", "E1052"], ["E1159"]),
        ("hypertension (I10-I1A)", ["I10", "I1A0", "I150"], ["I20"]),
        ("code (B95-B97) to identify infectious agent.", ["B9620"], ["B99"]),
        ("tuberculosis [x] (A15.-), healed (B90.-)", ["A150", "B909"], ["A18"]),
        ("meningitis (in):", [], ["G00"]),
        ("vitamin B12 deficiency", [], ["B12"]),
        ("code from category F17 to identify type of dependence", ["F17210"], ["F18"]),
        ("torticollis NOS M43.6", ["M436"], ["M437"]),
        ("leukemia in remission C91.0-C95.9 with 5th character 1", ["C9101"], ["C9100"]),
        ("code, if applicable, for codes G31.0-G31.83, to identify:", [], ["G310"]),
        ("fracture (S12.- with open fracture 7th character)", [], ["S12000B"]),
    ],
)
def test_codes_in_brackets(note, meant, others):
    assert all(named(note, *meant))
    assert not any(named(note, *others))


def test_anything_is_read():
    assert references("") == ()
    assert references("(((") == ()
    assert references("see (below)") == ()
