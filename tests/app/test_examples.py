import json

import pytest
from PIL import Image

from mmgrad.app.examples import load_examples
from mmgrad.errors import InputError
from mmgrad.utils.resources import EXAMPLES

ENTRY = {"id": "a", "image": "a.png", "text": "make it red", "edit": "recolour", "look_at": "The apple."}


@pytest.fixture
def folder(tmp_path):
    Image.new("RGB", (64, 48), (200, 0, 0)).save(tmp_path / "a.png")
    return tmp_path


def write(folder, content):
    (folder / "examples.json").write_text(content if isinstance(content, str) else json.dumps(content))


def test_examples_are_read_in_their_order(folder):
    write(folder, [ENTRY | {"id": "b"}, ENTRY])
    first, second = load_examples(folder)
    assert (first.id, second.id, first.path) == ("b", "a", folder / "a.png")


@pytest.mark.parametrize(("given", "told"), [({}, False), ({"fails": True}, True), ({"fails": "no"}, False)])
def test_an_example_that_the_model_gets_wrong_says_so(folder, given, told):
    write(folder, [ENTRY | given])
    assert load_examples(folder)[0].fails is told


def test_examples_about_a_gallery_that_is_not_served_are_left_out(folder):
    write(folder, [ENTRY, ENTRY | {"id": "b", "gallery": "one"}, ENTRY | {"id": "c", "gallery": "two"}])
    assert [example.id for example in load_examples(folder)] == ["a", "b", "c"]
    assert [example.id for example in load_examples(folder, {"two": None})] == ["a", "c"]


def test_a_folder_without_a_listing_has_no_examples(tmp_path):
    assert load_examples(tmp_path) == ()


@pytest.mark.parametrize("content", ["{", [{"id": "a"}], [1], "7"])
def test_a_broken_listing_is_told(folder, content):
    write(folder, content)
    with pytest.raises(InputError, match="cannot be read"):
        load_examples(folder)


def test_a_repeated_id_is_told(folder):
    write(folder, [ENTRY, ENTRY])
    with pytest.raises(InputError, match="same id"):
        load_examples(folder)


def test_a_missing_picture_is_told(folder):
    write(folder, [ENTRY | {"image": "gone.png"}])
    with pytest.raises(InputError, match=r"gone\.png"):
        load_examples(folder)


@pytest.mark.skipif(not (EXAMPLES / "examples.json").exists(), reason="no examples are installed")
def test_there_are_twelve_examples_of_every_kind_of_edit():
    examples = load_examples()
    kinds = " ".join(example.edit for example in examples)
    assert len(examples) >= 12
    assert all(kind in kinds for kind in ("replace", "remove", "add", "recolor", "resize", "move", "background"))
    assert all(example.look_at.strip() for example in examples)


@pytest.mark.skipif(not (EXAMPLES / "examples.json").exists(), reason="no examples are installed")
def test_some_of_the_shipped_examples_fail_and_say_so():
    shipped = load_examples()
    assert 0 < sum(example.fails for example in shipped) < len(shipped) / 2
