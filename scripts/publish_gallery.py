"""Index a gallery and write the index beside its pictures, to be shipped with them.

python scripts/publish_gallery.py [--model NAME] [--gallery examples/gallery]
"""

import argparse
from pathlib import Path

from mmgrad.gallery.gallery import Gallery
from mmgrad.models.model import load_model
from mmgrad.utils.resources import GALLERY


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", help="'compact' (the default), the folder of a checkpoint, or a CLIP or SigLIP")
    parser.add_argument("--gallery", type=Path, default=GALLERY)
    options = parser.parse_args()
    gallery = Gallery.build(options.gallery, load_model(options.model))
    print(f"{len(gallery):,} pictures: {gallery.publish()}")


if __name__ == "__main__":
    main()
