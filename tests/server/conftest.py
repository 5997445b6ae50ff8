"""A small model of two versions with procedures, and the server before it as a process of its own."""

import os
import re
import shutil
import signal
import ssl
import subprocess
import sys
import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import expect, sync_playwright
from tests.forking import Forked
from tests.small import make_corpus, tiny_settings

from icdbridge import Coder
from icdbridge.knowledge.search import search
from icdbridge.training import train

WORDS = ["dyspnea", "metformin", "infiltrate", "creatinine", "lisinopril", "dialysed"]
KEYS = {
    "icd10": [
        "icd10cm:I50.9",
        "icd10cm:E11.9",
        "icd10cm:J18.9",
        "icd10cm:N17.9",
        "icd10cm:I10",
        "icd10pcs:5A1D70Z",
    ],
    "icd9": ["icd9cm:428.0", "icd9cm:250.00", "icd9cm:486", "icd9cm:584.9", "icd9cm:401.9", "icd9proc:39.95"],
}
expect.set_options(timeout=30_000)  # for a busy machine: nothing waits longer than it has to
NOTE = "Seen today:\n  DYSPNEA at rest (12 34), was given metformin.\nPatient was dialysed and feels well."


@pytest.fixture(scope="session")
def run_path(made_once):
    def make(folder):
        corpora = [
            make_corpus(folder, version, version, 120, seed, dict(zip(keys, WORDS, strict=True)))
            for seed, (version, keys) in enumerate(KEYS.items())
        ]
        changes = ("label_space=6", "learning_rate=0.01", "dropout=0", "patience=40", "warmup_steps=5")
        train(corpora, folder / "tiny", tiny_settings("duallaat-cnn", *changes, epochs=30))

    return made_once("serve", make) / "tiny"


@pytest.fixture(scope="session")
def coder(run_path, shared_cache):
    """With the search index there already: a server in this process that made it would keep requests waiting."""
    search("fever", ["icd10cm"], 1)
    return Coder.load(run_path)


@dataclass
class Served:
    url: str
    log: Path
    process: subprocess.Popen | Forked

    def metrics(self):
        return httpx.get(f"{self.url}/metrics", timeout=60).text


def start_server(run_path, log, *arguments, command=None, whole=True, copied=False, **options):
    """``icdbridge serve`` of a run (None: of the starter) on a free port, or ``command``; it prints into ``log``.

    With ``whole`` it is waited for until its index is there too. ``copied``: in a copy of this process, which has
    imported already what a new one takes seconds for.
    """
    main = "from icdbridge.cli import main; main()"
    line = ["serve", *([] if run_path is None else [str(run_path)]), "--port", "0", *arguments]
    log.touch()
    if copied:
        process = Forked(main, *line, log=log)
    else:
        with log.open("wb") as handle:
            process = subprocess.Popen(
                command or [sys.executable, "-c", main, *line],
                stdout=handle,
                stderr=subprocess.STDOUT,
                env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONUNBUFFERED": "1"},
                **options,
            )
    for _ in range(600):
        if found := re.search(r"at (http://\S+)", log.read_text("utf-8")):
            break
        assert process.poll() is None, log.read_text("utf-8")
        time.sleep(0.1)
    else:
        process.kill()
        raise AssertionError(log.read_text("utf-8"))
    served = Served(found[1], log, process)
    for _ in range(3000 if whole else 0):  # the first server of a session makes the indices
        if httpx.get(f"{served.url}/health/ready", timeout=60).status_code == 200:
            return served
        time.sleep(0.1)
    if not whole:
        return served
    raise AssertionError(log.read_text("utf-8"))


def assert_nothing_of_notes(text):
    """No word that any test puts into a note stands in ``text``, nor the mark of a note's error."""
    found = [word for word in (*WORDS, "qzxsecret", "<script>", "Traceback") if word.lower() in text.lower()]
    assert not found


@pytest.fixture(scope="session")
def served(run_path, tmp_path_factory):
    """One server for all tests; when they are done its log and metrics are searched for words of the notes."""
    server = start_server(run_path, tmp_path_factory.mktemp("served") / "log.txt", copied=True)
    yield server
    metrics = server.metrics()
    server.process.send_signal(signal.SIGTERM)
    server.process.wait(30)
    assert_nothing_of_notes(metrics)
    assert_nothing_of_notes(server.log.read_text("utf-8"))


@pytest.fixture(scope="session", autouse=True)
def one_set_of_certificates():
    """They are read once, not for each client: no server here has any."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ssl, "create_default_context", cache(ssl.create_default_context))
        yield


@pytest.fixture
def client(served):
    with httpx.Client(base_url=served.url, timeout=60) as client:
        yield client


CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
WIDE, NARROW = {"width": 1280, "height": 800}, {"width": 390, "height": 844}


@pytest.fixture(scope="module")  # while it is open an event loop runs, which other tests' loops do not bear
def browser():
    if CHROMIUM is None:
        pytest.skip("needs Chromium in the PATH (Debian: apt-get install chromium)")
    with sync_playwright() as playwright:
        root = ["--no-sandbox"] if os.geteuid() == 0 else []
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--disable-dev-shm-usage", "--disable-gpu", *root]
        )
        yield browser
        browser.close()


def is_trouble(message):
    """Chromium calls an answer that refuses an error too, and the network that a test cuts: the page's business."""
    expected = ("the server responded with a status of 4", "net::ERR_INTERNET_DISCONNECTED")
    return message.type == "error" and not any(text in message.text for text in expected)


@pytest.fixture(scope="module")
def window(browser):
    """A window that all tests of a file use: Chromium takes longer to start a process for another than a test takes."""
    context = browser.new_context(permissions=["clipboard-read", "clipboard-write"])
    context.set_default_timeout(30_000)
    yield context
    context.close()


def as_new(window, url, viewport, scheme):
    """A page of the window as if nobody had been there: nothing kept, no network cut, no requests caught."""
    page, *others = window.pages or [window.new_page()]
    for other in others:
        other.close()
    window.set_offline(False)
    page.unroute_all()
    page.goto(f"{url}/health/live")  # of the same origin, without a script
    page.evaluate("() => { localStorage.clear(); sessionStorage.clear(); }")
    page.set_viewport_size(viewport)
    page.emulate_media(media="screen", color_scheme=scheme)
    return page


@pytest.fixture
def open_desk(window, served):
    """Opens the page; at the end nothing may have failed or gone elsewhere."""
    listening, troubles = [], []

    def open_page(viewport=WIDE, scheme="light"):
        page = as_new(window, served.url, viewport, scheme)
        for event, told in {
            "pageerror": lambda error: troubles.append(str(error)),
            "console": lambda message: troubles.append(message.text) if is_trouble(message) else None,
            "dialog": lambda dialog: troubles.append(f"dialog {dialog.message}"),
            "request": lambda request: None if request.url.startswith((served.url, "data:", "blob:"))
            else troubles.append(request.url),
        }.items():  # fmt: skip
            page.on(event, told)
            listening.append((page, event, told))
        page.goto(served.url)
        expect(page.get_by_label("ICD-10", exact=True)).to_be_checked()
        return page

    yield open_page
    for page, event, told in listening:
        page.remove_listener(event, told)
    assert troubles == []
