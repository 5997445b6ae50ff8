"""Limits on requests and on what may wait; together they bound the server's memory and waiting times."""

from dataclasses import dataclass

NOTE_CHARACTERS = 500_000
BODY_BYTES = 2 * 1024 * 1024
DOCUMENT_BYTES = 20 * 1024 * 1024  # of a document to convert
ANSWER_BYTES = 8 * 1024 * 1024  # beyond, evidence and then the lowest ranks are left out
HELD_BYTES = 64 * 1024 * 1024  # of the bodies and answers of all requests together
NOTES = 64  # a request
CODES = 1_000  # of a code set given with the request
SUGGESTIONS = 200  # a note, with evidence


@dataclass(frozen=True)
class Limits:
    """``waiting``: usual notes before a request until its turn (``batching.price``); ``requests``: at work on at once;
    ``seconds``: a request's time, and how long the models may stand still; ``head_seconds``: for the head of a request
    to arrive, and for a part of an answer to be taken; ``connections``: open at once.
    """

    waiting: float = 128
    requests: int = 128
    seconds: float = 30.0
    head_seconds: float = 10.0
    connections: int = 1_000
