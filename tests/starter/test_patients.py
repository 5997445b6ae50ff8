"""Whose a condition is, and of when: the patient's sex, a partner's disease, what is only thought of, what is gone."""

import pytest

from icdbridge.starter.relatives import patient_sex

ASKED = {
    # titles of one sex
    "64M with right breast cancer.": ("C50.921", "C50.911"),
    "34F with urethral stricture.": ("N35.92", "N35.919"),
    "30M infertility.": ("N46.9", "N97.9"),
    "36F primary infertility. Partner mild oligospermia.": ("N97.9", "N46.11"),
    # what is only thought of says nothing of what is sure
    "AKI, HRS vs ATN.": ("N17.9", "N17.0"),
    "Severe duodenitis, may be bleeding.": ("K29.80", "K29.81"),
    # what an organ was replaced for is gone
    "s/p DDRT 2021 for ESRD due to IgA nephropathy.": ("Z94.0", "N18.6"),
    "s/p liver transplant for HCV cirrhosis.": ("Z94.4", "K74.60"),
    "6 months post gastric bypass.": ("Z98.84", "K95.89"),
    # numbers
    "Obesity, BMI 38.": ("Z68.38", "Z68.20"),
    "ED: 7 wks pregnant, ruptured right tubal ectopic pregnancy.": ("O00.101", "Z3A.01"),
    "DOL 5, ex-28+3 wk male, BW 980 g. Jaundice.": ("P59.0", "P59.9"),
    "A: 1 BPH 2 elevated PSA 3 L ureteral calculus 4 bladder mass": ("N20.1", "N21.0"),
    "29F continues to smoke 5 cig/day.": ("F17.210", "F17.200"),
    "POD#1 s/p ORIF R intertrochanteric fx.": ("S72.141A", "S72.141D"),
    "Small HCC seg 6 s/p RFA 2022, no recurrence.": ("Z85.05", "C22.0"),
    "Breast cancer on tamoxifen, no evidence of recurrence.": ("C50.919", "Z85.3"),
    "PAD with rest pain. R BKA planned.": ("I73.9", "Z89.511"),
    "IPF. Lung transplant eval.": ("J84.112", "Z94.2"),
    "Well baby 2 wk: FT, NSVD, umbilical granuloma.": ("P83.81", "Z3A.01"),
    "Cath report: NSTEMI, 90% LAD stenosis -> DES x1.": ("I21.4", "Z95.5"),
    "Inferior STEMI, PCI of the RCA with DES x2.": ("I21.19", "Z95.5"),
    "Hx breast ca 2011, s/p R mastectomy, tamoxifen completed.": ("Z90.11", "Z79.810"),
    "SECONDARY DIAGNOSES:\n- AKI on CKD 3b, resolved\nDischarge date: 3/9": ("N17.9", "Z87.448"),
    "Labor and delivery: IOL for postdates at 41w1d.": ("O48.0", "Z96.1"),
    # sides, sites and stages
    "DM. Mild NPDR both eyes.": ("E11.3293", "E11.3291"),
    "Ovarian ca s/p TAH/BSO.": ("C56.9", "C56.3"),
    "Stage 3 sacral PU, unstageable L heel.": ("L89.153", "L89.150"),
    "Pressure damage R heel - deep tissue injury.": ("L89.616", "L89.96"),
    "Scald burn chest and L arm, hot water, 2nd degree.": ("X11.8XXA", "X10.0XXA"),
    "Dog bite R forearm, 2 puncture wounds.": ("S51.851A", "S51.831A"),
    "UC pancolitis flare with bloody stool.": ("K51.011", "K51.00"),
    "Stabbed in the chest, PTX.": ("S27.0XXA", "J93.9"),
    "Acute pyelo. 22 wks preg.": ("O23.02", "N10"),
    "Postpartum day 2, PPH, anemia.": ("O90.81", "D64.9"),
    "Stage 2 decubitus, sacrum.": ("L89.152", "L89.92"),
    "Lung ca, mets to brain (s/p SRS), adrenal, and liver.": ("C78.7", "C79.9"),
    "Closed displaced supracondylar fx R humerus.": ("S42.411A", "S72.451A"),
    "FSGS, nephrotic syndrome.": ("N04.1", "N04.9"),
    "Metastatic pancreatic ca, declining.": ("C25.9", "C78.89"),
    "Pancreatic ca with liver mets.": ("C78.7", "C78.89"),
    "CPR may cause rib fractures. DNR.": ("Z66", "X58.XXXA"),
    "HTN. EKG: NSR, normal axis.": ("I10", "S12.100A"),
    "HTN. Exposed to a coworker with COVID.": ("Z20.822", "U07.1"),
    "ESBL E. coli UTI.": ("Z16.12", "Z86.19"),
    # words with another meaning beside others
    "Right hallux ulcer, fat layer exposed. Type 2 diabetes.": ("L97.512", "E11.9"),
    "Hyperkeratosis plantar 1st MPJ b/l.": ("L85.9", "C91.00"),
    "Aspirin-exacerbated respiratory disease.": ("J45.909", "Z79.82"),
    "Retinal tear with localized detachment OD.": ("H33.001", "H33.311"),
    "6mm ureteral stone with hydronephrosis.": ("N13.2", "N20.1"),
    "Hypertension. Travel: needs yellow fever vaccine, typhoid, hep A.": ("I10", "B15.9"),
}


@pytest.mark.parametrize(("note", "codes"), ASKED.items())
def test_one_code_and_not_another(note, codes, asserted):
    wanted, other = codes
    found = asserted(note)
    assert wanted in found
    assert other not in found


def test_what_brackets_deny_ends_with_them(asserted):
    assert asserted("PMH: asthma (no recent exacerbation), migraine, PCOS.") == {
        "J45.909",
        "G43.909",
        "E28.2",
    }


@pytest.mark.parametrize("note", ["PCN allergy? - no.", "Asthma? no."])
def test_a_question_with_its_answer(note, asserted):
    assert not asserted(note)


@pytest.mark.parametrize(
    ("text", "sex"),
    [
        ("72-year-old woman with anemia", "female"),
        ("CC: 70M with fall", "male"),
        ("Sex: F", "female"),
        ("98.6 F. Seen today.", ""),
        ("Temp 101 F, 45 y/o male", "male"),
        ("73 y.o. male with 3 days of cough", "male"),
        ("3 days of cough", ""),
        ("34 yo female. Father 60 yo male.", ""),
        ("19 yo transgender man, assigned female at birth", ""),
    ],
)
def test_the_sex_that_a_note_tells(text, sex):
    assert patient_sex(text) == sex
