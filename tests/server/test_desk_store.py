"""The worklist and its encounters at the desk: saved as decided, kept apart from what others do. In a real browser."""

import signal
import time
from pathlib import Path

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect
from tests.server.conftest import NARROW, WIDE, as_new, assert_nothing_of_notes, start_server
from tests.server.test_desk import found, row

FIRST = "Seen today with DYSPNEA at rest. The patient feels well otherwise."
SECOND = "Was given metformin. Patient was dialysed and feels well."


@pytest.fixture(scope="module")
def served(run_path, tmp_path_factory):
    folder = tmp_path_factory.mktemp("store")
    server = start_server(run_path, folder / "log.txt", "--store", str(folder / "desk.db"), copied=True)
    for number in ("E-1", "E-2", "E-3", "E-4"):
        documents = [
            {"title": title, "text": f"{text} {number}.", "date": date}
            for title, text, date in (("Summary", FIRST, "2025-11-02"), ("Dialysis", SECOND, "2025-11-01"))
        ]
        send(server, number, documents)
    yield server
    server.process.send_signal(signal.SIGTERM)
    server.process.wait(30)
    assert_nothing_of_notes(server.log.read_text("utf-8"))


def send(server, number, documents):
    facts = {"patient": f"P-{number[2:]}", "sex": "female", "setting": "inpatient", "discharge": "2025-11-02"}
    desk = f"{server.url}/v1/desk/encounters"
    answer = httpx.post(desk, json={"number": number, **facts, "documents": documents}, timeout=60)
    assert answer.status_code == 200, answer.text
    for _ in range(600):
        if opened(server, number)["coded"]:
            return
        time.sleep(0.1)
    raise AssertionError(f"{number} was not coded")


def opened(server, number):
    listed = httpx.post(f"{server.url}/v1/desk/worklist", json={"words": number}, timeout=60).json()
    (one,) = listed["encounters"]
    return httpx.get(f"{server.url}/v1/desk/encounters/{one['id']}", timeout=60).json()


@pytest.fixture
def open_list(window, served):
    """Opens the page as a new visitor finds it."""
    troubles = []

    def trouble(error):
        troubles.append(str(error))

    def open_page(viewport=WIDE, scheme="light"):
        page = as_new(window, served.url, viewport, scheme)
        page.on("pageerror", trouble)
        page.goto(served.url)
        return page

    yield open_page
    for page in window.pages:
        page.remove_listener("pageerror", trouble)
    assert troubles == []


def open_encounter(page, number):
    page.get_by_role("button", name=number, exact=True).click()
    expect(page.locator("#bar-number")).to_have_text(number)
    expect(page.locator(".pick").first).to_be_visible()
    expect(page.locator("#reading .speaking").first).to_be_visible()


def decided(server, number):
    return {one["code"]: one["verdict"] for one in opened(server, number)["codes"]}


def test_an_encounter_is_worked_through_by_keys_and_saved_as_it_goes(open_list, served):
    page = open_list()
    rows = page.locator("#encounters tr")
    expect(rows).to_have_count(4)
    page.get_by_role("searchbox", name="Encounter’s or patient’s number").fill("p-1")
    expect(rows).to_have_count(1)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator("#bar-facts")).to_contain_text("P-1 · female · inpatient · discharged 2025-11-02")
    expect(page.locator(":focus")).to_have_class("pick")  # keys act at once
    row(page, "I50.9").locator(".pick").focus()
    page.keyboard.press("a")
    row(page, "E11.9").locator(".pick").click()  # its words are in the other document
    expect(page.locator("#reading")).to_contain_text("Was given metformin")
    expect(page.locator(".here")).to_contain_text("metformin")
    page.keyboard.press("r")
    expect(page.locator("#saved")).to_contain_text("Saved at")
    page.get_by_label("I50.9: present on admission").select_option("Y")
    expect(page.locator("#saved")).to_contain_text("Saved at")
    page.get_by_role("combobox", name="Add a code of ICD-10").fill("Z99.2")
    found(page).filter(has_text="Z99.2").first.click()
    page.locator("#chosen .taken", has_text="Z99.2").locator(".pick-taken").focus()
    page.keyboard.press("f")
    expect(page.locator("#chosen .taken").first).to_contain_text("Z99.2")
    expect(page.locator("#saved")).to_contain_text("Saved at")
    page.reload()
    expect(row(page, "E11.9")).to_have_attribute("data-status", "rejected")
    expect(page.locator("#chosen .taken").first).to_contain_text("Z99.2")
    row(page, "I50.9").locator(".pick").focus()
    page.keyboard.press("c")
    page.locator("#comment-text").fill("Which kind?")
    page.get_by_role("button", name="Save comment").click()
    expect(page.get_by_role("button", name="Comments (1)")).to_be_visible()
    one = opened(served, "E-1")
    assert {code["code"]: (code["verdict"], code["poa"], code["suggested"]) for code in one["codes"]} == {
        "Z99.2": ("accepted", None, False),
        "I50.9": ("accepted", "Y", True),
        "E11.9": ("rejected", None, True),
    }
    assert "DYSPNEA" in " ".join(span["text"] for span in one["codes"][1]["evidence"])
    page.keyboard.press("Control+Enter")
    expect(page.locator("#states [data-state=done]")).to_have_text("done 1")
    assert opened(served, "E-1")["state"] == "done"
    page.locator("#states [data-state=done]").click()
    open_encounter(page, "E-1")
    with page.expect_download() as claim:
        page.get_by_role("button", name="Claim").click()
    assert claim.value.suggested_filename == "E-1.claim.csv"
    assert "ABK:Z992" in Path(claim.value.path()).read_text()


def test_what_another_saved_meanwhile_is_not_overwritten(open_list, served):
    page = open_list()
    open_encounter(page, "E-2")
    one = opened(served, "E-2")
    decisions = [
        {"system": "icd10cm", "code": code, "verdict": verdict}
        for code, verdict in (("I50.9", "rejected"), ("E11.9", "accepted"))
    ]
    other = {"version": one["version"], "decisions": decisions}
    answer = httpx.post(f"{served.url}/v1/desk/encounters/{one['id']}/decisions", json=other, timeout=60)
    assert answer.status_code == 200, answer.text
    row(page, "I50.9").get_by_role("button", name="Accept I50.9").click()
    expect(page.get_by_role("alert")).to_contain_text("your decision on I50.9 was not saved")
    expect(row(page, "I50.9")).to_have_attribute("data-status", "rejected")
    expect(row(page, "E11.9")).to_have_attribute("data-status", "accepted")
    assert decided(served, "E-2") == {"I50.9": "rejected", "E11.9": "accepted"}
    done = {"version": opened(served, "E-2")["version"], "state": "done"}
    assert (
        httpx.patch(f"{served.url}/v1/desk/encounters/{one['id']}", json=done, timeout=60).status_code == 200
    )
    page.set_viewport_size(NARROW)  # where the page scrolls, and what is told stays in sight
    row(page, "E11.9").get_by_role("button", name="Reject E11.9").click()
    expect(page.get_by_role("alert")).to_be_in_viewport()
    expect(page.get_by_role("alert")).to_contain_text("changed its state from in work to done")
    expect(page.get_by_role("alert")).to_contain_text("your last decision was not saved")
    assert decided(served, "E-2") == {"I50.9": "rejected", "E11.9": "accepted"}


def test_without_a_network_a_decision_waits_even_over_a_reload(open_list, served):
    page = open_list()
    open_encounter(page, "E-3")
    page.route("**/decisions", lambda route: route.abort())
    row(page, "I50.9").get_by_role("button", name="Accept I50.9").click()
    expect(page.locator("#saved")).to_contain_text("Not saved yet")
    assert decided(served, "E-3") == {}
    page.reload()
    page.unroute("**/decisions")
    expect(row(page, "I50.9")).to_have_attribute("data-status", "accepted")
    expect(page.locator("#saved")).to_contain_text("Saved at")
    assert decided(served, "E-3") == {"I50.9": "accepted"}
    assert "icdbridge-unsaved" not in page.evaluate("Object.keys(localStorage).join()")
    row(page, "I50.9").locator(".pick").click()
    page.get_by_role("combobox", name="Add a code of ICD-10").fill("Z99.2")
    found(page).filter(has_text="Z99.2").first.click()
    expect(row(page, "Z99.2").locator(".pick")).to_be_focused()
    page.keyboard.press("u")  # the line is gone: the focus goes where the coder was, not to the next line
    expect(row(page, "I50.9").locator(".pick")).to_be_focused()


@pytest.mark.parametrize("viewport", [WIDE, NARROW], ids=["1280", "390"])
def test_wcag_aa_and_no_sideways_scrolling(open_list, viewport):
    page = open_list(viewport, "light" if viewport is WIDE else "dark")

    def check():
        report = Axe().run(
            page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}
        )
        assert report.violations_count == 0, report.generate_report()
        assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]

    expect(page.locator("#encounters tr").first).to_be_visible()
    check()
    open_encounter(page, "E-4")
    check()
    page.get_by_role("link", name="Report").click()
    expect(page.locator("#report h3").first).to_be_visible()
    expect(page.locator("#report")).to_contain_text("local")
    check()


def test_where_there_are_accounts_one_signs_in_with_a_token_and_out(open_list, served):
    account = {"name": "bea", "role": "coder"}
    token = httpx.post(f"{served.url}/v1/desk/users", json=account, timeout=60).json()["token"]
    page = open_list()
    page.get_by_role("textbox", name="Token").fill(token)
    page.get_by_role("button", name="Continue").click()
    expect(page.locator("#me")).to_have_text("bea, coder")
    expect(page.get_by_role("link", name="Report")).to_be_hidden()
    expect(page.locator("#encounters tr").first).to_be_visible()
    assert token not in page.evaluate(
        "JSON.stringify([sessionStorage, localStorage])"
    )  # a session's, which ends
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("textbox", name="Token")).to_be_visible()
