"""Writes `mmgrad/lexicon/assets/imagenet.json`: names and everyday kinds of the 1,000 ImageNet classes.

It reads the order of the classes and their lemmas from the two tables that timm carries (`imagenet_synsets.txt`,
`imagenet_synset_to_lemma.txt`) and what is above them from WordNet 3.0's `data.noun` (Debian: wordnet-base); a class
n01440764 is WordNet's synset 01440764. What people say instead stands in `imagenet_words.py`.

    python scripts/build_imagenet_names.py TIMM_INFO_FOLDER /usr/share/wordnet/data.noun
"""

import argparse
import json
import re
from pathlib import Path

from imagenet_words import KINDS, MORE_KINDS, NAMES, OTHER_KINDS

OUT = Path(__file__).parents[1] / "mmgrad" / "lexicon" / "assets" / "imagenet.json"
SOURCE = (
    "Classes, lemmas and hypernyms: WordNet 3.0, Copyright 2006 by Princeton University (WordNet license, see NOTICE); "
    "the order of the classes as in timm (Apache-2.0); everyday names chosen by this project."
)
MOST_NAMES = 3
_LATIN = re.compile(r"[A-Z][a-z]+ [a-z]+")
"""ClassPrototypes like a binomial: "Tinca tinca"; a first lemma never is one, "Siamese cat" may be."""


def hypernyms(data_noun: Path) -> dict[str, list[str]]:
    """The synsets directly above each noun synset, by offset."""
    above = {}
    for line in data_noun.read_text(encoding="latin-1").splitlines():
        if line.startswith("  "):
            continue  # the license
        fields = line.split("|")[0].split()
        first = 4 + 2 * int(fields[3], 16)
        pointers = [fields[first + 1 + 4 * i : first + 3 + 4 * i] for i in range(int(fields[first]))]
        above[fields[0]] = [offset for kind, offset in pointers if kind in ("@", "@i")]
    return above


def kinds_of(offset: str, above: dict[str, list[str]]) -> list[str]:
    """The everyday words of all synsets above, the nearest first."""
    found: list[str] = []
    level, seen = [offset], {offset}
    while level:
        found += [word for one in level for word in KINDS.get(one, ()) if word not in found]
        level = list(dict.fromkeys(up for one in level for up in above[one] if up not in seen))
        seen.update(level)
    return found


def names_of(lemmas: list[str]) -> list[str]:
    """The first lemmas that are no scientific names."""
    plain = [lemma for i, lemma in enumerate(lemmas) if i == 0 or not _LATIN.fullmatch(lemma)]
    return plain[:MOST_NAMES]


def main() -> None:
    parser = argparse.ArgumentParser(description="Write the names and kinds of the ImageNet classes.")
    parser.add_argument("timm_info", type=Path)
    parser.add_argument("data_noun", type=Path)
    options = parser.parse_args()
    order = (options.timm_info / "imagenet_synsets.txt").read_text(encoding="utf-8").split()
    table = (options.timm_info / "imagenet_synset_to_lemma.txt").read_text(encoding="utf-8").splitlines()
    lemmas = {wnid: words.split(", ") for wnid, words in (line.split("\t") for line in table)}
    above = hypernyms(options.data_noun)
    rows = []
    for index, wnid in enumerate(order):
        names = list(NAMES.get(index, names_of(lemmas[wnid])))
        kinds = list(OTHER_KINDS.get(index, (*MORE_KINDS.get(index, ()), *kinds_of(wnid[1:], above))))
        kinds = [word for word in dict.fromkeys(kinds) if word not in names]
        rows.append({"wnid": wnid, "names": names, "hypernyms": kinds})
    lines = ",\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
    OUT.write_text(f'{{"source": {json.dumps(SOURCE)},\n"classes": [\n{lines}\n]}}\n', encoding="utf-8")


if __name__ == "__main__":
    main()
