"""What programs may call: the two public functions over HTTP, and the same as MCP tools."""

import asyncio
import base64
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from PIL import Image

client = pytest.importorskip("gradio_client")


@pytest.fixture(scope="module")
def api(address, tmp_path_factory):
    return client.Client(address, verbose=False, download_files=str(tmp_path_factory.mktemp("got")))


def test_two_functions_are_offered_with_their_fields(api):
    offered = api.view_api(return_format="dict")["named_endpoints"]
    fields = {name: [each["parameter_name"] for each in end["parameters"]] for name, end in offered.items()}
    assert fields == {
        "/explain": ["image", "text", "top_k", "text_weight", "exclude_duplicates", "gallery"],
        "/draw": ["image", "text", "top_k", "gallery"],
    }


def test_an_explanation_comes_as_numbers(api, photo):
    answer = api.predict(client.handle_file(str(photo)), "make it blue", top_k=3, api_name="/explain")
    assert [hit["id"] for hit in answer["hits"]] == ["00.png", "01.png", "02.png"]
    assert [word["word"] for word in answer["words"]] == ["make", "it", "blue"]
    assert answer["reference"]["peak_xy"]
    assert answer["hits"][2]["peak_xy"] is None


def test_a_drawing_comes_as_a_picture(api, photo):
    path = api.predict(client.handle_file(str(photo)), "make it blue", 2, api_name="/draw")
    assert min(Image.open(path).size) > 300


@pytest.mark.parametrize(("text", "top_k"), [("", 3), ("make it blue", 99)])
def test_what_is_wrong_is_told_without_a_path_of_the_server(api, photo, text, top_k):
    with pytest.raises(Exception, match=r"The text is empty|The number of results") as caught:  # the client's own class
        api.predict(client.handle_file(str(photo)), text, top_k=top_k, api_name="/explain")
    assert str(Path(__file__).resolve().parents[3]) not in str(caught.value)


def test_a_call_by_defaults_works(api, photo):
    assert len(api.predict(client.handle_file(str(photo)), "make it blue", api_name="/explain")["hits"]) == 12


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"top_k": "5"}, "top_k must be a whole number, not '5'"),
        ({"text_weight": "much"}, "text_weight must be a number, not 'much'"),
        ({"image": "dog.jpg"}, "image must be a file"),
        ({"image": client.handle_file("http://127.0.0.1:9/dog.jpg")}, "No picture can be fetched from"),
        ({"gallery": "none"}, "choices"),
    ],
)
def test_a_value_that_cannot_be_used_is_told_in_a_sentence(api, photo, changed, told):
    given = {"image": client.handle_file(str(photo)), "text": "make it blue"} | changed
    with pytest.raises(Exception, match=told):  # the client's own class
        api.predict(**given, api_name="/explain")


def test_an_assistant_finds_the_tools_and_calls_one(address, photo):
    mcp = pytest.importorskip("mcp")
    from mcp.client.streamable_http import streamablehttp_client

    async def talk():
        async with (
            streamablehttp_client(f"{address}/gradio_api/mcp/") as (reading, writing, _),
            mcp.ClientSession(reading, writing) as session,
        ):
            await session.initialize()
            tools = (await session.list_tools()).tools
            picture = "data:image/png;base64," + base64.b64encode(photo.read_bytes()).decode()
            (explain,) = (tool.name for tool in tools if tool.name.endswith("explain"))
            answer = await session.call_tool(explain, {"image": picture, "text": "make it blue", "top_k": 2})
            return tools, answer

    with ThreadPoolExecutor(1) as other:  # this thread may have the browser's event loop
        tools, answer = other.submit(asyncio.run, talk()).result()
    assert sorted(tool.name.rpartition("_")[2] for tool in tools) == ["draw", "explain"]
    assert all(tool.description and "the reference picture" in json.dumps(tool.inputSchema) for tool in tools)
    assert not answer.isError
    assert json.loads(answer.content[0].text)["hits"][0]["id"] == "00.png"
