"""Working at the desk: marks, jumps, undo, the rules beside the chosen codes, drafts, print. In a real browser."""

import json

from playwright.sync_api import expect
from tests.server.conftest import NOTE
from tests.server.test_desk import code_note, found, row, words


def accept(page, code):
    row(page, code).get_by_role("button", name=f"Accept {code}").click()


def add(page, text, code):
    page.get_by_role("combobox", name="Add a code of ICD-10").fill(text)
    found(page).filter(has_text=code).first.click()
    expect(row(page, code)).to_have_attribute("data-status", "accepted")


def exported(page, path):
    with page.expect_download() as download:
        page.get_by_role("button", name="JSON").click()
    download.value.save_as(path)
    return json.loads(path.read_text("utf-8"))["codes"]


def here(page):
    return "".join(page.locator(".here").all_text_contents())


def test_the_rules_speak_beside_the_chosen_codes_as_they_change(open_desk):
    page = open_desk()
    code_note(page)
    accept(page, "E11.9")
    expect(page.locator("#checked")).to_have_text("1 note")
    add(page, "E10.9", "E10.9")
    expect(page.locator("#checked")).to_contain_text("1 error")
    expect(page.locator("#wrong .finding.error")).to_contain_text("Excludes1")
    expect(row(page, "E11.9").locator(".wrong")).to_be_visible()
    page.locator("#chosen .taken", has_text="E10.9").get_by_role("button", name="Take out E10.9").click()
    expect(page.locator("#wrong .finding.error")).to_have_count(0)
    expect(row(page, "E11.9").locator(".wrong")).to_be_hidden()
    page.locator("#age").fill("2")
    page.locator("#sex").select_option("female")
    page.locator("#date").fill("2014-01-01")
    page.locator("#date").press("Tab")
    expect(page.locator("#wrong .finding.error").first).to_contain_text("2015-10-01")


def test_order_principal_and_present_on_admission(open_desk, tmp_path):
    page = open_desk()
    code_note(page)
    accept(page, "I50.9")
    accept(page, "E11.9")
    taken = page.locator("#chosen .taken")
    expect(taken.first).to_contain_text("PDx")
    taken.nth(1).locator(".pick-taken").focus()
    page.keyboard.press("f")
    expect(taken.first).to_contain_text("E11.9")
    expect(taken.first.locator(".pick-taken")).to_be_focused()
    page.get_by_label("I50.9: present on admission").select_option("N")
    codes = exported(page, tmp_path / "codes.json")
    assert [(one["code"], one["poa"]) for one in codes] == [("E11.9", None), ("I50.9", "N")]
    taken.first.locator(".pick-taken").focus()
    page.keyboard.press("Delete")
    expect(taken).to_have_count(1)
    for _ in range(2):
        page.get_by_role("button", name="Undo").click()
    expect(taken.first).to_contain_text("E11.9")
    expect(page.get_by_label("I50.9: present on admission")).to_have_value("")


def test_other_words_are_marked_for_a_code_by_keys_and_taken_back(open_desk, tmp_path):
    page = open_desk()
    text = "\U0001fac0 " + NOTE  # a character of two UTF-16 units before the words
    code_note(page, text)
    row(page, "I50.9").locator(".pick").click()
    page.keyboard.press("1")
    page.keyboard.press("Control+ArrowRight")
    while page.locator("#spoken-text").text_content().split("”")[0] != "“feels":
        page.keyboard.press("Control+ArrowRight")
    page.keyboard.press("Shift+ArrowRight")
    expect(page.locator("#spoken-text")).to_contain_text("“feels well.” speaks for none")
    page.keyboard.press("m")
    expect(words(page, "I50.9").locator(".chip.marked")).to_have_text("feels well.")
    expect(page.locator("#reading :focus")).to_have_count(1)  # keys go on acting
    (code,) = exported(page, tmp_path / "codes.json")
    (mark,) = [span for span in code["evidence"] if span["marked"]]
    assert text[mark["start"] : mark["end"]] == "feels well."
    row(page, "I50.9").locator(".pick").focus()
    page.keyboard.press("u")
    expect(page.locator(".chip.marked")).to_have_count(0)
    expect(page.locator("#tally")).to_have_text("Nothing settled yet")


def test_a_code_is_found_for_selected_words_and_keeps_them(open_desk):
    page = open_desk()
    code_note(page)
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.locator(".speaking", has_text="dialysed").first.click()
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("f")
    expect(page.get_by_role("combobox", name="Add a code of ICD-10")).to_have_value("dialysed and feels")
    page.get_by_role("combobox", name="Add a code of ICD-10").fill("Z99.2")
    found(page).filter(has_text="Z99.2").first.click()
    expect(words(page, "Z99.2").locator(".chip.marked")).to_have_text("dialysed and feels")
    assert any(url.endswith("/v1/codes") for url in asked)
    assert not [url for url in asked if "dialysed" in url]


def test_from_word_to_word_of_a_code(open_desk):
    page = open_desk()
    code_note(page, "DYSPNEA today.\n" + "Nothing else is said here.\n" * 250 + "DYSPNEA again.")
    row(page, "I50.9").locator(".pick").click()
    page.keyboard.press("n")
    expect(page.locator("#live")).to_contain_text("of 2")
    seen = set()
    for _ in range(2):
        page.keyboard.press("n")
        assert "DYSPNEA" in here(page)
        seen.add(page.locator("#live").text_content())
        expect(page.locator(".here").first).to_be_in_viewport()  # what the pane cuts off is not
    assert len(seen) == 2
    assert page.locator("#reading .block").count() > 1  # what is out of sight is not laid out


def test_nothing_is_lost_by_a_reload_a_closed_tab_or_new(open_desk):
    page = open_desk()
    code_note(page)
    accept(page, "I50.9")
    page.locator("#age").fill("67")
    page.locator("#age").press("Tab")
    expect(page.locator("#draft")).to_contain_text("kept in this browser")
    page.reload()
    expect(row(page, "I50.9")).to_have_attribute("data-status", "accepted")
    expect(page.locator("#draft")).to_contain_text("restored")
    expect(page.locator("#age")).to_have_value("67")
    assert page.locator("#reading").text_content() == NOTE
    other = page.context.new_page()
    other.goto(page.url)
    expect(other.get_by_label("ICD-10", exact=True)).to_be_checked()
    expect(other.locator("#left")).to_be_hidden()  # the draft's own tab is open
    page.close()
    other.reload()
    other.get_by_role("button", name="Go on").click()
    expect(row(other, "I50.9")).to_have_attribute("data-status", "accepted")
    other.get_by_role("button", name="New").click()
    expect(other.locator(".code")).to_have_count(0)
    expect(other.locator("#draft")).to_be_empty()
    assert "DYSPNEA" not in other.evaluate("JSON.stringify(localStorage)")
    other.get_by_role("button", name="Undo").click()
    expect(row(other, "I50.9")).to_have_attribute("data-status", "accepted")
    expect(other.locator("#draft")).to_contain_text("kept in this browser")
    assert "DYSPNEA" in other.evaluate("JSON.stringify(localStorage)")


def test_without_a_network_it_is_tried_again(open_desk):
    page = open_desk()
    page.get_by_role("textbox", name="Note").fill(NOTE)
    page.context.set_offline(True)
    page.get_by_role("button", name="Suggest codes").click()
    expect(page.get_by_role("alert")).to_contain_text("Nothing is lost")
    page.context.set_offline(False)
    expect(page.locator(".pick").first).to_be_visible()
    expect(page.get_by_role("alert")).to_be_hidden()
    page.context.set_offline(True)
    accept(page, "I50.9")
    expect(page.locator("#checked")).to_contain_text("Not checked")
    pane, last = (page.locator(one).bounding_box() for one in ("#chosen-pane", "#print"))
    assert last["x"] + last["width"] <= pane["x"] + pane["width"]  # a long message pushes no button out
    page.context.set_offline(False)
    expect(page.locator("#checked")).not_to_contain_text("Not checked")


def test_an_edited_note_keeps_what_was_decided(open_desk):
    page = open_desk()
    code_note(page)
    accept(page, "I50.9")
    page.get_by_role("button", name="Edit").click()
    code_note(page, "First of all: " + NOTE)
    expect(row(page, "I50.9")).to_have_attribute("data-status", "accepted")
    row(page, "I50.9").locator(".pick").click()
    assert "DYSPNEA" in here(page)


def test_what_is_printed_is_the_codes_and_their_words(open_desk):
    page = open_desk()
    code_note(page)
    accept(page, "I50.9")
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    sheet = page.locator("#sheet")
    expect(sheet).to_be_visible()
    expect(sheet.locator("tbody tr")).to_have_count(1)
    expect(sheet).to_contain_text("DYSPNEA")
    assert "Patient was dialysed" not in sheet.text_content()
    assert page.locator("main").is_hidden()
