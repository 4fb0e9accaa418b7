"""Compose edited variants of the shipped photographs: other things, other places, sizes, colors and scenes.

    python scripts/build_photoreal.py [--out examples/photographs]

Reads the photographs under `examples/photographs`, the outlines under `scripts/photograph_masks` and the table
`scripts/photoreal_things.csv`. Writes the pictures to the folder `edits` of the gallery, what they show to
`edits.jsonl`, and both photographs and edits to `metadata.jsonl`. Only photographs whose license allows it take part;
the edits are under CC-BY-SA-4.0. The outlines were made with ISNet (DIS, Qin et al. 2022) and looked at one by one.
"""

import argparse
import json
import re
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parent))
from build_photographs import EDITS, GALLERY, metadata_lines, read_table
from photoreal_compositing import (
    Cut,
    Place,
    lay,
    light_at,
    lit,
    mirrored,
    recolored,
    rotated,
    width_of,
)
from photoreal_things import Thing, read_things

LICENSE = "CC-BY-SA-4.0"
QUALITY = 74
MARGIN = 0.02
"""Free space between a thing and the edge of the picture, as a share of its size."""


REPLACEMENTS, ADDITIONS, SCENES = 6, 3, 4
"""At most so many edits of a kind for each photograph."""
LIGHT = {"water": 1.3, "flat": 0.4}
"""How strongly a thing takes on the light of its new place; 1 for other kinds."""
BLANK = 8.0
"""A picture whose values spread less than this shows nothing."""


@dataclass(frozen=True)
class Edit:
    """An edited picture: which change it is, the sentence that asks for it, a caption, and the photographs in it."""

    kind: str
    text: str
    caption: str
    image: np.ndarray
    sources: tuple[str, ...]


def edits(thing: Thing, things: list[Thing], random: np.random.Generator) -> Iterator[Edit]:
    """All edits of the photograph of `thing`."""
    others = [other for other in things if other.kind == thing.kind and other is not thing]
    guests = [other for other in others if "cut" in other.use and other.noun != thing.noun]
    guests = [guests[index] for index in random.permutation(len(guests))]
    yield from _recolorings(thing)
    if thing.use:
        yield from _additions(thing, [guest for guest in guests if 0.3 < guest.size / thing.size < 3.2], random)
    if "plate" in thing.use:
        if thing.plate.std() > BLANK:
            caption = _sentence("", thing.scene)
            yield Edit("remove", f"remove the {thing.noun}", caption, thing.plate, (thing.name,))
        yield from _replacements(thing, [guest for guest in guests if 0.45 < guest.size / thing.size < 3.2], random)
        yield from _moves(thing)
        yield from _sizes(thing)
    if "cut" in thing.use and thing.scene:
        scenes = [other for other in others if "plate" in other.use and other.scene != thing.scene]
        scenes = [other for other in scenes if 0.3 < other.size / thing.size < 2.2]
        yield from _scenes(thing, [scenes[index] for index in random.permutation(len(scenes))], random)


def _sentence(what: str, scene: str) -> str:
    """A caption. Without a thing, it tells the scene alone: "On a lawn" becomes "A lawn"."""
    words = f"{what} {scene}".strip() if what else re.sub("^(in front of|above|over|under|on|in) ", "", scene)
    return words[0].upper() + words[1:] + "."


def _recolorings(thing: Thing) -> Iterator[Edit]:
    for color in thing.colors:
        changed = recolored(thing.cut, color, only_colorful=thing.kind in ("flat", "perch", "flower"))
        image, _ = lay(thing.image, changed, thing.place, "none")
        noun = " ".join(word for word in thing.noun.split() if word not in COLOR_WORDS)
        yield Edit(
            "recolor",
            f"make the {thing.noun} {color}",
            _sentence(_article(f"{color} {noun}", thing.plural), thing.scene),
            image,
            (thing.name,),
        )


COLOR_WORDS = {"black", "white", "gray", "brown", "red", "orange", "yellow", "green", "blue", "silver", "pink", "pale"}


def _article(words: str, plural: bool) -> str:
    return words if plural else ("an " if words[0] in "aeiou" else "a ") + words


def _replacements(thing: Thing, guests: list[Thing], random: np.random.Generator) -> Iterator[Edit]:
    count = 0
    for guest in guests:
        found = _laid(thing, guest, thing.plate, random)
        if found is not None:
            text = f"replace the {thing.noun} with {guest.one}"
            count += 1
            yield Edit("replace", text, _sentence(guest.one, thing.scene), found, (thing.name, guest.name))
        if count == REPLACEMENTS:
            return


def _scenes(thing: Thing, scenes: list[Thing], random: np.random.Generator) -> Iterator[Edit]:
    count = 0
    for scene in scenes:
        found = _laid(scene, thing, scene.plate, random)
        if found is not None:
            text = f"put the {thing.noun} {scene.scene}"
            count += 1
            yield Edit("background", text, _sentence(thing.one, scene.scene), found, (thing.name, scene.name))
        if count == SCENES:
            return


def _laid(host: Thing, guest: Thing, plate: np.ndarray, random: np.random.Generator) -> np.ndarray | None:
    """`guest` in the place of the thing of `host`."""
    cut = guest.cut if random.random() < 0.5 else mirrored(guest.cut)
    if host.kind == "flat":
        cut = rotated(cut, float(random.uniform(-25, 25)))
    place = _fitting(cut, host, _scaled_height(cut, host, guest))
    if place is None:
        return None
    bright = lit(cut, light_at(plate, place, width_of(cut, place.height)), LIGHT.get(host.kind, 1.0))
    return lay(plate, bright, place, _shadow(host), host.grass, int(random.integers(1 << 30)))[0]


def _shadow(host: Thing) -> str:
    return {"ground": "ground", "flat": "flat"}.get(host.kind, "none")


def _scaled_height(cut: Cut, host: Thing, guest: Thing) -> float:
    """The height in pixels of `guest` beside the thing of `host`. Far sizes are drawn nearer to each other."""
    ratio: float = (guest.size / host.size) ** 0.7
    if host.kind == "ground":
        return host.place.height * ratio
    own = max(host.cut.alpha.shape)
    longest = own * ratio
    height: float = longest * cut.alpha.shape[0] / max(cut.alpha.shape)
    return height


def _fitting(cut: Cut, host: Thing, height: float) -> Place | None:
    """The place of the host's thing for a thing of that height, made smaller and moved until it lies in the picture."""
    rows, columns = host.image.shape[:2]
    height = min(height, (0.9 if host.kind == "ground" else 0.85) * rows)
    height *= min(1.0, (1 - 2 * MARGIN) * columns * 0.9 / width_of(cut, height))
    if height < 0.13 * rows or height > 1.7 * cut.alpha.shape[0]:
        return None
    half = width_of(cut, height) / 2
    x = float(np.clip(host.place.x, MARGIN * columns + half, (1 - MARGIN) * columns - half))
    y = host.place.y
    if host.kind == "ground":
        y = max(y, height + MARGIN * rows) if y < rows - 2 else float(rows - 0.04 * rows)
        y = min(y, 0.985 * rows)
    else:
        middle = host.place.y - host.place.height / 2
        y = float(np.clip(middle + height / 2, MARGIN * rows + height, (1 - MARGIN) * rows))
    return Place(x, y, height)


def _additions(thing: Thing, guests: list[Thing], random: np.random.Generator) -> Iterator[Edit]:
    """Other things in free places beside the thing."""
    rows = thing.image.shape[0]
    taken = cv2.dilate((thing.outline > 0.1).astype(np.uint8), np.ones((9, 9), np.uint8)).astype(bool)
    count = 0
    for guest in guests:
        cut = guest.cut if random.random() < 0.5 else mirrored(guest.cut)
        height = _scaled_height(cut, thing, guest) * (1.0 if thing.kind == "ground" else 0.7)
        for shrink in (1.0, 0.8, 0.64):
            tall = min(height * shrink, 1.6 * cut.alpha.shape[0])
            place = _free_place(cut, thing, taken, tall, random)
            if place is None or tall < 0.14 * rows:
                continue
            width = width_of(cut, tall)
            bright = lit(cut, light_at(thing.image, place, width), LIGHT.get(thing.kind, 1.0))
            seed = int(random.integers(1 << 30))
            image, _ = lay(thing.image, bright, place, _shadow(thing), thing.grass, seed)
            side = "left" if place.x < thing.place.x else "right"
            caption = _sentence(f"{thing.one} and {guest.one}", thing.scene)
            text = f"add {guest.one} on the {side}"
            yield Edit("add", text, caption, image, (thing.name, guest.name))
            count += 1
            break
        if count == ADDITIONS:
            return


def _free_place(cut: Cut, host: Thing, taken: np.ndarray, height: float, random: np.random.Generator) -> Place | None:
    rows, columns = taken.shape
    width = width_of(cut, height)
    ground = [host.place.y] if host.place.y < 0.97 * rows else [0.96 * rows]
    lines = ground if host.kind == "ground" else list(np.linspace(height + 0.04 * rows, 0.96 * rows, 7))
    free = []
    for y in lines:
        for x in np.linspace(width / 2 + MARGIN * columns, (1 - MARGIN) * columns - width / 2, 13):
            top, left = int(y - height), int(x - width / 2)
            if top < 0 or left < 0 or x + width / 2 > columns:
                continue
            if taken[top : int(y), left : int(left + width)].mean() < 0.01:
                free.append(Place(float(x), float(y), height))
    return free[int(random.integers(len(free)))] if free else None


def _moves(thing: Thing) -> Iterator[Edit]:
    columns = thing.image.shape[1]
    half = thing.cut.alpha.shape[1] / 2
    if thing.place.x - half < 2 or thing.place.x + half > columns - 2:
        return  # the edge of the picture cuts the thing off
    spots = {"left": half + 0.03 * columns, "right": 0.97 * columns - half}
    for side, x in spots.items():
        way = x - thing.place.x
        if abs(way) < 0.14 * columns or (way > 0) != (side == "right"):
            continue
        image, _ = lay(thing.plate, thing.cut, replace(thing.place, x=x), _shadow(thing), thing.grass)
        caption = _sentence(f"{thing.one} on the {side}", thing.scene)
        yield Edit("move", f"move the {thing.noun} to the {side}", caption, image, (thing.name,))


def _sizes(thing: Thing) -> Iterator[Edit]:
    rows, columns = thing.image.shape[:2]
    half = thing.cut.alpha.shape[1] / 2
    if thing.place.x - half < 2 or thing.place.x + half > columns - 2 or thing.place.y > rows - 2:
        return
    for word, factor in (("smaller", 0.55), ("larger", 1.4)):
        height = thing.place.height * factor
        y = thing.place.y if thing.kind == "ground" else thing.place.y + (factor - 1) * thing.place.height / 2
        if y - height < 0 or y > 0.99 * rows or half * factor * 2 > 0.97 * columns:
            continue
        x = float(np.clip(thing.place.x, half * factor + 2, columns - half * factor - 2))
        image, _ = lay(thing.plate, thing.cut, Place(x, y, height), _shadow(thing), thing.grass)
        name = "small" if factor < 1 else "large"
        caption = _sentence(_article(f"{name} {thing.noun}", thing.plural), thing.scene)
        yield Edit("resize", f"make the {thing.noun} {word}", caption, image, (thing.name,))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=GALLERY)
    parser.add_argument("--kinds", nargs="*", help="only things of these kinds")
    options = parser.parse_args()
    things = [thing for thing in read_things(GALLERY) if not options.kinds or thing.kind in options.kinds]
    shutil.rmtree(options.out / "edits", ignore_errors=True)
    lines = []
    seen: set[tuple[str, ...]] = set()  # which scene holds which other thing
    for number, thing in enumerate(things):
        random = np.random.default_rng(number)
        folder = "edits/" + thing.name.removesuffix(".webp").replace("/", "-")
        counts: dict[str, int] = {}
        for edit in edits(thing, things, random):
            if edit.kind in thing.skip:
                continue
            counts[edit.kind] = counts.get(edit.kind, 0) + 1
            name = f"{folder}/{edit.kind}-{counts[edit.kind]}.webp"
            if edit.kind in ("replace", "background"):
                pair = edit.sources if edit.kind == "replace" else edit.sources[::-1]
                if pair in seen:
                    continue
                seen.add(pair)
            target = options.out / name
            target.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(edit.image).save(target, quality=QUALITY, method=6)
            lines.append(
                {
                    "file_name": name,
                    "caption": edit.caption,
                    "license": LICENSE,
                    "edit": edit.kind,
                    "text": edit.text,
                    "reference": thing.name,
                    "sources": sorted(set(edit.sources)),
                }
            )
    text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
    (options.out / EDITS).write_text(text, encoding="utf-8")
    (options.out / "metadata.jsonl").write_text(metadata_lines(read_table(), options.out), encoding="utf-8")


if __name__ == "__main__":
    main()
