"""What is there now, what was, what this stay did, what caused what, and which side: small notes of our own, as real
ones put it.
"""

import pytest

# note -> codes that something speaks for
CODED = {
    # one comes with a symptom, whatever history it is called
    "Two year old admitted with a history of rectal bleeding for 3 days.": "K62.5",
    "Referred with a history of breast cancer in 2009.": "Z85.3",
    "PMH: Significant for metastatic lung cancer.": "C34.90",
    "Syphilis treated 2020. RPR stable.": "Z86.19",
    "Graves disease s/p RAI 2015, now hypothyroid.": "E89.0",
    # a chronic disease that turned acute is both
    "Acute on chronic renal insufficiency.": "N17.9 N18.9",
    "AKI on CKD 3b. HTN.": "N17.9 N18.32 I12.9",
    # sides and sites
    "Nuclear sclerotic cataract in each eye.": "H25.13",
    "Osteoarthritis of each knee.": "M17.0",
    "Infected ulcer of left calf with cellulitis.": "L03.116",
    "Abscess left thigh.": "L02.416",
    "Upper back pain.": "M54.6",
    "Upper lumbar back pain.": "M54.50",
    # one or several
    "CT: bilateral pulmonary nodules, largest 8 mm.": "R91.8",
    "8 mm pulmonary nodule, right upper lobe.": "R91.1",
    # two conditions with a slash between
    "Depression/anxiety, on sertraline.": "F32.A F41.9",
    "Deep incisional infection, left hip.": "T81.42XA",
    # how long a disease is there is no past
    "Two-year history of colon cancer, now with obstruction.": "C18.9",
    "Recent admission three weeks ago for treatment of pneumonia.": "Z87.01",
    # how acute what follows is
    "Respiratory failure secondary to severe chronic obstructive pulmonary disease.": "J96.90 J44.9",
    "Bronchitis, chronic. Sinusitis, acute.": "J42 J01.90",
    "Linear skull fracture with subarachnoid hemorrhage after a fall.": "S06.6XAA",
    "Newly diagnosed T-cell lymphoma.": "C84.90",
    "Knee osteoarthrosis. Degenerative cervical disk.": "M17.9 M50.30",
    "Nonfunctional AV fistula. Clogged PermCath.": "T82.590A T82.49XA",
    "Septic left total knee arthroplasty. Infected right hip prosthesis.": "T84.54XA T84.51XA",
    "Plantar fascitis, left foot. Left cubital tunnel syndrome.": "M72.2 G56.22",
    "He was hospitalized in 1970 for treatment of urinary tract infection.": "Z87.440",
    "Procedures: CABG 2010. Assessment: CAD.": "Z95.1 I25.10",
    "She cut her finger with a kitchen knife. Laceration left index finger.": "W26.0XXA",
    "Necrotic toes, left foot. Gangrene.": "I96",
    "PMH: Significant for arthritis in her knee, anxiety, gallstones, and asthma.": "M17.9 F41.9 K80.20 J45.909",
    "Cellulitis of the left foot, diabetes, and gout.": "L03.116 E11.9 M10.9",
    "Lung cancer with metastases to the brain, bone and liver.": "C79.31 C79.51 C78.7",
    "ALLERGIES 1. Sulfa. HOME MEDICATIONS 1. Aspirin 81 mg daily.": "Z88.2 Z79.82",
    "End stage renal disease, with coagulopathy due to warfarin.": "N18.6 D68.32 T45.515A",
    "Discharge diagnoses: 1. Acute on chronic respiratory failure. 2. Hypoxia.": "J96.21",
    "Endstage CHF, now with hospice.": "I50.84 Z51.5",
    "Gestational diabetes at 30 weeks, on insulin.": "O24.414 Z3A.30",
    "Invasive ductal carcinoma of the left breast, 7 o'clock position.": "C50.312",
    "Invasive ductal carcinoma of the right breast at 10:00 o'clock.": "C50.411",
    "Ductal carcinoma of the right breast at 12 o'clock.": "C50.811",
    "Lump in the left breast, 2 o'clock.": "N63.21",
    "POAG, severe stage OS, moderate stage OD.": "H40.1123 H40.1112",
    "Primary open-angle glaucoma: right eye mild, left eye severe.": "H40.1111 H40.1123",
    "Second degree burn of the right hand, first degree burn of the chest.": "T23.201A T21.11XA",
    "PMH: gastritis; GI bleed in July 2001. Seen on March 3, 2006.": "K29.70",
    "8 month old, ex-28 week preemie, with bronchopulmonary dysplasia.": "P27.1 P07.31",
    "Small fibroids of the uterus. Dysmenorrhea.": "D25.9 N94.6",
    "History of anxiety, depression.": "F41.9 F32.A",
    "DIAGNOSIS: Desires vasectomy. OPERATION: Vasectomy.": "Z30.2",
    "Left knee pain. Assessment: osteoarthritis of the knee.": "M17.12",
    "Lung cancer. There is a right facial droop.": "C34.90 R29.810",
    "Protein malnourishment.": "E46",
    "Concussion. There was loss of consciousness.": "S06.0X9A",
    "Tobacco history: Smoke\u2019s 1 pack of cigarettes per day.": "F17.210",
    # what a drug did is drug induced, however the note puts it
    "Constipation from opioids.": "K59.03 T40.2X5A",
    "Rash due to amoxicillin.": "L27.0 T36.0X5A",
    "Tremor secondary to lithium.": "G25.1 T43.595A",
    "Diarrhea 2/2 osimertinib.": "K52.1 T45.1X5A",
    "Neuropathy from vincristine.": "G62.0 T45.1X5A",
    "Cocaine-induced psychosis.": "F19.959",
    "Supratherapeutic INR on warfarin.": "R79.1 T45.515A",
    # a stroke by its cause
    "Acute ischemic stroke of left MCA territory, cardioembolic from newly diagnosed afib.": "I63.412",
    "Right MCA stroke, embolic.": "I63.411",
    # one code says all of it
    "ESRD on HD. Acute on chronic systolic CHF. Hypertensive emergency.": "I13.2 I16.1 N18.6",
    "Malignant right pleural effusion.": "J91.0",
    "Cirrhosis with portal hypertensive gastropathy.": "K76.6 K31.89",
    "Left heel ulcer, diabetic. Stage 3 pressure ulcer of the sacrum.": "E11.621 L89.153",
    "Seropositive RA, multiple joints, on MTX.": "M05.79",
    "Severe tricompartmental OA, L > R.": "M17.0",
    "Type 2 diabetes mellitus with steroid-induced hyperglycemia.": "E11.65 T38.0X5A",
    # the encounter of an injury is that of its cause
    "Follow-up 6 weeks s/p ORIF of right distal radius fracture (fell off ladder).": "S52.501D W11.XXXD",
    # vaccines that a child lacks
    "Vaccines behind. Mom declined MMR.": "Z28.39 Z28.82",
    # "not" and "no" beside a disease deny something else
    "Depression, not on medication.": "F32.A",
    "Anxiety not well controlled.": "F41.9",
    "Breast cancer s/p left mastectomy on no treatment, depression.": "F32.A",
    "Ischemic CM, EF 30%.": "I25.5",
    # what stands beside belongs to something else
    "Cirrhosis of the liver.": "K74.60",
    "Liver cirrhosis and portal vein thrombosis.": "K74.60 I81",
    "Tricuspid valve endocarditis & septic pulmonary emboli.": "I33.0 I26.90",
    "Septic shock from an obstructing left ureteral stone with acute pyelonephritis.": "N13.6 R65.21",
    "Thrombocytopenia 2/2 sepsis.": "D69.59 A41.9",
    "Febrile neutropenia d/t chemo.": "D70.1 R50.81 T45.1X5A",
    # a clinic's name is no list of allergies
    "ALLERGY\n34M w/ chronic urticaria. Moderate persistent asthma.": "L50.8 J45.40",
    "Hx: DM2 on insulin, prior TIA, tobacco 1 ppd.": "F17.210",
    # both sides, where the words name a family
    "Contractures of both knees.": "M24.561 M24.562",
    "Bilateral knee effusions.": "M25.461 M25.462",
    "Prior amputation of L great toe.": "Z89.412",
    "9 yo F w/ asthma, mild persistent, here w/ exacerbation.": "J45.31",
    "Coronary calcification on CT.": "I25.10 I25.84",
}

STAY = """DISCHARGE DIAGNOSIS: Menorrhagia, status post vaginal hysterectomy.
PROCEDURE: Total vaginal hysterectomy.
HOSPITAL COURSE: Uneventful.
"""

# note -> beginnings of codes that nothing in it speaks for
NOT_CODED = {
    "Two year old admitted with a history of rectal bleeding. Possibilities include Meckel's.": "Z87 Q43",
    "PMH: Significant for metastatic lung cancer.": "Z85",
    "Syphilis treated 2020.": "A53",
    "Graves disease s/p RAI 2015, now hypothyroid.": "E05",
    "Cellulitis. Previous wound cultures grew Pseudomonas.": "B96.5",
    "Hartmann's pouch and end colostomy in 2019 for perforated diverticulitis.": "K82.8",
    "Underwent sigmoid colectomy with end colostomy in November 2019 for diverticulitis.": "K57",
    "One wound culture from the right leg is pending.": "S81",
    "Post-op wound infection, right hip.": "S71",
    "Preop diet-induced weight loss of 20 lb. Morbid obesity.": "R63.4",
    "GENERAL: somewhat anxious elderly female. Vertigo.": "F41",
    "She does not smoke cigarettes, abuse alcohol, or use drugs. Gout.": "F10",
    "The elevator was used to luxate the tooth from its socket.": "S03",
    "CT: bilateral pulmonary nodules.": "R91.1",
    "Upper lumbar back pain.": "M54.6",
    "Dressing changed. Gout.": "Z48.00",
    "Depression/anxiety, on sertraline.": "F41.8",
    STAY: "Z90.710",
    "Recent admission three weeks ago for treatment of pneumonia.": "J18",
    "Respiratory failure secondary to severe chronic obstructive pulmonary disease.": "J96.1",
    "Linear skull fracture with subarachnoid hemorrhage after a fall.": "I60",
    "Two weeks ago she had left otitis media.\nASSESSMENT: 1. Left otitis media, resolved. 2. Gout.": "H66",
    "COPD exacerbation. Was tapered from IV steroids.": "T38",
    "CAUSE OF DEATH: Acute respiratory failure.": "R99",
    "He had childhood asthma. He was obese as a teenager. Bunion.": "J45 E66",
    "EEG: faster activity during drowsiness.": "R40",
    "Conjunctival hyperemia of the left eye.": "R68",
    "PROCEDURE: Left heart catheterization and stent placement.\nINDICATION: Unstable angina.": "Z95",
    "Carpal tunnel syndrome. The ligament was cut on its ulnar side with a knife.": "W26",
    "Graves disease with goiter.": "E04",
    "He is losing weight at an acceptable rate. Food diary reviewed.": "R63",
    "The exercise test was stopped due to fatigue.": "R53",
    "Exploration was difficult because of extensive scarring of the proximal humerus.": "L90",
    "Fatty necrosis around the gallbladder. Acute cholecystitis.": "I96",
    "Septal hypokinesis, EF 45%. Chest pain.": "I51",
    "He was hospitalized in 1970 for treatment of urinary tract infection.": "N39",
    "Her pregnancy was not complicated by diabetes, hypertension or bleeding. Cough.": "E11 O24 I10 O1 O26",
    "The stay was uncomplicated by ileus or pneumonia.": "K56 J18",
    "Non insulin diabetes. High insulin levels.": "Z79.4",
    "Renal ultrasound: fail to demonstrate hydronephrosis or stones. Failure to show a fracture.": "N13 N20 S",
    "He was unable to communicate about hallucinations or any symptoms of anxiety.": "R44 F41",
    "Myeloma, status post treatment with thalidomide and Coumadin.": "Z79",
    "Chronic steroid use, which was discontinued in July.": "Z79",
    "Asthma exacerbation. Prednisone 40 mg daily x 5 days.": "Z79",
    "ALLERGIES:, NONE KNOWN.,CURRENT MEDICATIONS,1. Levofloxacin 250 mg.,2. Codeine.": "Z88",
    "DISCHARGE DIAGNOSIS: Heart block. PROCEDURES DONE: Permanent pacemaker placement.": "Z95",
    "Head and neck cancer: carcinoma of the base of the tongue.": "C76",
    "1. Pneumonia. 2. Systemic inflammatory response syndrome secondary to it.": "R65",
    "Infant with a murmur, patent ductus arteriosus on echo.": "R01",
    "Sick sinus syndrome with dizziness.": "R42",
    "PMH: gastritis; GI bleed in July 2001. Seen on March 3, 2006.": "K92 K29.71",
    "8 month old, ex-preemie, here with bronchiolitis.": "P07",
    "She was told of Meniere disease. Both eyes itch.": "H81.03",
    "Such a neuropathy may be seen in disorders such as rheumatoid arthritis.": "M0",
    "RF: ordered quantitative rheumatoid factor. Cough.": "M0",
    "Gestational diabetes at 30 weeks, on insulin NovoLog.": "Z79.4",
    "PAST SURGICAL HISTORY: Questionable coronary bypass surgery versus valve replacement.": "Z95",
    "Chest x-ray: mild vascular congestion. Cough.": "J81 R09.81",
    "Metastatic breast cancer. A 50-year-old with a history of breast cancer.": "Z85",
    "Previous treatments included Aromasin and Coumadin. Gout.": "Z79",
    "Metastases to the lung. A nodule was seen in the lung.": "R91",
    "Concussion. There was loss of consciousness.": "R55",
    "Juvenile myoclonic epilepsy with morning myoclonus.": "G25",
    "Left malignant pleural effusion. CT showed a left pleural effusion.": "J90",
    "Malignant right pleural effusion.": "J90",
    "Type 2 diabetes mellitus with steroid-induced hyperglycemia.": "E09",
    "Lithium-induced hypothyroidism suspected.": "T43.595A",
    "Afib. Start apixaban in 7 days.": "Z79.01",
    "Transferred from heparin drip to apixaban.": "T45.515A",
    "Pain relief from morphine.": "T40.2X5A",
    "Psychosis due to cocaine.": "F24",
    "PM&R admission.": "Z95.0",
    "Restaging CT CAP next month for lung cancer.": "J18.9",
    "Sjogren's with dry mouth.": "R68.2",
    "Bilateral knee effusions.": "J90",
    "Cirrhosis of the liver.": "K74.0",
    "Febrile neutropenia d/t chemo.": "D70.2 D70.9",
    "AML, day 12 s/p FLAG-IDA.": "D50",
    "Hospice declined. DNR.": "Z51.5",
    "Hx: DM2 on insulin, prior TIA, tobacco 1 ppd.": "Z87.891",
    "Thrombocytopenia 2/2 sepsis.": "D69.6",
    "Tricuspid valve endocarditis & septic pulmonary emboli.": "I37 I07",
    "Sigmoid polyp: tubular adenoma.": "K63.5",
    "9 yo F w/ asthma, mild persistent, here w/ exacerbation.": "J45.30 J45.90",
}


@pytest.mark.parametrize("note", CODED)
def test_what_speaks_for_a_code(asserted, note):
    assert asserted(note) >= {*CODED[note].split()}


@pytest.mark.parametrize("note", NOT_CODED)
def test_what_speaks_for_none(asserted, note):
    assert not [code for code in asserted(note) if code.startswith(tuple(NOT_CODED[note].split()))]
