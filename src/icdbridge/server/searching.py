"""``/v1/codes``: codes as people type them."""

import threading
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, cast

from fastapi import APIRouter, Query
from pydantic import Field

from icdbridge.codes import (
    CodeSystem,
    declaration,
    known_systems,
    system_named,
    systems_of,
    version_named,
    version_of,
)
from icdbridge.coding import Coder
from icdbridge.errors import InputError
from icdbridge.knowledge.search import Hit, find
from icdbridge.knowledge.search.opening import indexed, stop_making
from icdbridge.server.answer_schemas import ChoiceOut, HitOut, SearchResponse
from icdbridge.server.given_codes import spelt
from icdbridge.server.observing import logger, places
from icdbridge.server.problems import WITH_BODY, Problem, described, field_problem, refusing
from icdbridge.server.request_schemas import Request
from icdbridge.starter.opinions import reading_starter

NOT_INDEXED = "codes cannot be searched yet: their index is being made, which takes a minute or two"
_RETRY_SECONDS = 3
_LOOK_SECONDS, _AGAIN_SECONDS = 0.5, 60
_Q = "Words as coders type them, a code, or how one begins."
_SYSTEM = "Only this system, such as icd10cm."
_VERSION = "Only systems of this version."


class SearchRequest(Request):
    """A search whose words do not stand in the address, where proxies log them: those of a note, say."""

    q: str = Field(min_length=1, max_length=200, description=_Q, examples=["left hip fx"])
    system: Annotated[str, Field(max_length=100)] | None = Field(default=None, description=_SYSTEM)
    version: Annotated[str, Field(max_length=100)] | None = Field(default=None, description=_VERSION)
    limit: int = Field(default=20, ge=1, le=100)


class SearchIndex:
    """Opens the search index, and makes it the first time, while notes are coded already. Then it opens and makes the
    starter, which a run asks for notes of a date: the first of these would wait.
    """

    def __init__(self, first: threading.Event) -> None:
        """It waits for ``first``: the processors do one thing at a time."""
        self.ready = threading.Event()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._open, args=(first,), daemon=True)

    def start(self) -> None:
        """Opens it in a thread of its own; what it cannot do now, on a full disk say, it tries again."""
        self._thread.start()

    def close(self, seconds: float) -> None:
        """Ends what is at work."""
        self._stopped.set()
        stop_making()
        self._thread.join(seconds)

    def _open(self, first: threading.Event) -> None:
        while not (first.wait(_LOOK_SECONDS) or self._stopped.is_set()):
            pass
        while not self._stopped.is_set():
            try:
                find("fever")
                reading_starter("icd10cm")
            except Exception as error:  # notes are coded all the same
                if not self._stopped.is_set():
                    named = f"{type(error).__name__} at {places(error)}"
                    told = error if isinstance(error, InputError) else named
                    logger.error("codes cannot be searched, tried again in %d s: %s", _AGAIN_SECONDS, told)
                self._stopped.wait(_AGAIN_SECONDS)
            else:
                self.ready.set()
                return


def need_index() -> None:
    """Raises a ``Problem`` while the search index is not made: who asks is not kept waiting for minutes."""
    if not indexed():
        raise Problem(503, NOT_INDEXED, headers={"Retry-After": str(_RETRY_SECONDS)})


def make_search_router(coders: Mapping[str, Coder]) -> APIRouter:
    """The paths for searching codes, also those of the users' own that the models were trained on."""
    router = APIRouter(prefix="/v1")
    own_systems = _own_systems(coders.values())

    @router.get("/codes", summary="Search codes", responses=described(401, 422, 503))
    def codes(
        q: Annotated[str, Query(min_length=1, max_length=200, description=_Q)],
        system: Annotated[str | None, Query(description=_SYSTEM)] = None,
        version: Annotated[str | None, Query(description=_VERSION)] = None,
        limit: Annotated[int, Query(ge=1, le=100)] = 20,
    ) -> SearchResponse:
        """Codes by words as coders type them, by code or by its beginning; the last word may be incomplete.

        One line a family: what its codes differ by, such as side or encounter, is `specify`.
        """
        asked = SearchRequest.model_construct(q=q, system=system, version=version, limit=limit)
        return _search("query", asked, own_systems)

    @router.post("/codes", summary="Search codes with words that no log shall show", responses=WITH_BODY)
    def codes_posted(request: SearchRequest) -> SearchResponse:
        """The same with the words in the body, not in the address."""
        return _search("body", request, own_systems)

    return router


def _search(where: str, asked: SearchRequest, own_systems: Mapping[str, CodeSystem]) -> SearchResponse:
    everywhere = [*known_systems(), *own_systems]
    system = asked.system and spelt(asked.system, system_named)
    version = asked.version and spelt(asked.version, version_named)
    if system is not None and system not in everywhere:
        raise field_problem(f"{where}.system", f"expected one of {', '.join(everywhere)}")
    versions = list(dict.fromkeys(map(version_of, everywhere)))
    if version is not None and version not in versions:
        raise field_problem(f"{where}.version", f"expected one of {', '.join(versions)}")
    of_version = everywhere if version is None else systems_of(version)
    wanted = [name for name in everywhere if system in (None, name) and name in of_version]
    tables = [own_systems[name] for name in wanted if name in own_systems]
    packaged = [name for name in wanted if name in known_systems()]
    systems = packaged if system or version else None
    need_index()
    with refusing(f"{where}.q", "give words of a title, or how a code begins"):  # it has no word
        found = find(asked.q, systems, asked.limit, tables)
    hits = [_hit_out(hit) for hit in found.hits]
    return SearchResponse(codes=hits, searched=found.searched or None, suggestions=found.suggestions)


def _hit_out(hit: Hit) -> HitOut:
    return HitOut(
        **hit.code._asdict(),
        description=hit.title,
        kind=declaration(hit.code.system).kind,
        release=hit.release,
        billable=hit.billable,
        matched_on=cast(Any, hit.matched_on),
        term=hit.term,
        why=hit.why or None,
        specify=[
            ChoiceOut(axis=one.axis, value=one.value, code=one.code, description=one.title)
            for one in hit.specify
        ],
    )


def _own_systems(coders: Iterable[Coder]) -> dict[str, CodeSystem]:
    """The code systems of the users' own that the models were trained on, to search in."""
    titles: dict[str, dict[str, str]] = {}
    for coder in coders:
        for version in coder.versions:
            for key, description in coder.codes_of(version).items():
                system, _, code = key.partition(":")
                if system not in known_systems():
                    titles.setdefault(system, {})[code] = description
    return {name: CodeSystem(name, name, "model", name, found) for name, found in titles.items()}
