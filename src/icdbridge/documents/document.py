"""A clinical document as text, and what its file says of it."""

import base64
import re
from dataclasses import dataclass, fields, replace
from typing import Literal, get_args

from icdbridge.tables import Fault

LONGEST_TEXT = 5_000_000  # characters

Sex = Literal["female", "male"]
Setting = Literal["inpatient", "outpatient"]
Status = Literal["preliminary", "final", "amended", "superseded", "entered-in-error"]

SEXES: dict[str, Sex] = {"f": "female", "female": "female", "m": "male", "male": "male"}
# classes of encounters: HL7 v3 (of CDA and FHIR), then HL7 v2
SETTINGS: dict[str, Setting] = {
    **dict.fromkeys(("IMP", "ACUTE", "NONAC", "I"), "inpatient"),
    **dict.fromkeys(("AMB", "EMER", "OBSENC", "SS", "HH", "VR", "FLD", "O", "E", "R", "P"), "outpatient"),
}
NOT_CODED = {"superseded": "a later document took its place", "entered-in-error": "it was entered in error"}
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f]")
_UNSEEN = re.compile("[\u00ad\u200b\u2060\ufeff]")  # soft hyphens and the like: nobody sees them
_LINE_ENDS = re.compile("\r\n?|[\x0b\x0c\x85\u2028\u2029]")
_HL7_TIME = re.compile(r"(\d{4})(?:(\d\d)(?:(\d\d)(?:(\d\d)(\d\d))?)?)?")
_ISO_TIME = re.compile(r"\d{4}(-\d\d(-\d\d(T\d\d:\d\d)?)?)?")


@dataclass(frozen=True)
class Document:
    """One clinical document.

    ``text`` is what a coder reads and what the characters of evidence count in. Dates are ISO 8601, as exact as the
    source gives them (``2026``, ``2026-11-02``, ``2026-11-02T10:30``). ``format`` says what it was. ``remarks`` tell in
    lines what of the source is not in the text. ``fault`` says why there is no text.
    """

    text: str
    id: str | None = None
    title: str | None = None
    date: str | None = None
    type: str | None = None
    status: Status | None = None
    patient_id: str | None = None
    encounter_id: str | None = None
    sex: Sex | None = None
    birth_date: str | None = None
    admission: str | None = None
    discharge: str | None = None
    setting: Setting | None = None
    format: str = "plain text"
    remarks: tuple[str, ...] = ()
    fault: str | None = None

    @property
    def not_coded(self) -> str | None:
        """Why it is not to be coded: it has no text, or its status forbids it. None where it may be coded."""
        return self.fault or NOT_CODED.get(self.status or "")

    def within(self, outer: "Document") -> "Document":
        """What the message or bundle around it says is added; its own word, if it has one, stays."""
        known = {
            field.name: value
            for field in fields(self)
            if field.name not in ("text", "format", "remarks", "fault")
            and (value := getattr(outer, field.name)) is not None
        }
        own = {name: value for name, value in vars(self).items() if name in known and value is not None}
        return replace(self, **(known | own))

    def attached_to(self, outer: "Document") -> "Document":
        """As ``within``, under the id that the sender of ``outer`` knows it by."""
        return replace(self, id=None).within(outer)


def setting_named(word: str | None) -> Setting | None:
    """The setting that a cell names, in words or by the class of an encounter; None: none, or no setting."""
    said = (word or "").strip()
    named = next((one for one in get_args(Setting) if one == said.lower()), None)
    return named or SETTINGS.get(said.upper())


def unpacked(text: str, place: str) -> bytes:
    """What base64 stands for, whatever blanks are in it; ``Fault`` where it is not whole."""
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except ValueError:
        raise Fault(place, "an attachment that is not whole base64: send it again") from None


def tidy(text: str) -> str:
    """Converted text as lines: ended by ``\\n``, without trailing blanks, control characters and what nobody sees.

    At most one empty line stands between others.
    """
    text = _UNSEEN.sub("", _CONTROL.sub("", _LINE_ENDS.sub("\n", text)))
    # halves of a character, as RTF has them, are put together
    text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace").replace("\u00a0", " ")
    lines = [line.rstrip() for line in text.split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip("\n")


def hl7_time(value: str | None) -> str | None:
    """A date of HL7 v2 or CDA (``20261102103000+0100``) as ISO 8601, to the minute; None for what is none."""
    found = _HL7_TIME.match((value or "").strip())
    if not found:
        return None
    year, month, day, hour, minute = found.groups()
    date = "-".join(part for part in (year, month, day) if part)
    return f"{date}T{hour}:{minute}" if hour else date


def iso_time(value: object) -> str | None:
    """A date of FHIR (``2026-11-02T10:30:00+01:00``) to the minute; None for what is none."""
    found = _ISO_TIME.match(value.strip()) if isinstance(value, str) else None
    return found[0] if found else None
