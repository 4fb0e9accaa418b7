import pytest

from mmgrad.encoders.named_change import named_change


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("replace the dog with a cat", ("a cat", "the dog")),
        ("Please REPLACE the big dog by two cats!", ("two cats", "the big dog")),
        ("swap the red car for a bicycle, please", ("a bicycle", "the red car")),
        ("turn the lamp into a tree", ("a tree", "the lamp")),
        ("put the ball away, and exchange the hat with a crown.", ("a crown", "the hat")),
        ("a cat instead of a dog", ("a cat", "a dog")),
        ("I want a cat instead of the dog", ("a cat", "the dog")),
        ("on a beach, with boots rather than shoes", ("boots", "shoes")),
        ("has short sleeves in place of long ones", ("short sleeves", "long ones")),
        ("remove the dog", None),
        ("replace the dog", None),
        ("make it red", None),
        ("instead of a dog", None),
        ("", None),
    ],
)
def test_what_is_put_in_the_place_of_what(text, expected):
    assert named_change(text) == expected
