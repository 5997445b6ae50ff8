"""Errors as application/problem+json (RFC 9457). They name fields and limits, never what was in them."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from icdbridge.errors import InputError

MEDIA_TYPE = "application/problem+json"
_TITLES = {
    400: "the request is malformed",
    401: "a token is needed",
    403: "this is not allowed",
    404: "there is nothing here",
    405: "this method is not allowed here",
    408: "the request took too long to arrive",
    409: "it was changed meanwhile",
    413: "the request is too large",
    415: "the request has the wrong media type",
    421: "the request was meant for another host",
    422: "the request cannot be worked on",
    431: "the head of the request is too large",
    500: "the server failed",
    501: "the server does not know this",
    503: "the server is busy",
    505: "this is not HTTP/1.1",
}


class FieldError(BaseModel):
    """``where``: the place in the request, such as ``body.notes.0.text``."""

    where: str = Field(examples=["body.notes.0.text"])
    message: str = Field(examples=["String should have at least 1 character"])


class ProblemDetails(BaseModel):
    """What every error answers."""

    title: str = Field(examples=[_TITLES[422]])
    status: int = Field(examples=[422])
    detail: str = Field(examples=["body.notes.0.text: String should have at least 1 character"])
    errors: list[FieldError] = Field(default=[], description="One entry a field, where fields are at fault.")


class Problem(Exception):
    """An error that the client is told of; ``detail`` must not hold anything of a note."""

    def __init__(
        self, status: int, detail: str, errors: Iterable[FieldError] = (), headers: Mapping[str, str] = {}
    ) -> None:
        super().__init__(detail)
        self.status, self.detail, self.errors, self.headers = status, detail, list(errors), headers

    def response(self) -> Response:
        title = _TITLES.get(self.status, "the request failed")
        body = ProblemDetails(title=title, status=self.status, detail=self.detail, errors=self.errors)
        return JSONResponse(body.model_dump(), self.status, dict(self.headers), media_type=MEDIA_TYPE)


def field_problem(where: str, message: str) -> Problem:
    """A field that is well formed but cannot be worked on."""
    return Problem(422, f"{where}: {message}", [FieldError(where=where, message=message)])


@contextmanager
def refusing(where: str, message: str | None = None) -> Iterator[None]:
    """Makes an ``InputError`` within a problem of the field ``where``, by ``message`` or else in its own words."""
    try:
        yield
    except InputError as error:
        raise field_problem(where, message or str(error)) from error


def described(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The OpenAPI description of the errors that a path may answer with."""
    schema = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemDetails"}}}
    retry = {
        "Retry-After": {"description": "Seconds to wait before trying again.", "schema": {"type": "integer"}}
    }
    return {
        status: {"description": _TITLES[status].capitalize(), "content": schema}
        | ({"headers": retry} if status == 503 else {})
        for status in statuses
    }


WITH_BODY = described(400, 401, 408, 413, 415, 422, 503)  # what a path may answer that takes JSON


def install(app: FastAPI, known_fields: Iterable[str]) -> None:
    """Makes every error a problem. ``known_fields`` may be named; other names come from the client."""
    known = {"body", "query", "path", "header", *known_fields}

    def place(parts: tuple[int | str, ...]) -> str:
        return ".".join(
            str(part) if isinstance(part, int) or part in known else "(unknown field)" for part in parts
        )

    @app.exception_handler(Problem)
    async def problem(request: Request, error: Problem) -> Response:
        return error.response()

    @app.exception_handler(HTTPException)
    async def http(request: Request, error: HTTPException) -> Response:
        detail = {400: "the body is not JSON in UTF-8", 413: error.detail}
        text = detail.get(error.status_code, _TITLES.get(error.status_code, "the request failed"))
        return Problem(error.status_code, text, headers=error.headers or {}).response()

    @app.exception_handler(RequestValidationError)
    async def validation(request: Request, error: RequestValidationError) -> Response:
        faults = error.errors()
        if any(fault["type"] == "json_invalid" for fault in faults):
            return Problem(400, f"the body is not JSON (character {faults[0]['loc'][-1]})").response()
        media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if request.method in ("POST", "PATCH") and media_type != "application/json":
            return Problem(415, "send the body as application/json").response()
        # a fault's "input" and "ctx" hold what was sent, its "msg" only what was expected
        errors = [FieldError(where=place(fault["loc"]), message=_told(fault)) for fault in faults[:20]]
        return Problem(422, f"{errors[0].where}: {errors[0].message}", errors).response()


def _told(fault: Mapping[str, Any]) -> str:
    """What was expected, in words for people where it is a length that they can reach."""
    if fault["type"] == "string_too_long":
        return f"longer than the limit of {fault['ctx']['max_length']:,} characters: cut it up"
    if fault["type"] == "too_long":
        return f"more than the limit of {fault['ctx']['max_length']:,}"
    return str(fault["msg"])
