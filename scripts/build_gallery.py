"""Draw the gallery that the app ships: pictures of the test split, as an ImageFolder with captions.

    python scripts/build_gallery.py [--families 450] [--size 288] [--out examples/gallery]

Deterministic: the same atlas gives the same pictures. Every seventh picture is the reference of a family of edits, the
six after it are its edited variants, so the gallery is full of near misses.
"""

import argparse
import json
import shutil
from pathlib import Path

from PIL import Image

from mmgrad.synthetic.asset_library import load_asset_library
from mmgrad.synthetic.families import families

ROOT = Path(__file__).resolve().parent.parent
LICENSE = "GPL-3.0-or-later"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--families", type=int, default=450)
    parser.add_argument("--size", type=int, default=288, help="long side in pixels")
    parser.add_argument("--out", type=Path, default=ROOT / "examples" / "gallery")
    options = parser.parse_args()
    shutil.rmtree(options.out, ignore_errors=True)
    lines = []
    for number, family in enumerate(families(load_asset_library(), "test", 0, options.families, options.size)):
        for index, (scene, caption) in enumerate(zip(family.scenes, family.captions, strict=True)):
            name = f"{number // 100:02d}/{number:04d}-{index}.webp"
            path = options.out / name
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(scene).save(path, quality=78, method=4)
            lines.append(json.dumps({"file_name": name, "caption": caption, "license": LICENSE}))
    (options.out / "metadata.jsonl").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
