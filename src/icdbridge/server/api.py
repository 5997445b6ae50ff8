"""The paths under /v1: coding notes, searching codes, what is served, settled codes as FHIR."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, cast

from fastapi import APIRouter, Header, Query
from fastapi.responses import JSONResponse, Response

from icdbridge import __version__
from icdbridge.codes import SYSTEMS, VERSIONS, CodeSystem, describe, parse_code, search
from icdbridge.coding import Coder, Suggestion, fhir
from icdbridge.coding.identity import note_identity
from icdbridge.errors import InputError
from icdbridge.server import schemas
from icdbridge.server.bands import band, bands
from icdbridge.server.batching import BatchQueue, Found, Job, Overloaded
from icdbridge.server.limits import SUGGESTIONS
from icdbridge.server.observing import Metrics
from icdbridge.server.problems import Problem, answers, field_problem
from icdbridge.text import Reading, split_words

FHIR = "application/fhir+json"
_BUNDLE: dict[str, Any] = {
    "description": "The suggestions, one resource each",
    "content": {FHIR: {"schema": {"type": "object"}, "example": schemas.BUNDLE_EXAMPLE}},
}


def make_router(coders: Mapping[str, Coder], queue: BatchQueue, metrics: Metrics) -> APIRouter:
    """The paths for these models; notes go through ``queue``."""
    router = APIRouter(prefix="/v1")
    own_systems = _own_systems(coders)

    def coder_named(name: str | None, where: str) -> tuple[str, Coder]:
        if name is None and len(coders) > 1:
            raise field_problem(where, f"say which of {', '.join(coders)}")
        chosen = next(iter(coders)) if name is None else name
        if chosen not in coders:
            raise field_problem(where, f"expected one of {', '.join(coders)}")
        return chosen, coders[chosen]

    @router.post(
        "/code",
        summary="Code notes",
        response_model=schemas.CodeResponse,
        responses={200: _BUNDLE, **answers(400, 401, 408, 413, 415, 422, 503)},
    )
    async def code(
        request: schemas.CodeRequest,
        accept: Annotated[str, Header(description=f"{FHIR} for a FHIR R4 Bundle.")] = "application/json",
    ) -> Any:
        """Codes for one or several notes, ranked by probability, with the words that spoke for each.

        Nothing of a note is stored or logged. Notes of requests that come together are coded together, which
        changes no result.
        """
        name, coder = coder_named(request.model, "body.model")
        _check_note_ids(request.notes)
        codes = None if request.codes is None else _code_set(request.codes)
        version = None if codes is not None else _version(coder, request.version)
        words = await asyncio.to_thread(_count_words, request.notes, coder.run.tokenizer.reading)
        found = await _coded(queue, coder, version, codes, request)
        metrics.notes.labels(name, version or "code set").inc(len(found))
        if FHIR in accept:
            return _fhir(_resources(request.notes, found))
        notes = [
            schemas.NoteOut(
                id=note.id or str(number),
                words=count,
                read_words=min(count, coder.run.max_note_words),
                suggestions=[_suggestion_out(coder, one) for one in suggestions],
            )
            for number, (note, count, suggestions) in enumerate(
                zip(request.notes, words, found, strict=True), 1
            )
        ]
        return schemas.CodeResponse(model=name, version=version, notes=notes)

    @router.get("/codes", summary="Search codes", responses=answers(401, 422, 503))
    def codes(
        q: Annotated[
            str,
            Query(min_length=1, max_length=200, description="Words of a title, or how a code begins."),
        ],
        system: Annotated[str | None, Query(description="Only this system, such as icd10cm.")] = None,
        version: Annotated[str | None, Query(description="Only systems of this version.")] = None,
        limit: Annotated[int, Query(ge=1, le=100)] = 20,
    ) -> schemas.SearchResponse:
        """Codes and categories by the words of their titles and synonyms, by code or by its beginning."""
        everywhere = [*SYSTEMS, *own_systems]
        if system is not None and system not in everywhere:
            raise field_problem("query.system", f"expected one of {', '.join(everywhere)}")
        versions = [*VERSIONS, *(table.version for table in own_systems.values())]
        if version is not None and version not in versions:
            raise field_problem("query.version", f"expected one of {', '.join(dict.fromkeys(versions))}")
        wanted = [
            name
            for name in everywhere
            if system in (None, name) and (version is None or name in VERSIONS.get(version, (version,)))
        ]
        tables = [own_systems[name] for name in wanted if name in own_systems]
        try:
            hits = search(q, [name for name in wanted if name in SYSTEMS], limit, tables)
        except InputError as error:  # it has no word
            raise field_problem("query.q", "give words of a title, or how a code begins") from error
        found = [
            schemas.HitOut(
                system=hit.code.system,
                code=hit.code.code,
                description=hit.title,
                kind=_kind(hit.code.system),
                release=hit.release,
                billable=hit.billable,
                matched_on=cast(Any, hit.matched_on),
                term=hit.term,
            )
            for hit in hits
        ]
        return schemas.SearchResponse(codes=found)

    @router.get("/models", summary="What is served", responses=answers(401, 503))
    async def models() -> schemas.ModelsResponse:
        """The models, the versions each codes in, and what its bands of confidence were worth."""
        return schemas.ModelsResponse(
            icdbridge=__version__, models=[_model_out(name, coder) for name, coder in coders.items()]
        )

    @router.post(
        "/fhir",
        summary="Settled codes as FHIR",
        response_class=JSONResponse,
        responses={200: _BUNDLE, **answers(400, 401, 408, 413, 415, 422, 503)},
    )
    async def settled(request: schemas.BundleRequest) -> Response:
        """A FHIR R4 Bundle of the codes that a person settled on for one note. A code given twice is in it once."""
        identity, titles = note_identity(request.note, request.patient), dict[tuple[str, str], str]()
        resources = []
        for number, code in enumerate(request.codes):
            if titles.setdefault((code.system, code.code), code.description) != code.description:
                raise field_problem(f"body.codes.{number}", "this code was given with another description")
            resources.append(
                fhir.coded(
                    code.system,
                    code.code,
                    code.description,
                    request.note,
                    request.patient,
                    identity=identity,
                    accepted=True,
                )
            )
        return _fhir(resources)

    return router


async def _coded(
    queue: BatchQueue,
    coder: Coder,
    version: str | None,
    codes: Mapping[str, str] | None,
    request: schemas.CodeRequest,
) -> list[list[Suggestion]]:
    """The suggestions for each note, by way of the queue."""
    top = request.top or (schemas.DEFAULT_TOP if request.threshold is None else SUGGESTIONS)
    jobs = [Job(coder, note.text, version, codes, top, request.evidence) for note in request.notes]
    try:
        queue.submit(jobs)
    except Overloaded as error:
        headers = {"Retry-After": str(error.retry_after)}
        raise Problem(503, "too many notes are waiting", headers=headers) from error
    try:
        found: list[Found] = await asyncio.gather(*(asyncio.wrap_future(job.future) for job in jobs))
    except InputError as error:
        raise field_problem("body.codes", "this model cannot choose among these codes") from error
    least = request.threshold or 0.0
    return [[one for one in suggestions or [] if one.probability >= least] for suggestions in found]


def _count_words(notes: Sequence[schemas.NoteIn], reading: Reading) -> list[int]:
    counts = [len(split_words(note.text, reading)) for note in notes]
    for number, count in enumerate(counts):
        if not count:
            raise field_problem(f"body.notes.{number}.text", "the note has no words: nothing to code")
    return counts


def _check_note_ids(notes: Sequence[schemas.NoteIn]) -> None:
    """A note without an id is called by its place, which no other note may be called."""
    places: dict[str, int] = {}
    for number, note in enumerate(notes):
        first = places.setdefault(note.id or str(number + 1), number)
        if first != number:
            given, other = (number, first) if note.id else (first, number)
            raise field_problem(
                f"body.notes.{given}.id",
                f"body.notes.{other} has the same id: give every note one of its own",
            )


def _version(coder: Coder, version: str | None) -> str:
    if version is None and len(coder.versions) == 1:
        return coder.versions[0]
    if version is None or version not in coder.versions:
        raise field_problem("body.version", f"expected one of {', '.join(coder.versions)}")
    return version


def _code_set(given: Sequence[schemas.CodeIn]) -> dict[str, str]:
    codes: dict[str, str] = {}
    for number, one in enumerate(given):
        try:
            code = parse_code(one.code, one.system)
        except InputError as error:
            raise field_problem(
                f"body.codes.{number}.code", "not written as this system's codes are"
            ) from error
        description = one.description or describe(code).text
        if codes.setdefault(str(code), description) != description:
            raise field_problem(f"body.codes.{number}", "this code was given with another description")
    return codes


def _own_systems(coders: Mapping[str, Coder]) -> dict[str, CodeSystem]:
    """The code systems of the users' own that the models were trained on, to search in."""
    titles: dict[str, dict[str, str]] = {}
    for coder in coders.values():
        index = coder.run.index
        for key, description in zip(index.code, index.description, strict=True):
            system, _, code = key.partition(":")
            if system not in SYSTEMS:
                titles.setdefault(system, {})[code] = description
    return {name: CodeSystem(name, name, "model", name, found) for name, found in titles.items()}


def _kind(system: str) -> Any:
    return "procedure" if system in fhir.PROCEDURES else "diagnosis"


def _suggestion_out(coder: Coder, found: Suggestion) -> schemas.SuggestionOut:
    return schemas.SuggestionOut(
        **(found.to_dict() | {"kind": _kind(found.system), "band": band(coder, found)})
    )


def _model_out(name: str, coder: Coder) -> schemas.ModelOut:
    versions = [
        schemas.VersionOut(
            name=version,
            systems=list(
                dict.fromkeys(key.partition(":")[0] for key in coder.run.index.of_version(version)[0])
            ),
            codes=len(coder.run.index.of_version(version)[0]),
            bands=bands(coder, version),
            thresholds=_thresholds(coder, version),
        )
        for version in coder.versions
    ]
    return schemas.ModelOut(
        name=name,
        versions=versions,
        threshold=coder.run.config["threshold"],
        max_words=coder.run.max_note_words,
        synthetic=coder.run.config["synthetic"],
    )


def _thresholds(coder: Coder, version: str) -> dict[str, float] | None:
    calibration = coder.run.calibration.get(version)
    return dict(calibration.thresholds) if calibration and calibration.thresholds else None


def _resources(
    notes: Sequence[schemas.NoteIn], found: Sequence[Sequence[Suggestion]]
) -> list[dict[str, Any]]:
    return [
        fhir.resource(one, note.id, note.patient, identity=identity)
        for note, suggestions in zip(notes, found, strict=True)
        for identity in [note_identity(note.id, note.patient, note.text)]
        for one in suggestions
    ]


def _fhir(resources: list[dict[str, Any]]) -> Response:
    return JSONResponse(fhir.bundle(resources), media_type=FHIR)
