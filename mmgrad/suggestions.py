"""Sentences to try on a picture: ready changes of the things that the model recognises in it.

Two sources, the surer one first: the caption of the gallery's picture that is most alike, if it is very much so, and
the 1,000 classes of the encoder's own classifier, where it has one and is sure. A picture with neither gets changes
that suit any picture.
"""

import hashlib
import re
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from mmgrad.gallery.gallery import Gallery
from mmgrad.lexicon import imagenet
from mmgrad.lexicon.nouns import COLOR_WORDS, Name, is_plural, object_nouns
from mmgrad.models.model import Model

ALIKE = 0.8
"""Cosine from which the caption of a gallery picture is taken to say what is in this one too."""

SURE = 0.4
"""Probability from which a class of the classifier is taken at its word."""

OTHERS = ("teapot", "rubber duck", "cactus", "lighthouse", "violin", "bicycle", "sunflower", "penguin")
PLACES = ("put it on a beach", "put it in the snow", "put it in a forest", "put it on a wooden floor")
COLOURS = ("red", "blue", "green", "yellow", "purple")


def recognise(model: Model, gallery: Gallery, image: np.ndarray) -> tuple[Name, ...]:
    """At most two things in a picture, uint8 [H, W, 3], by names that the model knows; none where it is not sure."""
    features, _ = model.features([image])
    with torch.no_grad():
        found = gallery.search(model.composer.encode_image(features), 1)
    record = gallery.records[int(found.indices[0, 0])]
    if float(found.scores[0, 0]) >= ALIKE and (named := _named(record.caption or "")):
        return named
    return _classified(model, features)


def suggest(things: tuple[Name, ...]) -> list[str]:
    """Six or so sentences for a picture with these things in it; the same things give the same sentences."""
    pick = int.from_bytes(hashlib.sha256(repr([thing.bare for thing in things]).encode()).digest()[:4], "big")
    other, another = Name(OTHERS[pick % len(OTHERS)]), Name(OTHERS[(pick + 3) % len(OTHERS)])
    place, colour = PLACES[pick % len(PLACES)], COLOURS[pick % len(COLOURS)]
    anywhere = [f"add {another.indefinite} on the left", place]
    if not things:
        return [*anywhere, f"add {other.indefinite} on the right", PLACES[(pick + 1) % len(PLACES)]]
    first, last = things[0].definite, things[-1].definite
    colour = next(each for each in (colour, *COLOURS) if each != things[-1].adjective)
    return [
        f"replace {first} with {other.indefinite}",
        f"remove {last}",
        f"make {last} {colour}",
        f"make {first} much bigger",
        f"move {last} to the left",
        *anywhere,
    ]


def _named(caption: str) -> tuple[Name, ...]:
    """The first two things of a caption that the model's data knows, with their colours."""
    found: list[Name] = []
    for match in _known().finditer(caption):
        name = Name(match["thing"], is_plural(match["thing"]), match["colour"] or "")
        if name.word not in {each.word for each in found}:
            found.append(name)
    return tuple(found[:2])


@lru_cache(maxsize=1)
def _known() -> re.Pattern[str]:
    nouns = sorted(object_nouns(), key=len)
    things = "|".join(re.escape(noun) for noun in reversed(nouns))
    return re.compile(rf"\b(?:(?P<colour>{'|'.join(COLOR_WORDS)}) )?(?P<thing>{things})\b")


def _classified(model: Model, features: Tensor) -> tuple[Name, ...]:
    """The one class that the encoder's classifier is sure of, if it has a classifier and is sure."""
    logits = model.encoder.classify(features)
    if logits is None:
        return ()
    sureness, row = logits.softmax(dim=-1)[0].max(dim=-1)
    return (imagenet.noun(imagenet.classes()[int(row)].names[0]),) if float(sureness) >= SURE else ()
