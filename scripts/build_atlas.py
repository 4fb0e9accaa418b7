"""Rebuild mmgrad/synthetic/assets: cut-outs and backgrounds from Debian packages, and drawn backgrounds.

    python scripts/build_atlas.py [--stamps /usr/share/tuxpaint/stamps] [--packages FOLDER]

The choice of pictures and their names stand in atlas_selection.csv and atlas_backgrounds.csv beside this file.
The stamps come from the installed package tuxpaint-stamps-default. FOLDER holds the other packages of the tables,
unpacked, one folder each (`apt-get download NAME`, then `dpkg -x NAME_*.deb FOLDER/NAME`); without it, or where a
package is missing, their pictures are taken over from the present assets.
"""

import argparse
import csv
import io
import json
import os
import shutil
import sys
import tempfile
import zipfile
from pathlib import Path

import cv2
import numpy as np
from atlas_places import PLACES
from atlas_textures import TEXTURES
from PIL import Image

HERE = Path(__file__).parent
ASSETS = HERE.parent / "mmgrad" / "synthetic" / "assets"
LONG_SIDE = 224
BACKGROUND = 384
DRAWN = TEXTURES | PLACES

CUTOUT_LICENSES = {
    "tuxpaint-stamps-default": "GPL-2.0-or-later",
    "sweethome3d": "GPL-2.0-or-later",
    "sweethome3d-furniture": "CC0-1.0",
}

ARCHIVES = {
    "sweethome3d": "usr/share/sweethome3d/sweethome3d.jar",
    "sweethome3d-furniture": "usr/share/sweethome3d/furniture/BlendSwap-CC-0.sh3f",
}
"""Packages whose pictures lie in a zip archive; their sources are paths inside it."""

SWATCHES: dict[str, tuple[tuple[int, int, int], ...]] = {
    "black": ((15, 15, 15), (38, 38, 40)),
    "grey": ((90, 90, 92), (130, 130, 130), (170, 170, 172)),
    "white": ((212, 212, 210), (245, 245, 245)),
    "red": ((200, 25, 30), (150, 20, 25), (225, 70, 60)),
    "orange": ((240, 130, 25), (220, 105, 30), (245, 160, 70)),
    "yellow": ((245, 220, 40), (225, 190, 30), (250, 235, 130)),
    "green": ((45, 140, 50), (30, 80, 30), (140, 180, 70), (90, 110, 50)),
    "blue": ((30, 80, 190), (20, 40, 110), (100, 160, 220), (40, 130, 160)),
    "purple": ((120, 50, 150), (80, 40, 110), (165, 115, 190)),
    "pink": ((240, 140, 180), (225, 70, 140), (245, 195, 205)),
    "brown": ((110, 65, 35), (70, 45, 30), (150, 105, 65), (190, 155, 115)),
}
"""Colors, RGB 0..255, that each color word stands for; a pixel takes the word of the nearest in CIELAB."""


def color_words(rgba: np.ndarray) -> list[str]:
    """The one to three words that name the most opaque pixels of `rgba` (uint8 [h, w, 4]), most common first."""
    pixels = rgba[rgba[..., 3] > 127][:, :3]
    if not len(pixels):
        return ["grey"]
    words = [word for word, tones in SWATCHES.items() for _ in tones]
    lab = _lab(pixels)
    tones = _lab(np.array([tone for group in SWATCHES.values() for tone in group], np.uint8))
    # Lightness counts less than hue: shading makes one object span many lightnesses.
    weight = np.array([0.6, 1.0, 1.0], np.float32)
    nearest = np.argmin([(((lab - tone) * weight) ** 2).sum(-1) for tone in tones], 0)
    share = {word: 0.0 for word in SWATCHES}
    for index, count in zip(*np.unique(nearest, return_counts=True), strict=True):
        share[words[index]] += float(count) / len(pixels)
    ranked = sorted(share, key=lambda word: -share[word])
    return [word for i, word in enumerate(ranked[:3]) if i == 0 or share[word] > 0.22]


def _lab(pixels: np.ndarray) -> np.ndarray:
    """uint8 RGB [n, 3] as CIELAB float32 [n, 3]."""
    lab: np.ndarray = cv2.cvtColor((pixels.astype(np.float32) / 255)[None], cv2.COLOR_RGB2LAB)[0]
    return lab


class Packages:
    """The pictures of the packages, each read by package name and source path."""

    def __init__(self, stamps: Path, folder: Path | None) -> None:
        self.stamps, self.folder = stamps, folder
        self.archives: dict[str, zipfile.ZipFile] = {}

    def open(self, package: str, source: str) -> Image.Image | None:
        """The picture, or None where the package is not at hand."""
        if package == "tuxpaint-stamps-default":
            return Image.open(self.stamps / source)
        if self.folder is None or not (self.folder / package).is_dir():
            return None
        if package in ARCHIVES:
            if package not in self.archives:
                self.archives[package] = zipfile.ZipFile(self.folder / package / ARCHIVES[package])
            return Image.open(io.BytesIO(self.archives[package].read(source)))
        return Image.open(self.folder / package / source)


def cut_out(image: Image.Image) -> np.ndarray:
    """The object as uint8 [h, w, 4], trimmed to its visible pixels, long side at most LONG_SIDE."""
    rgba = trim(image.convert("RGBA"))
    scale = LONG_SIDE / max(rgba.size)
    if scale < 1:
        # Premultiplied, so that hidden colors do not bleed into the rim.
        size = (max(1, round(rgba.width * scale)), max(1, round(rgba.height * scale)))
        rgba = trim(rgba.convert("RGBa").resize(size, Image.Resampling.LANCZOS).convert("RGBA"))
    return np.array(rgba)


def trim(rgba: Image.Image) -> Image.Image:
    """The picture without the rows and columns at its rim where nothing is to be seen."""
    visible = np.array(rgba)[..., 3] > 16
    y, x = np.flatnonzero(visible.any(1)), np.flatnonzero(visible.any(0))
    return rgba.crop((int(x[0]), int(y[0]), int(x[-1]) + 1, int(y[-1]) + 1))


def frame(image: Image.Image, crop: str) -> Image.Image:
    """A square of side BACKGROUND.

    `crop` is "left top side": where the square lies between the edges (0..1) and its share of the short side; or
    "tile N": a seamless texture repeated N times across.
    """
    rgb = image.convert("RGB")
    if crop.startswith("tile"):
        width = BACKGROUND // int(crop.split()[1])
        stone = np.array(rgb.resize((width, round(width * rgb.height / rgb.width)), Image.Resampling.LANCZOS))
        repeats = (-(-BACKGROUND // stone.shape[0]), -(-BACKGROUND // stone.shape[1]), 1)
        return Image.fromarray(np.tile(stone, repeats)[:BACKGROUND, :BACKGROUND])
    left, top, side = (float(word) for word in crop.split())
    edge = side * min(rgb.size)
    x, y = left * (rgb.width - edge), top * (rgb.height - edge)
    return rgb.resize((BACKGROUND, BACKGROUND), Image.Resampling.LANCZOS, (x, y, x + edge, y + edge), reducing_gap=3)


def split(text: str) -> list[str]:
    """The words of a table cell, parted by bars."""
    return [word.strip() for word in text.split("|") if word.strip()]


def table(name: str) -> list[dict[str, str]]:
    """The rows of a table beside this file."""
    with (HERE / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def build_cutouts(packages: Packages, out: Path) -> None:
    """Write cutouts/<id>.webp and cutouts.json below `out`."""
    (out / "cutouts").mkdir()
    entries = []
    for row in table("atlas_selection.csv"):
        target = out / "cutouts" / f"{row['id']}.webp"
        image = packages.open(row["package"], row["source"])
        if image is None:
            shutil.copyfile(ASSETS / "cutouts" / target.name, target)
        else:
            # exact: hidden colors are zero already or belong to the object; changing them costs a pale rim.
            Image.fromarray(cut_out(image)).save(target, quality=85, method=4, exact=True)
        with Image.open(target) as written:
            colors = split(row["colors"]) or color_words(np.array(written.convert("RGBA")))
        entry: dict[str, object] = {key: row[key] for key in ("id", "noun", "plural", "phrase", "category", "kind")}
        entry |= {"synonyms": split(row["synonyms"]), "colors": colors}
        entry |= {"source": row["source"], "license": CUTOUT_LICENSES[row["package"]]}
        entries.append(entry)
    write_table(out / "cutouts.json", entries)


def build_backgrounds(packages: Packages, out: Path) -> None:
    """Write backgrounds/<id>.webp and backgrounds.json below `out`."""
    (out / "backgrounds").mkdir()
    entries = []
    for row in table("atlas_backgrounds.csv"):
        target = out / "backgrounds" / f"{row['id']}.webp"
        if row["kind"] == "drawn":
            pixels = np.round(np.clip(DRAWN[row["id"]](), 0, 1) * 255).astype(np.uint8)
            Image.fromarray(pixels).save(target, quality=80, method=4)
        elif (image := packages.open(row["package"], row["source"])) is not None:
            frame(image, row["crop"]).save(target, quality=80, method=4)
        else:
            shutil.copyfile(ASSETS / "backgrounds" / target.name, target)
        entry: dict[str, object] = {key: row[key] for key in ("id", "name", "kind", "license")}
        source = f"{row['package']}: {row['source']}" if row["package"] else row["source"]
        entries.append(entry | {"synonyms": split(row["synonyms"]), "source": source})
    write_table(out / "backgrounds.json", entries)


def write_table(path: Path, entries: list[dict[str, object]]) -> None:
    """One entry per line, so that changes are easy to read."""
    lines = (json.dumps(entry, ensure_ascii=False, sort_keys=True) for entry in entries)
    path.write_text("[\n" + ",\n".join(lines) + "\n]\n", encoding="utf-8")


def main() -> int:
    """Build into a folder beside the assets, then put it in their place."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stamps", type=Path, default=Path("/usr/share/tuxpaint/stamps"))
    parser.add_argument("--packages", type=Path)
    options = parser.parse_args()
    packages = Packages(options.stamps, options.packages)
    ASSETS.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=ASSETS.parent, prefix=".atlas-") as folder:
        new, old = Path(folder) / "new", Path(folder) / "old"
        new.mkdir()
        shutil.copyfile(HERE / "atlas_license.md", new / "LICENSE.md")
        build_cutouts(packages, new)
        build_backgrounds(packages, new)
        for kept in ("wordings", "negative_texts"):
            shutil.copytree(ASSETS / kept, new / kept)
        if ASSETS.exists():
            os.replace(ASSETS, old)
        os.replace(new, ASSETS)
    return 0


if __name__ == "__main__":
    sys.exit(main())
