"""The process in which a document that came over the network is converted: bytes in, JSON out (``apart.py``)."""

import json
import resource
import sys
from dataclasses import asdict

from icdbridge.documents.read_documents import read_documents
from icdbridge.errors import InputError
from icdbridge.extras import not_installed

MEMORY = 2 * 1024**3  # bytes


def main() -> None:
    """``ending`` of the file's name and seconds of processor time are the arguments; 2: bad input, said in JSON."""
    ending, seconds = sys.argv[1], int(sys.argv[2])
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        found = [asdict(one) for one in read_documents(sys.stdin.buffer.read(), f"the document{ending}")]
    except ModuleNotFoundError as error:
        sys.stdout.write(json.dumps(str(not_installed(error))))
        sys.exit(2)
    except InputError as error:
        sys.stdout.write(json.dumps(str(error)))
        sys.exit(2)
    sys.stdout.write(json.dumps(found))


if __name__ == "__main__":
    main()
