"""Texts to try on a picture: edits of the objects that the model recognizes in it.

Objects come from two sources, in this order: the caption of the most similar picture of the gallery, where it is very
similar, and the 1,000 ImageNet classes of the encoder's classifier, where it has one and is confident. A picture with
neither gets edits that suit any picture.
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

MIN_SIMILARITY = 0.8
"""Cosine from which the caption of a picture of the gallery is used."""

MIN_PROBABILITY = 0.4
"""Probability from which a class of the classifier is used."""

NEW_OBJECTS = ("teapot", "rubber duck", "cactus", "lighthouse", "violin", "bicycle", "sunflower", "penguin")
PLACES = ("put it on a beach", "put it in the snow", "put it in a forest", "put it on a wooden floor")
COLORS = ("red", "blue", "green", "yellow", "purple")


def recognize_objects(model: Model, gallery: Gallery, image: np.ndarray) -> tuple[Name, ...]:
    """At most two objects in a picture, uint8 [H, W, 3], by known nouns; none where the model is not confident."""
    features, _ = model.features([image])
    with torch.no_grad():
        found = gallery.search(model.composer.encode_image(features), 1)
    record = gallery.records[int(found.indices[0, 0])]
    if float(found.scores[0, 0]) >= MIN_SIMILARITY and (named := _named(record.caption or "")):
        return named
    return _classified(model, features)


def suggest_edits(objects: tuple[Name, ...]) -> list[str]:
    """Four to seven texts for a picture with these objects in it; the same objects give the same texts."""
    pick = int.from_bytes(hashlib.sha256(repr([each.bare for each in objects]).encode()).digest()[:4], "big")
    new = [Name(word) for word in NEW_OBJECTS if word not in {each.word for each in objects}]
    other, another = new[pick % len(new)], new[(pick + 3) % len(new)]
    place, color = PLACES[pick % len(PLACES)], COLORS[pick % len(COLORS)]
    anywhere = [f"add {another.indefinite} on the left", place]
    if not objects:
        return [*anywhere, f"add {other.indefinite} on the right", PLACES[(pick + 1) % len(PLACES)]]
    first, last = objects[0].definite, objects[-1].definite
    color = next(each for each in (color, *COLORS) if each != objects[-1].adjective)
    return [
        f"replace {first} with {other.indefinite}",
        f"remove {last}",
        f"make {last} {color}",
        f"make {first} much bigger",
        f"move {last} to the left",
        *anywhere,
    ]


def _named(caption: str) -> tuple[Name, ...]:
    """The first two objects of a caption whose nouns are known, with their colors."""
    found: list[Name] = []
    for match in _known().finditer(caption):
        name = Name(match["noun"], is_plural(match["noun"]), match["color"] or "")
        if name.word not in {each.word for each in found}:
            found.append(name)
    return tuple(found[:2])


@lru_cache(maxsize=1)
def _known() -> re.Pattern[str]:
    nouns = sorted(object_nouns(), key=len)
    things = "|".join(re.escape(noun) for noun in reversed(nouns))
    return re.compile(rf"\b(?:(?P<color>{'|'.join(COLOR_WORDS)}) )?(?P<noun>{things})\b")


def _classified(model: Model, features: Tensor) -> tuple[Name, ...]:
    """The one class that the encoder's classifier is confident of, if it has a classifier."""
    logits = model.encoder.classify(features)
    if logits is None:
        return ()
    confidence, row = logits.softmax(dim=-1)[0].max(dim=-1)
    return (imagenet.noun(imagenet.classes()[int(row)].names[0]),) if float(confidence) >= MIN_PROBABILITY else ()
