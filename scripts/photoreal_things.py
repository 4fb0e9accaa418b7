"""The things in the shipped photographs that can be cut out: their outlines, and the pictures without them."""

import csv
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from build_photographs import read_table
from photoreal_compositing import Cut, Place, cut_out
from photoreal_inpainting import fill, fill_smoothly
from PIL import Image

SCRIPTS = Path(__file__).resolve().parent
LICENSES = {"Public domain", "CC0-1.0", "CC-BY-2.0", "CC-BY-3.0", "CC-BY-4.0", "CC-BY-SA-4.0", "BSD-2-Clause"}
"""Licenses of pictures that may become part of a picture under CC-BY-SA-4.0."""


@dataclass(frozen=True)
class Thing:
    """A row of the table, with the picture and the outline of the thing in it.

    `kind` groups things that can stand for each other. `use` says what the outline is good for: "cut" to lay the thing
    into other pictures, "plate" to show the picture without it. `skip` names kinds of edits that do not look real.
    `plate` is the picture without the thing.
    """

    name: str
    kind: str
    noun: str
    plural: bool
    size: float
    scene: str
    use: frozenset[str]
    skip: frozenset[str]
    colors: tuple[str, ...]
    grass: float
    image: np.ndarray
    cut: Cut
    place: Place
    outline: np.ndarray
    plate: np.ndarray

    @property
    def one(self) -> str:
        """The noun with its article."""
        return self.noun if self.plural else ("an " if self.noun[0] in "aeiou" else "a ") + self.noun


def read_things(gallery: Path) -> list[Thing]:
    licenses = {photograph.file_name: photograph.license for photograph in read_table()}
    with (SCRIPTS / "photoreal_things.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if licenses[row["file_name"]] in LICENSES]
    return [_thing(row, gallery) for row in rows]


def _thing(row: dict[str, str], gallery: Path) -> Thing:
    with Image.open(gallery / row["file_name"]) as picture:
        image = np.asarray(picture.convert("RGB"))
    with Image.open(SCRIPTS / "photograph_masks" / row["file_name"]) as picture:
        outline = np.asarray(picture.convert("L")).astype(np.float32) / 255
    use = frozenset(row["use"].split())
    plate = image
    if "plate" in use or row["fill"] == "smooth":
        side = int(row["margin"])
        kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
        hole = cv2.dilate((outline > 0.1).astype(np.uint8), kernel).astype(bool)
        smooth = row["fill"] == "smooth"
        plate = fill_smoothly(image, hole) if smooth else fill(image, hole, 1.0 if row["kind"] == "flat" else 25.0)
    if row["part"] == "largest":
        outline = _largest_part(outline)
    cut, place = cut_out(image, outline)
    return Thing(
        row["file_name"],
        row["kind"],
        row["noun"],
        row["number"] != "1",
        float(row["height"]),
        row["scene"],
        use,
        frozenset(row["skip"].split()),
        tuple(row["colors"].split()),
        float(row["grass"]),
        image,
        cut,
        place,
        outline,
        plate,
    )


def _largest_part(outline: np.ndarray) -> np.ndarray:
    _, labels, stats, _ = cv2.connectedComponentsWithStats((outline > 0.3).astype(np.uint8))
    solid = np.bincount(labels.ravel(), (outline > 0.9).ravel(), len(stats))
    largest = 1 + solid[1:].argmax()
    near = cv2.dilate((labels == largest).astype(np.uint8), np.ones((5, 5), np.uint8))
    return outline * near
