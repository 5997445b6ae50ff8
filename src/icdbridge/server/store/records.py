"""The tables of the store, but those of its trail (``trail.py``). Names of people and of code keys are written out, so
that a row says all by itself.
"""

from datetime import UTC, date, datetime
from typing import Any, ClassVar

import sqlalchemy as sa
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import DeclarativeBase, Mapped, column_property, mapped_column, relationship
from sqlalchemy.types import TypeDecorator

from icdbridge.codes import declaration, parse_key

ROLES = ("coder", "auditor", "admin")
_YEAR = 365.2425  # days


class Instant(TypeDecorator[datetime]):
    """A moment with its time zone, kept in UTC: SQLite has no time zones."""

    impl = sa.DateTime(timezone=False)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> datetime | None:
        return None if value is None else value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Any) -> datetime | None:
        return None if value is None else value.replace(tzinfo=UTC)


def now() -> datetime:
    return datetime.now(UTC)


def in_utc(moment: datetime) -> datetime:
    """A moment in UTC, for which one without a time zone is taken; ``OverflowError`` before the year 1 there."""
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


_JSON = (dict[str, Any], list[dict[str, Any]], list[str], list[int])


class Table(DeclarativeBase):
    type_annotation_map: ClassVar[dict[Any, Any]] = {datetime: Instant, **dict.fromkeys(_JSON, sa.JSON)}


class Document(Table):
    """One text of an encounter. ``text`` is None once the time to keep it is over (``deleted``)."""

    __tablename__ = "documents"

    id: Mapped[int] = mapped_column(primary_key=True)
    encounter_id: Mapped[int] = mapped_column(sa.ForeignKey("encounters.id"), index=True)
    source_id: Mapped[str | None] = mapped_column(sa.String(128))  # what the sender calls it
    title: Mapped[str | None] = mapped_column(sa.String(200))
    kind: Mapped[str | None] = mapped_column(sa.String(64))  # such as discharge summary
    status: Mapped[str] = mapped_column(sa.String(16), default="final")  # final, preliminary, superseded
    date: Mapped[datetime | None]
    text: Mapped[str | None] = mapped_column(sa.Text)
    characters: Mapped[int]
    added: Mapped[datetime] = mapped_column(default=now)
    deleted: Mapped[datetime | None]


class Encounter(Table):
    """A stay or visit to code. ``version`` goes up with each change by a person, and with each new document:
    whoever saves says which one was seen. ``need``: how many codes would be wrong or missing, as far as the
    confidence says, if the suggestions were taken unread; None: not coded yet.
    """

    __tablename__ = "encounters"

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(sa.String(64), unique=True)  # the hospital's
    patient: Mapped[str | None] = mapped_column(sa.String(64))
    sex: Mapped[str | None] = mapped_column(sa.String(8))
    birth_date: Mapped[date | None]
    setting: Mapped[str | None] = mapped_column(sa.String(16))
    admission: Mapped[date | None]
    discharge: Mapped[date | None]
    due: Mapped[date | None]
    state: Mapped[str] = mapped_column(sa.String(16), default="new")
    assignee: Mapped[str | None] = mapped_column(sa.String(64))
    version: Mapped[int] = mapped_column(default=1)
    need: Mapped[float | None]
    to_code: Mapped[bool] = mapped_column(default=True)  # documents came that no suggestion knows of
    # Keys of the accepted codes, the principal first.
    code_order: Mapped[list[str]] = mapped_column(default=list)
    created: Mapped[datetime] = mapped_column(default=now)
    updated: Mapped[datetime] = mapped_column(default=now)
    updated_by: Mapped[str] = mapped_column(sa.String(64))
    done: Mapped[datetime | None]  # when it was last said to be
    document_count: Mapped[int] = column_property(
        sa.select(sa.func.count(Document.id))
        .where(Document.encounter_id == id, Document.status != "superseded")
        .correlate_except(Document)
        .scalar_subquery()
    )

    __table_args__ = (
        sa.Index("encounters_by_state", "state", "need"),
        sa.Index("encounters_by_assignee", "assignee", "state"),
    )

    @property
    def coded(self) -> bool:
        return not self.to_code

    @property
    def code_count(self) -> int:
        return len(self.code_order)

    @property
    def principal(self) -> str | None:
        """The first diagnosis of the accepted codes."""
        return next(
            (key for key in self.code_order if declaration(parse_key(key).system).kind == "diagnosis"), None
        )

    @property
    def day(self) -> date | None:
        """The day whose rules and release hold: when it ended or, where that is not known, began."""
        return self.discharge or self.admission

    @property
    def age(self) -> float | None:
        """In years, when it began, or else ended."""
        began = self.admission or self.discharge
        if began is None or self.birth_date is None or began < self.birth_date:
            return None
        return round((began - self.birth_date).days / _YEAR, 2)


class Coding(Table):
    """Once that a model coded an encounter: what made the suggestions, and of which documents."""

    __tablename__ = "codings"

    id: Mapped[int] = mapped_column(primary_key=True)
    encounter_id: Mapped[int] = mapped_column(sa.ForeignKey("encounters.id"), index=True)
    model: Mapped[str] = mapped_column(sa.String(100))
    fingerprint: Mapped[str] = mapped_column(sa.String(200))
    code_version: Mapped[str] = mapped_column(sa.String(100))  # such as icd10
    release: Mapped[str] = mapped_column(sa.String(32))
    document_ids: Mapped[list[int]]
    repeats: Mapped[dict[str, Any]]  # document: characters left out, as another document says the same
    at: Mapped[datetime] = mapped_column(default=now)
    suggestions: Mapped[list["StoredSuggestion"]] = relationship(order_by="StoredSuggestion.rank")


class OfCode:
    """What is about a code of a system."""

    system: Mapped[str] = mapped_column(sa.String(32))
    code: Mapped[str] = mapped_column(sa.String(32))
    description: Mapped[str] = mapped_column(sa.Text)

    @hybrid_property
    def key(self) -> str:
        return self.system + ":" + self.code

    @property
    def kind(self) -> str:
        """Whether it is a diagnosis or a procedure."""
        return declaration(self.system).kind


class StoredSuggestion(OfCode, Table):
    """A suggestion as it was shown. ``evidence``: ``{document, start, end, weight, context}``, no words."""

    __tablename__ = "suggestions"

    id: Mapped[int] = mapped_column(primary_key=True)
    coding_id: Mapped[int] = mapped_column(sa.ForeignKey("codings.id"), index=True)
    rank: Mapped[int]
    probability: Mapped[float]
    confidence: Mapped[float | None]
    band: Mapped[str] = mapped_column(sa.String(16))
    context: Mapped[str | None] = mapped_column(sa.String(16))
    predicted: Mapped[bool]
    reason: Mapped[str | None] = mapped_column(sa.Text)
    alternatives: Mapped[list[dict[str, Any]]]
    evidence: Mapped[list[dict[str, Any]]]


class Decision(OfCode, Table):
    """What a person decided on a code; the newest of a code (``current``) holds, the older ones stay.

    ``suggestion_id``: the suggestion that was shown with this code; None: the code was added by hand.
    ``instead_of``: the code of the suggestion that this one took the place of. ``evidence``: the words that were
    confirmed or marked, as ``{document, start, end}``.
    """

    __tablename__ = "decisions"

    id: Mapped[int] = mapped_column(primary_key=True)
    encounter_id: Mapped[int] = mapped_column(sa.ForeignKey("encounters.id"))
    verdict: Mapped[str] = mapped_column(sa.String(16))
    poa: Mapped[str | None] = mapped_column(sa.String(1))
    evidence: Mapped[list[dict[str, Any]]] = mapped_column(default=list)
    suggestion_id: Mapped[int | None] = mapped_column(sa.ForeignKey("suggestions.id"))
    instead_of: Mapped[str | None] = mapped_column(sa.String(64))
    by: Mapped[str] = mapped_column(sa.String(64))
    role: Mapped[str] = mapped_column(sa.String(16))
    at: Mapped[datetime] = mapped_column(default=now)
    version: Mapped[int]  # of the encounter that it made
    current: Mapped[bool] = mapped_column(default=True)

    __table_args__ = (sa.Index("decisions_of_encounter", "encounter_id", "current"),)


class Comment(Table):
    """Words of a person on an encounter, or on a code of it; deleted with the documents."""

    __tablename__ = "comments"

    id: Mapped[int] = mapped_column(primary_key=True)
    encounter_id: Mapped[int] = mapped_column(sa.ForeignKey("encounters.id"), index=True)
    code: Mapped[str | None] = mapped_column(sa.String(64))  # a key
    text: Mapped[str | None] = mapped_column(sa.Text)
    by: Mapped[str] = mapped_column(sa.String(64))
    at: Mapped[datetime] = mapped_column(default=now)


class User(Table):
    """A person; a name is never given to another. The token is kept as its SHA-256."""

    __tablename__ = "users"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(sa.String(64), unique=True)
    role: Mapped[str] = mapped_column(sa.String(16))
    token_hash: Mapped[str] = mapped_column(sa.String(64), index=True)
    active: Mapped[bool] = mapped_column(default=True)
    created: Mapped[datetime] = mapped_column(default=now)


class SignedIn(Table):
    """A session of a person, until it expires or is not used for a while."""

    __tablename__ = "sessions"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(sa.ForeignKey("users.id"), index=True)
    token_hash: Mapped[str] = mapped_column(sa.String(64), unique=True)
    expires: Mapped[datetime]
    used: Mapped[datetime] = mapped_column(default=now)
    user: Mapped[User] = relationship()
