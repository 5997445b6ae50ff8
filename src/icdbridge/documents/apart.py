"""Conversion in a process of its own: a document that was made to do harm ends that process, and nothing else."""

import json
import os
import subprocess
import sys
from pathlib import Path

from icdbridge.documents.document import Document
from icdbridge.documents.read_documents import is_plain, read_documents
from icdbridge.errors import InputError

SECONDS = 20  # of processor time
GRACE = 10  # seconds more by the clock, for a busy machine
PROGRAM = ("-m", "icdbridge.documents")


def read_apart(data: bytes, ending: str = "", seconds: int = SECONDS) -> list[Document]:
    """``read_documents`` of bytes from a file whose name has this ``ending`` (only a table needs one).

    Raises ``InputError`` where ``read_documents`` does, and for what takes longer than ``seconds`` or some 2 GB.
    """
    if not ending and is_plain(data):
        return read_documents(data)
    command = [sys.executable, *PROGRAM, ending, str(seconds)]
    source = str(Path(__file__).parents[2])
    environment = os.environ | {"PYTHONPATH": os.pathsep.join((source, os.environ.get("PYTHONPATH", "")))}
    try:
        answer = subprocess.run(
            command, input=data, capture_output=True, timeout=seconds + GRACE, env=environment
        )
    except subprocess.TimeoutExpired:
        raise InputError(f"the document: not converted within {seconds} s: save its text as .txt") from None
    if answer.returncode == 2 and answer.stdout:
        raise InputError(json.loads(answer.stdout))
    if answer.returncode:  # its standard error may quote the document
        raise InputError("the document: it cannot be converted, or takes too much: save its text as .txt")
    return [Document(**one | {"remarks": tuple(one["remarks"])}) for one in json.loads(answer.stdout)]
