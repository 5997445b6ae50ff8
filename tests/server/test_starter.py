"""The server without a run: the starter over HTTP, and the coder's desk with it."""

import json
import signal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect
from tests.server.conftest import NARROW, WIDE, start_server

from icdbridge import Coder
from icdbridge.starter.examples import EXAMPLES, example

FAMILY = "Community acquired pneumonia. Denies chest pain. Father had colon cancer."


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    server = start_server(None, tmp_path_factory.mktemp("starter") / "log.txt", copied=True)
    yield server
    server.process.send_signal(signal.SIGTERM)
    server.process.wait(30)
    log = server.log.read_text("utf-8").lower()
    assert not [word for word in ("pneumonia", "chest pain", "penicillin", "traceback") if word in log]


def code(client, text, **options):
    answer = client.post("/v1/code", json={"notes": [{"text": text}], **options})
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.mark.parametrize("name", EXAMPLES)
def test_what_the_starter_finds_is_answered_whole(client, name):
    text = client.get(f"/examples/{name}").text
    assert text == example(name)
    (note,) = code(client, text, top=40)["notes"]
    found = Coder.load().code(text, top=40)
    assert [one["code"] for one in note["suggestions"]] == [one.code for one in found]
    assert [one["reason"] for one in note["suggestions"]] == [one.reason for one in found]
    given = [[other["code"] for other in one["alternatives"]] for one in note["suggestions"]]
    assert given == [[other.code for other in one.alternatives] for one in found]
    assert any(given)
    assert not note["cut"]


def test_of_codes_that_exclude_each_other_one_is_predicted_and_a_companion_is_shown(client):
    (note,) = code(client, "INR 8.1, elevated INR. Factor V Leiden.")["notes"]
    assert {one["code"]: one["predicted"] for one in note["suggestions"]} == {"D68.51": True, "R79.1": False}
    (note,) = code(client, "COPD. Cough, tired. Smokes.", top=2)["notes"]
    assert [one["code"] for one in note["suggestions"]] == ["J44.9", "F17.200"]
    assert note["suggestions"][1]["reason"].startswith("goes with J44.9")


def test_the_version_need_not_be_said_and_may_be(client):
    assert code(client, FAMILY)["version"] == "icd10"
    (note,) = code(client, FAMILY, version="icd9")["notes"]
    assert "486" in [one["code"] for one in note["suggestions"]]
    (model,) = client.get("/v1/models").json()["models"]
    assert model["name"] == "starter"
    assert model["default_version"] == "icd10"
    assert model["measured"] is True
    assert model["settings"] == ["inpatient", "outpatient"]
    assert "measured on" in model["basis"]


def test_a_setting_decides_on_uncertain_diagnoses(client):
    text = "Cough and fever for three days. Probable pneumonia."
    predicted = {
        setting: [
            one["code"]
            for one in code(client, text, setting=setting)["notes"][0]["suggestions"]
            if one["predicted"]
        ]
        for setting in ("inpatient", "outpatient")
    }
    assert "J18.9" in predicted["inpatient"]
    assert "J18.9" not in predicted["outpatient"]
    assert client.post("/v1/code", json={"notes": [{"text": text}], "setting": "home"}).status_code == 422


def test_a_note_in_another_language_is_refused_with_the_reason(client):
    text = (
        "Paciente de 72 años con fiebre y tos. El diagnóstico fue neumonía de la comunidad en el lóbulo inferior. "
        "La paciente no tiene dolor en el pecho y se va de alta con antibióticos por siete días en su casa."
    )
    answer = client.post("/v1/code", json={"notes": [{"text": text}]})
    assert answer.status_code == 422
    assert "Spanish" in answer.json()["errors"][0]["message"]
    assert "neumon" not in answer.text


def try_example(page):
    page.get_by_role("button", name="Try an example").click()
    expect(page.locator(".pick").first).to_be_visible()


def row(page, code):
    return page.locator(".code", has=page.locator(".id", has_text=code))


def group(page, code):
    return page.locator(".group", has=page.locator(".pick .id", has_text=code))


def test_an_example_is_coded_by_one_click_with_its_words_shown(open_desk):
    page = open_desk()
    try_example(page)
    assert page.locator("#reading").text_content() == example("discharge")
    expect(group(page, "J18.9").locator(".said button").first).to_be_visible()  # nothing was chosen
    assert "pneumonia" in group(page, "J18.9").locator(".said").text_content().lower()
    for made in page.locator(".kind .likely .group").all():
        assert made.locator(".said button").count()
    expect(row(page, "E11.22").locator(".reason")).to_contain_text("diabetes")
    expect(page.locator("#basis")).to_contain_text("measured on")
    page.get_by_text("How to read the confidence").click()
    expect(page.locator("#legend-text")).to_contain_text("half of them, or more")
    row(page, "J18.9").locator(".pick").click()
    expect(row(page, "J18.9").locator(".facts")).to_contain_text("Expected to be right")
    page.get_by_role("button", name="New").click()
    try_example(page)
    assert page.locator("#reading").text_content() == example("clinic")


def test_what_the_note_denies_stands_apart_and_is_not_called_likely(open_desk):
    page = open_desk()
    try_example(page)
    apart = page.locator(".not-coded")
    expect(apart.locator("h4")).to_contain_text("Not coded")
    for code, why in (("I26.99", "denied"), ("I10", "replaced"), ("R06.02", "explained")):
        expect(apart.locator(".code", has_text=code).locator(".apart")).to_have_text(why)
        assert page.locator(".kind .id", has_text=code).count() == 0
    assert apart.locator(".band").count() == 0
    assert page.locator(".kind .doubt").count() == 0


def test_a_line_is_specified_in_its_place(open_desk, tmp_path):
    page = open_desk()
    try_example(page)
    places = page.locator(".kind .id").all_text_contents()
    at = places.index("J18.9")
    row(page, "J18.9").get_by_text("specify").click()
    other = row(page, "J18.9").locator(".others li button", has_text="J13")
    other.click()
    expect(row(page, "J13").first).to_have_attribute("data-status", "accepted")
    assert page.locator(".kind .id").all_text_contents()[at] == "J13"
    expect(row(page, "J13").first.locator(".facts")).to_have_text("Chosen by you instead of J18.9.")
    expect(page.locator("#tally")).to_have_text("1 accepted")
    with page.expect_download() as download:
        page.get_by_role("button", name="JSON").click()
    download.value.save_as(tmp_path / "codes.json")
    (record,) = json.loads((tmp_path / "codes.json").read_text("utf-8"))["codes"]
    assert record["code"] == "J13"
    assert record["probability"] is None  # which was another code's
    assert record["evidence"]


def test_specifying_by_keys(open_desk):
    page = open_desk()
    try_example(page)
    page.locator(".pick").first.focus()
    row(page, "J18.9").locator(".pick").click()
    page.keyboard.press("s")
    choices = row(page, "J18.9").locator(".others li button")
    expect(choices.first).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(choices.nth(1)).to_be_focused()
    page.keyboard.press("Escape")
    expect(row(page, "J18.9").locator(".pick")).to_be_focused()
    page.keyboard.press("s")
    chosen = choices.first.locator(".id").text_content()
    page.keyboard.press("Enter")
    expect(page.locator(f'[data-key="icd10cm:{chosen}"] .pick')).to_be_focused()


def test_the_setting_is_chosen_on_the_page(open_desk):
    page = open_desk()
    page.get_by_role("textbox", name="Note").fill("Cough and fever for three days. Probable pneumonia.")
    page.locator("#setting").select_option("inpatient")
    page.get_by_role("button", name="Suggest codes").click()
    expect(page.locator(".kind .code", has_text="J18.9")).to_be_visible()
    page.locator("#setting").select_option("outpatient")
    expect(page.locator(".not-coded .code", has_text="J18.9").locator(".apart")).to_have_text("uncertain")


@pytest.mark.parametrize(
    ("viewport", "scheme"), [(WIDE, "dark"), (NARROW, "light")], ids=["1280-dark", "390-light"]
)
def test_wcag_aa_and_no_sideways_scrolling(open_desk, viewport, scheme):
    page = open_desk(viewport, scheme)
    try_example(page)
    row(page, "J18.9").get_by_text("specify").click()
    row(page, "J44.1").locator(".pick").click()
    assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]
    page.locator(".not-coded").scroll_into_view_if_needed()
    page.locator(".said button").first.click()
    report = Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]})
    assert report.violations_count == 0, report.generate_report()
