import asyncio
import json
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import gradio as gr
import pytest

from mmgrad.app.image_input import ImageInput, InvalidUpload
from mmgrad.app.request_checks import CheckedBlocks, use_json_for_tools

UPLOADED = {"_type": "gradio.FileData"}


def answer(image, text, top_k, text_weight, exclude_duplicates):
    return [image, text, top_k, text_weight, exclude_duplicates]


@pytest.fixture(scope="module")
def page():
    with CheckedBlocks() as blocks:
        inputs = [ImageInput(), gr.Textbox(), gr.Number(12, precision=0), gr.Number(1.0), gr.Checkbox()]
        gr.Button().click(answer, inputs, gr.JSON(), api_name="answer")
    return blocks


def ask(page, **changed):
    given = {"image": None, "text": "a", "top_k": 3, "text_weight": 1, "exclude_duplicates": True} | changed
    (function,) = page.fns.values()
    with ThreadPoolExecutor(1) as thread:  # a browser under test may run an event loop in this one
        return thread.submit(asyncio.run, page.preprocess_data(function, list(given.values()), None)).result()


def test_a_request_of_the_right_types_is_passed_on(page):
    assert ask(page) == [None, "a", 3, 1, True]


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        ("image", "dog.jpg", "a file"),
        ("text", 7, "a string"),
        ("top_k", "5", "a whole number"),
        ("top_k", 2.5, "a whole number"),
        ("top_k", True, "a whole number"),
        ("text_weight", "much", "a number"),
        ("exclude_duplicates", "yes", "true or false"),
    ],
)
def test_a_value_of_a_wrong_type_is_reported_by_the_name_of_its_parameter(page, name, value, allowed):
    with pytest.raises(gr.Error) as caught:
        ask(page, **{name: value})
    assert caught.value.message.startswith(f"{name} must be {allowed}")
    assert repr(value) in caught.value.message


def test_an_address_that_cannot_be_reached_is_reported(page):
    address = "http://127.0.0.1:9/dog.jpg"
    with pytest.raises(gr.Error, match=r"No picture can be fetched from '.*dog\.jpg'; please check the address"):
        ask(page, image={"path": address, "meta": UPLOADED})


@pytest.mark.parametrize("image", [{"path": 7, "meta": UPLOADED}, {"url": []}, {"path": ["a"]}])
def test_a_picture_in_a_wrong_form_is_reported_without_a_path_of_the_server(page, image):
    with pytest.raises(gr.Error) as caught:
        ask(page, image=image)
    assert "cannot be read" in caught.value.message
    assert "/" not in caught.value.message


@pytest.mark.parametrize("meta", [{"meta": {}}, {}])
def test_a_file_of_the_server_cannot_be_asked_for(page, meta):
    image, *_ = ask(page, image={"path": "/etc/hostname"} | meta)
    assert isinstance(image, InvalidUpload)


def test_tools_answer_in_json():
    server = SimpleNamespace(postprocess_output_data=lambda data, root_url: [str(each) for each in data])
    use_json_for_tools(server)
    file = {"path": "a.png", "url": "u", "meta": UPLOADED}
    plain = {"peak_xy": None, "text": "é", "ok": True}
    text, image, word = server.postprocess_output_data([plain, file, "word"], "root")
    assert json.loads(text) == plain
    assert image == str(file)
    assert word == "word"
