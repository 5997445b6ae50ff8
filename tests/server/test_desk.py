"""The coder's desk in a real browser, over the true server and a trained small model."""

import csv
import json
import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from fhir.resources.R4B.bundle import Bundle
from playwright.sync_api import expect
from tests.server.conftest import NARROW, NOTE, WIDE

from icdbridge.server.limits import NOTE_CHARACTERS


def code_note(page, text=NOTE):
    page.get_by_role("textbox", name="Note").fill(text)
    page.get_by_role("button", name="Suggest codes").click()
    expect(page.locator(".pick").first).to_be_visible()


def row(page, code):
    return page.locator(".code", has=page.locator(".id", has_text=code))


def words(page, code):
    """What stands beside a code: the words of its group and its own."""
    group = page.locator(".group", has=page.locator(".code .id", has_text=code))
    return group.locator(".said, .words")


def found(page):
    return page.locator(".found [role=option]")


def lit(page):
    return " ".join("".join(page.locator(".lit1, .lit2, .lit3").all_text_contents()).split())


def test_codes_stand_in_two_groups_with_their_confidence(open_desk):
    page = open_desk()
    code_note(page)
    diagnoses, procedures = page.locator("[data-kind=diagnosis]"), page.locator("[data-kind=procedure]")
    expect(diagnoses.locator(".id", has_text="I50.9")).to_be_visible()
    expect(procedures.locator(".id", has_text="5A1D70Z")).to_have_count(1)
    assert diagnoses.locator(".id", has_text="5A1D70Z").count() == 0
    assert set(page.locator(".code .band > span").all_text_contents()) <= {"likely", "possible", "unlikely"}
    page.get_by_text("How to read the confidence").click()
    expect(page.locator("#legend-text")).to_contain_text("were right on validation notes")
    expect(page.locator("#note-facts")).to_have_text("16 words")


def test_words_that_the_note_denies_are_marked(open_desk):
    page = open_desk()
    code_note(page, "Denies DYSPNEA at rest. Was given metformin.")
    apart = page.locator(".not-coded .code", has=page.locator(".id", has_text="I50.9"))
    expect(apart.locator(".apart")).to_have_text("denied")
    assert page.locator(".kind .id", has_text="I50.9").count() == 0
    expect(words(page, "I50.9").locator("button", has_text="DYSPNEA").first).to_be_visible()
    assert "metformin" in "".join(words(page, "E11.9").all_text_contents())
    assert row(page, "E11.9").locator("em").count() == 0


def test_choosing_a_code_lights_up_its_evidence_and_words_show_their_codes(open_desk, coder):
    page = open_desk()
    code_note(page)
    found = {one.code: one for one in coder.code(NOTE, "icd10", top=6)}
    row(page, "I50.9").locator(".pick").click()
    for span in found["I50.9"].evidence:
        assert " ".join(span.text.split()) in lit(page)
    assert "DYSPNEA" in lit(page)
    expect(row(page, "I50.9").locator(".why")).to_contain_text("training notes carried this code")
    page.keyboard.press("Escape")
    assert lit(page) == ""
    page.locator(".speaking[role]", has_text="dialysed").first.click()
    expect(page.locator("#spoken")).to_be_visible()
    speaking = set(page.locator(".code.speaks .id").all_text_contents())
    start = NOTE.index("dialysed")
    assert speaking >= {
        one.code for one in found.values() for span in one.evidence if span.start <= start < span.end
    }
    page.get_by_role("button", name="Clear").click()
    assert page.locator(".code.speaks").count() == 0


def test_words_selected_with_the_mouse_show_their_codes(open_desk):
    page = open_desk()
    code_note(page)
    x, y = page.evaluate(
        """() => {
          const part = [...document.querySelectorAll(".speaking")].find(one => one.textContent.includes("DYSPNEA"));
          const range = document.createRange();
          const start = part.textContent.indexOf("DYSPNEA");
          range.setStart(part.firstChild, start);
          range.setEnd(part.firstChild, start + 7);
          const box = range.getBoundingClientRect();
          return [box.x + box.width / 2, box.y + box.height / 2];
        }"""
    )
    page.mouse.dblclick(x, y)
    expect(page.locator("#spoken-text")).to_have_text(re.compile("^“DYSPNEA ?” speaks for .*I50.9"))


def test_accept_reject_add_and_take_away(open_desk, tmp_path):
    page = open_desk()
    code_note(page)
    expect(page.get_by_role("button", name="CSV")).to_be_disabled()
    row(page, "I50.9").get_by_role("button", name="Accept").click()
    row(page, "E11.9").get_by_role("button", name="Reject").click()
    search = page.get_by_role("combobox", name="Add a code of ICD-10")
    search.fill("hemodialysis status")
    found(page).filter(has_text="Z99.2").first.click()
    expect(page.locator("#tally")).to_have_text("1 accepted, 1 added, 1 rejected")
    expect(row(page, "Z99.2")).to_contain_text("added")

    page.get_by_role("button", name="Copy").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.splitlines()[0] == "I50.9\tHeart failure, unspecified"

    saved = {}
    for name in ("CSV", "JSON", "FHIR"):
        with page.expect_download() as download:
            page.get_by_role("button", name=name).click()
        saved[name] = tmp_path / download.value.suggested_filename
        download.value.save_as(saved[name])
    with saved["CSV"].open(encoding="utf-8", newline="") as handle:
        rows = list(csv.DictReader(handle))
    assert [(one["code"], one["status"]) for one in rows] == [("I50.9", "accepted"), ("Z99.2", "added")]
    record = json.loads(saved["JSON"].read_text("utf-8"))
    assert [one["code"] for one in record["codes"]] == ["I50.9", "Z99.2"]
    assert [one["code"] for one in record["rejected"]] == ["E11.9"]
    assert "DYSPNEA" in "".join(NOTE[span["start"] : span["end"]] for span in record["codes"][0]["evidence"])
    bundle = Bundle.model_validate_json(saved["FHIR"].read_bytes())
    assert [entry.resource.code.coding[0].code for entry in bundle.entry] == ["I50.9", "Z99.2"]

    row(page, "Z99.2").get_by_role("button", name="Remove").click()
    row(page, "I50.9").get_by_role("button", name="Accept").click()
    expect(page.locator("#tally")).to_have_text("1 rejected")


def test_the_same_note_in_the_other_version_and_side_by_side(open_desk):
    page = open_desk()
    code_note(page)
    row(page, "I50.9").get_by_role("button", name="Accept").click()
    page.get_by_label("ICD-9", exact=True).check()
    expect(row(page, "428.0")).to_be_visible()
    assert row(page, "I50.9").count() == 0
    expect(page.locator("#tally")).to_have_text("Nothing settled yet")
    page.get_by_label("Side by side").check()
    columns = page.locator(".column")
    expect(columns).to_have_count(2)
    expect(columns.nth(0).locator("h3")).to_have_text("ICD-10")
    expect(columns.nth(1).locator(".id", has_text="428.0")).to_be_visible()
    expect(row(page, "I50.9").get_by_role("button", name="Accept")).to_have_attribute("aria-pressed", "true")
    boxes = [columns.nth(i).bounding_box() for i in (0, 1)]
    assert boxes[0]["y"] == boxes[1]["y"]
    assert boxes[0]["x"] + boxes[0]["width"] <= boxes[1]["x"]


def test_by_keyboard_alone(open_desk):
    page = open_desk()
    keyboard = page.keyboard

    def focus(selector):
        for _ in range(30):
            keyboard.press("Tab")
            if page.evaluate("selector => document.activeElement.matches(selector)", selector):
                return
        raise AssertionError(f"the Tab key does not reach {selector}")

    focus("#text")
    keyboard.insert_text(NOTE)
    keyboard.press("Control+Enter")
    expect(page.locator(".pick").first).to_be_focused()
    codes = page.locator(".code:visible .id").all_text_contents()
    keyboard.press("Enter")
    assert lit(page)
    keyboard.press("ArrowDown")
    expect(row(page, codes[1]).locator(".pick")).to_be_focused()
    expect(row(page, codes[1]).locator(".pick")).to_have_attribute("aria-pressed", "true")
    keyboard.press("a")
    keyboard.press("ArrowUp")
    keyboard.press("r")
    expect(page.locator("#tally")).to_have_text("1 accepted, 1 rejected")
    keyboard.press("/")
    keyboard.type("pulmonary embol")
    expect(found(page).first).to_contain_text(re.compile("embol", re.IGNORECASE))
    keyboard.press("ArrowDown")
    added = page.locator("[role=option][aria-selected=true] .id").text_content()
    keyboard.press("Enter")
    expect(row(page, added).locator(".pick")).to_be_focused()
    expect(page.locator("#tally")).to_have_text("1 accepted, 1 added, 1 rejected")
    with page.expect_download():
        focus("#csv")
        keyboard.press("Enter")
    focus("#versions input")
    keyboard.press("ArrowRight")
    expect(row(page, "428.0")).to_be_visible()
    focus(".speaking")
    keyboard.press("ArrowRight")
    keyboard.press("Enter")
    expect(page.locator("#spoken-text")).to_contain_text("speaks for")
    keyboard.press("Escape")
    expect(page.locator("#spoken")).to_be_hidden()


def test_markup_in_a_note_stays_text(open_desk, coder):
    page = open_desk()
    text = "\U0001fac0 <script>alert(1)</script> <img src=x onerror=alert(2)> DYSPNEA & <b>metformin</b> was dialysed"
    code_note(page, text)
    assert page.locator("#reading").text_content() == text
    assert page.locator("#reading").locator("script, img, b").count() == 0
    row(page, "I50.9").locator(".pick").click()
    (span, *_) = next(one for one in coder.code(text, "icd10", top=6) if one.code == "I50.9").evidence
    assert " ".join(span.text.split()) in lit(page)


def test_a_note_of_100_kb_from_a_file(open_desk, tmp_path):
    page = open_desk()
    text = NOTE + " the patient feels well in clinic" * 3_100
    assert len(text) > 100_000
    (tmp_path / "note.txt").write_text(text, "utf-8")
    page.locator("#file").set_input_files(tmp_path / "note.txt")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".pick").first).to_be_visible()
    assert page.locator("#reading").text_content() == text
    expect(page.locator("#note-facts")).to_contain_text("the first 1,500 read")


def test_codes_asked_for_while_a_file_is_still_read_are_those_of_the_file(open_desk, tmp_path):
    page = open_desk()
    page.evaluate(
        """() => {
          const read = Blob.prototype.arrayBuffer;
          Blob.prototype.arrayBuffer = async function () {
            await new Promise((resolve) => setTimeout(resolve, 500));
            return read.call(this);
          };
        }"""
    )
    (tmp_path / "note.txt").write_text(NOTE, "utf-8")
    page.locator("#file").set_input_files(tmp_path / "note.txt")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".pick").first).to_be_visible()
    assert page.locator("#reading").text_content() == NOTE
    page.get_by_role("button", name="New").click()
    (tmp_path / "latin.txt").write_bytes("caf\u00e9".encode("latin-1"))
    page.locator("#file").set_input_files(tmp_path / "latin.txt")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("alert")).to_contain_text("not UTF-8")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("alert")).to_contain_text("The note is empty")


def test_a_giant_note_is_refused_in_one_line(open_desk):
    page = open_desk()
    page.evaluate("document.querySelector('#text').value = 'dyspnea '.repeat(700_000)")
    page.locator("#code").click()
    expect(page.locator("#problem")).to_contain_text(
        "The note has 5,600,000 characters, more than the 500,000 that are coded at once: cut it up."
    )
    assert f"LONGEST = {NOTE_CHARACTERS:_};" in page.request.get(f"{page.url.split('#')[0]}coding.js").text()


def test_bad_input_is_told_in_words(open_desk, tmp_path):
    page = open_desk()
    page.get_by_role("button", name="Suggest codes").click()
    expect(page.get_by_role("alert")).to_contain_text("The note is empty")
    page.get_by_role("textbox", name="Note").fill("... --- ...")
    page.get_by_role("button", name="Suggest codes").click()
    expect(page.get_by_role("alert")).to_contain_text("has no words: nothing to code")
    (tmp_path / "latin.txt").write_bytes("caf\u00e9".encode("latin-1"))
    page.locator("#file").set_input_files(tmp_path / "latin.txt")
    expect(page.get_by_role("alert")).to_contain_text("not UTF-8")


@pytest.mark.parametrize(
    ("viewport", "scheme"), [(WIDE, "dark"), (NARROW, "light")], ids=["1280-dark", "390-light"]
)
def test_wcag_aa_and_no_sideways_scrolling(open_desk, viewport, scheme):
    page = open_desk(viewport, scheme)

    def check():
        report = Axe().run(
            page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}
        )
        assert report.violations_count == 0, report.generate_report()
        assert "color-contrast" in {rule["id"] for rule in report.response["passes"]}
        assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]

    check()
    code_note(page)
    row(page, "I50.9").locator(".pick").click()
    row(page, "I50.9").get_by_role("button", name="Accept").click()
    row(page, "E11.9").get_by_role("button", name="Reject").click()
    check()
    page.get_by_label("Side by side").check()
    expect(page.locator(".column")).to_have_count(2)
    page.locator(".speaking[role]").first.click()
    search = page.locator(".add input").first
    search.fill("fever")
    expect(found(page).first).to_be_visible()
    at = search.bounding_box()
    if viewport == NARROW:  # the note stays on top, but not over what has the focus
        note = page.locator("#note-pane").bounding_box()
        assert note["y"] + note["height"] <= at["y"]
    check()


def test_where_a_token_is_demanded_the_page_asks_for_it(open_desk, served):
    page = open_desk()
    given = []

    def guarded(route):
        given.append(route.request.headers.get("authorization"))
        if given[-1] == "Bearer right-token":
            route.continue_()
        else:
            route.fulfill(status=401, content_type="application/problem+json", body="{}")

    page.route("**/v1/**", guarded)
    page.reload()
    page.get_by_role("textbox", name="Token").fill("right-token")
    page.get_by_role("button", name="Continue").click()
    code_note(page)
    assert given == [None, *["Bearer right-token"] * 3]  # a session is asked for, which this server has not
    assert "right-token" not in page.url


def chosen(page):
    return page.locator("[role=option][aria-selected=true]")


def test_a_code_is_found_as_typed_and_added_by_keys(open_desk):
    page = open_desk()
    code_note(page)
    search = page.get_by_role("combobox", name="Add a code of ICD-10")
    search.press_sequentially("htn")
    expect(page.locator(".searched")).to_have_text("searched for hypertension")
    expect(found(page).first).to_contain_text("I10")
    search.press("ArrowDown")
    expect(chosen(page)).to_contain_text("I10")
    search.press("Enter")
    expect(row(page, "I10")).to_have_attribute("data-status", "accepted")
    search.press("ArrowDown")  # in the empty box: what was added before
    expect(found(page).first).to_contain_text("I10")
    kept = page.evaluate("localStorage['icdbridge-codes-icd10']")
    assert kept.count("I10") == 1
    assert "DYSPNEA" not in kept


def test_what_a_code_leaves_open_is_specified(open_desk):
    page = open_desk()
    code_note(page)
    search = page.get_by_role("combobox", name="Add a code of ICD-10")
    search.press_sequentially("left hip fx")
    expect(found(page).first).to_contain_text("S72.002A")
    search.press("ArrowDown")
    search.press("ArrowRight")
    expect(chosen(page)).to_contain_text("add this code")
    found(page).filter(has_text="encounter: subsequent").first.click()
    expect(chosen(page)).to_contain_text("S72.002D")
    search.press("Enter")
    expect(row(page, "S72.002D")).to_contain_text("added")


def test_only_the_last_of_quick_searches_is_shown(open_desk):
    page = open_desk()
    code_note(page)
    search = page.get_by_role("combobox", name="Add a code of ICD-10")
    held = []

    def hold(route):
        return held.append(route) if route.request.post_data_json["q"] == "feve" else route.continue_()

    page.route("**/v1/codes", hold)
    search.fill("feve")
    page.wait_for_timeout(400)
    search.fill("gout")
    expect(found(page).first).to_contain_text("M10.9")
    for route in held:
        route.abort()
    expect(found(page).first).to_contain_text("M10.9")


def test_a_misspelling_is_said_and_a_favourite_kept(open_desk):
    page = open_desk()
    code_note(page)
    search = page.get_by_role("combobox", name="Add a code of ICD-10")
    search.fill("pnuemonia")
    expect(page.locator(".searched")).to_contain_text("did you mean pneumonia?")
    search.press("ArrowDown")
    search.press("Shift+Enter")
    search.fill("")
    search.press("ArrowDown")
    expect(found(page).first).to_contain_text("favourite")
    report = Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]})
    assert report.violations_count == 0, report.generate_report()


def test_a_note_unlike_those_of_training_is_said_to_be(open_desk):
    page = open_desk()
    code_note(page, "Colonoscopy showed diverticulosis without haemorrhage or perforation; DYSPNEA")
    expect(page.locator("#caution")).to_contain_text("words are unknown to the run")
    expect(page.locator("#basis")).to_contain_text("measured on the validation notes")
    page.get_by_role("button", name="New").click()
    expect(page.locator("#caution")).to_be_hidden()
    assert page.locator("#setting").is_hidden()  # a run codes as its training notes were coded
