"""The marks that MIMIC-III and MIMIC-IV put in place of names, places, dates and numbers."""

import random
from collections.abc import Callable
from datetime import date, timedelta

from icdbridge.synthetic.patients import Admission
from icdbridge.synthetic.templates import pick

# Name of the mark, rng, first day as shown, days of the stay.
Style = Callable[[str, random.Random, date, int], str]


def mimic3_mark(name: str, rng: random.Random, first: date, days: int) -> str:
    """MIMIC-III writes what was removed between ``[**`` and ``**]``; dates are shifted."""
    number = int(rng.random() * 5000)
    if name in ("admitted", "discharged"):
        day = first + timedelta(days=days if name == "discharged" else 0)
        return f"[**{day.year}-{day.month}-{day.day}**]"
    if name == "date":
        day = first + timedelta(days=int(rng.random() * (days + 1)))
        return f"[**{day.year}-{day.month}-{day.day}**]" if number % 3 else f"[**{day.month}-{day.day}**]"
    if name == "name":
        return pick(
            (
                f"[**Known lastname {number}**]",
                f"[**First Name8 (NamePattern2) {number}**] [**Last Name (NamePattern1) {number + 7}**]",
                f"[**Known firstname {number}**] [**Known lastname {number + 3}**]",
                "[**Name2 (NI)**]",
            ),
            rng,
        )
    if name == "doctor":
        return f"Dr. [**{'Last' if number % 2 else 'First'} Name (STitle) {number}**]"
    if name == "hospital":
        return f"[**Hospital{1 + number % 3} {number % 90}**]" if number % 4 else "[**Hospital1 18**]"
    if name == "phone":
        return f"[**Telephone/Fax (1) {number}**]"
    if name == "initial":
        return "[**Initial (NamePattern1) **]"
    return "[**Unknown**]"


def mimic4_mark(name: str, rng: random.Random, first: date, days: int) -> str:
    """MIMIC-IV writes three underscores for all that was removed."""
    return "Dr. ___" if name == "doctor" else "___"


class NoteMarks:
    """The marks of one note: what stays the same in it (``fixed``), else what the hospital's style gives."""

    __slots__ = ("_days", "_first", "_style", "fixed")

    def __init__(self, stay: Admission, style: Style) -> None:
        self._first = stay.admitted + stay.patient.shift
        self._days = (stay.discharged - stay.admitted).days
        self._style = style
        woman = stay.patient.sex == "F"
        he, his, him = ("she", "her", "her") if woman else ("he", "his", "him")
        born = stay.patient.birth + stay.patient.shift
        hidden = "[**Age over 90 **] year old" if style is mimic3_mark else "___ year old"
        young = style is mimic3_mark and stay.age <= 89
        self.fixed = {
            "he": he,
            "He": he.capitalize(),
            "his": his,
            "His": his.capitalize(),
            "him": him,
            "age": f"{stay.age} year old" if young else hidden,
            "gender": "woman" if woman else "man",
            "born": f"[**{born.year}-{born.month}-{born.day}**]" if style is mimic3_mark else "___",
        }
        if stay.patient.stage == "newborn":
            self.fixed["gender"] = "girl" if woman else "boy"

    def __call__(self, name: str, rng: random.Random) -> str:
        text = self.fixed.get(name)
        return self._style(name, rng, self._first, self._days) if text is None else text
