"""A code system: its assignable codes with their titles, its categories and its synonyms."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from icdbridge.codes.code import Code, shorter


@dataclass(frozen=True, eq=False)
class CodeSystem:
    """One release of one code system. All mappings are by code (dotted, upper case), not by key.

    ``titles`` holds the assignable (billable) codes, ``headings`` the categories, ``synonyms`` other wordings
    of both.
    """

    name: str
    version: str
    release: str
    label: str
    titles: Mapping[str, str]
    headings: Mapping[str, str] = field(default_factory=dict)
    synonyms: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def title(self, code: str) -> str | None:
        """The title of a code or category; None when this release has neither."""
        return self.titles.get(code) or self.headings.get(code)

    def parent(self, code: str) -> str | None:
        """The nearest shorter prefix that is a code or category; None when there is none."""
        return next(self._above(code), None)

    def ancestors(self, code: str) -> list[str]:
        """The codes and categories above a code, the widest first."""
        return list(self._above(code))[::-1]

    def below(self, prefix: str) -> list[str]:
        """The codes and categories that begin with ``prefix`` (but are longer), sorted."""
        start, end = bisect_right(self._sorted, prefix), bisect_left(self._sorted, prefix + "\uffff")
        return self._sorted[start:end]

    def children(self, code: str) -> list[str]:
        """The codes and categories directly below a category, sorted."""
        return [other for other in self.below(code) if (self.parent(other) or code) == code]

    @cached_property
    def _sorted(self) -> list[str]:
        return sorted({*self.titles, *self.headings})

    def _above(self, code: str) -> Iterator[str]:
        above = shorter(Code(self.name, code))
        while above is not None:
            if self.title(above.code):
                yield above.code
            above = shorter(above)
