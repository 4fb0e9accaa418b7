"""For everyone: no sideways scroll at any width, no serious barrier, and all of it by keyboard."""

import re

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


@pytest.mark.parametrize(
    ("size", "scheme"), [("tiny", "light"), ("phone", "dark"), ("tablet", "light"), ("desktop", "dark")]
)
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


SMALL = """() => Array.from(document.querySelectorAll("button, a, input, select, summary, [role=button]"))
    .filter((each) => each.checkVisibility({ visibilityProperty: true }))
    .filter((each) => !each.closest(".mm-skip, p, dd, .mm-note li"))
    .map((each) => (each.matches("input") && each.closest("label")) || each)
    .map((each) => [each.textContent.trim() || each.ariaLabel, each.getBoundingClientRect()])
    .map(([name, box]) => [name, Math.round(box.width), Math.round(box.height)])
    .filter(([, width, height]) => width && height && (width < 24 || height < 24))"""


def test_nothing_that_is_tapped_is_too_small_for_a_finger(visit, photo):
    visitor = visit("phone")
    page = visitor.page
    page.wait_for_selector(".mm-example")
    for label in ("Upload file", "Capture from camera", "Paste from clipboard"):
        box = page.locator("#mm-picture").get_by_label(label).bounding_box()
        assert min(box["width"], box["height"]) >= 44
    assert page.locator("#mm-go").bounding_box()["height"] >= 44
    visitor.ask(photo, "make a box blue")
    clear = page.locator("#mm-picture").get_by_label("Remove Image").bounding_box()
    assert min(clear["width"], clear["height"]) >= 44
    assert page.evaluate(SMALL) == []


def test_the_results_are_one_key_away(visit, photo):
    visitor = visit()
    page = visitor.page
    page.wait_for_selector(".mm-word")  # the answer on arrival
    skip = page.get_by_role("link", name="Skip to the results")
    skip.focus()
    assert skip.bounding_box()["height"] > 20
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "mm-answer-start"
    assert page.url.rstrip("/").count("/") == 2  # the page was not left


def test_after_a_picture_of_the_gallery_the_focus_is_in_the_sentence(visit):
    page = visit().page
    page.get_by_role("button", name="Use a random gallery picture").press("Enter")
    page.wait_for_function("document.activeElement.matches('#mm-text textarea')")


def test_the_chosen_mode_is_told_from_the_others_at_a_glance(visit, photo):
    for scheme in ("light", "dark"):
        visitor = visit(scheme=scheme)
        visitor.page.wait_for_selector(".mm-word")
        colors = [
            [float(part) for part in re.findall(r"[\d.]+", color)[:3]]
            for color in visitor.page.evaluate(
                """() => [".mm-modes input:checked + span", ".mm-modes"].map((each) =>
                    getComputedStyle(document.querySelector(each)).backgroundColor)"""
            )
        ]
        light, dark = sorted((luminance(color) for color in colors), reverse=True)
        assert (light + 0.05) / (dark + 0.05) > 3


def luminance(color: list[float]) -> float:
    """WCAG 2.2, of sRGB from 0 to 255."""
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (x / 255 for x in color))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_where_a_map_is_strongest_is_put_in_words(visit, photo):
    visitor = visit()
    visitor.ask(photo, "make the box blue")
    told = visitor.page.locator(".mm-reference .mm-frame .mm-hidden").text_content()
    assert told == "Evidence is strongest at the upper left."
