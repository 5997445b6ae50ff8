"""What is gone, only wished for, or told of people in general; kinds of drugs, lists and joined words: small notes of
our own.
"""

LEAFLET = """Gout is a disease in which crystals form in a joint. Symptoms may include pain and fever. People with gout
should drink water."""

# note -> codes that something speaks for
CODED = {
    # months ago
    "UTI three months ago, no symptoms now. Gout.": "Z87.440 M10.9",
    "COPD. She had pneumonia last month.": "J44.9",
    "He had appendicitis and underwent appendectomy in 2015.": "Z90.49",
    "She has had a hysterectomy. Gout.": "Z90.710",
    "She has gallstones and will have a cholecystectomy.": "K80.20",
    # a wish is no state
    "IUD in place. Menorrhagia.": "Z97.5",
    # kinds of migraine
    "Migraine without aura, intractable.": "G43.019",
    "Chronic migraine, intractable.": "G43.719",
    "Migraine with aura, intractable, with status migrainosus.": "G43.111",
    # lobes are of the lung
    "Squamous cell carcinoma of the right lower lobe.": "C34.31",
    "LUL adenocarcinoma.": "C34.12",
    # stages of what has sides
    "Dry AMD, both eyes, intermediate.": "H35.3132",
    "Wet AMD OD, active CNV.": "H35.3211",
    # a fall breaks a vertebra
    "Fell down the stairs. Compression fracture of L3.": "S32.030A",
    "MVC. T6 wedge compression fracture.": "S22.050A",
    "Osteoporotic compression fracture of L2 after a minor fall.": "M80.08XA",
    "Compression fracture of L3.": "M48.56XA",
    # both bones, both bowels, both tonsils
    "Left tib-fib fracture.": "S82.202A S82.402A",
    "Crohn's disease involving the ileum and colon.": "K50.80",
    "Recurrent adenotonsillitis.": "J35.03",
    "Chronic tonsillitis. Chronic adenoiditis.": "J35.03",
    "Acute and chronic renal failure.": "N17.9 N18.9",
    "Acute on chronic renal failure. CKD stage 4.": "N17.9 N18.4",
    "Nonhealing left BKA stump.": "T87.89",
    "Infected right BKA stump.": "T87.43",
    # what a drug did, and the drug
    "Cough from enalapril.": "R05.9 T46.4X5A",
    # half weeks
    "Pregnant, 31-1/2 weeks, with anemia.": "Z3A.31 O99.013",
    # the side of what was taken out is that of the disease
    "Right knee replaced 2010. Left breast cancer, s/p mastectomy 2004, no recurrence.": "Z90.12",
    # who brought a child has another disease
    "Her father, who has emphysema, brought her in for vomiting.": "R11.10",
    "Asthma. Education: asthma is a disease of the airways.": "J45.909",
    "Her gout is a disease that she knows.": "M10.9",
    "Discharge diagnosis: probable pneumonia.": "J18.9",
    "Diabetic retinopathy, nephropathy.": "E11.319",
    # what an abbreviation stands for is not taken for what is written
    "Type 2 diabetes mellitus and chronic kidney disease stage 3a, here for COPD exacerbation.": "N18.31 J44.1 E11.22",
    # of several answers one is marked
    "Smoking: [ ] never [x] former [ ] current. Gout.": "Z87.891 M10.9",
    "Hypertension: ( ) no (x) yes. Gout.": "I10",
    # a side that the words near by tell stays beside the same without one
    "Carcinoma of the right lower lobe. A mass in the lower lobe was a carcinoma of the lung.": "C34.31",
    "A history of colon cancer that has metastasized to her liver, lung and brain.": "C78.7 C78.00 C79.31",
    "2 y well child. 1. Well child. 2. Otitis media, left ear.": "Z00.121 H66.92",
    "Well child, 2 y. Shots today.": "Z00.129",
    "Stab wound of the chest with hemoperitoneum.": "S36.899A",
    "She comes for a lap band adjustment.": "Z46.51",
    "INDICATION: Fell. Rule out metastasis.\nFINDINGS: Compression fracture of L2.": "S32.020A",
    "Found dead at home.": "R99",
}

# note -> beginnings of codes that nothing in it speaks for
NOT_CODED = {
    "COPD. She had pneumonia last month.": "J18 J44.0",
    "He had appendicitis and underwent appendectomy in 2015.": "K3",
    "Sigmoid colectomy with an end colostomy and a Hartmann's pouch in May of 2011 secondary to diverticulitis.": "K57",
    "Pain in the left hip. This has since resolved. Neck pain.": "M25",
    "Chronic cholecystitis. Wants a gastric band. She would like an IUD.": "Z98.84 Z97.5",
    "Kidney transplant evaluation: candidate for a kidney transplant.": "Z94",
    "No problems during pregnancy such as diabetes or hypertension. Cough.": "E11 I10 O24 O1",
    "Asthma n/a. Seizures n/a. Gout.": "J45 R56",
    "Lung nodule concerning for metastasis.": "C78",
    "Pneumonia, likely aspiration.": "J69",
    "Lotrimin AF cream. Mucinex DM. Cardizem CD. Bactrim DS. Tinea pedis.": "I48 E11 K50 Q90",
    "Dry AMD, both eyes, intermediate.": "H04",
    "Acute on chronic renal failure. CKD stage 4.": "N18.9",
    "Her father, who has emphysema, brought her in for vomiting.": "J43",
    "Admitted to the hospital. Impression: Pneumonia, may be heart failure.": "I50",
    "Patient education: Asthma is a condition in which airways narrow. Call for wheezing.\n\nGout.": "J45 R06",
    "The cause of rheumatoid arthritis is unknown. Gout.": "M06",
    "Smoking: [ ] never [x] former [ ] current. Gout.": "F17 Z72",
    "Tobacco: ( ) current ( ) former (x) never. Gout.": "F17 Z72 Z87",
    "Alcohol abuse: Y [ ] N [x]. Gout.": "F10",
    "Carcinoma of the right lower lobe. A mass in the lower lobe was a carcinoma of the lung.": "C34.30 C34.90",
    "Type 2 diabetes mellitus and chronic kidney disease stage 3a, here for COPD exacerbation.": "N18.9",
    "Renal mass, may be a cyst, or renal cell carcinoma.": "C64 N28.1",
    "There are genetic possibilities for thrombosis (Factor V Leiden). Gout.": "D68",
    "Lupus was thought of as possible cause. Gout.": "M32",
    "Tried metformin (diarrhea), now on glipizide.": "R19",
    "She was pronounced dead at 5:10. Septic shock.": "R99",
    "Please send the operative note. He had diverticulitis and underwent a sigmoid colectomy.": "K57",
    "Stab wound of the chest with hemoperitoneum.": "K66",
    "2 y well child. 1. Well child. 2. Otitis media, left ear.": "Z00.129",
    LEAFLET: "M10 R5 M25",
}
