"""A code system: its assignable codes with their titles, its categories and its synonyms."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from icdbridge.codes.systems import declaration


@dataclass(frozen=True, eq=False)
class CodeSystem:
    """One release of one code system. All mappings are by code (dotted, upper case), not by key.

    ``titles`` holds the assignable (billable) codes, ``headings`` the categories, ``synonyms`` other wordings
    of both. ``parents``: what lies directly above a code or category, where the source of the release says so; else
    the code itself says it, a longer code lying below a shorter one.
    """

    name: str
    version: str
    release: str
    label: str
    titles: Mapping[str, str]
    headings: Mapping[str, str] = field(default_factory=dict)
    synonyms: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    parents: Mapping[str, str] = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"CodeSystem({self.name}, {self.release}: {len(self.titles):,} codes)"

    def title(self, code: str) -> str | None:
        """The title of a code or category, of joined codes those of all; None when this release lacks one."""
        if found := self.titles.get(code) or self.headings.get(code):
            return found
        parts = declaration(self.name).parts(code)
        titles = [self.title(part) for part in parts] if len(parts) > 1 else [None]
        return "; ".join(map(str, titles)) if all(titles) else None

    def assigns(self, code: str) -> bool:
        """Whether a code, or each of those that it joins, may be assigned."""
        return code in self.titles or all(part in self.titles for part in declaration(self.name).parts(code))

    def parent(self, code: str) -> str | None:
        """What lies directly above a code: its ``parents``, or the nearest shorter prefix; None when there is none."""
        return next(self._above(code), None)

    def ancestors(self, code: str) -> list[str]:
        """The codes and categories above a code, the widest first."""
        return list(self._above(code))[::-1]

    def below(self, prefix: str) -> list[str]:
        """The codes and categories below a category, or that begin with ``prefix`` (but are longer), sorted."""
        start, end = bisect_right(self.listed, prefix), bisect_left(self.listed, prefix + "\uffff")
        found = self.listed[start:end]
        return sorted({*found, *self._descendants(prefix)}) if self.parents else found

    def children(self, code: str) -> list[str]:
        """The codes and categories directly below a category, sorted."""
        if self.parents:
            return self._children.get(code, [])
        return [other for other in self.below(code) if (self.parent(other) or code) == code]

    @cached_property
    def listed(self) -> list[str]:
        """All codes and categories, sorted. Do not change the list: it is kept."""
        return sorted({*self.titles, *self.headings})

    @cached_property
    def _children(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for code in sorted(self.parents):
            found.setdefault(self.parents[code], []).append(code)
        return found

    def _descendants(self, code: str) -> Iterator[str]:
        for child in self._children.get(code, ()):
            yield child
            yield from self._descendants(child)

    def _above(self, code: str) -> Iterator[str]:
        if self.parents:
            while above := self.parents.get(code):
                yield above
                code = above
            return
        known = declaration(self.name)
        shorter = known.shorter(code)
        while shorter is not None:
            if self.title(shorter):
                yield shorter
            shorter = known.shorter(shorter)
