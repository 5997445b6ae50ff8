"""The text of a discharge summary: its problems in clinicians' words, among sentences of any note."""

import random
import re
from bisect import bisect
from collections.abc import Iterable
from itertools import accumulate

from icdbridge.codes import Code
from icdbridge.packed import packed_records
from icdbridge.synthetic.clinician_wording import Wordings, misspell, title_words, words_of
from icdbridge.synthetic.concepts import Variant
from icdbridge.synthetic.deid import NoteMarks, Style
from icdbridge.synthetic.patients import Admission
from icdbridge.synthetic.templates import Template, phrases, pick

MISSPELT = 0.04  # share of the mentions with a slip of the pen
_LINE = 78  # characters
# The parts of a note in order: name, its headings, and whether it is a list (one item a line).
_PARTS = [
    (row["part"], tuple(row["headings"].split("|")), row["list"] == "1")
    for row in packed_records(__package__, "note_parts.csv")
]
# Shares of the words that are left when all problems are mentioned.
_FILLER = {
    row["part"]: float(row["filler"])
    for row in packed_records(__package__, "note_parts.csv")
    if row["filler"]
}
_FILLER_PARTS = tuple(_FILLER)


def write_note(stay: Admission, wordings: Wordings, style: Style, rng: random.Random) -> str:
    """The discharge summary of a stay, about ``stay.words`` words long (more if its problems need more).

    It mentions every problem and procedure that is not in ``stay.silent``, and ``stay.others`` as what they
    are. No title of one of the stay's codes is in it.
    """
    note = _Note(stay, wordings, style, rng)
    note.state_problems()
    note.state_procedures()
    note.state_others()
    note.fill_up()
    return avoid_titles(note.text(), _codes(stay), rng)


def write_addendum(stay: Admission, style: Style, rng: random.Random) -> str:
    """A later addition to a discharge summary, which names no problem."""
    text = _short_note("addendum", stay, style, rng, 1 + int(rng.random() * 3))
    return avoid_titles(text, _codes(stay), rng)


def write_other(category: str, stay: Admission, style: Style, rng: random.Random) -> str:
    """A note of another category (``nursing``, ``radiology``, ``echo``): about 200 words, as in MIMIC-III."""
    return _short_note(category, stay, style, rng, 1 + int(rng.random() * 15))


def _codes(stay: Admission) -> list[Code]:
    return [*stay.diagnosis_codes(), *stay.procedure_codes()]


def _short_note(part: str, stay: Admission, style: Style, rng: random.Random, sentences: int) -> str:
    marks = NoteMarks(stay, style)
    marks.fixed["drug"] = pick(phrases()["home drug"], rng).fill(rng, marks)
    return "\n".join(wrapped(pick(phrases()[part], rng).fill(rng, marks)) for _ in range(sentences)) + "\n"


class _Note:
    """A note being written: the sentences of each part so far, and how many words they have."""

    def __init__(self, stay: Admission, wordings: Wordings, style: Style, rng: random.Random) -> None:
        self._stay = stay
        self._wordings = wordings
        self._marks = NoteMarks(stay, style)
        self._rng = rng
        self._phrases = phrases()
        self._parts: dict[str, list[str]] = {name: [] for name, _, _ in _PARTS}
        self._unused: dict[str, list[Template]] = {}
        self._words = 62  # the head and the headings

    def _add(self, part: str, sentence: str) -> None:
        self._parts[part].append(sentence)
        self._words += sentence.count(" ") + 1

    def _say(self, kind: str, part: str, variant: Variant) -> None:
        """Adds a sentence of the kind about the variant, in one of its wordings."""
        rng, fixed = self._rng, self._marks.fixed
        forms = self._wordings.forms(variant)
        # The square leans towards the front, where the usual wordings are.
        form = forms[int(rng.random() ** 2 * len(forms))].fill(rng, self._marks)
        if rng.random() < MISSPELT:
            form = misspell(form, rng)
        medications, findings = self._wordings.clues(variant)
        found = pick(findings, rng).fill(rng, self._marks) if findings and rng.random() < 0.6 else ""
        fixed["x"], fixed["X"] = form, form[:1].upper() + form[1:]
        fixed["drug"] = pick(medications or self._phrases["home drug"], rng).fill(rng, self._marks)
        fixed["finding"], fixed["finding2"] = (f" ({found})", f"{found}. ") if found else ("", "")
        self._add(part, pick(self._phrases[kind], rng).fill(rng, self._marks))

    def state_problems(self) -> None:
        rng, stay = self._rng, self._stay
        mentioned = [variant for variant in stay.problems if variant not in stay.silent]
        intro = f"intro {stay.patient.stage}" if stay.patient.stage != "adult" else "intro"
        more = min(stay.words / 3000, 0.8)  # long notes come back to a problem
        for number, variant in enumerate(mentioned):
            chance = rng.random()
            if number == 0:
                self._say(intro, "hpi", variant)
            elif chance < 0.45:
                self._say("said past", "past", variant)
            elif chance < 0.6:
                self._say("said hpi", "hpi", variant)
            elif chance < 0.6 + min(stay.words / 2000, 0.3):
                self._say("said course", "course", variant)
            else:
                self._say("said discharge", "discharge", variant)
            for place in ("course", "discharge", "past"):
                if rng.random() < more:
                    self._say(f"said {place}", place, variant)
            medications, findings = self._wordings.clues(variant)
            if medications and rng.random() < 0.4:
                place = "medication" if rng.random() < 0.6 else "home"
                self._marks.fixed["drug"] = pick(medications, rng).fill(rng, self._marks)
                self._add(place, pick(self._phrases["medication"], rng).fill(rng, self._marks))
            if findings and rng.random() < 0.25:
                found = pick(findings, rng).fill(rng, self._marks)
                self._add("labs" if rng.random() < 0.7 else "exam", found)

    def state_procedures(self) -> None:
        for variant in self._stay.procedures:
            if variant not in self._stay.silent:
                part = "procedure" if self._rng.random() < 0.7 else "course"
                self._say("said procedure" if part == "procedure" else "done course", part, variant)

    def state_others(self) -> None:
        for kind, variant in self._stay.others:
            part = {"family": "family", "history": "past"}.get(kind)
            self._say(kind, part or pick(("hpi", "course", "exam"), self._rng), variant)

    def fill_up(self) -> None:
        """Adds sentences of every kind until the note is as long as it is to be."""
        rng, stay = self._rng, self._stay
        newborn = stay.patient.stage == "newborn"
        if not self._parts["family"] and stay.words > 300:
            self._add_filler("family", "family none")
        for part in ("chief", "disposition"):
            if stay.words > 120:
                self._add_filler(part, part)
        shares = list(accumulate(_FILLER.values()))
        while self._words < stay.words:
            part = _FILLER_PARTS[bisect(shares, rng.random() * shares[-1])]
            kind = part
            if part in ("home", "medication"):
                kind = "medication"
                self._marks.fixed["drug"] = pick(self._phrases["home drug"], rng).fill(rng, self._marks)
            elif part == "exam" and newborn and rng.random() < 0.4:
                kind = "exam newborn"
            self._add_filler(part, kind)

    def _add_filler(self, part: str, kind: str) -> None:
        """Adds a sentence of the kind; none comes again before all of them came."""
        left = self._unused.get(kind)
        if not left:
            templates = self._phrases[kind]
            left = self._unused[kind] = self._rng.sample(templates, len(templates))
        self._add(part, left.pop().fill(self._rng, self._marks))

    def text(self) -> str:
        rng, marks = self._rng, self._marks
        sex = self._stay.patient.sex
        blocks = [
            f"Admission Date:  {marks('admitted', rng)}"
            f"              Discharge Date:   {marks('discharged', rng)}",
            f"Date of Birth:  {marks('born', rng)}             Sex:   {sex}",
            f"Service: {pick(self._phrases['service'], rng).fill(rng, marks)}",
            f"Allergies:\n{pick(self._phrases['allergies'], rng).fill(rng, marks)}",
            f"Attending: {marks('name', rng)}",
        ]
        for name, headings, listed in _PARTS:
            sentences = self._parts[name]
            if not sentences:
                continue
            if name not in ("chief", "discharge") and len(sentences) > 1:
                head = sentences[:1] if name == "hpi" else []
                rest = sentences[len(head) :]
                rng.shuffle(rest)
                sentences = head + rest
            body = "\n".join(sentences) if listed else wrapped(" ".join(sentences))
            blocks.append(f"{headings[int(rng.random() ** 2 * len(headings))]}:\n{body}")
        return "\n\n".join(blocks) + "\n"


def wrapped(text: str) -> str:
    """The text broken into lines of at most 78 characters, as both MIMIC have it."""
    lines = []
    while len(text) > _LINE and (cut := text.rfind(" ", 0, _LINE + 1)) > 0:
        lines.append(text[:cut])
        text = text[cut + 1 :]
    lines.append(text)
    return "\n".join(lines)


def avoid_titles(text: str, codes: Iterable[Code], rng: random.Random) -> str:
    """The text without the titles of the codes: by chance the sentences of a note can spell one out."""
    words = words_of(text)
    for title in map(title_words, codes):
        while title in words:
            pattern = r"[^A-Za-z0-9]+(?:\d+[^A-Za-z0-9]+)*".join(title.split())
            text = re.sub(
                rf"(?<![A-Za-z0-9]){pattern}(?![A-Za-z0-9])", lambda m: misspell(m[0], rng), text, flags=re.I
            )
            words = words_of(text)
    return text
