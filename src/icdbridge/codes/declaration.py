"""What is declared of a code system, once: how its codes are written, what they are, what it is called."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Literal

Kind = Literal["diagnosis", "procedure"]


@dataclass(frozen=True)
class Declaration:
    """A code system. All that is not given suits a system of which nothing is known but its name.

    ``version``: what notes with such codes are coded in; systems of one version stand side by side in a note.
    ``shape``: a regular expression of a code as it is written, with its dot; None: any text without blanks.
    ``expected``: that shape in words. ``category``: how many characters of a code are its category, 0: what stands
    before the dot; ``longer``: how a code begins whose category has one character more. ``dotted``: a dot stands
    behind the category, and codes are read without it too. ``length``: characters of a code that is none cut off.
    ``called``: other names of the system, in lower case without blanks and signs. ``uri``: what FHIR calls it.
    ``legacy``: search shows it where newer systems have nothing; ``behind``: what a hit of it must be better by.
    ``marks``: signs behind a code that are none of it (the dagger and asterisk of ICD-10). ``joined``: signs that join
    several codes to one (the clusters of ICD-11). ``axes``: each character of a code is the value of an axis.
    ``releases``: oldest first, with the table of each for a system that no installed package brings. ``starts``: the
    first day on which a release is in force, of those of which it is told.
    """

    name: str
    label: str = ""
    version: str = ""
    kind: Kind = "diagnosis"
    uri: str = ""
    shape: re.Pattern[str] | None = None
    expected: str = "text without blanks"
    category: int = 0
    longer: str = ""
    dotted: bool = False
    length: int | None = None
    called: tuple[str, ...] = ()
    legacy: bool = False
    behind: float = 0.0
    marks: str = ""
    joined: str = ""
    axes: bool = False
    releases: Mapping[str, Path | None] = field(default_factory=dict)
    starts: Mapping[str, date] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "label", self.label or self.name)
        object.__setattr__(self, "version", self.version or self.name)
        object.__setattr__(self, "uri", self.uri or f"urn:icdbridge:code-system:{self.name}")

    @property
    def described(self) -> str:
        """The label with what its codes are: ``ICD-10-CM diagnoses``."""
        plural = "procedures" if self.kind == "procedure" else "diagnoses"
        return self.label if self.label.endswith(plural) else f"{self.label} {plural}"

    def parts(self, code: str) -> list[str]:
        """The codes that a code joins; itself alone where it joins none."""
        return re.split(f"[{re.escape(self.joined)}]", code) if self.joined else [code]

    def split(self, plain: str) -> tuple[str, str]:
        """A code without its dot, as its category and what follows."""
        size = self.category + bool(self.longer and plain.startswith(self.longer))
        return plain[:size], plain[size:]

    def with_dot(self, plain: str) -> str:
        """A code without its dot as it is written, unchecked."""
        if not self.dotted:
            return plain
        category, rest = self.split(plain)
        return f"{category}.{rest}" if rest else category

    def without_dot(self, code: str) -> str:
        return code.replace(".", "") if self.dotted else code

    def category_of(self, code: str) -> str:
        """The category of a code (as it is written): ``I21`` of ``I21.4``, ``0JH`` of ``0JH60DZ``."""
        return self.split(code)[0] if self.category else code.partition(".")[0]

    def shorter(self, code: str) -> str | None:
        """A code without its last character; None where no category is left, or nothing is known of the shape."""
        above = self.with_dot(self.without_dot(code)[:-1])
        return above if self.shape and self.shape.fullmatch(above) else None
