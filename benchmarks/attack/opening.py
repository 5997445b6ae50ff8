"""A process of its own that opens folders and says how each ended: one that dies takes nobody with it."""

import faulthandler
import json
import math
import sys
from pathlib import Path
from typing import Any

NOTE = "Presents with dyspnea at rest and oedema. Takes metformin for diabetes. No fever."


def main() -> None:
    """Reads a line of JSON a folder (``kind`` and ``path``), writes one (``end`` and ``says``)."""
    from icdbridge import Coder, InputError
    from icdbridge.corpora import Corpus
    from icdbridge.runs.candidate_search import FOLDER

    faulthandler.enable()
    for line in sys.stdin:
        asked = json.loads(line)
        path = Path(asked["path"])
        try:
            says = "opened"
            if asked["kind"] == "corpus":
                corpus = Corpus.open(path)
                sum(batch.num_rows for batch in corpus.notes())
            else:
                coder = Coder.load(path)
                coder.run.log  # noqa: B018
                if (path / FOLDER).is_dir():
                    coder.run.candidates  # noqa: B018
                for version in coder.versions:
                    found = coder.code(NOTE, version, top=5)
                    if not all(math.isfinite(one.probability) for one in found):
                        says = "answers that are no numbers"
            end: dict[str, Any] = {"end": "accepted", "says": says}
        except InputError as error:
            end = {"end": "refused", "says": str(error)}
        except BaseException as error:
            end = {"end": "traceback", "says": f"{type(error).__name__}: {error}"}
        print(json.dumps(end), flush=True)


if __name__ == "__main__":
    main()
