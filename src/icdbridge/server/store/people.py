"""Who works at the desk: accounts with roles, tokens kept as hashes, sessions that expire."""

import hashlib
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from icdbridge.errors import InputError
from icdbridge.server.store.records import ROLES, SignedIn, User, now
from icdbridge.server.store.trail import record

SESSION_HOURS = 12
IDLE_MINUTES = 60
_NAME = re.compile(r"[^\W_][\w .@-]{0,63}")
_USED_EVERY = timedelta(minutes=5)  # so often the use of a session is written down
OURS = ("icdbridge", "local", "server")  # names that stand for no account


@dataclass(frozen=True)
class Person:
    """Somebody who is let in."""

    name: str
    role: str


def add_user(session: Session, by: str, name: str, role: str) -> str:
    """Adds an account and gives its token, which is kept nowhere. ``InputError`` for a name that was ever given."""
    if role not in ROLES:
        raise InputError(f"unknown role {role[:40]!r}: expected {', '.join(ROLES)}")
    if not _NAME.fullmatch(name) or name != name.strip() or name in OURS:
        raise InputError(
            "a name has 1 to 64 letters, digits, blanks, dots, hyphens or @, begins with a letter or digit, and is "
            f"none of {', '.join(OURS)}"
        )
    if session.scalar(select(User).where(User.name == name)):
        raise InputError(f"there is, or was, a user {name}: give another name")
    token = secrets.token_urlsafe(32)
    session.add(User(name=name, role=role, token_hash=hashed(token)))
    record(session, by, "added user", user=name, role=role)
    return token


def remove_user(session: Session, by: str, name: str) -> None:
    """Ends an account and its sessions; what the person did keeps the name. ``InputError`` where there is none."""
    user = account(session, name)
    if user is None:
        raise InputError(f"there is no user {name}")
    user.active = False
    session.execute(delete(SignedIn).where(SignedIn.user_id == user.id))
    record(session, by, "removed user", user=name)


def users(session: Session) -> Sequence[User]:
    """All accounts by name, those that ended too."""
    return session.scalars(select(User).order_by(User.name)).all()


def has_accounts(session: Session) -> bool:
    return bool(session.scalar(select(func.count()).select_from(User).where(User.active)))


def person_of(session: Session, token: str) -> Person | None:
    """Whose token it is: that of an account, or of a session that is still good."""
    digest = hashed(token)
    user = session.scalar(select(User).where(User.token_hash == digest, User.active))
    if user is None:
        found, at = session.scalar(select(SignedIn).where(SignedIn.token_hash == digest)), now()
        if found is None or not found.user.active or at >= found.expires:
            return None
        if at - found.used >= timedelta(minutes=IDLE_MINUTES):
            return None
        user = found.user
    return Person(user.name, user.role)


def account(session: Session, name: str) -> User | None:
    """The account of a name, unless it ended."""
    return session.scalar(select(User).where(User.name == name, User.active))


def sign_in(session: Session, person: Person) -> tuple[str, datetime]:
    """A session: its token, and when it ends at the latest. Sessions that are over are forgotten."""
    user = account(session, person.name)
    if user is None:
        raise InputError("only an account has sessions")
    at = now()
    session.execute(delete(SignedIn).where(SignedIn.expires < at))
    token, expires = secrets.token_urlsafe(32), at + timedelta(hours=SESSION_HOURS)
    session.add(SignedIn(user_id=user.id, token_hash=hashed(token), expires=expires, used=at))
    record(session, person.name, "signed in")
    return token, expires


def sign_out(session: Session, person: Person, token: str) -> None:
    session.execute(delete(SignedIn).where(SignedIn.token_hash == hashed(token)))
    record(session, person.name, "signed out")


def use_to_note(session: Session, token: str) -> int | None:
    """The session whose use is to be written down, so that it does not end as idle."""
    found = session.scalar(select(SignedIn).where(SignedIn.token_hash == hashed(token)))
    return found.id if found and now() - found.used > _USED_EVERY else None


def note_use(session: Session, number: int) -> None:
    if found := session.get(SignedIn, number):
        found.used = now()


def hashed(token: str) -> str:
    """SHA-256: a token has 256 bits of chance, so nothing slower is needed."""
    return hashlib.sha256(token.encode()).hexdigest()
