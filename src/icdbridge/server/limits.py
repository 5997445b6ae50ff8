"""What one request may ask for, and how many may wait: together they bound the server's memory."""

from dataclasses import dataclass

NOTE_CHARACTERS = 500_000
BODY_BYTES = 2 * 1024 * 1024
NOTES = 64  # a request
CODES = 1_000  # of a code set given with the request
SUGGESTIONS = 200  # a note, with evidence


@dataclass(frozen=True)
class Limits:
    """``waiting``: notes in the queue; ``requests``: at work on at once; ``seconds``: a request's time."""

    waiting: int = 128
    requests: int = 128
    seconds: float = 30.0
