"""For everyone: no sideways scroll at any width, no serious barrier, and all of it by keyboard."""

import pytest

axe = pytest.importorskip("axe_playwright_python.sync_playwright")

OPEN_ALL = "document.querySelectorAll('details').forEach((each) => (each.open = true))"


def barriers(page) -> list[str]:
    """What axe-core calls serious or critical: the rule and where it is broken."""
    answer = axe.Axe().run(page).response
    assert answer["passes"]  # it ran
    return [
        f"{rule['id']}: {node['target']} {node['failureSummary']}"
        for rule in answer["violations"]
        if rule["impact"] in {"serious", "critical"}
        for node in rule["nodes"]
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_serious_barrier_in_an_answer(visit, photo, scheme):
    visitor = visit(scheme=scheme)
    page = visitor.page
    page.get_by_role("button", name="Options").click()
    page.get_by_label("Hide copies").wait_for()
    assert barriers(page) == []
    visitor.ask(photo, "make the box blue")
    page.locator(".mm-reference .mm-word").first.click()
    visitor.open_tool(0).locator(".mm-trio").wait_for()
    assert barriers(page) == []
    visitor.open_tool(1).locator(".mm-pair").wait_for()
    assert barriers(page) == []
    check = visitor.open_tool(2)
    check.get_by_role("button", name="Hide and rank again").click()
    check.locator(".mm-cards").wait_for()
    assert barriers(page) == []
    page.locator(".mm-hit").first.click()
    assert barriers(page) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_serious_barrier_in_the_method(visit, scheme):
    page = visit(path="/method", scheme=scheme).page
    page.wait_for_selector("#mm-footer p")
    assert barriers(page) == []


@pytest.mark.parametrize(("size", "scheme"), [("phone", "dark"), ("tablet", "light"), ("desktop", "dark")])
def test_nothing_is_cut_or_scrolls_sideways(visit, photo, size, scheme):
    visitor = visit(size, scheme)
    page = visitor.page
    assert visitor.sideways() <= 0
    visitor.ask(photo, "make the box blue and put it on the beach, please, " + "very" * 20)
    page.locator(".mm-code summary").click()
    for number, inside in enumerate([".mm-trio", ".mm-pair"]):
        visitor.open_tool(number).locator(inside).wait_for()
        assert visitor.sideways() <= 0
    visitor.shoot("whole")
    page.locator(".mm-hit").first.click()
    box = page.locator(".mm-dialog").bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= page.viewport_size["width"]
    assert page.locator(".mm-dialog .mm-heat").bounding_box()["width"] > page.viewport_size["width"] / 3
    visitor.shoot("large", full=False)


def test_the_way_through_needs_no_mouse(visit, photo):
    visitor = visit()
    page = visitor.page
    visitor.ask(photo, "make the box blue")
    page.locator(".mm-reference .mm-word").nth(2).focus()
    page.keyboard.press("Enter")
    assert page.locator(".mm-reference .mm-word").nth(2).get_attribute("aria-pressed") == "true"
    page.locator(".mm-modes input").first.focus()
    page.keyboard.press("ArrowRight")
    assert page.locator(".mm-modes input:checked").get_attribute("value") == "contour"
    page.locator(".mm-hit").nth(1).focus()
    page.keyboard.press("Enter")
    assert page.locator(".mm-dialog").is_visible()
    page.keyboard.press("Tab")
    assert page.evaluate("document.querySelector('.mm-dialog').contains(document.activeElement)")
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement === document.querySelectorAll('.mm-hit')[1]")


def test_what_happens_is_said_to_screen_readers(visit, photo):
    visitor = visit()
    visitor.ask(photo, "make the box blue")
    assert visitor.page.locator(".mm-live").text_content() == "Done in 1.23 seconds."
    assert visitor.page.locator(".mm-live").get_attribute("aria-live") == "polite"
