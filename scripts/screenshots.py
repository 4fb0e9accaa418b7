"""Take the README's pictures of the page, with the included model and photographs: python scripts/screenshots.py

Needs playwright and Chromium at /usr/bin/chromium.
"""

from io import BytesIO
from pathlib import Path
from typing import Literal

from PIL import Image
from playwright.sync_api import sync_playwright

import mmgrad
from mmgrad.app.blocks import launch
from mmgrad.utils.resources import PHOTOGRAPHS

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
REFERENCE = PHOTOGRAPHS / "animals" / "german-shepherd.webp"
TEXT = "replace the dog with a sheep"
VIEWS: dict[str, tuple[int, int, Literal["light", "dark"]]] = {"app": (1280, 900, "light"), "phone": (390, 844, "dark")}


def main() -> None:
    DOCS.mkdir(exist_ok=True)
    engine = mmgrad.load(gallery=PHOTOGRAPHS)
    page, address = launch({engine.name: engine}, prevent_thread_lock=True, quiet=True)
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-gpu"])
        for name, (width, height, scheme) in VIEWS.items():
            tab = browser.new_page(viewport={"width": width, "height": height}, color_scheme=scheme)
            tab.goto(address)
            tab.set_input_files("#mm-picture input[type=file]", REFERENCE)
            tab.wait_for_selector("#mm-picture img")
            tab.fill("#mm-text textarea", TEXT)
            tab.press("#mm-text textarea", "Enter")
            words = len(TEXT.split())
            tab.wait_for_function(f"document.querySelectorAll('.mm-reference .mm-word').length === {words}")
            tab.locator("details[open] > summary").first.click()  # how to read this
            tab.wait_for_timeout(1500)  # the page scrolls to the answer
            part = tab.locator(".mm-columns") if name == "app" else tab
            shot = Image.open(BytesIO(part.screenshot()))
            shot.convert("RGB").save(DOCS / f"{name}.webp", quality=80, method=6)
        browser.close()
    page.close(verbose=False)


if __name__ == "__main__":
    main()
