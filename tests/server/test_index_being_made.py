"""A server that was just installed: notes are coded while the index of code names is still being made."""

import os
import signal
import time
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import expect
from tests.server.conftest import start_server
from tests.server.test_desk import code_note


@pytest.fixture(scope="module")
def fresh(run_path, tmp_path_factory):
    """A server whose cache, beside its log, is empty."""
    folder = tmp_path_factory.mktemp("fresh")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ICDBRIDGE_CACHE", str(folder / "cache"))
        server = start_server(run_path, folder / "log.txt", whole=False)
    yield server
    server.process.kill()
    server.process.wait(30)


def until(condition):
    for _ in range(600):
        if found := condition():
            return found
        time.sleep(0.1)
    raise AssertionError("waited in vain")


def children(process):
    """The processes that a process has started and that have not ended."""
    tasks = Path(f"/proc/{process.pid}/task").glob("*/children")
    return [int(child) for task in tasks for child in task.read_text().split()]


@pytest.fixture
def paused(fresh):
    """The server while the making of its index rests."""
    makers = until(lambda: found if len(found := children(fresh.process)) == 2 else None)
    for maker in makers:
        os.kill(maker, signal.SIGSTOP)
    yield fresh
    for maker in makers:
        os.kill(maker, signal.SIGCONT)


def test_the_desk_shows_that_the_index_is_being_made(paused, browser):
    page = browser.new_page()
    page.goto(paused.url)
    code_note(page)
    page.get_by_role("combobox", name="Add a code of ICD-10").press_sequentially("fever")
    expect(page.locator(".found:visible")).to_contain_text("their index is being made")
    page.close()


def test_a_search_says_that_the_index_is_being_made_and_a_stop_ends_that(fresh):
    cache = fresh.log.parent / "cache"
    with httpx.Client(base_url=fresh.url, timeout=60) as client:
        answers = [client.get("/v1/codes?q=fever"), client.post("/v1/codes", json={"q": "fever"})]
        answers.append(client.get("/v1/terminology/ValueSet/$expand?filter=fever"))
        assert {answer.status_code for answer in answers} == {503}
        assert all("their index is being made" in answer.text for answer in answers)
        assert int(answers[0].headers["Retry-After"]) > 0
        note = {"notes": [{"text": "Dyspnea at rest."}], "version": "icd10"}
        assert until(lambda: client.post("/v1/code", json=note).status_code == 200)
        until(lambda: list(cache.glob(".search-*partial*/**/*.sqlite")))
    fresh.process.send_signal(signal.SIGTERM)
    assert fresh.process.wait(60) in (0, -signal.SIGTERM)
    said = fresh.log.read_text("utf-8")
    assert "Traceback" not in said
    assert "error" not in said.lower()
    assert not list(cache.glob(".search-*partial*"))  # nobody goes on making it
