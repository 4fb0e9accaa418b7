"""The page in a real Chromium: once over the shipped model and gallery, in detail over the drawn engine.

Screenshots go to MMGRAD_SHOTS where it is set, else to a temporary folder of pytest.
"""

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from PIL import Image

from mmgrad.engine import Engine
from mmgrad.ui import launch

pytestmark = pytest.mark.browser
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
]
PATIENCE = 120_000  # milliseconds: a busy machine is slow, and that is not what is tested here
HOSTILE = "make ${7*7} {{value}} <img src=x onerror=document.title='gotcha'> \"it\" שלום 🦆 blue"
HEATS = ".mm-fit img.mm-heat[src^='data:image/webp']"


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    if not Path(CHROMIUM).exists():
        pytest.skip(f"no Chromium at {CHROMIUM}")
    with sync_api.sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def shots(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = Path(os.environ.get("MMGRAD_SHOTS") or tmp_path_factory.mktemp("shots"))
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture(scope="module")
def photo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("photo") / "reference.png"
    picture = Image.new("RGB", (320, 240), (90, 140, 200))
    picture.paste((200, 40, 40), (40, 80, 140, 180))
    picture.save(path)
    return path


@pytest.fixture(scope="module")
def drawn_address(drawn_engine: Any, drawn_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("examples")
    entry = {"image": str(drawn_folder / "00.png"), "edit": "recolour", "look_at": "The thing turns red."}
    entries = [entry | {"id": str(number), "text": f"make number {number} red"} for number in range(12)]
    (folder / "examples.json").write_text(json.dumps(entries))
    page, address = launch(drawn_engine, folder, prevent_thread_lock=True, quiet=True)
    yield address
    page.close(verbose=False)


@pytest.fixture(scope="module")
def shipped_address(engine: Engine) -> Iterator[str]:
    page, address = launch(engine, prevent_thread_lock=True, quiet=True)
    yield address
    page.close(verbose=False)


@pytest.fixture
def visit(chromium: Any) -> Iterator[Callable[..., Any]]:
    """Open an address; at the end, fail on any script error and on any request that left this machine."""
    contexts, errors, hosts = [], [], set()

    def open_page(address: str, width: int = 1440, height: int = 900, scheme: str = "light") -> Any:
        context = chromium.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("request", lambda request: hosts.add(urlsplit(request.url).hostname))
        page.goto(address)
        page.wait_for_selector("#mm-go")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert errors == []
    assert hosts <= {"127.0.0.1", "localhost", None}  # None: data and blob addresses


def ask(page: Any, picture: Path, text: str) -> None:
    page.set_input_files("#mm-picture input[type=file]", picture)
    page.wait_for_selector("#mm-picture img")
    page.fill("#mm-text textarea", text)
    page.press("#mm-text textarea", "Enter")
    page.wait_for_selector(".mm-word")


def sources(page: Any) -> list[str]:
    return page.eval_on_selector_all(HEATS, "all => all.map(each => each.src)")


def sideways(page: Any) -> int:
    return page.evaluate("document.documentElement.scrollWidth - innerWidth")


@pytest.mark.slow
def test_a_visitor_asks_the_shipped_model_and_reads_the_answer(visit, shipped_address, engine, shots):
    record = engine.gallery.records[0]
    page = visit(shipped_address)
    ask(page, record.path, "make it smaller")
    page.screenshot(path=shots / "shipped-1440.png", full_page=True)
    assert page.locator(".mm-hit").count() == min(12, len(engine.gallery))
    assert page.locator(".mm-word").all_inner_texts() == ["make", "it", "smaller"]
    told = page.locator(".mm-none:visible").count()
    assert len(sources(page)) + told == 1 + page.locator(".mm-hit").count()
    page.locator(".mm-hit").first.click()
    assert page.locator(".mm-dialog dd").nth(2).inner_text() in engine.gallery.positions
    page.get_by_role("button", name="Use as next reference").click()
    page.wait_for_selector(".mm-dialog", state="hidden")
    page.press("#mm-text textarea", "Enter")
    page.wait_for_function("document.querySelector('#mm-go').dataset.busy === undefined")
    assert page.locator(".mm-hit").count() == min(12, len(engine.gallery))


def test_the_answer_has_the_reference_the_results_and_their_maps(visit, drawn_address, photo, shots):
    page = visit(drawn_address)
    ask(page, photo, "make the box blue")
    page.screenshot(path=shots / "drawn-1440-light.png", full_page=True)
    assert page.locator(".mm-reference img.mm-picture").count() == 1
    assert page.locator(".mm-hit").count() == 12
    assert len(sources(page)) == 12  # the reference and eleven results
    assert page.locator(".mm-results .mm-none:visible").all_inner_texts() == ["no evidence"]
    assert page.locator(".mm-hit").first.inner_text().split() == ["1", "a", "picture", "of", "number", "0", "0.880"]


def test_every_map_lies_exactly_over_its_picture(visit, drawn_address, photo):
    page = visit(drawn_address)
    ask(page, photo, "make the box blue")
    boxes = page.eval_on_selector_all(
        ".mm-fit",
        """all => all.map(each => Array.from(each.children, image => {
            const { x, y, width, height } = image.getBoundingClientRect();
            return image.hidden ? null : [x, y, width, height, image.naturalWidth / image.naturalHeight];
        }))""",
    )
    shown = [(picture, heat) for picture, heat in boxes if heat]
    assert len(shown) == 12
    for picture, heat in shown:
        assert heat[:4] == picture[:4]
        assert picture[2] / picture[3] == pytest.approx(picture[4], rel=0.02)  # not squeezed; a pixel of rounding
        assert heat[4] == pytest.approx(picture[4], rel=0.02)


def test_the_slider_changes_the_opacity_without_a_request(visit, drawn_address, photo):
    page = visit(drawn_address)
    ask(page, photo, "make the box blue")
    page.wait_for_function("document.querySelector('#mm-go').dataset.busy === undefined")
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    page.locator(".mm-reference .mm-opacity input").fill("20")
    assert page.evaluate("getComputedStyle(document.documentElement).getPropertyValue('--mm-heat')") == "0.2"
    assert page.eval_on_selector(".mm-results .mm-heat", "each => getComputedStyle(each).opacity") == "0.2"
    assert [url for url in requests if not url.startswith("data:") and "heartbeat" not in url] == []


def test_a_word_lights_its_own_map_everywhere_and_goes_out_again(visit, drawn_address, photo):
    page = visit(drawn_address)
    ask(page, photo, "make the box blue")
    whole = sources(page)
    page.get_by_role("button", name="box", exact=True).click()
    word = sources(page)
    assert len(word) == 13  # a word has its map where the whole sentence has none
    assert set(word).isdisjoint(whole)
    assert page.get_by_role("button", name="box", exact=True).get_attribute("aria-pressed") == "true"
    page.get_by_role("button", name="all words").click()
    assert sources(page) == whole


def test_a_result_opens_large_and_becomes_the_next_reference(visit, drawn_address, photo, shots):
    page = visit(drawn_address)
    ask(page, photo, "make the box blue")
    page.locator(".mm-hit").nth(3).click()
    dialog = page.locator(".mm-dialog")
    assert dialog.locator("h2").inner_text() == "a picture of number 3"
    assert dialog.locator("dd").all_inner_texts()[:4] == [
        "4 of 12 shown",
        "0.8200 (cosine similarity)",
        "03.png",
        "GPL-3.0-or-later",
    ]
    assert dialog.locator("img.mm-heat").get_attribute("src").startswith("data:image/webp")
    page.screenshot(path=shots / "drawn-1440-open.png")
    page.keyboard.press("ArrowRight")
    assert dialog.locator("h2").inner_text() == "a picture of number 4"
    before = page.locator("#mm-picture img").get_attribute("src")
    dialog.get_by_role("button", name="Use as next reference").click()
    dialog.wait_for(state="hidden")
    page.wait_for_function("old => document.querySelector('#mm-picture img')?.src !== old", arg=before)
    assert "04.png" in page.locator("#mm-picture img").get_attribute("src")
    assert page.input_value("#mm-text textarea") == "make the box blue"


def test_an_example_fills_in_asks_and_says_what_to_look_at(visit, drawn_address):
    page = visit(drawn_address)
    assert page.locator(".mm-example").count() == 12
    page.locator(".mm-example").nth(5).click()
    page.wait_for_selector(".mm-word")
    assert page.input_value("#mm-text textarea") == "make number 5 red"
    assert page.locator(".mm-look").inner_text() == "The thing turns red."
    assert page.locator(".mm-hit").count() == 12


@pytest.mark.parametrize("content", [b"", b"\x89PNG\r\n\x1a\nnothing"])
def test_a_bad_picture_is_told_in_a_sentence_and_the_text_stays(visit, drawn_address, content):
    page = visit(drawn_address)
    page.fill("#mm-text textarea", "make it blue")
    page.set_input_files(
        "#mm-picture input[type=file]", {"name": "broken.png", "mimeType": "image/png", "buffer": content}
    )
    page.get_by_text("please give a JPEG, PNG").first.wait_for()
    page.wait_for_selector("#mm-picture img", state="detached")
    assert page.input_value("#mm-text textarea") == "make it blue"


def test_asking_without_a_picture_or_a_text_is_told_in_a_sentence(visit, drawn_address, photo):
    page = visit(drawn_address)
    page.click("#mm-go")
    page.get_by_text("There is no picture yet").first.wait_for()
    page.set_input_files("#mm-picture input[type=file]", photo)
    page.wait_for_selector("#mm-picture img")
    page.click("#mm-go")
    page.get_by_text("The text is empty").first.wait_for()


def test_a_text_is_shown_as_written_and_never_run(visit, drawn_address, photo):
    page = visit(drawn_address)
    ask(page, photo, HOSTILE)
    assert page.locator(".mm-text").inner_text() == HOSTILE
    assert page.locator(".mm-sentence img").count() == 0
    assert page.locator(".mm-word").last.inner_text() == "blue"  # offsets hold beyond an emoji
    assert page.title() == "mmgrad"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 768])
def test_a_narrow_window_has_no_sideways_scroll(visit, drawn_address, photo, shots, width, scheme):
    page = visit(drawn_address, width=width, height=844, scheme=scheme)
    assert sideways(page) <= 0
    ask(page, photo, "make the box blue and put it on the beach, please")
    page.screenshot(path=shots / f"drawn-{width}-{scheme}.png", full_page=True)
    assert sideways(page) <= 0
    page.locator(".mm-hit").first.click()
    page.screenshot(path=shots / f"drawn-{width}-{scheme}-open.png")
    box = page.locator(".mm-dialog").bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= width
    assert page.locator(".mm-dialog .mm-heat").bounding_box()["width"] > width / 3


def test_a_picture_can_be_pasted_also_over_another(visit, drawn_address):
    page = visit(drawn_address)
    for name, size in (("first.png", 40), ("second.png", 60)):
        page.evaluate(
            """async ([name, size]) => {
                const canvas = new OffscreenCanvas(size, size);
                canvas.getContext("2d").fillRect(0, 0, 20, 20);
                const blob = await canvas.convertToBlob({ type: "image/png" });
                const clipboardData = new DataTransfer();
                clipboardData.items.add(new File([blob], name, { type: "image/png" }));
                document.body.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true }));
            }""",
            [name, size],
        )
        page.wait_for_selector(f"#mm-picture img[src*='{name}']")
