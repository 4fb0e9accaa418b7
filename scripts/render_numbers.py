"""Write measured numbers into the documentation: python scripts/render_numbers.py [--check | --list]

Texts hold placeholders, which stay in the file as comments that readers do not see:

    <!-- number: retrieval/composed query/all/reference in gallery/recall@1 -->88.2<!-- /number -->
    <!-- table: readme -->
    | ... |
    <!-- /table -->

The values come from the JSON files under benchmarks/results/. A number is named by the keys of its row that are not
empty, joined by slashes; `/interval` and `/count` behind a name give its 95 % interval and its number of queries.
`--check` changes nothing and exits with status 1 if a text is out of date; `--list` prints the name and value of every
number.
"""

import argparse
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "results"
TEXTS = ("README.md", "docs/**/*.md", "checkpoints/*/README.md", "mmgrad/app/static/*.html")

PLACEHOLDER = re.compile(r"(<!-- (number|table): (.+?) -->)(.*?)(<!-- /\2 -->)", re.DOTALL)

KEYS = ("table", "method", "side", "group", "condition", "metric")
EDITS = ("replace", "remove", "add", "recolor", "resize", "move", "background", "combined")
HARDER = ("unseen photos", "unseen nouns", "unseen templates")
BASELINES = ("match gradient", "text-agnostic Grad-CAM", "center", "random")
TITLES = {
    "MMGrad": "**MMGrad**",
    "change only": "the change alone",
    "ground-truth region": "ground truth at 14 × 14 places",
    "match gradient": "gradient of the plain match",
    "combined": "two edits in one sentence",
    "unseen photos": "cut-outs that only the test has",
    "unseen nouns": "nouns that only the test has",
    "unseen templates": "wordings that only the test has",
    "sum": "image + weighted text",
    "sum with text change": "image + weighted text change",
}
"""How names in the results are written in texts."""


class Results:
    """The measured values, by name, and the tables made of them."""

    def __init__(self, folder: Path = RESULTS):
        self.scenes = json.loads((folder / "compact-test.json").read_text())
        rows = [dict(zip(self.scenes["columns"], row, strict=True)) for row in self.scenes["rows"]]
        self.rows = {"/".join(row[key] for key in KEYS if row[key]): row for row in rows if row["mean"] is not None}
        self.search = json.loads((folder / "search.json").read_text())
        self.gpu = json.loads((folder / "gpu-h100.json").read_text())
        self.numbers = dict(self._scenes()) | dict(self._gpu())
        self.tables = {
            "readme": self._readme,
            "retrieval": self._retrieval,
            "edits": self._edits,
            "maps": self._maps,
            "words": self._words,
            "search": self._search,
            "gpu search": self._gpu_search,
            "gpu encoding": self._gpu_encoding,
        }

    def value(self, kind: str, name: str) -> str:
        """The text of a number or table. Raises KeyError for an unknown name."""
        return self.numbers[name] if kind == "number" else f"\n{self.tables[name]()}\n"

    def _scenes(self) -> Iterator[tuple[str, str]]:
        for key in ("queries", "gallery", "families", "maps"):
            yield key, f"{self.scenes['settings'][key]:,}"
        for name, row in self.rows.items():
            yield name, _text(row["mean"], row["unit"])
            yield f"{name}/count", f"{row['n']:,}"
            if row["low"] is not None:
                yield f"{name}/interval", f"{_text(row['low'], row['unit'])} to {_text(row['high'], row['unit'])}"

    def _gpu(self) -> Iterator[tuple[str, str]]:
        yield "gpu/card", self.gpu["card"]
        yield "gpu/code", self.gpu["code"]
        yield "search/rows", f"{self.search['rows']:,}"
        for key in ("dimensions", "top_k"):
            yield f"gpu/search/{key}", f"{self.gpu['search'][key]:,}"

    def _readme(self) -> str:
        """mmgrad beside the best of its simple baselines."""
        rows = []
        for title, metric in (("Target ranked first (Recall@1)", "recall@1"), ("Target in the first 5", "recall@5")):
            methods = ("image only", "text only", "sum", "sum with text change")
            best = max(methods, key=lambda method: self._recall(method, metric))
            rows.append((title, self._recall("composed query", metric), self._recall(best, metric), best))
        for side, what in (("reference", "object to change"), ("target", "changed object")):
            best = max(BASELINES, key=lambda method: self._map(method, side, "pointing"))
            ours, theirs = (self._map(method, side, "pointing") for method in ("MMGrad", best))
            rows.append((f"{side.capitalize()} map peaks on the {what}", ours, theirs, best))
        lines = [
            f"| {title} | **{_percent(ours)}** | {_percent(best)} ({TITLES.get(name, name)}) |"
            for title, ours, best, name in rows
        ]
        return "\n".join(["| per cent | mmgrad | best simple baseline |", "|:--|--:|:--|", *lines])

    def _retrieval(self) -> str:
        lines = ["| query | R@1 (95 % interval) | R@5 | R@10 | R@50 |", "|:--|--:|--:|--:|--:|"]
        for method in ("composed query", "sum with text change", "sum", "image only", "text only"):
            name = f"retrieval/{method}/all/reference in gallery"
            cells = [self.numbers[f"{name}/recall@{k}"] for k in (1, 5, 10, 50)]
            cells[0] += f" ({self.numbers[f'{name}/recall@1/interval']})"
            title = f"**{method}**" if method == "composed query" else TITLES.get(method, method)
            lines.append(f"| {title} | {' | '.join(cells)} |")
        return "\n".join(lines)

    def _edits(self) -> str:
        lines = ["| queries | count | R@1 (95 % interval) | R@1, reference not in the gallery |", "|:--|--:|--:|--:|"]
        for group in ("all", *EDITS, *HARDER):
            name = f"retrieval/composed query/{group}/reference in gallery/recall@1"
            first, interval, count = (self.numbers[name + more] for more in ("", "/interval", "/count"))
            without = self.numbers[f"retrieval/composed query/{group}/reference excluded/recall@1"]
            lines.append(f"| {TITLES.get(group, group)} | {count} | {first} ({interval}) | {without} |")
        return "\n".join(lines)

    def _maps(self) -> str:
        lines = [
            "| map | reference: peak, 15 px / 0 px | energy inside | target: peak, 15 px / 0 px | energy inside |",
            "|:--|--:|--:|--:|--:|",
        ]
        for method in ("MMGrad", "change only", *BASELINES, "uniform", "ground-truth region"):
            cells = []
            for side in ("reference", "target"):
                near, exact, energy = (
                    _percent(self._map(method, side, metric)) for metric in ("pointing", "pointing_0px", "energy")
                )
                cells += [f"{near} / {exact}", energy]
            lines.append(f"| {TITLES.get(method, method)} | {' | '.join(cells)} |")
        return "\n".join(lines)

    def _words(self) -> str:
        lines = ["| words | peak on their object | energy inside | peak of the other noun's map there |"]
        lines.append("|:--|--:|--:|--:|")
        for side, title in (("reference", "removed noun, reference"), ("target", "added noun, target")):
            name = f"words/MMGrad words/{side}/all"
            cells = [self.numbers[f"{name}/{metric}"] for metric in ("pointing", "energy", "other_pointing")]
            lines.append(f"| {title} | {' | '.join(cells)} |")
        return "\n".join(lines)

    def _recall(self, method: str, metric: str) -> float:
        return float(self.rows[f"retrieval/{method}/all/reference in gallery/{metric}"]["mean"])

    def _map(self, method: str, side: str, metric: str) -> float:
        return float(self.rows[f"localization/{method}/{side}/all/{metric}"]["mean"])

    def _search(self) -> str:
        lines = ["| type | mmgrad, ms | `torch.topk(q @ E.T)`, ms | faiss `IndexFlatIP`, ms |", "|:--|--:|--:|--:|"]
        for dtype in dict.fromkeys(row["dtype"] for row in self.search["results"]):
            ms = {row["what"]: f"{row['ms']:.0f}" for row in self.search["results"] if row["dtype"] == dtype}
            lines.append(f"| {dtype} | {ms['top_k_search']} | {ms['plain']} | {ms.get('faiss', '')} |")
        return "\n".join(lines)

    def _gpu_search(self) -> str:
        lines = ["| pictures | type | mmgrad, ms | `torch.topk(q @ E.T)`, ms |", "|--:|:--|--:|--:|"]
        for row in self.gpu["search"]["rows"]:
            lines.append(f"| {row['pictures']:,} | {row['dtype']} | {row['mmgrad']} | {row['plain_topk']} |")
        return "\n".join(lines)

    def _gpu_encoding(self) -> str:
        lines = ["| encoder | pictures per second |", "|:--|--:|"]
        return "\n".join([*lines, *(f"| {row['model']} | {row['rate']:,} |" for row in self.gpu["encoding"]["rows"])])


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


def _text(value: float, unit: str) -> str:
    return _percent(value) if unit == "share" else f"{value:.2f}"


def _percent(share: float) -> str:
    return f"{100 * share:.1f}"


if __name__ == "__main__":
    sys.exit(main())
