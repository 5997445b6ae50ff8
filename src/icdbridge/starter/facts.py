"""Facts of a whole note: inpatient or not, week of pregnancy, whether a child was born."""

from collections.abc import Sequence

from icdbridge.starter.cues import cue
from icdbridge.starter.measures import measures
from icdbridge.starter.stems import root


def is_inpatient(text: str) -> bool:
    """Whether a note is of an inpatient stay, as far as it says; most notes that do not are of outpatients."""
    return bool(cue("inpatient stay").within(text))


def is_at_discharge(text: str) -> bool:
    """Whether a note of an inpatient stay is of its end: what is probable then is coded, what is so on admission is
    still looked for (II.H).
    """
    return bool(cue("end of a stay").within(text))


def is_newborn(text: str) -> bool:
    """Whether the patient is a newborn: then the mother's conditions are not the patient's. Who is older is the
    patient, if it is no mother that a child was born to.
    """
    older = (found.start() for found in cue("older patient").all_within(text))
    first = next((at for at in older if not cue("born to").before(text, at, 40)), len(text))
    return any(
        found.start() < first and not cue("child of others").before(text, found.start(), 60)
        for found in cue("newborn").all_within(text)
    )


def pregnancy_stems(text: str) -> Sequence[str]:
    """Stems that titles of obstetric codes tell a trimester or childbirth by; none where there is no pregnancy."""
    if is_newborn(text) or not cue("pregnancy").within(text):
        return ()
    if cue("long after a delivery").within(text):
        return (root("puerperium"), root("complicating"))
    if cue("delivery").within(text):
        return (root("childbirth"), root("complicating"))
    weeks = [int(found.code[4:]) for found in measures(text) if found.code.startswith("Z3A.")]
    if not weeks:
        return ()
    # the trimesters of ICD-10-CM, chapter 15: up to 13 weeks 6 days, 27 weeks 6 days, delivery
    return (root("first" if weeks[0] < 14 else "second" if weeks[0] < 28 else "third"), root("trimester"))
