"""Who is let in, and which role a path asks for."""

import hmac
from collections.abc import Callable
from typing import Annotated

from fastapi import Depends, Request
from starlette.datastructures import Headers

from icdbridge.server.guards import bearer
from icdbridge.server.problems import Problem
from icdbridge.server.store import Store
from icdbridge.server.store.people import Person, account, has_accounts, note_use, person_of, use_to_note

LOCAL, SERVER = Person("local", "admin"), Person("server", "admin")
EVERYBODY = ("coder", "auditor", "admin")


class Access:
    """Identifies who sent a request.

    The holder of the server's ``token`` may do everything or, with a ``user_header``, is the proxy that gives the
    user's name in it. Others have tokens of their own. If only this machine can reach the server (``loopback``) and
    there is neither token nor account, everybody is the one local user.
    """

    def __init__(
        self, store: Store, token: str | None = None, user_header: str | None = None, *, loopback: bool = True
    ) -> None:
        self._store, self._token, self._user_header, self._loopback = store, token, user_header, loopback

    @property
    def has_accounts(self) -> bool:
        with self._store.reading() as session:
            return has_accounts(session)

    @staticmethod
    def is_local(person: Person) -> bool:
        """Whether it is the one local user, whom no token names."""
        return person is LOCAL

    def person(self, headers: Headers) -> Person | None:
        """Who asks; None: nobody who is known. It reads the store."""
        given = bearer(headers)
        if self._token and given and hmac.compare_digest(given.encode(), self._token.encode()):
            if self._user_header is None:
                return SERVER
            named = headers.getlist(self._user_header)
            with self._store.reading() as session:
                user = account(session, named[0]) if len(named) == 1 else None
                return None if user is None else Person(user.name, user.role)
        with self._store.reading() as session:
            if not given:
                alone = self._token is None and self._loopback and not has_accounts(session)
                return LOCAL if alone else None
            person, idle = person_of(session, given), use_to_note(session, given)
        if person and idle:
            with self._store.writing() as session:
                note_use(session, idle)
        return person


def needs(*roles: str) -> Callable[[Request], Person]:
    """A dependency that gives who asks, and refuses other roles (403)."""

    def allowed(request: Request) -> Person:
        person: Person = request.state.person
        if person.role not in roles:
            raise Problem(403, f"this needs the role {' or '.join(roles)}; {person.name} is {person.role}")
        return person

    return allowed


Anybody = Annotated[Person, Depends(needs(*EVERYBODY))]
Sender = Annotated[Person, Depends(needs("coder", "admin"))]
Overseer = Annotated[Person, Depends(needs("auditor", "admin"))]
