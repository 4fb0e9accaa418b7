"""The page over the drawn engine in a real Chromium. What is seen goes to MMGRAD_SHOTS where it is set, else to a
temporary folder."""

import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from socket import socket
from typing import Any
from urllib.parse import urlsplit

import pytest
from PIL import Image

from mmgrad.app.blocks import launch

sync_api = pytest.importorskip("playwright.sync_api")

CHROMIUM = "/usr/bin/chromium"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-fake-device-for-media-stream",  # a camera that films a test pattern
    "--use-fake-ui-for-media-stream",
]
PATIENCE = 120_000  # milliseconds: a busy machine is slow, and that is not what is tested here
SIZES = {"tiny": (320, 640), "desktop": (1440, 900), "tablet": (768, 1024), "phone": (390, 844)}
EDITS = ("recolor", "remove", "recolor", "move")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here) and item.path.stem != "test_programs":
            item.add_marker(pytest.mark.browser)


@dataclass
class Visitor:
    """Someone at the page, and the few things that everyone does there."""

    page: Any
    shots: Path
    name: str

    def give(self, picture: Path) -> None:
        self.page.set_input_files("#mm-picture input[type=file]", picture)
        self.page.wait_for_selector("#mm-picture img")

    def write(self, text: str) -> None:
        self.page.fill("#mm-text textarea", text)

    def send(self) -> None:
        self.page.press("#mm-text textarea", "Enter")

    def ask(self, picture: Path, text: str) -> None:
        self.give(picture)
        self.write(text)
        self.send()
        self.wait_for_answer(text)

    def wait_for_answer(self, text: str) -> None:
        self.page.wait_for_function(
            """text => document.documentElement.dataset.mmBusy === undefined && document.querySelector(".mm-word")
                && document.querySelector(".mm-text").textContent === text""",
            arg=text,
        )

    def open_tool(self, number: int) -> Any:
        """One of the closer questions, counted from 0, opened."""
        tool = self.page.locator(".mm-tool").nth(number)
        tool.locator("summary").click()
        return tool

    def shoot(self, what: str, full: bool = True) -> None:
        self.page.screenshot(path=self.shots / f"{what}-{self.name}.png", full_page=full)

    def sideways(self) -> int:
        """Pixels that can be scrolled to the side, or that a part sticks out of the window on the right."""
        return self.page.evaluate(
            """() => {
                const scrolls = (each) =>
                    each && (/auto|scroll/.test(getComputedStyle(each).overflowX) || scrolls(each.parentElement));
                const parts = ["#mm-header", "#mm-ask", "#mm-examples", ".mm-answer", ".mm-note", ".mm-prose"];
                const ours = document.querySelectorAll(parts.map((each) => `${each} *`).join(", "));
                const seen = (each) => each.getClientRects().length && !each.closest(".mm-hidden, .mm-skip");
                const ends = Array.from(ours)
                    .filter((each) => seen(each) && !scrolls(each.parentElement))
                    .map((each) => Math.round(each.getBoundingClientRect().right - innerWidth));
                return Math.max(document.documentElement.scrollWidth - innerWidth, ...ends);
            }"""
        )

    def maps(self, inside: str = ".mm-columns") -> list[int]:
        """A checksum of each map that is drawn, in the order of the page."""
        return self.page.eval_on_selector_all(
            f"{inside} canvas.mm-heat",
            """all => all.filter((each) => !each.hidden).map((each) => {
                const { data } = each.getContext("2d").getImageData(0, 0, each.width, each.height);
                return data.reduce((sum, value, at) => (sum * 31 + value * (at % 4 + 1)) % 1000003, 7);
            })""",
        )


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    if not Path(CHROMIUM).exists():
        pytest.skip(f"no Chromium at {CHROMIUM}")
    with sync_api.sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def shots(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = Path(os.environ.get("MMGRAD_SHOTS") or tmp_path_factory.mktemp("shots"))
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture(scope="session")
def photo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("photo") / "reference.png"
    picture = Image.new("RGB", (320, 240), (90, 140, 200))
    picture.paste((200, 40, 40), (40, 80, 140, 180))
    picture.save(path)
    return path


@pytest.fixture(scope="session")
def serve() -> Callable[..., AbstractContextManager[str]]:
    """Serve engines and a folder of examples as long as its block lasts; gives the address.

    The system chooses the port: two processes of tests that both try 7860 first meet there, and a page that lost its
    port once does not start again at another, because its MCP session can be run only once.
    """

    @contextmanager
    def on_a_port_of_its_own(engines: Mapping[str, Any], folder: Path) -> Iterator[str]:
        with socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        page, local = launch(engines, folder, server_port=port, prevent_thread_lock=True, quiet=True)
        yield local.rstrip("/")
        page.close(verbose=False)

    return on_a_port_of_its_own


@pytest.fixture(scope="session")
def served(make_engine: Callable[[], Any]) -> Any:
    """The engine behind the page."""
    return make_engine()


@pytest.fixture(scope="session")
def address(serve: Any, served: Any, drawn_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("examples")
    entries = [
        {
            "id": str(number),
            "image": str(drawn_folder / f"{number:02}.png"),
            "text": f"make number {number} red",
            "edit": edit,
            "look_at": f"The thing number {number}.",
            "fails": number == 3,
        }
        for number, edit in enumerate(EDITS)
    ]
    (folder / "examples.json").write_text(json.dumps(entries))
    with serve({"drawn": served}, folder) as local:
        yield local


@pytest.fixture(params=["desktop", "phone"])
def size(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def visit(chromium: Any, address: str, shots: Path) -> Iterator[Callable[..., Visitor]]:
    """Open the page; at the end, fail on any script error and on any request that left this machine."""
    contexts, errors, hosts = [], [], set()

    def open_page(
        size: str = "desktop", scheme: str = "light", path: str = "/", server: str | None = None, **options: Any
    ) -> Visitor:
        width, height = SIZES[size]
        context = chromium.new_context(
            viewport={"width": width, "height": height},
            color_scheme=scheme,
            reduced_motion="reduce",
            has_touch=size == "phone",
            **options,
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("request", lambda request: hosts.add(urlsplit(request.url).hostname))
        page.goto((server or address) + path)
        page.wait_for_selector("#mm-picture" if path != "/method" else ".mm-prose")
        return Visitor(page, shots, f"{size}-{scheme}")

    yield open_page
    for context in contexts:
        context.close()
    assert errors == []
    assert hosts <= {"127.0.0.1", "localhost", None}  # None: data and blob addresses
