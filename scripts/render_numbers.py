"""Write measured numbers into the documentation: python scripts/render_numbers.py [--check | --list]

Texts hold placeholders, which stay in the file as comments that readers do not see:

    <!-- number: scenes/retrieval/composed query/all/recall@1 -->88.2<!-- /number -->
    <!-- table: readme -->
    | ... |
    <!-- /table -->

The values come from the JSON files under benchmarks/results/. `--check` changes nothing and exits with status 1 if a
text is out of date; `--list` prints the name and value of every number.
"""

import argparse
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "results"
TEXTS = ("README.md", "docs/**/*.md", "checkpoints/*/README.md", "mmgrad/app/static/*.html")

PLACEHOLDER = re.compile(r"(<!-- (number|table): (.+?) -->)(.*?)(<!-- /\2 -->)", re.DOTALL)

EDITS = ("replace", "remove", "add", "recolour", "resize", "move", "background", "combined")
HARDER = ("unseen photos", "unseen nouns", "unseen patterns")
METRICS = ("pointing", "pointing_exact", "energy", "iou")
TITLES = {
    "MMGrad": "**MMGrad**",
    "text-blind Grad-CAM": "text-agnostic Grad-CAM",
    "centre": "center",
    "plain match": "gradient of the plain match",
    "the change alone": "the change alone",
    "the region itself": "ground truth at 14 × 14 places",
    "recolour": "recolor",
    "combined": "two edits in one sentence",
    "unseen photos": "cut-outs that only the test has",
    "unseen nouns": "nouns that only the test has",
    "unseen patterns": "wordings that only the test has",
    "sum": "image + weighted text",
    "sum with text change": "image + weighted text change",
}
"""How names in the results are written in texts."""


class Results:
    """The measured values, by name, and the tables made of them."""

    def __init__(self, folder: Path = RESULTS):
        self.scenes = json.loads((folder / "compact-test.json").read_text())
        self.gpu = json.loads((folder / "gpu-h100.json").read_text())
        self.numbers = dict(self._scenes()) | dict(self._gpu())
        self.tables = {
            "readme": self._readme,
            "retrieval": self._retrieval,
            "edits": self._edits,
            "maps": self._maps,
            "words": self._words,
            "gpu search": self._gpu_search,
            "gpu encoding": self._gpu_encoding,
        }

    def value(self, kind: str, name: str) -> str:
        """The text of a number or table. Raises KeyError for an unknown name."""
        return self.numbers[name] if kind == "number" else f"\n{self.tables[name]()}\n"

    def _scenes(self) -> Iterator[tuple[str, str]]:
        report = self.scenes
        for key in ("queries", "gallery", "families", "maps"):
            yield f"scenes/{key}", f"{report[key]:,}"
        for row in report["retrieval"]:
            kind = "retrieval" if row["reference_in_gallery"] else "retrieval without reference"
            for metric in (key for key in row if key.startswith("recall@")):
                yield from _mean(f"scenes/{kind}/{row['method']}/{row['group']}/{metric}", row[metric])
        for row in report["errors"]:
            for what in ("the reference", "another of the family", "of another family"):
                yield from _mean(f"scenes/first result/{row['group']}/{what}", row[what])
        for row in report["localisation"]:
            name = f"scenes/maps/{row['side']}/{row['method']}/{row['group']}"
            yield f"{name}/count", f"{row['count']:,}"
            for metric in ("area", *METRICS):
                yield from _mean(f"{name}/{metric}", row[metric])
        for row in report["no_evidence"]:
            yield from _mean(f"scenes/no evidence/{row['side']}/right", row["undefined_called_empty"])
            yield from _mean(f"scenes/no evidence/{row['side']}/wrong", row["defined_called_empty"])
        for row in report["refused"]:
            yield from _mean(f"scenes/no evidence/text/{row['kind']}", row["called_empty"])
        for row in report["reliability"]:
            yield "scenes/confidence/error", _percent(row["error"])
            yield "scenes/confidence/ranking", _percent(row["ranking"])
        for row in report["words"]:
            for side in ("reference", "target"):
                for metric in ("pointing", "energy", "other_pointing"):
                    yield from _mean(f"scenes/words/{side}/{metric}", row[side][metric])
            yield "scenes/words/count", str(row["reference"]["pointing"]["count"])
            yield "scenes/words/function share", f"{row['function_share']:.2f}"
            yield from _mean("scenes/words/comes positive", row["comes_positive"])

    def _gpu(self) -> Iterator[tuple[str, str]]:
        yield "gpu/card", self.gpu["card"]
        yield "gpu/code", self.gpu["code"]
        for key in ("dimensions", "top_k"):
            yield f"gpu/search/{key}", f"{self.gpu['search'][key]:,}"

    def _readme(self) -> str:
        """mmgrad beside the best of its simple baselines."""
        rows = []
        for title, metric in (("Target ranked first (Recall@1)", "recall@1"), ("Target in the first 5", "recall@5")):
            found = {
                row["method"]: row[metric]["mean"]
                for row in self.scenes["retrieval"]
                if row["group"] == "all" and row["reference_in_gallery"]
            }
            rows.append((title, found.pop("composed query"), *_best(found)))
        for side, what in (("reference", "object to change"), ("target", "changed object")):
            found = {
                method: self._row(side, method)["pointing"]["mean"]
                for method in ("plain match", "text-blind Grad-CAM", "centre", "random")
            }
            title = f"{side.capitalize()} map peaks on the {what}"
            rows.append((title, self._row(side, "MMGrad")["pointing"]["mean"], *_best(found)))
        lines = [f"| {title} | **{_percent(ours)}** | {_percent(best)} ({name}) |" for title, ours, best, name in rows]
        return "\n".join(["| per cent | mmgrad | best simple baseline |", "|:--|--:|:--|", *lines])

    def _retrieval(self) -> str:
        lines = ["| query | R@1 (95 % interval) | R@5 | R@10 | R@50 |", "|:--|--:|--:|--:|--:|"]
        for method in ("composed query", "sum with text change", "sum", "image only", "text only"):
            name = f"scenes/retrieval/{method}/all"
            cells = [f"{self.numbers[f'{name}/recall@{k}']}" for k in (1, 5, 10, 50)]
            cells[0] += f" ({self.numbers[f'{name}/recall@1/interval']})"
            title = f"**{method}**" if method == "composed query" else TITLES.get(method, method)
            lines.append(f"| {title} | {' | '.join(cells)} |")
        return "\n".join(lines)

    def _edits(self) -> str:
        lines = ["| queries | count | R@1 (95 % interval) | R@1, reference not in the gallery |", "|:--|--:|--:|--:|"]
        counts = {row["group"]: row["count"] for row in self.scenes["retrieval"] if row["method"] == "composed query"}
        for group in ("all", *EDITS, *HARDER):
            name = f"composed query/{group}/recall@1"
            first = self.numbers[f"scenes/retrieval/{name}"]
            interval = self.numbers[f"scenes/retrieval/{name}/interval"]
            without = self.numbers[f"scenes/retrieval without reference/{name}"]
            lines.append(f"| {TITLES.get(group, group)} | {counts[group]:,} | {first} ({interval}) | {without} |")
        return "\n".join(lines)

    def _maps(self) -> str:
        lines = [
            "| map | reference: peak, 15 px / 0 px | energy inside | target: peak, 15 px / 0 px | energy inside |",
            "|:--|--:|--:|--:|--:|",
        ]
        methods = ("MMGrad", "the change alone", "plain match", "text-blind Grad-CAM", "centre", "random", "uniform")
        for method in (*methods, "the region itself"):
            cells = []
            for side in ("reference", "target"):
                near, exact, energy = (
                    _percent(self._row(side, method)[key]["mean"]) for key in ("pointing", "pointing_exact", "energy")
                )
                cells += [f"{near} / {exact}", energy]
            lines.append(f"| {TITLES.get(method, method)} | {' | '.join(cells)} |")
        return "\n".join(lines)

    def _words(self) -> str:
        lines = ["| words | peak on their object | energy inside | peak of the other noun's map there |"]
        lines.append("|:--|--:|--:|--:|")
        for side, title in (("reference", "removed noun, reference"), ("target", "added noun, target")):
            cells = [self.numbers[f"scenes/words/{side}/{key}"] for key in ("pointing", "energy", "other_pointing")]
            lines.append(f"| {title} | {' | '.join(cells)} |")
        return "\n".join(lines)

    def _gpu_search(self) -> str:
        lines = ["| pictures | type | mmgrad, ms | `torch.topk(q @ E.T)`, ms |", "|--:|:--|--:|--:|"]
        for row in self.gpu["search"]["rows"]:
            lines.append(f"| {row['pictures']:,} | {row['dtype']} | {row['mmgrad']} | {row['plain_topk']} |")
        return "\n".join(lines)

    def _gpu_encoding(self) -> str:
        lines = ["| encoder | pictures per second |", "|:--|--:|"]
        return "\n".join([*lines, *(f"| {row['model']} | {row['rate']:,} |" for row in self.gpu["encoding"]["rows"])])

    def _row(self, side: str, method: str) -> dict[str, Any]:
        rows = self.scenes["localisation"]
        return next(row for row in rows if (row["side"], row["method"], row["group"]) == (side, method, "all"))


def render(text: str, results: Results, name: str) -> str:
    """A text with its placeholders filled in. Raises SystemExit for one that names nothing or begins a line."""

    def fill(match: re.Match[str]) -> str:
        start, kind, key, _, end = match.groups()
        try:
            return start + results.value(kind, key) + end
        except KeyError:
            raise SystemExit(f"{name}: there is no {kind} '{key}'; see --list.") from None

    if name.endswith(".md") and re.search(r"^ *<!-- number: ", text, flags=re.MULTILINE):
        raise SystemExit(f"{name}: a line must not begin with a number: in Markdown that begins a new paragraph.")
    return PLACEHOLDER.sub(fill, text)


def main() -> int:
    """Fill in, check or list. Returns the exit status."""
    parser = argparse.ArgumentParser(description="Write measured numbers into the documentation.")
    parser.add_argument("--check", action="store_true", help="change nothing; status 1 if a text is out of date")
    parser.add_argument("--list", action="store_true", help="print every number and the names of the tables")
    options = parser.parse_args()
    results = Results()
    if options.list:
        print("\n".join(f"{name}: {value}" for name, value in results.numbers.items()))
        print("\n".join(f"table: {name}" for name in results.tables))
        return 0
    stale = []
    for path in sorted(path for pattern in TEXTS for path in ROOT.glob(pattern)):
        name = path.relative_to(ROOT).as_posix()
        before = path.read_text(encoding="utf-8")
        after = render(before, results, name)
        if after != before:
            stale.append(name)
            if not options.check:
                path.write_text(after, encoding="utf-8")
    if options.check and stale:
        print(f"Out of date: {', '.join(stale)}. Please run python scripts/render_numbers.py.")
        return 1
    return 0


def _best(found: dict[str, float]) -> tuple[float, str]:
    name = max(found, key=found.__getitem__)
    return found[name], TITLES.get(name, name)


def _mean(name: str, measured: dict[str, float | None]) -> Iterator[tuple[str, str]]:
    if measured["mean"] is None:  # of a group without a query
        return
    yield name, _percent(measured["mean"])
    yield f"{name}/interval", f"{_percent(measured['low'])} to {_percent(measured['high'])}"


def _percent(share: float | None) -> str:
    if share is None:
        raise KeyError("not measured")
    return f"{100 * share:.1f}"


if __name__ == "__main__":
    sys.exit(main())
