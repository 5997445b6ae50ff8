"""Clinical documents as hospitals have them, as text: what is read is what evidence points into."""

from icdbridge.documents.document import Document
from icdbridge.documents.read_documents import (
    DOCUMENT_ENDINGS,
    holds_fhir,
    is_container,
    is_document,
    read_documents,
)

__all__ = ["DOCUMENT_ENDINGS", "Document", "holds_fhir", "is_container", "is_document", "read_documents"]
