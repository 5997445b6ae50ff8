"""The desk behind the paths: the store, who is let in, and the coding of what is received."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import Response
from pydantic import BaseModel
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from icdbridge.coding import Coder
from icdbridge.server.batching import BatchQueue
from icdbridge.server.desk_api import desk_request_schemas
from icdbridge.server.desk_api.access import Access
from icdbridge.server.desk_api.encounter_coding import EncounterCoding
from icdbridge.server.desk_api.folder_watch import FolderWatch
from icdbridge.server.problems import FieldError, Problem, field_problem
from icdbridge.server.store import Store, StoreUnreachable
from icdbridge.server.store.changes import Conflict, Missing, Refused
from icdbridge.server.store.records import Document, User

if TYPE_CHECKING:
    from icdbridge.server.desk_api.report_routes import Reporting

_UNKNOWN = "the store does not answer; whether this was saved is not known: read the encounter again"


class Desk:
    """The store with its services.

    ``keep_days``: how long documents are kept after the last change of their encounter; None: until somebody deletes
    them. ``watched``: a folder whose files are imported. ``reporting`` makes the figures of the report; None: there is
    none. The first model that is served codes the encounters.
    """

    def __init__(
        self,
        store: Store,
        access: Access,
        keep_days: int | None = None,
        watched: Path | None = None,
        reporting: "Reporting | None" = None,
    ) -> None:
        self.store, self.access, self._keep_days, self._reporting = store, access, keep_days, reporting
        self._coder: Coder | None = None
        self._coding: EncounterCoding | None = None
        self._watch = None if watched is None else FolderWatch(watched, store, self.fault, self.wake)

    def install(self, app: FastAPI, coders: Mapping[str, Coder]) -> None:
        """Makes errors of the store problems that people understand."""
        self._coder = next(iter(coders.values()))

        @app.exception_handler(Missing)
        async def missing(request: Request, error: Missing) -> Response:
            return Problem(404, str(error)).response()

        @app.exception_handler(Refused)
        async def refused(request: Request, error: Refused) -> Response:
            return Problem(403, str(error)).response()

        @app.exception_handler(Conflict)
        async def conflict(request: Request, error: Conflict) -> Response:
            changes = [FieldError(where="body.version", message=change) for change in error.changes]
            return Problem(409, str(error), changes).response()

        @app.exception_handler(StoreUnreachable)
        async def unreachable(request: Request, error: StoreUnreachable) -> Response:
            return Problem(503, _UNKNOWN, headers={"Retry-After": "2"}).response()

    def routers(self) -> list[APIRouter]:
        """The paths under /v1/desk."""
        from icdbridge.server.desk_api.account_routes import make_account_router
        from icdbridge.server.desk_api.decision_routes import make_decision_router
        from icdbridge.server.desk_api.encounter_routes import make_encounter_router
        from icdbridge.server.desk_api.file_routes import make_file_router
        from icdbridge.server.desk_api.report_routes import make_report_router
        from icdbridge.server.desk_api.result_routes import make_result_router

        coding = (make_encounter_router, make_file_router, make_decision_router, make_result_router)
        made = [make(self) for make in (*coding, make_account_router)]
        return made if self._reporting is None else [*made, make_report_router(self.store, self._reporting)]

    def start(self, queue: BatchQueue) -> None:
        assert self._coder is not None
        self._coding = EncounterCoding(self.store, self._coder, queue, self._keep_days)
        self._coding.start()
        if self._watch is not None:
            self._watch.start()

    def close(self, seconds: float) -> None:
        if self._watch is not None:
            self._watch.stop()
        if self._coding is not None:
            self._coding.stop(seconds)
        self.store.close()

    def wake(self) -> None:
        """An encounter may want suggestions."""
        if self._coding is not None:
            self._coding.wake()

    def check_text(self, text: str, where: str) -> None:
        """Refuses (422) a document that cannot be coded."""
        if fault := self.fault(text):
            raise field_problem(where, fault)

    def fault(self, text: str) -> str | None:
        """Why a document cannot be coded."""
        return None if self._coder is None else self._coder.fault(text)

    @staticmethod
    def check_assignee(session: Session, name: str | None) -> None:
        """Refuses (422) a name that is no user's; where there are no accounts any name will do."""
        names = session.scalars(select(User.name).where(User.active)).all()
        if name is not None and names and name not in names:
            raise field_problem("body.assignee", "there is no such user")

    @staticmethod
    def count_documents(session: Session, number: int) -> int:
        """How many documents an encounter has."""
        standing = select(func.count()).where(
            Document.encounter_id == number, Document.status != "superseded"
        )
        return session.scalar(standing) or 0

    @staticmethod
    def field_names() -> set[str]:
        """Names of fields and parameters that an error may quote."""
        models = [
            one
            for one in vars(desk_request_schemas).values()
            if isinstance(one, type) and issubclass(one, BaseModel)
        ]
        named = {"number", "before", "name", "weeks"}
        return named | {name for model in models for name in model.model_fields}
