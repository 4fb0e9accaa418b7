"""`mmgrad explain`: search, and write the attention maps and overlays to a folder."""

import argparse
import json
from pathlib import Path
from typing import Any

from mmgrad.cli.options import Commands, add_command, add_query_options, check_folder, check_query, load_engine


def add_to(commands: Commands) -> None:
    """Add the command to a parser."""
    parser = add_command(commands, "explain", run, "search a gallery and write overlays, maps and JSON that explain it")
    add_query_options(parser)
    parser.add_argument(
        "--out", type=Path, default=Path("out"), metavar="DIR", help="folder for the files (default: out)"
    )
    parser.add_argument(
        "--full-resolution",
        action="store_true",
        help="also write each map at the size of its picture (.npy, 48 MB for a photograph of 12 megapixels)",
    )
    parser.add_argument("--json", action="store_true", help="print JSON instead of text")


def run(options: argparse.Namespace) -> None:
    """Explain one query. Raises MMGradError if the query, the model, the gallery or the folder cannot be used."""
    from mmgrad.app.notes import notes_on

    check_query(options.image, options.text)
    check_folder(options.out, "--out")
    engine = load_engine(options)
    explanation = engine.explain(
        options.image,
        options.text,
        options.top_k,
        text_weight=options.text_weight,
        exclude_duplicates=options.exclude_duplicates,
    )
    result = explanation.save(options.out, options.full_resolution)
    result["notes"] = notes_on(engine, explanation)
    print(json.dumps(result, indent=2) if options.json else _readable(result))


def _readable(result: dict[str, Any]) -> str:
    reference = result["reference"]
    lines = [f"“{result['text']}”  (model {result['model']}, gallery {result['gallery']})", ""]
    lines += [f"note: {note}" for note in result["notes"]]
    lines += [f"reference  {_peak(reference)}  {reference['overlay']}", ""]
    lines += [f"{word['weight']:+8.3f}  {word['word']}" for word in result["words"]]
    lines += ["", "rank  score  picture"]
    for hit in result["hits"]:
        overlay = hit["overlay"] or "cannot be read"
        lines.append(f"{hit['rank']:4d}  {hit['score']:.3f}  {hit['path']}  {_peak(hit)}  {overlay}")
    return "\n".join(lines)


def _peak(panel: dict[str, Any]) -> str:
    if panel["peak_xy"] is None:
        return "no evidence"
    x, y = panel["peak_xy"]
    return f"peak at x {x}, y {y}"
