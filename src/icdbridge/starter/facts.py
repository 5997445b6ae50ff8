"""Facts of a whole note: inpatient or not, week of pregnancy, whether a child was born."""

import re
from collections.abc import Sequence

from icdbridge.starter.measures import measures
from icdbridge.starter.stems import root

_INPATIENT = re.compile(
    r"\bd/c(?: summary| note|:)|\bdischarge (?:summary|diagnos|disposition|medication|condition)"
    r"|\bhospital(?:ization)? course\b"
    r"|\badmi(?:tted|ssion) "
    r"(?:date|diagnos|to (?:the )?(?:hospital|icu|floor|ward|medicine|telemetry))|\bdate of (?:admission"
    r"|discharge)\b|\bPOD ?#?\d"
    r"|\bhospital day\b|\bHD ?#?\d",
    re.IGNORECASE,
)
HEAD = 250  # characters in which a note says what kind it is
_AFTERCARE = re.compile(
    r"\b(?:SNF|IRF|LTACH?|rehab\w*|home health|skilled nursing(?: facility)?|[OP]T|PM&R|sub-?acute)\b[^.\n]{0,15}"
    r"\b(?:admission|cert\w*|recert\w*|progress|H&P|eval\w*|plan of care)\b"
    r"|\badmitted (?:to|for) (?:\w+ )?(?:SNF|STR|rehab\w*|skilled|sub-?acute)"
    r"|\b(?:for|in) (?:\w+ )?rehab\w* (?:after|following|s/p)",
    re.IGNORECASE,
)
_DELIVERED = re.compile(
    r"\b(?:(?:viable|live ?born|liveborn|healthy|vigorous|single) (?:term )?(?:fe)?male|apgars?\b|delivery note"
    r"|s/p (?:\w+ ){0,2}(?:nsvd|svd|vbac|c-?section|ltcs|cesarean)"
    r"|(?:delivered|delivery of) (?:a |an |the )?(?:viable |live |healthy |vigorous )?(?:infant|fe?male|baby|boy"
    r"|girl|newborn)|postpartum day|ppd ?#?\d)",
    re.IGNORECASE,
)  # fmt: skip
_NEWBORN = re.compile(
    r"\b(?:newborn (?:nursery|discharge|note|exam|h&p|(?:fe)?male|infant|boy|girl)|well newborn|DOL ?#?\d"
    r"|well[- ]?(?:baby|newborn)\b[^.\n]{0,15}\b[1-4] ?(?:weeks?|wks?|w)\b"
    r"|\b[1-4] ?-?(?:weeks?|wks?|w)[- ]?(?:old |o )?(?:well|wcc|check)"
    r"|baby (?:boy|girl)|day of life|neonatology"
    r"|NICU (?:note|admission|progress|h&p|consult|day|discharge)"
    r"|(?:(?:pre|full[- ]|post)?term|ex-?prem(?:ie|ature)?|\d\d(?:\+\d)? ?(?:weeks?|wks?|wga)) (?:\w+ ){0,2}?"
    r"(?:infant|neonate|newborn|(?:fe)?male|boy|girl)(?: infant)?,? (?:was )?born (?:via|by|at|to)\b)"
    # "a 3-day-old", "12 do M", but no wound that is three days old
    r"|(?:^|[:\n]\s*|\b(?:an?|this|now|(?:patient|infant|baby|child|neonate|newborn|s?he) is)\s+)"
    r"\d{1,2}[- ]?(?:days?|d)[- ]?(?:old|o)\b"
    r"(?=\s*(?:$|[,.;:)\n]|(?:[\w-]+ ){0,3}?(?:(?:fe)?male|infant|neonate|newborn|boy|girl|baby|[mf]\b)"
    r"|(?:being|was|who|with|seen|now|present\w*|here|brought|born|has)\b))",
    re.IGNORECASE,
)
_OF_OTHERS = re.compile(  # of one's work, of the child of the patient
    r"\b(?:(?:works?|worked|working|nurse|job|employed|deliver\w*|ga(?:ve|ves) birth|birth (?:of|to))\b[^.\n]{0,50}"
    r"|(?:taken|transferred|sent|brought|went) to (?:the )?|(?:svd|vbac|section|cesarean|birth) of (?:\w+ )*)\Z",
    re.IGNORECASE,
)
# Who is older is the patient, if it is no mother that a child was born to.
_OLDER = re.compile(
    r"\b\d{1,2}[- ]?(?:y\.?/?o\b|yrs?\b|years?\b|months?[- ]old)|\b(?:1[2-9]|[2-9]\d)[- ]?[FM]\b|\b(?:Mrs|Ms)\b"
    r"|\bshe (?:is|was) (?:an? )?G\d",
    re.IGNORECASE,
)
_BORN_TO = re.compile(r"\b(?:born|to|mother|mom|maternal|father|dad)\b[^.\n]{0,25}\Z", re.IGNORECASE)
_OBSTETRIC = re.compile(
    r"\b(?:g\d ?p\d|gravida|IUP|intrauterine pregnancy|prenatal|antepartum|EDC|EDD|fundal height|trimester"
    r"|(?<!first )(?<!second )(?<!last )(?<!previous )(?<!prior )(?<!past )(?<!all )pregn?(?:an|\b)"
    r"|postpartum|\d\dw\d)",
    re.IGNORECASE,
)
_OF_A_MOTHER = re.compile(
    r"\b(?:gestation|gestational|gravid|deliver(?:y|ed)|in labor|labor and delivery|c(?:esarean|-?sections?)"
    r"|abort(?:ion|us)|miscarr\w+|ectopic|f(?:o?etus|o?etal)|obstetric\w*|ob/?gyn|puerper\w+|eclampsia|pre-?eclampsia|placenta\w*|breech"
    r"|amnio\w+|chorio\w+|hyperemesis|lactat\w+|breast-?feeding|nursing mother|hydatidiform|molar|\d\d? ?(?:weeks|wks)"
    r"|l&d|nsvd|vbac|ltcs|lochia|tocolytic\w*|ruptured? membranes|[ps]?prom\b|meconium|twins?|ivf)",
    re.IGNORECASE,
)


_OPERATION = re.compile(
    r"\b(?:pre|post)-?\s?(?:op(?:erative)?|procedur(?:e|al)) (?:diagnos[ei]s|dx)\b"
    r"|(?:\A|[\n])\W*(?:\w+ ){0,2}op(?:erative)? (?:report|note)\b|\bop(?:erative)? (?:report|note) ?:"
    r"|\bestimated blood loss\b|\b(?:procedures?|operations?) performed\b|\banesthesia ?:"
    r"|\b(?:title of|description of(?: the)?|details of(?: the)?) (?:operation|procedure)\b"
    r"|\b(?:cath(?:eterization)?|pci|angiogra\w+) (?:report|note)\b|\bprocedure (?:details?|in detail|description)\b",
    re.IGNORECASE,
)


_AT_DISCHARGE = re.compile(r"discharg|final diagnos|\bdeath summary|\bexpired\b", re.IGNORECASE)


def is_operation_report(text: str) -> bool:
    """Whether a note reports an operation: what that takes out or puts in is no status of the patient yet."""
    return bool(_OPERATION.search(text))


def tells_of_pregnancy(text: str) -> bool:
    """Whether anything in a note is of a pregnancy, a delivery or the weeks after it."""
    return bool(_OBSTETRIC.search(text) or _OF_A_MOTHER.search(text))


def is_inpatient(text: str) -> bool:
    """Whether a note is of an inpatient stay, as far as it says; most notes that do not are of outpatients."""
    return bool(_INPATIENT.search(text))


def is_aftercare(text: str) -> bool:
    """Whether a note is of care after an injury was treated: a rehabilitation, a skilled nursing facility, at home."""
    return bool(_AFTERCARE.search(text, 0, HEAD))


def is_at_discharge(text: str) -> bool:
    """Whether a note of an inpatient stay is of its end: what is probable then is coded, what is so on admission is
    still looked for (II.H).
    """
    return _AT_DISCHARGE.search(text) is not None


def is_newborn(text: str) -> bool:
    """Whether the patient is a newborn: then the mother's conditions are not the patient's."""
    older = (found.start() for found in _OLDER.finditer(text))
    first = next((at for at in older if not _BORN_TO.search(text, max(at - 40, 0), at)), len(text))
    return any(
        found.start() < first and not _OF_OTHERS.search(text, max(found.start() - 60, 0), found.start())
        for found in _NEWBORN.finditer(text)
    )


def pregnancy_stems(text: str) -> Sequence[str]:
    """Stems that titles of obstetric codes tell a trimester or childbirth by; none where there is no pregnancy."""
    if is_newborn(text) or not _OBSTETRIC.search(text):
        return ()
    if _DELIVERED.search(text):
        return (root("childbirth"), root("complicating"))
    weeks = [int(found.code[4:]) for found in measures(text) if found.code.startswith("Z3A.")]
    if not weeks:
        return ()
    # the trimesters of ICD-10-CM, chapter 15: up to 13 weeks 6 days, 27 weeks 6 days, delivery
    return (root("first" if weeks[0] < 14 else "second" if weeks[0] < 28 else "third"), root("trimester"))
