"""Forms and signs, British spelling, what is a relative's or a baby's, what ended long ago: small notes of our own."""

# note -> codes that something speaks for
CODED = {
    # forms
    "Hypertension Y  Diabetes N  Asthma N  Gout Y": "I10 M10.9",
    "HTN: x\nDM:\nCAD:\nCOPD: x": "I10 J44.9",
    "Gout [ ] Yes [x] No\nAsthma [x] Yes [ ] No": "J45.909",
    # British spelling
    "Iron deficiency anaemia, awaiting colonoscopy.": "D50.9",
    "Hyperkalaemia. Seborrhoeic keratosis. Haemothorax.": "E87.5 L82.1 J94.2",
    "Generalised anxiety disorder. Oesophagitis.": "F41.1 K20.90",
    # one code says two things
    "Acute on chronic systolic CHF; hypertensive heart and CKD; CKD 3b.": "I13.0 I50.23 N18.32",
    "Oral mucositis due to chemo.": "K12.31 T45.1X5A",
    "Newborn boy, LGA. Hypoglycemia of infant of GDM mother.": "P70.0",
    "Acute saddle pulmonary embolism without right heart strain.": "I26.92",
    "Lactational mastitis R; cracked nipple; postpartum depression.": "O91.23 O92.13 F53.0",
    "Severe calcific aortic stenosis with moderate aortic insufficiency, non-rheumatic. Mild TR.": "I35.2",
    "24 weeks pregnant, history of preterm labor.": "O09.212",
    # what words mean together
    "Scald to left thigh, 2nd deg.": "T24.212A",
    "Multiple small-mouthed diverticula sigmoid.": "K57.30",
    "Skin, upper back: malignant melanoma in situ.": "D03.59",
    "Non displaced fracture of the lateral malleolus, right.": "S82.64XA",
    "Left ribs 4-8 fractures, no flail.": "S22.42XA",
    "Aftercare s/p R total knee arthroplasty 2/6.": "Z47.1 Z96.651",
    "VF arrest with ROSC.": "I46.2",
    "BMI 43.1, class 3 obesity.": "E66.813 Z68.41",
    "Accidental carbon monoxide poisoning from indoor charcoal.": "T58.2X1A",
    "12 yrs from dx of left breast IDC, no evidence of disease.": "Z85.3",
    "SCC 2018 scalp excised, no recurrence.": "Z85.828",
    "Htn cad stent 2017 on asa.": "Z79.82 Z95.5",
    "Mom breast ca 44, alive. Gout.": "Z80.3 M10.9",
    "Newborn boy, DOL 1, vacuum delivery. Right clavicle fracture.": "P13.4",
    "L knee replaced 2019. Preanesthesia eval for R TKA, primary OA R knee.": "Z96.652 Z01.818 M17.11",
    "Acute L popl DVT. Multiple subsegmental PE.": "I82.432 I26.94",
}

# note -> beginnings of codes that nothing speaks for
NOT_CODED = {
    # forms and signs
    "Hypertension Y  Diabetes N  Asthma N  Gout Y": "E11 J45",
    "Diabetes ___  Hypertension _x_  Stroke ___": "E11 I63 Z86",
    "HTN✓ DM✗ CAD✗ gout✓": "E11 I25",
    "Immunizations: flu [x] given  COVID [x] given  RSV [ ] due": "J11 U07 B97",
    "Domestic violence screen: [x] neg": "T74",
    "COVID PCR & antibody neg. Flu A/B & RSV neg.": "U07 J1 B97",
    "HIV/HBV/HCV NR. MRSA nares -. Legionella -.": "B20 B1 Z22 A48",
    "AF: neg on 14-day patch. DM - no (A1c 5.8).": "I48 E11",
    "Lactate 1.1, sepsis r/o. CAD r/o by CTA.": "A41 R65 I25",
    "AF 98.6, HR 92 sinus. Gout.": "I48",
    "Semaglutide 1 mg weekly, started Sept.": "A41",
    "Hep B series complete; pneumococcal done.": "B19 J13",
    "HCV Ab+ w/ RNA undetectable.": "B19 B18",
    # relatives, partners, babies
    "Sister underactive thyroid; TFTs normal.": "E03",
    "Mother malignant hyperthermia. Gout.": "T88",
    "No rash. Sister peanut allergic.": "Z91.010",
    "FOB vapes. Gout.": "F17",
    "Partner: type 1 DM. Husband has COPD. Gout.": "Z8 E10 J44",
    "COVID PCR & flu A/B neg. Gout.": "U07 J1",
    "28 yo F, 6 weeks postpartum. Baby has tongue tie and reflux.": "Q38 K21",
    "46F T8 paraplegia. Wound RDS.": "P22",
    # ended long ago, or only thought of
    "PMH: celiac disease. Depression in 2016, resolved.": "F32",
    "Pancreatic pseudocyst 2019, drained. Gout.": "K86",
    "She took citalopram in college for depression, since stopped.": "F32",
    "PTSD from MVA age 15.": "V89",
    "3 wks s/p SVD. Anxiety. RTC 1wk.": "Z3A O80",
    "G2P2, SVD x2. Here for HTN. Not pregnant.": "O",
    "PPD 1 s/p SVD, doing well.": "F17",
    "RESOLVED\n- AKI\n- pneumonia\n\nACTIVE\n- gout": "N17 J18",
    "She was understandably anxious about this.": "F41",
    "Bipolar disorder considered and not supported. MDD single episode, severe.": "F31",
    "Endometriosis was queried years ago. Gout.": "N80",
    "Started TMP-SMX last week for UTI (now done). Gout.": "N39",
    "Negative dysphagia, negative nausea, negative vomiting. Gout.": "R1",
    "Needlestick. Source: HIV+ on ART.": "B20",
    "Palliative care referral offered and declined.": "Z51.5",
    "Semaglutide declined. Adalimumab will start after this. Gout.": "Z79",
    # said by another code
    "Intentional acetaminophen overdose. Hepatotoxicity from acetaminophen.": "T39.1X5",
    "TTE: LA enlargement. PMH: hypertension.": "I11 I51.7",
    "R breast: tender indurated erythema.": "L52",
    "CIWA 22, tongue fasciculations. Alcohol withdrawal delirium.": "R25",
    "Td 2023. Gout.": "G24",
    "FHT 146, FH 25 cm.\nProblem list:\n- essential hypertension": "Z82",
}
