"""Ask: give a picture, say what should be different, watch the answer come."""

import pytest
from PIL import Image

HOSTILE = "make ${7*7} {{value}} <img src=x onerror=document.title='gotcha'> \"it\" שלום 🦆 'blue"


def paste(page, name, size):
    page.evaluate(
        """async ([name, size]) => {
            const canvas = new OffscreenCanvas(size, size);
            canvas.getContext("2d").fillRect(0, 0, 20, 20);
            const blob = await canvas.convertToBlob({ type: "image/png" });
            const clipboardData = new DataTransfer();
            clipboardData.items.add(new File([blob], name, { type: "image/png" }));
            document.body.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true }));
        }""",
        [name, size],
    )
    page.wait_for_selector(f"#mm-picture img[src*='{name}']")


def test_a_picture_brings_sentences_that_suit_it_and_a_click_writes_one(visit, size, photo):
    visitor = visit(size)
    hints = visitor.page.locator(".mm-hints button")
    assert hints.first.inner_text() == "replace the dog with a teapot"
    visitor.give(photo)
    hints.get_by_text("move the picture of 320 pixels").click()
    assert visitor.page.input_value("#mm-text textarea") == "move the picture of 320 pixels"
    assert hints.nth(1).inner_text() == "paint it <b>black</b> ${1+1}"
    visitor.send()
    visitor.wait_for_answer("move the picture of 320 pixels")
    visitor.shoot("ask")


def test_a_picture_can_be_taken_with_the_camera(visit, size):
    visitor = visit(size)
    page = visitor.page
    page.get_by_role("button", name="Capture from camera").click()
    page.get_by_role("button", name="Click to Access Webcam").click()
    page.wait_for_function("document.querySelector('#mm-picture video')?.videoWidth > 0")  # it films
    page.get_by_role("button", name="capture photo").click()
    page.wait_for_selector("#mm-picture img")
    page.locator(".mm-hints button").get_by_text("move the picture of").wait_for()  # it reached the engine
    visitor.write("asked of the camera")
    visitor.send()
    visitor.wait_for_answer("asked of the camera")


def test_the_reference_map_comes_first_and_the_rest_can_be_called_off(visit, served, photo):
    visitor = visit()
    page = visitor.page
    visitor.give(photo)
    visitor.write("make it blue")
    assert page.locator("#mm-cancel").is_hidden()
    served.gate.clear()
    try:
        page.click("#mm-go")
        page.wait_for_selector(".mm-progress[data-step='1']", state="attached")
        assert len(visitor.maps(".mm-reference")) == 1
        assert page.locator(".mm-placeholder").count() == 12
        visitor.shoot("waiting")
        page.click("#mm-cancel")
        page.wait_for_function("document.documentElement.dataset.mmBusy === undefined")
        assert page.locator(".mm-about").first.inner_text() == "Cancelled."
        assert page.locator(".mm-hit, .mm-placeholder").count() == 0
    finally:
        served.gate.set()
    visitor.write("make it blue again")
    visitor.send()
    visitor.wait_for_answer("make it blue again")


def test_a_double_click_asks_once(visit, served, photo):
    visitor = visit()
    visitor.give(photo)
    visitor.write("asked with two clicks")
    visitor.page.dblclick("#mm-go")
    visitor.wait_for_answer("asked with two clicks")
    visitor.write("asked afterwards")
    visitor.send()
    visitor.wait_for_answer("asked afterwards")
    texts = [asked[1] for asked in served.asked if asked[0] == "stream"]
    assert texts.count("asked with two clicks") == 1


def test_a_text_is_shown_as_written_and_never_run(visit, size, photo):
    visitor = visit(size)
    page = visitor.page
    visitor.ask(photo, HOSTILE)
    page.locator(".mm-hit").first.click()
    page.get_by_role("button", name="Why this and not another?").click()
    page.wait_for_selector(".mm-trio")
    assert page.locator(".mm-reference .mm-text").inner_text() == HOSTILE
    assert page.locator(".mm-tool .mm-text").inner_text() == HOSTILE
    assert page.locator(".mm-text img").count() == 0
    assert page.locator(".mm-reference .mm-word").last.inner_text() == "blue"  # offsets hold beyond an emoji
    assert HOSTILE.replace('"', '\\"') in page.locator(".mm-code code").text_content()
    assert page.title() == "mmgrad: search pictures with a photo and a change"
    visitor.shoot("hostile")


@pytest.mark.parametrize("content", [b"", b"\x89PNG\r\n\x1a\nnothing"])
def test_a_bad_picture_is_told_in_a_sentence_and_the_text_stays(visit, content):
    visitor = visit()
    visitor.write("make it blue")
    bad = {"name": "broken.png", "mimeType": "image/png", "buffer": content}
    visitor.page.set_input_files("#mm-picture input[type=file]", bad)
    visitor.page.get_by_text("please give a JPEG, PNG").first.wait_for()
    visitor.page.wait_for_selector("#mm-picture img", state="detached")
    assert visitor.page.input_value("#mm-text textarea") == "make it blue"


def test_what_is_missing_is_told_at_its_field_and_nothing_is_sent(visit, served, photo):
    visitor = visit()
    page = visitor.page
    page.wait_for_selector(".mm-word")
    asked = len(served.asked)
    page.click("#mm-go")
    assert page.locator("#mm-picture .mm-error").inner_text().startswith("There is no picture yet")
    assert page.locator("#mm-picture").get_attribute("aria-invalid") == "true"
    visitor.give(photo)
    page.wait_for_selector("#mm-picture .mm-error", state="detached")
    page.click("#mm-go")
    field = page.locator("#mm-text textarea")
    assert field.get_attribute("aria-invalid") == "true"
    assert page.locator(f"#{field.get_attribute('aria-describedby')}").inner_text().startswith("The text is empty")
    assert page.evaluate("document.activeElement.matches('#mm-text textarea')")
    visitor.shoot("missing")
    visitor.write("make it blue")
    assert page.locator(".mm-error").count() == 0
    assert field.get_attribute("aria-invalid") is None
    assert "mmBusy" not in page.evaluate("Object.keys(document.documentElement.dataset)")
    assert [question for question in served.asked[asked:] if question[0] == "stream"] == []


def test_an_error_leaves_no_pill_beside_the_answer(visit):
    visitor = visit(path="/?picture=upload%3Agone&text=a")
    page = visitor.page
    page.get_by_text("choose it again").first.wait_for()
    assert page.locator("#mm-results .error:visible, #mm-examples .error:visible").count() == 0


def test_an_answer_says_when_it_is_of_another_question(visit, photo, drawn_folder):
    visitor = visit()
    page = visitor.page
    visitor.ask(photo, "make the box blue")
    stale = page.locator(".mm-stale")
    assert stale.is_hidden()
    visitor.write("make the box green")
    assert stale.inner_text().startswith("These results answer “make the box blue”.")
    visitor.write("make the box blue")
    assert stale.is_hidden()
    with page.expect_response(lambda response: "/upload" in response.url):
        page.set_input_files("#mm-picture input[type=file]", drawn_folder / "07.png")
    page.get_by_text("for an earlier picture").wait_for()
    visitor.write("make it green")
    visitor.send()
    visitor.wait_for_answer("make it green")
    assert stale.is_hidden()


def test_a_cancelled_question_leaves_the_old_answer_marked(visit, served, photo):
    visitor = visit()
    page = visitor.page
    visitor.ask(photo, "make the box blue")
    served.gate.clear()
    try:
        served.hold.clear()
        visitor.write("make the box green")
        page.click("#mm-go")
        page.wait_for_selector("#mm-cancel")
        page.click("#mm-cancel")
        page.wait_for_function("document.documentElement.dataset.mmBusy === undefined")
        assert page.locator(".mm-live").text_content() == "Cancelled."
        assert page.locator(".mm-stale").inner_text().startswith("These results answer “make the box blue”")
    finally:
        served.hold.set()
        served.gate.set()


def test_the_page_opens_with_an_answered_example_and_free_fields(visit, size):
    visitor = visit(size)
    page = visitor.page
    visitor.wait_for_answer("make number 0 red")
    assert page.input_value("#mm-text textarea") == ""
    assert page.locator("#mm-picture img").count() == 0
    assert page.evaluate("scrollY") == 0
    assert page.locator(".mm-stale").inner_text().startswith("An example, answered: “make number 0 red”.")
    visitor.shoot("arrival", full=False)
    page.locator(".mm-example").nth(1).click()
    visitor.wait_for_answer("make number 1 red")
    assert page.locator(".mm-stale").is_hidden()


def test_a_picture_can_be_pasted_also_over_another(visit):
    page = visit().page
    paste(page, "first.png", 40)
    paste(page, "second.png", 60)


def test_some_picture_of_the_gallery_can_be_tried(visit):
    page = visit().page
    page.get_by_role("button", name="Use a random gallery picture").click()
    page.wait_for_selector("#mm-picture img")


def test_the_balance_of_image_and_text_and_leaving_out_copies_reach_the_engine(visit, size, served, photo):
    visitor = visit(size)
    page = visitor.page
    page.get_by_role("button", name="Options").click()
    page.get_by_label("Hide copies").check()
    page.locator("#mm-more input[type=number]").fill("0.5")
    visitor.ask(photo, "balance them")
    assert ("stream", "balance them", 12, 0.5, True) in served.asked
    assert page.get_by_text("One copy of your picture is hidden.").is_visible()
    visitor.shoot("balance")


def test_a_picture_that_browsers_do_not_show_gets_a_preview(visit, photo, tmp_path):
    Image.open(photo).save(tmp_path / "scan.tif")
    visitor = visit()
    visitor.give(tmp_path / "scan.tif")
    shown = "document.querySelector('#mm-picture img')?.naturalWidth"
    visitor.page.wait_for_function(f"{shown} > 0")
    assert visitor.page.evaluate(shown) == 320
    visitor.write("make it blue")
    visitor.send()
    visitor.wait_for_answer("make it blue")


def test_what_was_not_understood_is_told_with_the_answer(visit, served, photo, monkeypatch):
    monkeypatch.setattr(served.model.encoder, "tokenizer", WholeWords(), raising=False)
    visitor = visit()
    visitor.ask(photo, "supprime le chien")
    notes = visitor.page.locator(".mm-text-notes")
    assert notes.inner_text() == "This looks like French; the model reads English only."
    visitor.write("remove the dog")
    visitor.send()
    visitor.wait_for_answer("remove the dog")
    assert notes.is_hidden()


class WholeWords:
    """A tokenizer of a small vocabulary that holds every word."""

    def __len__(self):
        return 30_000

    def tokenize(self, word):
        return [word]
