import gzip
import re

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import HTMLResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from mmgrad.app.html_head import PAGES, PageHead

GRADIO = """<!doctype html><html><head>
<meta property="og:title" content="Gradio" /><meta property="og:url" content="{url}" />
<meta
    property="og:description"
    content="Click to try out the app!"
/>
<meta name="twitter:title" content="Gradio" /><meta name="viewport" content="width=device-width" />
</head><body style="x"><gradio-app></gradio-app></body></html>"""


@pytest.fixture
def client():
    pages = [Route(path, lambda request: HTMLResponse(GRADIO + " " * 2000)) for path in ("/", "/method", "/other")]
    return TestClient(Starlette(routes=pages, middleware=[Middleware(PageHead)]))


def metadata(html: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, content in re.findall(r'<meta\s+(?:property|name)="([^"]+)"\s+content="([^"]*)"', html):
        found.setdefault(name, []).append(content)
    return found


@pytest.mark.parametrize(("path", "page"), [("/", ""), ("/method", "method")])
def test_a_page_names_itself_once(client, path, page):
    html = client.get(path, headers={"host": "example.org"}).text
    told = metadata(html)
    assert told["og:title"] == [PAGES[page][0]]
    assert told["og:description"] == [PAGES[page][1]]
    assert told["og:url"] == [f"http://example.org{path}"]
    assert "Gradio" not in html
    assert "viewport" in told


def test_the_address_is_the_one_that_a_proxy_names(client):
    proxied = {"host": "inner", "x-forwarded-host": "demo.example", "x-forwarded-proto": "https"}
    assert metadata(client.get("/", headers=proxied).text)["og:url"] == ["https://demo.example/"]


def test_an_address_with_markup_stays_text(client):
    html = client.get("/", headers={"x-forwarded-host": '"><script>alert(1)</script>'}).text
    assert "<script>alert" not in html


def test_a_page_has_a_first_screen_and_preloads_every_module(client):
    html = client.get("/").text
    assert re.search(r'<body style="x"><div id="mm-first-screen">', html)
    assert "/index.js" in html.partition("</head>")[0]
    assert html.count("modulepreload") > 20


def test_a_page_is_compressed_for_who_can_read_it(client):
    with client.stream("GET", "/", headers={"accept-encoding": "gzip"}) as answer:
        raw = b"".join(answer.iter_raw())
    assert answer.headers["content-encoding"] == "gzip"
    assert b"mm-first-screen" in gzip.decompress(raw)
    assert "content-encoding" not in client.get("/", headers={"accept-encoding": "identity"}).headers


def test_whatever_is_no_page_of_ours_is_left_alone(client):
    assert client.get("/other").text == GRADIO + " " * 2000
    assert client.post("/").status_code == 405
