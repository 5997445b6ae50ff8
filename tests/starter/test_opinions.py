"""What the starter says of codes in a note, as a trained run weighs it."""

import numpy as np
import pytest

from icdbridge.caches import cache_folder
from icdbridge.starter import Starter
from icdbridge.starter.opinions import OPINIONS, SILENT, opinion_features, opinions

NOTE = "The patient has essential hypertension and acute cystitis. He denies any chest pain in the last days."


@pytest.fixture(scope="module")
def starter():
    return Starter("icd10cm", cache_folder())


def of(starter, text, *codes):
    return [
        dict(zip(OPINIONS, row, strict=True))
        for row in opinion_features(opinions(starter, text), codes).tolist()
    ]


def test_what_is_said_is_told_from_what_is_denied_and_what_is_not_there(starter):
    hypertension, pain, gout = of(starter, NOTE, "I10", "R07.9", "M10.9")
    assert hypertension["asserted"] == 1
    assert hypertension["starter"] > SILENT
    assert pain["asserted"] == -1
    assert pain["doubt"] > 0
    assert gout["starter"] == gout["category_line"] == SILENT
    assert gout["asserted"] == 0


def test_codes_of_a_line_s_family_hear_of_it(starter):
    said, other, category = of(starter, NOTE, "N30.00", "N30.01", "N30")
    assert said["starter"] > SILENT
    assert other["category_line"] == said["starter"]
    assert category["above_line"] == said["starter"]


def test_the_codes_asked_for_change_nothing(starter):
    found = opinions(starter, NOTE)
    codes = ["I10", "R07.9", "N30.00", "N30.01", "N30", "M10.9"]
    together = opinion_features(found, codes)
    for row, code in enumerate(codes):
        assert np.array_equal(opinion_features(found, [code])[0], together[row])


def test_a_note_in_another_language_says_nothing(starter):
    text = (
        "El paciente de 45 años presenta hipertensión y una cistitis aguda, sin dolor en el pecho desde ayer."
    )
    assert opinions(starter, text) == []
    assert opinion_features([], ["I10"])[0, :6].tolist() == [SILENT, 0, 0, SILENT, SILENT, SILENT]
    assert not opinion_features([], ["I10"])[0, 6:].any()


def test_icd_9_has_opinions_on_a_patient_of_known_sex(shared_cache):
    text = "A 52 year old man with a fall and hypothyroidism."
    fall, thyroid = of(Starter("icd9cm", cache_folder()), text, "E888.9", "244.9")
    assert fall["asserted"] == thyroid["asserted"] == 1
