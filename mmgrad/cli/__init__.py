"""The command line: explain, search, index, evaluate, train, serve, push-model, push-gallery.

Exit status: 0 done, 2 for what the user can mend (one sentence on stderr), 130 interrupted. Each command imports what
it needs itself, so that help and mistyped options answer at once.
"""

import argparse
import io
import json
import logging
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mmgrad.app import serve as serving
from mmgrad.errors import InputError, MMGradError

if TYPE_CHECKING:
    from mmgrad.engine import Engine

TOP = 12


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status."""
    options = _parser().parse_args(arguments)
    logging.basicConfig(level=logging.WARNING, format="mmgrad: %(message)s")
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a terminal that cannot show a character is no reason to stop
    try:
        options.run(options)
        sys.stdout.flush()
    except MMGradError as error:
        print(f"mmgrad: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:  # the reader of a pipe has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        where = f"'{error.filename}': " if error.filename else ""
        print(f"mmgrad: {where}{error.strerror or error}; please check the path.", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("mmgrad: interrupted", file=sys.stderr)
        return 130
    return 0


def _explain(options: argparse.Namespace) -> None:
    from mmgrad.engine import load

    _check_text(options.text)
    engine = load(options.model, options.gallery, **_chosen(options))
    explanation = engine.explain(options.image, options.text, _top(options, engine))
    result = explanation.save(options.out)
    print(json.dumps(result, indent=2) if options.json else _readable(result))


def _search(options: argparse.Namespace) -> None:
    from mmgrad.engine import load

    _check_text(options.text)
    engine = load(options.model, options.gallery, **_chosen(options))
    for hit in engine.search(options.image, options.text, _top(options, engine)):
        print(f"{hit.rank}\t{hit.score:.4f}\t{hit.record.id}")


def _index(options: argparse.Namespace) -> None:
    from mmgrad.gallery.gallery import Gallery
    from mmgrad.models.model import load_model

    logging.getLogger("mmgrad.gallery.gallery").setLevel(logging.INFO)  # how many are new and how many known
    model = load_model(options.model, options.device)
    gallery = Gallery.build(options.folder, model, force=options.anew, thumbnails=not options.no_thumbnails)
    for name, reason in gallery.skipped:
        print(f"left out: {name}: {reason}", file=sys.stderr)
    print(f"{len(gallery)} pictures indexed in {gallery.folder}")


def _evaluate(options: argparse.Namespace) -> None:
    from mmgrad.evaluation.command import run

    run(options)


def _train(options: argparse.Namespace) -> None:
    from mmgrad.training.command import run

    run(options)


def _push_model(options: argparse.Namespace) -> None:
    from mmgrad.models.model import Model

    model = Model.from_pretrained(options.model or "compact", device=options.device)
    if options.results:
        model = model.with_results(options.results)
    print(model.push_to_hub(options.repository, private=options.private or None))


def _push_gallery(options: argparse.Namespace) -> None:
    from mmgrad.engine import load

    gallery = load(options.model, options.gallery, options.device).gallery
    print(gallery.push_to_hub(options.repository, private=options.private or None))


def _chosen(options: argparse.Namespace) -> dict[str, Any]:
    """Where a model runs and how a CLIP or SigLIP is to compose, as `load` and `load_model` take it."""
    return {key: getattr(options, key) for key in ("device", "composition", "weight", "adapter")}


def _top(options: argparse.Namespace, engine: "Engine") -> int:
    """How many results: as asked, else TOP or all of a smaller gallery."""
    return min(TOP, len(engine.gallery)) if options.top is None else options.top


def _readable(result: dict[str, Any]) -> str:
    reference = result["reference"]
    lines = [f"“{result['text']}”  (model {result['model']}, gallery {result['gallery']})", ""]
    lines += [f"reference  {_place(reference)}  {reference['overlay']}", ""]
    lines += [f"{word['weight']:+8.3f}  {word['word']}" for word in result["words"]]
    lines += ["", "rank  score  picture"]
    lines += [f"{h['rank']:4d}  {h['score']:.3f}  {h['path']}  {_place(h)}  {h['overlay']}" for h in result["hits"]]
    return "\n".join(lines)


def _place(shown: dict[str, Any]) -> str:
    if shown["peak_xy"] is None:
        return "no evidence"
    x, y = shown["peak_xy"]
    return f"peak at x {x}, y {y}"


def _check_text(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise InputError("The text is not valid UTF-8; please type it again.") from error


def _count(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"must be at least 1, not {number}")
    return number


def _natural(text: str) -> int:
    number = int(text)
    if number < 0:
        raise argparse.ArgumentTypeError(f"must not be negative, not {number}")
    return number


def _weight(text: str) -> float:
    number = float(text)
    if not 0 <= number < float("inf"):
        raise argparse.ArgumentTypeError(f"must be a number of at least 0, not {text}")
    return number


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="mmgrad" if Path(sys.argv[0]).name == "mmgrad" else "python -m mmgrad",
        description="Composed image retrieval that shows its reasons: a picture and a text in, pictures and maps out.",
    )
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")

    explain = _command(commands, "explain", _explain, "find pictures and show why, as overlays, arrays and JSON")
    _query(explain)
    explain.add_argument("--out", type=Path, default=Path("out"), metavar="DIR", help="where files go (default: out)")
    explain.add_argument("--json", action="store_true", help="print JSON instead of text")

    _query(_command(commands, "search", _search, "print rank, score and id of the pictures found"))

    index = _command(commands, "index", _index, "make a gallery of pictures, or bring one up to date")
    index.add_argument("folder", type=Path, metavar="DIR", help="a folder, a zip archive or a dataset on the disk")
    index.add_argument("--anew", action="store_true", help="embed every picture, not only the new and changed ones")
    index.add_argument("--no-thumbnails", action="store_true", help="store no thumbnails (about 20 kB a picture)")
    _model(index)

    evaluate = _command(commands, "evaluate", _evaluate, "measure retrieval and maps beside their baselines")
    splits = ("test", "validation", "train", "val", "test1")
    evaluate.add_argument("--split", choices=splits, help="test (the default) or validation; a benchmark's: val")
    evaluate.add_argument("--data", choices=("fashioniq", "cirr", "circo"), help="a benchmark of the field instead")
    evaluate.add_argument("--root", type=Path, metavar="DIR", help="the folder of that benchmark")
    evaluate.add_argument("--submit", type=Path, metavar="DIR", help="write the files for the benchmark's server there")
    evaluate.add_argument("--families", type=_count, help="how many families of 7 pictures (default: the whole split)")
    evaluate.add_argument(
        "--validation-families", type=_count, default=150, help="to choose thresholds on (default: 150)"
    )
    evaluate.add_argument(
        "--photos", type=Path, metavar="DIR", help="judge on labelled photographs instead (labels.csv)"
    )
    evaluate.add_argument(
        "--boxes", type=Path, metavar="FILE", help="of the things in these (file,left,top,right,bottom in per cent)"
    )
    evaluate.add_argument("--maps", type=_count, default=2000, help="at most so many queries explained (default: 2000)")
    _model(evaluate)
    _composition(evaluate)
    evaluate.add_argument(
        "--compare", type=Path, nargs="+", default=[], metavar="DIR", help="checkpoints (or compositions) beside it"
    )
    evaluate.add_argument("--json", type=Path, metavar="FILE", help="write settings and all values as JSON")
    evaluate.add_argument("--csv", type=Path, metavar="FILE", help="write all values as a table")
    evaluate.add_argument("--markdown", type=Path, metavar="FILE", help="write the tables")
    evaluate.add_argument(
        "--faithfulness",
        type=_natural,
        default=0,
        metavar="N",
        help="of these, so many put to deletion, insertion, randomisation and stability; slow (default: 0)",
    )
    evaluate.add_argument(
        "--words", type=_natural, default=150, metavar="N", help="judge the words of N replacements (default: 150)"
    )
    evaluate.add_argument("--plots", type=Path, metavar="DIR", help="draw the figures as PNG files")
    evaluate.add_argument("--seed", type=_natural, default=0)
    evaluate.add_argument("--workers", type=_natural, default=1, help="processes that draw pictures (default: 1)")

    train = _command(commands, "train", _train, "train a composition head; a run that was stopped goes on")
    train.add_argument(
        "--model", metavar="NAME", help="the frozen encoder: 'compact' (the default), or a CLIP or SigLIP"
    )
    train.add_argument("--data", choices=("fashioniq", "cirr"), help="a benchmark of the field instead of edit scenes")
    train.add_argument("--root", type=Path, metavar="DIR", help="the folder of that benchmark")
    train.add_argument("--out", type=Path, metavar="DIR", help="default: runs/compact, or of the model's name")
    train.add_argument(
        "--cache", type=Path, metavar="DIR", help="features of one encoder; default: runs/cache, or of the model's name"
    )
    train.add_argument("--families", type=_count, help="of 7 pictures each (default: 14500)")
    train.add_argument("--first-family", type=_natural, default=0, help="number of the first of them (default: 0)")
    train.add_argument("--validation-families", type=_count, help="default: 600")
    train.add_argument("--photos", type=Path, metavar="DIR", help="labelled photographs to train on too (labels.csv)")
    train.add_argument(
        "--begin",
        type=Path,
        nargs="+",
        default=(),
        metavar="DIR",
        help="a checkpoint to begin with, or several: the mean of their weights (default: random weights)",
    )
    train.add_argument("--steps", type=_natural, help="default: 1700; 0 only measures anew what is not learnt")
    train.add_argument("--learning-rate", type=_weight, help="default: 0.0015")
    train.add_argument("--attention", type=_weight, help="weight of the attention loss, 0 for none")
    train.add_argument("--seed", type=_natural)

    serving.add_arguments(_command(commands, "serve", serving.serve, "open the page in a browser, as app.py does"))
    push_model = _push(commands, "push-model", _push_model, "publish a trained model on the Hugging Face hub")
    push_model.add_argument("--results", type=Path, metavar="FILE", help="its report, as evaluate --json writes it")
    push_gallery = _push(commands, "push-gallery", _push_gallery, "publish a gallery on the Hugging Face hub")
    _gallery(push_gallery)
    return parser


def _command(commands: Any, name: str, run: Any, help_text: str) -> argparse.ArgumentParser:
    command: argparse.ArgumentParser = commands.add_parser(name, help=help_text, description=help_text)
    command.set_defaults(run=run)
    return command


def _push(commands: Any, name: str, run: Any, help_text: str) -> argparse.ArgumentParser:
    push = _command(commands, name, run, help_text)
    push.add_argument("repository", metavar="OWNER/NAME")
    push.add_argument("--private", action="store_true", help="make a new repository a private one")
    _model(push)
    return push


def _gallery(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--gallery",
        metavar="NAME",
        help="a folder, zip archive or dataset of pictures, or a dataset of the hub (default: the shipped one)",
    )


def _model(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--model",
        metavar="NAME",
        help="'compact' (the default), or a checkpoint, a CLIP or a SigLIP by its folder or hub id",
    )
    parser.add_argument("--device", help="cuda, mps or cpu; by itself the first of these that is here")


def _composition(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--composition",
        metavar="NAME",
        help="how a CLIP or SigLIP joins picture and text: direction (the default), sum, slerp or pseudo-word",
    )
    parser.add_argument("--weight", type=_weight, metavar="W", help="how much the text counts in it")
    parser.add_argument(
        "--adapter", type=Path, metavar="FILE", help="the pseudo-word network of a CLIP (SEARLE, Pic2Word, LinCIR)"
    )


def _query(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("image", type=Path, metavar="IMAGE", help="the reference picture")
    parser.add_argument("text", metavar="TEXT", help="what should be different, such as 'replace the dog with a cat'")
    parser.add_argument("--top", type=int, metavar="K", help=f"how many results (default: {TOP})")
    _gallery(parser)
    _model(parser)
    _composition(parser)
