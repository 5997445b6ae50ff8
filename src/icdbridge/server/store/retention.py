"""Deleting the words of documents and comments after so many days; decisions and the trail stay."""

from datetime import timedelta

from sqlalchemy import select, update

from icdbridge.server.store.database import Store
from icdbridge.server.store.records import Comment, Document, Encounter, now
from icdbridge.server.store.trail import record


def purge(store: Store, days: int, by: str = "icdbridge") -> tuple[int, int]:
    """Deletes the words of all encounters that nobody changed for ``days`` days, whatever their state; gives how many
    documents and comments that were.

    SQLite overwrites them at once; PostgreSQL when it next vacuums the tables.
    """
    at = now()
    old = select(Encounter.id).where(Encounter.updated < at - timedelta(days=days))
    with store.writing() as session:
        documents = session.execute(
            update(Document)
            .where(Document.encounter_id.in_(old), Document.deleted.is_(None))
            .values(text=None, title=None, deleted=at)
            .returning(Document.id, Document.encounter_id)
        ).all()
        comments = session.scalars(
            update(Comment)
            .where(Comment.encounter_id.in_(old), Comment.text.is_not(None))
            .values(text=None)
            .returning(Comment.id)
        ).all()
        session.execute(
            update(Encounter)
            .where(Encounter.id.in_({row.encounter_id for row in documents}))
            .values(to_code=False)
            .execution_options(synchronize_session=False)
        )
        if documents or comments:
            ids = [row.id for row in documents]
            record(session, by, "deleted", days=days, documents=ids, comments=len(comments))
    store.tidy()
    return len(documents), len(comments)
