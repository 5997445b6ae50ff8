"""Pathology reports, operative notes, cardiology, transplants: small reports of our own, and ways of putting it that
only some kinds of notes have.
"""

import pytest

SPECIMENS = """SURGICAL PATHOLOGY
Specimens: A. Colon, cecum, polyp. B. Colon, descending, polyp. C. Rectum, polyp.
Diagnosis:
A. Tubular adenoma.
B. Sessile serrated adenoma.
C. Hyperplastic polyp.
"""

# note -> codes that something speaks for
CODED = {
    # the site of a specimen belongs to its diagnosis
    SPECIMENS: "D12.0 D12.4 K62.1",
    "Skin, left cheek, shave biopsy: squamous cell carcinoma in situ.": "D04.39",
    "Pathology. Skin, back, punch: dysplastic nevus.": "D22.5",
    "Lung, right upper lobe, lobectomy: adenocarcinoma.": "C34.11",
    "Lymph nodes, mediastinal, excision: metastatic adenocarcinoma.": "C77.1",
    "Colon, sigmoid, resection: invasive adenocarcinoma.": "C18.7",
    "Cervix, biopsy: CIN 3.": "D06.9",
    # a transplanted organ that is ill has no status besides
    "Kidney transplant 2019. Biopsy shows acute cellular rejection.": "T86.11",
    "Stem cell transplant 2021 with chronic GVHD.": "T86.5 D89.811",
    # what another line says of the same
    "Bipolar I disorder, current episode depressed, severe without psychotic features.": "F31.4",
    "Inferior STEMI. Cath: RCA 100% occlusion.": "I21.11",
    "Vascular dementia. Agitation at night.": "F01.511",
    "Graves disease s/p RAI, now hypothyroid.": "E89.0",
    "Neutropenia due to chemotherapy with palbociclib.": "D70.1",
    "MRSA bacteremia.": "R78.81 B95.62",
    "CAD status post stenting in 2019.": "I25.10 Z95.5",
    "Traumatic fall: rib fractures with hemopneumothorax.": "S27.2XXA",
    "Unrestrained driver in MVC vs tree. Femur fracture.": "V47.5XXA",
    "Medications: albuterol prn asthma.": "J45.909",
    "PsA with dactylitis. Later: PsA.": "L40.50",
    "Gastric erosions. Schatzki ring.": "K25.9 K22.2",
    "Mammography screening.": "Z12.31",
    "CMV viremia. Hepatitis C.": "B25.9 B19.20",
    "Hepatitis C, CMV viremia.": "B25.9 B19.20",
}

# note -> beginnings of codes that nothing in it speaks for
NOT_CODED = {
    SPECIMENS: "K63.5 D12.6",
    "Skin, left cheek, shave biopsy: squamous cell carcinoma in situ.": "C44 D04.9",
    "Skin, left leg, excision: malignant melanoma.": "C43.9",
    "Kidney transplant 2019. Biopsy shows acute cellular rejection.": "Z94.0 T86.91",
    "Bipolar I disorder, current episode depressed, severe without psychotic features.": "F31.3 F32",
    "Hepatitis C, CMV viremia.": "B25.1",
    "Chest pain radiating to the left arm. Back pain shooting down the right leg.": "M79",
    "Anesthesia: ASA 3. Hernia.": "Z79.82",
    "UROLOGY OP NOTE\nPreop dx: left ureteral stone\nProcedure: left ureteral stent placement.": "Z96.0",
    "Inferior STEMI, taken to cath lab, RCA stented.": "Z95.5",
    "Immunizations given today: hepatitis A, varicella.": "B15 B01",
    "Gastritis, biopsies for H. pylori taken. Swabs sent for chlamydia.": "B96.81 A74",
    "Cholecystitis with gallstones, thickened gallbladder wall.": "K82",
    "Ruptured tubal pregnancy with hemoperitoneum and adnexal mass.": "K66 N94",
    # "he" of a woman's note is her brother
    "Her brother has COPD. He is a smoker. She has asthma.": "F17 J44",
    "61-year-old woman. Father had gout. He was diabetic.": "E11 M10",
}


@pytest.mark.parametrize("note", CODED)
def test_coded(note, asserted):
    assert set(CODED[note].split()) <= asserted(note)


@pytest.mark.parametrize("note", NOT_CODED)
def test_not_coded(note, asserted):
    assert not {code for code in asserted(note) if code.startswith(tuple(NOT_CODED[note].split()))}


def test_he_of_a_man_s_note_is_the_patient(asserted):
    assert "J45.909" in asserted("70-year-old man. Father had gout. He has asthma.")


def test_a_kidney_disease_stands_behind_the_diabetes_it_comes_from(starter):
    order = [one.code for one in starter.code("CKD 3a, T2DM, HTN, chronic systolic heart failure")]
    assert order.index("E11.22") < order.index("N18.31")
    assert order.index("I13.0") < order.index("I50.22")


def test_tumours_of_skin_at_different_sites_stand_together(coder):
    note = "Basal cell carcinoma of the nose. Malignant melanoma of the back."
    assert {"C44.311", "C43.59"} <= {one.code for one in coder.code(note) if one.predicted}


@pytest.mark.parametrize("note", ["Dolor torácico y fiebre.", "Fractura de cadera izquierda"])
def test_a_short_note_in_another_language_is_cautioned(note, coder):
    assert "Spanish" in coder.caution(note, [])


@pytest.mark.parametrize(
    "note", ["Mr. de la Cruz: COPD", "En bloc resection, no de novo lesion.", "HTN, DM2"]
)
def test_a_short_note_in_english_is_not(note, coder):
    assert coder.caution(note, []) is None
