"""Understand: how to read an answer, the method with its formulas and tables, what the model does not know."""

import re

from mmgrad.app.report import report_markdown


def test_how_to_read_stands_beside_the_first_result_and_folds_away(visit, size, photo):
    visitor = visit(size)
    visitor.ask(photo, "make the box blue")
    how = visitor.page.locator(".mm-how")
    assert how.get_by_text("All results share one scale").is_visible()
    how.locator("summary").click()
    assert how.get_by_text("All results share one scale").is_hidden()
    visitor.page.locator(".mm-example").first.click()
    visitor.wait_for_answer("make number 0 red")
    assert how.get_by_text("All results share one scale").is_hidden()


def test_what_the_model_does_not_know_is_said_on_the_first_page(visit):
    assert visit().page.get_by_text("It is less sure on ordinary photographs").is_visible()


def test_the_method_is_one_click_away_and_back(visit, size):
    visitor = visit(size)
    page = visitor.page
    page.get_by_role("link", name="How it works and how accurate it is").click()
    page.wait_for_selector(".mm-prose math")
    assert page.locator(".mm-prose math").count() == 5
    report = report_markdown()
    heads = len(re.findall(r"^\|[-: |]+\|$", report, re.MULTILINE))
    page.wait_for_function(
        "count => document.querySelectorAll('#mm-tables .mm-scroll table').length === count", arg=heads
    )
    names = page.locator("#mm-tables .mm-scroll").evaluate_all("all => all.map((each) => each.ariaLabel)")
    assert len(set(names)) == heads
    plots = page.locator("#mm-tables img")
    assert plots.count() == report.count("![")
    for plot in plots.all():
        plot.scroll_into_view_if_needed()
    page.wait_for_function("Array.from(document.querySelectorAll('#mm-tables img')).every((each) => each.naturalWidth)")
    assert "![" not in page.locator("#mm-tables").inner_text()
    assert visitor.sideways() <= 0
    visitor.shoot("method")
    page.get_by_role("link", name="Back to the search").click()
    page.wait_for_selector("#mm-picture")


def test_the_page_says_what_it_runs_on(visit):
    page = visit().page
    page.wait_for_selector("#mm-footer p")
    assert "model drawn · 14 pictures in" in page.locator("#mm-footer").inner_text()
