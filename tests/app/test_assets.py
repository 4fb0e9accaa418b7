import io
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image
from starlette.applications import Starlette
from starlette.testclient import TestClient

from mmgrad.app.assets import STATIC, entry, module_folder, modules, plot_url, routes, thumbnail_url
from mmgrad.app.examples import Example


@pytest.fixture
def example(drawn_folder) -> Example:
    return Example("a", drawn_folder / "00.png", "make it blue", "recolor", "")


@pytest.fixture
def plots(tmp_path) -> Path:
    Image.new("RGB", (8, 8)).save(tmp_path / "a.png")
    return tmp_path


@pytest.fixture
def client(example, plots) -> TestClient:
    return TestClient(Starlette(routes=routes([example], plots)))


def test_every_module_is_served_to_be_kept(client):
    assert set(modules()) == {path.relative_to(STATIC).as_posix() for path in STATIC.rglob("*.js")}
    for name, content in modules().items():
        answer = client.get(f"/{module_folder()}/{name}")
        assert answer.content == content
        assert answer.headers["content-type"].startswith("text/javascript")
        assert "immutable" in answer.headers["cache-control"]
    assert entry() == f"{module_folder()}/index.js"


@pytest.mark.parametrize("name", ["none.js", "../blocks.py", "style.css", "%2e%2e/blocks.py"])
def test_nothing_else_is_served(client, name):
    assert client.get(f"/{module_folder()}/{name}").status_code == 404


def test_a_thumbnail_is_small_and_shared_by_examples_of_one_picture(client, example, drawn_folder):
    answer = client.get("/" + thumbnail_url(example))
    assert max(Image.open(io.BytesIO(answer.content)).size) <= 256
    assert thumbnail_url(replace(example, id="b", text="make it red")) == thumbnail_url(example)
    assert thumbnail_url(replace(example, path=drawn_folder / "01.png")) != thumbnail_url(example)
    assert client.get("/mmgrad-assets/thumbnails/none.jpg").status_code == 404


def test_a_plot_is_served_and_no_other_file_of_its_folder(client, plots):
    assert client.get("/" + plot_url("a.png", plots)).content == (plots / "a.png").read_bytes()
    (plots / "b.txt").write_text("no")
    assert client.get("/mmgrad-assets/plots/0/b.txt").status_code == 404
