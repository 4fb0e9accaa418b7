"""Several galleries: choose one, and every way on keeps to it; what their metadata says is text."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

EXAMPLE = {"id": "0", "text": "make number 0 red", "edit": "recolor", "look_at": "The thing number 0."}


@pytest.fixture(scope="module")
def two(
    serve: Callable[..., Any],
    make_engine: Callable[[], Any],
    make_other: Callable[[], Any],
    drawn_folder: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("examples")
    (folder / "examples.json").write_text(json.dumps([EXAMPLE | {"image": str(drawn_folder / "00.png")}]))
    engines = {"drawn": make_engine(), "others": make_other()}
    with serve(engines, folder) as local:
        yield local


def test_a_gallery_is_chosen_by_keyboard_and_every_way_on_keeps_to_it(visit, two, size, photo):
    visitor = visit(size, server=two, permissions=["clipboard-read", "clipboard-write"])
    page = visitor.page
    chooser, hits = page.get_by_label("Search in"), page.locator(".mm-hit")
    assert chooser.locator("option").all_inner_texts() == ["drawn (14 pictures)", "others (5 pictures)"]
    assert chooser.input_value() == "drawn"
    chooser.focus()
    page.keyboard.press("ArrowDown")
    assert chooser.input_value() == "others"
    visitor.ask(photo, "make the box blue")
    assert hits.count() == 5
    page.get_by_role("heading", name="Best matches in “others”").wait_for()
    assert visitor.sideways() <= 0
    visitor.shoot("galleries")

    page.get_by_role("button", name="Copy link").click()
    page.get_by_text("Link copied").wait_for()
    link = page.evaluate("navigator.clipboard.readText()")
    assert parse_qs(urlsplit(link).query)["gallery"] == ["others"]
    again = visit(size, server=two, path=link.removeprefix(two))
    again.wait_for_answer("make the box blue")
    assert again.page.get_by_label("Search in").input_value() == "others"
    assert again.maps() == visitor.maps()

    hits.nth(1).click()
    page.get_by_role("button", name="Use as next reference").click()
    page.wait_for_selector("#mm-picture img[src*='01.png']")
    chooser.select_option("drawn")
    visitor.write("put it on the beach")
    visitor.send()
    visitor.wait_for_answer("put it on the beach")
    assert hits.count() == 12
    assert page.locator(".mm-rank-change").count() == 0
    load, call = page.locator(".mm-code code").text_content().splitlines()[3:5]
    assert load.startswith('engine = mmgrad.load(gallery="drawn')
    assert call == (
        'explanation = engine.explain("01.png", "put it on the beach", top_k=12)  # a picture of the gallery "others"'
    )
    steps = page.locator(".mm-history button")
    assert steps.all_inner_texts() == ["make the box blue · others", "put it on the beach · drawn"]
    steps.first.click()
    visitor.wait_for_answer("make the box blue")
    page.wait_for_function("document.querySelector('#mm-gallery select').value === 'others'")

    page.locator(".mm-example").click()
    visitor.wait_for_answer(EXAMPLE["text"])
    assert hits.count() == 5
    assert page.locator(".mm-look-at").is_hidden()
    chooser.select_option("drawn")
    page.locator(".mm-example").click()
    page.get_by_role("heading", name="Best matches in “drawn”").wait_for()
    visitor.wait_for_answer(EXAMPLE["text"])
    assert hits.count() == 12
    assert page.locator(".mm-look-at").inner_text() == EXAMPLE["look_at"]


def test_what_metadata_says_is_shown_as_it_was_written(visit, two, size, photo, markup):
    visitor = visit(size, server=two)
    page = visitor.page
    page.on("dialog", lambda dialog: pytest.fail(f"metadata ran: {dialog.message}"))
    page.get_by_label("Search in").select_option("others")
    visitor.ask(photo, "make the box blue")
    hit = page.locator(".mm-hit").first
    assert hit.locator(".mm-title").text_content() == markup
    assert hit.get_attribute("title") == f"{markup} · <b>CC BY</b>"
    hit.click()
    dialog = page.locator(".mm-dialog")
    assert dialog.locator("h2").text_content() == markup
    assert dialog.locator("dt").all_inner_texts() == ["Rank", "Match score", "Picture", "Gallery", "License"]
    assert dialog.locator("dd").all_inner_texts()[2:] == ["00.png", "others", "<b>CC BY</b>"]
    assert dialog.locator("a, dd b, h2 img").count() == 0
    assert page.evaluate("document.querySelector('.mm-dialog').scrollWidth <= innerWidth")
    visitor.shoot("metadata-of-others", full=False)
    page.keyboard.press("Escape")

    page.get_by_label("Search in").select_option("drawn")
    visitor.send()
    page.get_by_role("heading", name="Best matches in “drawn”").wait_for()
    visitor.wait_for_answer("make the box blue")
    page.locator(".mm-hit").first.click()
    link = dialog.locator("dd a")
    assert {name: link.get_attribute(name) for name in ("href", "rel", "target")} == {
        "href": "https://example.org/a",
        "rel": "noopener noreferrer",
        "target": "_blank",
    }
    assert dialog.locator("dd").all_inner_texts()[4:] == ["GPL-3.0-or-later", "https://example.org/a"]
    visitor.shoot("metadata", full=False)
