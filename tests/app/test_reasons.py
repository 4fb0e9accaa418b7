import pytest

from mmgrad.app.reasons import reason


@pytest.mark.parametrize(
    "text",
    [
        "add a duck on the left",
        "Please insert a pink animal",
        "could you add a hat?",
        "the same picture, but add a dog",
    ],
)
def test_an_addition_points_to_nothing_in_the_reference(text):
    assert reason(text, "reference") == "addition"
    assert reason(text, "result") == "below_level"


@pytest.mark.parametrize(
    "text",
    [
        "erase the barrel",
        "remove the chair",
        "take the turquoise bed away",
        "everything except the lemon",
        "without the person",
        "the same without the dog",
        "please get rid of the car",
    ],
)
def test_a_removal_leaves_nothing_to_point_at_in_a_result(text):
    assert reason(text, "result") == "removal"
    assert reason(text, "reference") == "below_level"


@pytest.mark.parametrize(
    "text",
    [
        "replace the dog with a cat",
        "remove the dog and add a cat",
        "make it blue",
        "take the ball and put it on the right",
        "asdf qwerty",
        "a house with an additional roof",
        "",
    ],
)
@pytest.mark.parametrize("side", ["reference", "result"])
def test_of_any_other_text_only_the_level_is_known(text, side):
    assert reason(text, side) == "below_level"
