"""Browse the curated examples."""


def test_an_example_opens_with_its_answer_without_asking_the_model(visit, size, served):
    visitor = visit(size)
    page = visitor.page
    visitor.shoot("empty")
    served.asked.clear()
    page.locator(".mm-example").nth(1).click()
    visitor.wait_for_answer("make number 1 red")
    assert [asked for asked in served.asked if asked[0] == "stream"] == []
    assert page.input_value("#mm-text textarea") == "make number 1 red"
    assert page.locator(".mm-look-at").inner_text() == "The thing number 1."
    assert page.locator(".mm-hit").count() == 12
    visitor.shoot("example")


def test_a_question_of_ones_own_has_nothing_to_look_at(visit):
    visitor = visit()
    visitor.page.locator(".mm-example").first.click()
    visitor.wait_for_answer("make number 0 red")
    visitor.write("make it blue")
    visitor.send()
    visitor.wait_for_answer("make it blue")
    assert visitor.page.locator(".mm-look-at").is_hidden()


def test_examples_are_chosen_by_kind_and_failures_are_said(visit, size):
    page = visit(size).page
    assert page.locator(".mm-example").count() == 4
    assert page.locator(".mm-kind").all_inner_texts() == ["all", "recolor", "remove", "move"]
    page.get_by_role("button", name="recolor", exact=True).click()
    assert page.locator(".mm-example:visible .mm-try").all_inner_texts() == ["make number 0 red", "make number 2 red"]
    page.get_by_role("button", name="all", exact=True).click()
    assert page.locator(".mm-fails").all_inner_texts() == ["fails"]
    failing = page.locator(".mm-example", has=page.locator(".mm-fails"))
    assert "number 3" in failing.inner_text()
    assert failing.get_attribute("title") == "The thing number 3."


def test_of_two_examples_clicked_quickly_the_last_one_stays(visit):
    visitor = visit()
    page = visitor.page
    page.evaluate("document.querySelectorAll('.mm-example').forEach((each, at) => at > 1 && each.click())")
    visitor.wait_for_answer("make number 3 red")
    page.wait_for_function("document.querySelector('#mm-text textarea').value === 'make number 3 red'")
    assert page.locator(".mm-look-at").inner_text() == "The thing number 3."
