"""The FHIR R4 terminology service: what EHRs ask of codes, in the words of their standard."""

from icdbridge.server.terminology.routes import make_terminology_router

__all__ = ["make_terminology_router"]
