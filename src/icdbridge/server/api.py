"""The paths under /v1: coding notes, what is served, settled codes as FHIR."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Header
from fastapi.responses import JSONResponse, Response

from icdbridge import __version__
from icdbridge.codes import version_named
from icdbridge.coding import Coder, Suggestion, fhir
from icdbridge.coding.coder import Asked
from icdbridge.coding.identity import note_identity
from icdbridge.server import answers
from icdbridge.server.answer_schemas import BUNDLE_EXAMPLE, CodeResponse, ModelOut, ModelsResponse, VersionOut
from icdbridge.server.answers import bands
from icdbridge.server.batching import BatchQueue, Found, Job, Overloaded, evidence_price, score_price
from icdbridge.server.given_codes import code_set, spelt
from icdbridge.server.limits import SUGGESTIONS
from icdbridge.server.observing import Metrics
from icdbridge.server.problems import WITH_BODY, Problem, described, field_problem, refusing
from icdbridge.server.request_schemas import DEFAULT_TOP, BundleRequest, CodeRequest, NoteIn

_BUNDLE: dict[str, Any] = {
    "description": "The suggestions, one resource each",
    "content": {fhir.MEDIA_TYPE: {"schema": {"type": "object"}, "example": BUNDLE_EXAMPLE}},
}


def make_router(
    coders: Mapping[str, Coder], queue: BatchQueue, metrics: Metrics, store: bool = False
) -> APIRouter:
    """The paths for these models; notes go through ``queue``. ``store``: whether encounters are kept."""
    router = APIRouter(prefix="/v1")

    def coder_named(name: str | None, where: str) -> tuple[str, Coder]:
        if name is None and len(coders) > 1:
            raise field_problem(where, f"say which of {', '.join(coders)}")
        chosen = next(iter(coders)) if name is None else name
        if chosen not in coders:
            raise field_problem(where, f"expected one of {', '.join(coders)}")
        return chosen, coders[chosen]

    @router.post(
        "/code", summary="Code notes", response_model=CodeResponse, responses={200: _BUNDLE, **WITH_BODY}
    )
    async def code(
        request: CodeRequest,
        accept: Annotated[
            str, Header(description=f"{fhir.MEDIA_TYPE} for a FHIR R4 Bundle.")
        ] = "application/json",
    ) -> Any:
        """Codes for one or several notes, ranked by probability, with the words that spoke for each.

        Nothing of a note is stored or logged. Notes that come together are coded together, which changes no result.
        """
        name, coder = coder_named(request.model, "body.model")
        _check_note_ids(request.notes)
        codes = None
        if request.codes is not None:
            codes = {str(code): title for code, title in code_set(request.codes).items()}
        version = None if codes is not None else _version(coder, request.version)
        words = await asyncio.to_thread(_count_words, coder, request.notes)
        found = await _coded(queue, coder, version, codes, request, words)
        metrics.notes.labels(name, version or "code set").inc(len(found))
        if fhir.MEDIA_TYPE in accept:
            return Response(
                await asyncio.to_thread(answers.as_fhir, request.notes, found), media_type=fhir.MEDIA_TYPE
            )
        body = await asyncio.to_thread(answers.as_json, name, coder, version, request.notes, words, found)
        return Response(body, media_type="application/json")

    @router.get("/models", summary="What is served", responses=described(401, 503))
    async def models() -> ModelsResponse:
        """The models, the versions each codes in, and what its bands of confidence were worth."""
        return ModelsResponse(
            icdbridge=__version__,
            models=[_model_out(name, coder) for name, coder in coders.items()],
            store=store,
        )

    @router.post(
        "/fhir",
        summary="Settled codes as FHIR",
        response_class=JSONResponse,
        responses={200: _BUNDLE, **WITH_BODY},
    )
    async def settled(request: BundleRequest) -> Response:
        """A FHIR R4 Bundle of the codes that a person settled on for one note. A code given twice is in it once."""
        identity = note_identity(request.note, request.patient)
        resources = [
            fhir.coded(*code, title, request.note, request.patient, identity=identity, accepted=True)
            for code, title in code_set(request.codes).items()
        ]
        return JSONResponse(fhir.bundle(resources), media_type=fhir.MEDIA_TYPE)

    return router


async def _coded(
    queue: BatchQueue,
    coder: Coder,
    version: str | None,
    codes: Mapping[str, str] | None,
    request: CodeRequest,
    words: Sequence[int],
) -> list[list[Suggestion]]:
    """The suggestions for each note, of so many words, by way of the queue."""
    top = request.top or (DEFAULT_TOP if request.threshold is None else SUGGESTIONS)
    with refusing("body", "this model has no such codes or options"):
        choice = coder.scored_codes(version, codes, request.candidates)
    evidenced = min(top, choice) if request.evidence else 0
    asked = Asked(version, top, codes, request.evidence, request.candidates, request.setting, request.date)
    jobs = []
    for note, count in zip(request.notes, words, strict=True):
        size = min(count, coder.max_note_words), len(note.text)
        explaining = evidence_price(*size, evidenced)
        jobs.append(Job(coder, note.text, asked, score_price(*size, choice) + explaining, explaining))
    try:
        queue.submit(jobs)
    except Overloaded as error:
        headers = {"Retry-After": str(error.retry_after)}
        raise Problem(503, "too many notes are waiting", headers=headers) from error
    with refusing("body", "this model has no such codes or options"):
        found: list[Found] = await asyncio.gather(*(asyncio.wrap_future(job.future) for job in jobs))
    least = request.threshold or 0.0
    return [[one for one in suggestions or [] if one.probability >= least] for suggestions in found]


def _count_words(coder: Coder, notes: Sequence[NoteIn]) -> list[int]:
    for number, note in enumerate(notes):
        if fault := coder.fault(note.text):
            raise field_problem(f"body.notes.{number}.text", fault)
    return [coder.count_words(note.text) for note in notes]


def _check_note_ids(notes: Sequence[NoteIn]) -> None:
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
    if version is None and coder.default_version is not None:
        return coder.default_version
    if version is not None:
        version = spelt(version, version_named)
    if version is None or version not in coder.versions:
        raise field_problem("body.version", f"expected one of {', '.join(coder.versions)}")
    return version


def _model_out(name: str, coder: Coder) -> ModelOut:
    same = ("threshold", "synthetic", "default_version", "measured", "basis", "settings")
    return ModelOut(
        name=name,
        versions=[_version_out(coder, version) for version in coder.versions],
        max_words=coder.max_note_words,
        **{field: getattr(coder, field) for field in same},
    )


def _version_out(coder: Coder, version: str) -> VersionOut:
    codes = coder.codes_of(version)
    calibration = coder.calibration.get(version)
    return VersionOut(
        name=version,
        systems=list(dict.fromkeys(key.partition(":")[0] for key in codes)),
        codes=len(codes),
        bands=bands(coder, version),
        thresholds=dict(calibration.thresholds) if calibration and calibration.thresholds else None,
    )
