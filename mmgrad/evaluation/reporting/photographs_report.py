"""The results on real photographs as Markdown."""

from mmgrad.evaluation.protocols.photographs import CUTS, MEASURED, ROUNDS
from mmgrad.evaluation.reporting.tables import label, pivot, table
from mmgrad.evaluation.table import Results

_OBJECTS = {
    ("mosaics", "reference"): "the named photograph",
    ("mosaics", "target"): "the new photograph",
    ("crops", "reference"): "the named object",
    ("crops", "target"): "the new object",
}


def photographs_markdown(results: Results) -> str:
    """The tables of `evaluate_photographs`."""
    about = results.settings
    lines = [
        "## Real photographs of classes that the head was not trained on",
        "",
        f"{about['photographs']} photographs of {about['classes']} classes; {about['mosaics']} mosaics of two by two, "
        "the text names one of the four. Per cent with 95 % bootstrap intervals. The frozen encoder of the compact "
        "model was trained on ImageNet, which has these classes and may contain these pictures.",
        "",
    ]
    if about["crops"]:
        lines += [
            f"{about['crops']} questions about photographs cropped so that the object lies off center; its box fills "
            f"{100 * about['filled']:.0f} % of them.",
            "",
        ]
    if "fingerprints" in about:
        names = ", ".join(f"{name} {fingerprint}" for name, fingerprint in about["fingerprints"].items())
        lines += [f"Models and fingerprints of their weights: {names}.", ""]
    focus = results.select("focus")
    for pictures in dict.fromkeys(focus["condition"]):
        for group, side in MEASURED:
            rows = results.select("focus", condition=pictures, group=group, side=side)
            found = pivot(rows, ["model", "method"], ["pointing_0px", "energy"])
            lines += [f"### {pictures.capitalize()}, {group}: the {side} map", ""]
            header = ["map", f"peak on {_OBJECTS[pictures, side]}", "energy on it"]
            lines += table(header, [[label(results, *keys), *cells] for keys, _, cells in found])
    lines += ["### “Replace the X with a Y”: a photograph of a Y among all of them, the reference included", ""]
    lines += [
        f"{ROUNDS} searches from each photograph, for objects of {ROUNDS} other classes. The larger gallery also holds "
        "one photograph each of classes that the head was trained on; none of these is a target.",
        "",
    ]
    found = pivot(results.select("retrieval"), ["model", "condition"], [f"recall@{k}" for k in CUTS])
    body = [[*keys, *cells] for keys, _, cells in found]
    return "\n".join([*lines, *table(["model", "gallery", *(f"R@{k}" for k in CUTS)], body)])
