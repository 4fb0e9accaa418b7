"""Once over the shipped model and gallery: the whole way, with every closer question."""

import json

import pytest

pytestmark = pytest.mark.slow
TEXT = "swap the marker for a red wrench"


@pytest.fixture(scope="module")
def shipped(serve, engine, tmp_path_factory):
    record = engine.gallery.records[engine.gallery.positions["00/0004-0.webp"]]
    entry = {"id": "a", "image": str(record.path), "text": TEXT, "edit": "replace", "look_at": "The thing."}
    folder = tmp_path_factory.mktemp("shipped")
    (folder / "examples.json").write_text(json.dumps([entry]))
    with serve({engine.name: engine}, folder) as local:
        yield local


@pytest.mark.parametrize("size", ["desktop", "phone"])
def test_a_visitor_asks_the_shipped_model_and_all_the_closer_questions(visit, shipped, engine, size):
    visitor = visit(size, server=shipped)
    page = visitor.page
    page.locator(".mm-example").click()
    visitor.wait_for_answer(TEXT)
    shown = min(12, len(engine.gallery))
    assert page.locator(".mm-hit").count() == shown
    assert page.locator(".mm-reference .mm-word").all_inner_texts() == TEXT.split()
    told = page.locator(".mm-columns .mm-none:visible").count()
    assert len(visitor.maps()) + told == 1 + shown
    visitor.shoot("shipped")
    if size == "phone":
        return
    page.wait_for_function("!document.querySelector('.mm-hints').textContent.includes('the dog with a teapot')")
    page.locator(".mm-reference .mm-fit").click()
    page.wait_for_function("/result/.test(document.querySelector('.mm-probe').textContent)")
    for number, inside in enumerate([".mm-trio", ".mm-pair"]):
        visitor.open_tool(number).locator(inside).wait_for()
        visitor.shoot(f"shipped-{inside[4:]}")
    check = visitor.open_tool(2)
    check.get_by_role("button", name="Hide and rank again").click()
    check.locator(".mm-cards").wait_for()
    visitor.shoot("shipped-check")
    page.locator(".mm-hit").first.click()
    assert page.locator(".mm-dialog dd").nth(2).inner_text() in engine.gallery.positions
    page.get_by_role("button", name="Use as next reference").click()
    page.wait_for_selector(".mm-dialog", state="hidden")
    visitor.write("make it blue")
    visitor.send()
    visitor.wait_for_answer("make it blue")
    assert page.locator(".mm-history button").count() == 2
