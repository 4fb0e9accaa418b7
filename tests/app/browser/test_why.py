"""Explore the why: words, places, a result opened large, and the closer questions."""

import pytest


@pytest.fixture
def visitor(visit, size, photo):
    here = visit(size)
    here.ask(photo, "make the box blue")
    return here


def test_a_word_lights_its_own_map_everywhere_and_goes_out_again(visitor):
    page = visitor.page
    chip = page.locator(".mm-reference").get_by_role("button", name="box", exact=True)
    whole = visitor.maps()
    chip.click()
    word = visitor.maps()
    assert len(word) == 13  # a word has its map where the whole sentence has none
    assert set(word).isdisjoint(whole)
    assert chip.get_attribute("aria-pressed") == "true"
    visitor.shoot("word")
    page.get_by_role("button", name="all words").click()
    assert visitor.maps() == whole


def test_words_are_coloured_by_their_weight(visitor):
    chips = visitor.page.locator(".mm-reference .mm-word")
    assert chips.evaluate_all("all => all.map((each) => each.title)") == [
        "weight +0.100",
        "weight −0.050",
        "weight +0.033",
        "weight −0.025",
    ]
    assert chips.evaluate_all("all => all.map((each) => each.classList.contains('mm-against'))") == [0, 1, 0, 1]
    assert len(set(chips.evaluate_all("all => all.map((each) => getComputedStyle(each).backgroundColor)"))) == 4


def test_a_place_tells_which_words_and_results_respond_and_the_results_are_asked_once(visitor, served, size):
    page = visitor.page
    served.asked.clear()
    fit = page.locator(".mm-reference .mm-fit")
    box = fit.bounding_box()
    place = {"x": box["width"] * 2.5 / 14, "y": box["height"] * 0.5}  # column 2, half way down: result 3 speaks there
    (fit.tap if size == "phone" else fit.click)(position=place)
    page.wait_for_selector(".mm-responds")
    said = page.locator(".mm-probe").inner_text()
    assert "Matters most for results 3, " in said
    assert page.locator(".mm-responds").count() == 3
    visitor.shoot("place")
    fit.press("ArrowDown")
    assert "box (" in page.locator(".mm-probe").inner_text()  # the words' hills lie lower
    assert [asked[0] for asked in served.asked] == ["responses"]


def test_a_result_opens_large_with_what_is_known_of_it(visitor):
    page = visitor.page
    page.locator(".mm-hit").nth(3).click()
    dialog = page.locator(".mm-dialog")
    assert dialog.locator("h2").inner_text() == "a picture of number 3"
    assert dialog.locator("dd").all_inner_texts() == [
        "4 of 12 shown",
        "0.8200 (cosine similarity)",
        "03.png",
        "GPL-3.0-or-later",
        "https://example.org/a",
    ]
    assert len(visitor.maps(".mm-dialog")) == 1
    visitor.shoot("open", full=False)
    page.keyboard.press("ArrowRight")
    assert dialog.locator("h2").inner_text() == "a picture of number 4"
    page.keyboard.press("Escape")
    assert dialog.is_hidden()


def test_before_and_after_are_wiped_over_each_other(visitor):
    page = visitor.page
    page.locator(".mm-hit").first.click()
    before = page.locator(".mm-before")
    clip = "each => getComputedStyle(each).clipPath"
    assert before.evaluate(clip) == "inset(0px 100% 0px 0px)"
    page.locator(".mm-dialog input[type=range]").fill("60")
    assert before.evaluate(clip) == "inset(0px 40% 0px 0px)"
    left, right = dialog_labels = page.locator(".mm-dialog .mm-opacity span").all()
    assert [each.inner_text() for each in dialog_labels] == ["Your picture", "Result"]
    assert left.bounding_box()["x"] < right.bounding_box()["x"]  # your picture fills the left
    reference = page.locator(".mm-reference img.mm-picture").get_attribute("src")
    assert before.get_attribute("src") == reference
    visitor.shoot("before", full=False)


def test_why_this_and_not_that_shows_three_signed_maps_and_the_words(visitor):
    page = visitor.page
    page.locator(".mm-hit").nth(4).click()
    page.get_by_role("button", name="Why this and not another?").click()
    tool = page.locator(".mm-tool").first
    tool.locator(".mm-trio").wait_for()
    assert tool.locator("select").evaluate_all("all => all.map((each) => each.value)") == ["00.png", "04.png"]
    assert "of result 5: 0.840 (+0.040)" in tool.inner_text()
    assert len(visitor.maps(".mm-trio")) == 3
    assert tool.locator(".mm-word").all_inner_texts() == ["make", "the", "box", "blue"]
    visitor.shoot("contrast")


def test_the_text_blind_maps_stand_beside_ours(visitor):
    tool = visitor.open_tool(1)
    tool.locator(".mm-pair").wait_for()
    maps = visitor.maps(".mm-pair")
    assert len(maps) == 7  # two references, two times three results, one of ours empty
    assert tool.locator(".mm-none:visible").count() == 1
    assert "3, the strongest in your picture" in tool.inner_text()
    visitor.shoot("text-blind")


def test_covering_the_region_tells_score_and_rank(visitor):
    tool = visitor.open_tool(2)
    choices = tool.locator("option").evaluate_all("all => all.map((each) => each.value)")
    assert choices[:3] == ["00.png", "01.png", "03.png"]  # a result without evidence has nothing to cover
    tool.get_by_role("button", name="Hide and rank again").click()
    tool.locator(".mm-cards").wait_for()
    told = tool.locator(".mm-verdict").inner_text()
    assert "score by −0.270 and the rank from 1 to 9" in told
    assert "in 5 other places: −0.030 on average, median rank 3." in told
    assert told.endswith("Hiding the marked area mattered more: the map holds.")
    assert tool.locator(".mm-cards img").count() == 5
    visitor.shoot("check")


def test_the_newest_of_two_quick_choices_is_the_one_that_is_answered(visit, photo):
    visitor = visit()
    visitor.ask(photo, "make the box blue")
    tool = visitor.open_tool(0)
    tool.locator("select").nth(1).evaluate(
        """each => ["05.png", "06.png"].forEach((id) => {
            each.value = id;
            each.dispatchEvent(new Event("change"));
        })"""
    )
    tool.get_by_text("of result 7: 0.840").wait_for()
    assert tool.locator("select").nth(1).input_value() == "06.png"


def test_the_same_result_twice_is_told(visit, photo):
    visitor = visit()
    visitor.ask(photo, "make the box blue")
    tool = visitor.open_tool(0)
    tool.locator("select").nth(1).select_option("00.png")
    tool.get_by_text("Choose two different results.").wait_for()
