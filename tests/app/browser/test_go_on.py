"""Go on: a result as the next reference, the trail of steps, what moved when the text changes."""


def test_a_result_becomes_the_next_reference_and_the_steps_lead_back(visit, size, photo):
    visitor = visit(size)
    page = visitor.page
    visitor.ask(photo, "make the box blue")
    assert page.locator(".mm-history").is_hidden()
    page.locator(".mm-hit").nth(4).click()
    page.get_by_role("button", name="Use as next reference").click()
    page.wait_for_selector("#mm-picture img[src*='04.png']")
    assert page.locator(".mm-dialog").is_hidden()
    assert page.input_value("#mm-text textarea") == "make the box blue"
    visitor.write("put it on the beach")
    visitor.send()
    visitor.wait_for_answer("put it on the beach")
    steps = page.locator(".mm-history button")
    assert steps.all_inner_texts() == ["make the box blue", "put it on the beach"]
    assert steps.nth(1).get_attribute("aria-current") == "step"
    visitor.shoot("trail")
    steps.first.click()
    visitor.wait_for_answer("make the box blue")
    page.wait_for_function("document.querySelector('#mm-text textarea').value === 'make the box blue'")
    assert steps.first.get_attribute("aria-current") == "step"
    page.wait_for_function("!document.querySelector('#mm-picture img').src.includes('04.png')")


def test_another_text_about_the_same_picture_shows_what_moved(visit, size, photo):
    visitor = visit(size)
    page = visitor.page
    visitor.ask(photo, "make the box blue")
    assert page.locator(".mm-rank-change").count() == 0
    visitor.write("make the box red")
    visitor.send()
    visitor.wait_for_answer("make the box red")
    moved = page.locator(".mm-hit").evaluate_all(
        "all => all.map((each) => each.querySelector('.mm-rank-change')?.textContent)"
    )
    assert moved[:3] == ["new", "new", "▲ 9"]  # 13 and 12 were not among the first twelve, 11 was the twelfth
    assert moved[11] == "▼ 9"
    visitor.shoot("moved")


def test_another_picture_begins_a_trail_of_its_own(visit, photo, drawn_folder):
    visitor = visit()
    visitor.ask(photo, "make the box blue")
    visitor.page.set_input_files("#mm-picture input[type=file]", drawn_folder / "07.png")
    visitor.page.wait_for_selector("#mm-picture img[src*='07.png']")
    visitor.page.wait_for_timeout(1000)  # on a busy machine the field's value follows its picture a moment later
    visitor.write("make it green")
    visitor.send()
    visitor.wait_for_answer("make it green")
    assert visitor.page.locator(".mm-history").is_hidden()
    assert visitor.page.locator(".mm-rank-change").count() == 0
