"""Take it away: files, the link, the lines of Python."""

import json
import re
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest


@pytest.mark.parametrize(
    ("label", "name", "start"),
    [
        ("Figure (PNG)", "mmgrad.png", b"\x89PNG"),
        ("Figure (PDF)", "mmgrad.pdf", b"%PDF"),
        ("Numbers (JSON)", "mmgrad.json", b"{"),
        ("Raw maps (.npz)", "mmgrad.npz", b"PK"),
    ],
)
def test_a_file_is_saved(visit, label, name, start):
    visitor = visit()
    visitor.page.locator(".mm-example").first.click()
    visitor.wait_for_answer("make number 0 red")
    with visitor.page.expect_download() as saved:
        visitor.page.get_by_role("button", name=label).click()
    content = saved.value.path().read_bytes()
    assert saved.value.suggested_filename == name
    assert content.startswith(start)
    if name.endswith("json"):
        assert json.loads(content)["text"] == "make number 0 red"
    visitor.page.get_by_text(f"{name} is saved.").wait_for()


def test_the_view_that_is_chosen_is_saved_as_a_picture(visit):
    visitor = visit()
    page = visitor.page
    page.locator(".mm-example").first.click()
    visitor.wait_for_answer("make number 0 red")

    def saved() -> bytes:
        with page.expect_download() as download:
            page.get_by_role("button", name="This view (PNG)").click()
        return download.value.path().read_bytes()

    whole = saved()
    assert whole.startswith(b"\x89PNG")
    page.locator(".mm-reference .mm-word").nth(1).click()
    word = saved()
    page.check(".mm-modes input[value=contour]", force=True)
    assert len({whole, word, saved()}) == 3


def test_a_link_opens_the_same_question_in_another_window(visit, size, address, served, photo):
    first = visit(size, permissions=["clipboard-read", "clipboard-write"])
    first.ask(photo, 'what "is" this & that?')
    first.page.get_by_role("button", name="Copy link").click()
    first.page.get_by_text("Your picture stays on this server for at most an hour").wait_for()
    link = first.page.evaluate("navigator.clipboard.readText()")
    assert parse_qs(urlsplit(link).query)["text"] == ['what "is" this & that?']
    first.shoot("take")
    second = visit(size, path=link.removeprefix(address))
    second.wait_for_answer('what "is" this & that?')
    assert second.page.input_value("#mm-text textarea") == 'what "is" this & that?'
    assert second.maps() == first.maps()


def test_a_link_carries_the_settings(visit, served):
    link = {"picture": "gallery:05.png", "text": "as the link says", "text_weight": "0.5", "exclude_duplicates": "1"}
    visitor = visit(path="/?" + urlencode(link))
    visitor.wait_for_answer("as the link says")
    assert ("stream", "as the link says", 12, 0.5, True) in served.asked
    assert visitor.page.locator(".mm-code code").text_content().splitlines()[4] == (
        'explanation = engine.explain(engine.gallery.folder / "05.png", "as the link says", top_k=12, text_weight=0.5, '
        "exclude_duplicates=True)"
    )


@pytest.mark.parametrize(
    "link",
    [
        {"picture": "upload:gone", "text": "<img src=x onerror=alert(1)>"},
        {"picture": "/etc/passwd", "text": "a"},
        {"picture": "gallery:05.png", "text": "a", "text_weight": "much"},
    ],
)
def test_a_broken_link_is_told_in_a_sentence(visit, link):
    page = visit(path="/?" + urlencode(link)).page
    page.get_by_text(re.compile("please (ask|choose it) again")).first.wait_for()
    assert page.locator(".mm-answer").is_hidden()


def test_the_lines_of_python_can_be_run_and_copied(visit, photo):
    visitor = visit(permissions=["clipboard-read", "clipboard-write"])
    visitor.ask(photo, 'a "quoted" \\ text\twith 🦆')
    visitor.page.locator(".mm-code summary").click()
    visitor.page.locator(".mm-code").get_by_role("button", name="Copy").click()
    visitor.page.get_by_text("Copied.").wait_for()
    copied = visitor.page.evaluate("navigator.clipboard.readText()")
    compile(copied, "copied", "exec")
    call = copied.splitlines()[4].removeprefix("explanation = ")
    given = []
    engine = type("EncodedQuery", (), {"explain": lambda self, *all_, **options: given.append((all_, options))})()
    eval(call, {"engine": engine})
    assert given == [(("your-picture.png", 'a "quoted" \\ text\twith 🦆'), {"top_k": 12})]
