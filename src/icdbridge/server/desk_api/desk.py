"""The desk behind the paths: the store, who is let in, and the coding of what is received."""

from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import Response
from sqlalchemy import select
from sqlalchemy.orm import Session

from icdbridge.coding import Coder
from icdbridge.server.batching import BatchQueue
from icdbridge.server.desk_api.access import Access
from icdbridge.server.desk_api.encounter_coding import EncounterCoding
from icdbridge.server.desk_api.folder_watch import FolderWatch
from icdbridge.server.problems import FieldError, Problem, field_problem
from icdbridge.server.store import Store, StoreUnreachable
from icdbridge.server.store.changes import Conflict, Missing, Refused
from icdbridge.server.store.records import User

Reporting = Callable[[Store, datetime], dict[str, Any]]  # the report's figures on encounters done since then
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
        reporting: Reporting | None = None,
    ) -> None:
        self.store, self.access, self._keep_days, self.reporting = store, access, keep_days, reporting
        self._coder: Coder | None = None
        self._coding: EncounterCoding | None = None
        self._watch = None if watched is None else FolderWatch(watched, store, self.fault, self.wake)

    def install(self, app: FastAPI, coders: Mapping[str, Coder]) -> None:
        """Makes errors of the store problems that people understand."""
        self._coder = next(iter(coders.values()))

        async def told(request: Request, error: Exception) -> Response:
            match error:
                case Conflict():
                    changes = [FieldError(where="body.version", message=change) for change in error.changes]
                    problem = Problem(409, str(error), changes)
                case StoreUnreachable():
                    problem = Problem(503, _UNKNOWN, headers={"Retry-After": "2"})
                case _:
                    problem = Problem(404 if isinstance(error, Missing) else 403, str(error))
            return problem.response()

        for kind in (Missing, Refused, Conflict, StoreUnreachable):
            app.add_exception_handler(kind, told)

    def routers(self) -> list[APIRouter]:
        """The paths under /v1/desk."""
        from icdbridge.server.desk_api.account_routes import make_account_router
        from icdbridge.server.desk_api.encounter_routes import make_encounter_router
        from icdbridge.server.desk_api.file_routes import make_file_router

        made = (make_encounter_router, make_file_router, make_account_router)
        return [make(self) for make in made]

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

    def fault(self, text: str) -> str | None:
        """Why a document cannot be coded."""
        return None if self._coder is None else self._coder.fault(text)

    @staticmethod
    def check_assignee(session: Session, name: str | None) -> None:
        """Refuses (422) a name that is no user's; where there are no accounts any name will do."""
        names = session.scalars(select(User.name).where(User.active)).all()
        if name is not None and names and name not in names:
            raise field_problem("body.assignee", "there is no such user")
