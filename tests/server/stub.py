"""A coder without a model: it does what the tests tell it to. As a program: a server of it, whose worker may hang."""

import logging.config
import socket
import sys
import threading
from dataclasses import replace

from icdbridge.coding import Suggestion
from icdbridge.lexical.evidence import Evidence
from icdbridge.server import Limits, create_app
from icdbridge.server.listening import make_server
from icdbridge.server.observing import LOGGING


class StubCoder:
    """Finds one code with as much evidence as asked; waits while ``go_on`` is cleared, once it is warm."""

    name = "stub"
    versions = ("icd10",)
    max_note_words = 4_000
    threshold = 0.5
    synthetic = True
    calibration = {}  # noqa: RUF012
    default_version = "icd10"
    measured = False
    basis = "nothing"
    settings = ()
    evidence_apart = True

    def __init__(self, spans=1, span="dyspnea"):
        self.evidence = tuple(Evidence(0, len(span), span, 1.0) for _ in range(spans))
        self.go_on = threading.Event()
        self.go_on.set()

    def count_words(self, text):
        return len(text.split())

    def codes_of(self, version):
        return {"icd10cm:I50.9": "Heart failure, unspecified"}

    def fault(self, text):
        return None if text.split() else "the note has no words: nothing to code"

    def fingerprint(self):
        return "stub"

    def caution(self, text, suggestions):
        return None

    def scored_codes(self, version, codes, candidates=False):
        return 1

    def explain(self, text, found, version=None, *, codes=None, as_of=None):
        return [replace(one, evidence=self.evidence) for one in found]

    def code_many(
        self,
        texts,
        version=None,
        *,
        top=10,
        codes=None,
        evidence=True,
        candidates=False,
        setting=None,
        as_of=None,
    ):
        if "warm up" not in texts:
            self.go_on.wait()
        found = Suggestion(1, "icd10cm", "I50.9", "Heart failure, unspecified", 0.9, True, 1,
                           self.evidence if evidence else ())  # fmt: skip
        return [[found] for _ in texts]


if __name__ == "__main__":
    logging.config.dictConfig(LOGGING)
    coder, limits = StubCoder(), Limits(seconds=1)
    if "hang" in sys.argv:
        coder.go_on.clear()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        print(f"at http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
        make_server(create_app({"stub": coder}, limits=limits), limits).run(sockets=[listener])
