"""The results of the faithfulness, randomization and stability checks as Markdown."""

from collections.abc import Iterator

from mmgrad.evaluation.explainers.explainers import OURS
from mmgrad.evaluation.protocols.sanity_checks import JPEG, ORACLE, SHIFT, TEXT, WORDS
from mmgrad.evaluation.protocols.sanity_results import COMPARED
from mmgrad.evaluation.queries import SIDES
from mmgrad.evaluation.reporting.tables import DASH, cell, label, pivot, table
from mmgrad.evaluation.table import Results

METRICS = ["deletion", "insertion", "score_drop", "places_lost", "rank_doublings", "pointing", "energy"]


def sanity_sections(results: Results) -> Iterator[str]:
    """Deletion and insertion, randomization, stability; nothing where the checks did not run."""
    if "faithfulness" in results.settings:
        for part in (_faithfulness, _gains, _randomization, _stability):
            yield from part(results)


def _faithfulness(results: Results) -> Iterator[str]:
    about = results.settings
    share = f"{about['covered']:.0%}"
    header = ["deletion ↓", "insertion ↑", f"score drop, {share} ↑", "places lost ↑", "rank doublings ↑"]
    header += ["pointing game ↑", "energy inside ↑"]
    yield from (
        "### Deletion and insertion",
        "",
        f"{about['faithfulness']:,} queries. Pixels of one picture are replaced by a blurred copy (sigma "
        f"{about['blur']:g} px) in the order of the map, and the match of query and target is recomputed: the area "
        "under its curve over the share of pixels, from the original picture (deletion) and from the blurred picture "
        f"(insertion). With the first {share} of the pixels replaced: the drop of the score, the places of the gallery "
        "that the target loses, and how often its rank doubles. Pointing game and energy on the same queries, in per "
        "cent. Seconds are for both maps of a query, given its feature maps; occlusion computes its own.",
        "",
    )
    seconds: dict[tuple[str, ...], str] = {
        (one.model, one.method): cell(one) for one in results.select("time").itertuples()
    }
    for side in SIDES:
        rows = results.select("faithfulness", side=side)
        yield from (f"The {side} map:", "")
        overall = pivot(rows[rows["group"] == "all"], ["model", "method"], METRICS)
        lines = [[label(results, *keys), *cells, seconds.get(keys, DASH)] for keys, _, cells in overall]
        yield from table(["map", *header, "seconds"], lines)
        for model in about["models"]:
            yield from (f"The {side} map by edit, {label(results, model, OURS)}:", "")
            own = rows[(rows["model"] == model) & (rows["method"] == OURS)]
            lines = [[group, f"{n:,}", *cells] for (group,), n, cells in pivot(own, ["group"], METRICS)]
            yield from table(["edit", "queries", *header], lines)


def _gains(results: Results) -> Iterator[str]:
    yield from (
        f"### {OURS} compared with the other maps on the same queries",
        "",
        "How much better it is; an interval above 0 is a significant gain.",
        "",
    )
    for side in SIDES:
        rows = results.select("gains", side=side)
        found = pivot(rows, ["model", "condition"], COMPARED, signed=True)
        lines = [[label(results, model, condition), *cells] for (model, condition), _, cells in found]
        yield from table([f"{side} map", *(metric.replace("_", " ") for metric in COMPARED)], lines)


def _randomization(results: Results) -> Iterator[str]:
    limits = results.settings["survival_limits"]
    methods = [method for method in results.settings["methods"] if method != ORACLE]
    yield from (
        "### Randomization",
        "",
        "Rank correlation of the map with the original map after one part of the model and all later parts are "
        "re-initialized, from the head to the trunk, and after the text is swapped for that of another query. It "
        f"should fall: a star marks a map that survives, at {limits['parameters']:g} or more ({limits['text']:g} for "
        "the text). Constant maps have no rank correlation.",
        "",
    )
    for model in results.settings["models"]:
        for side in SIDES:
            rows = results.select("randomization", model=model, side=side, group="all")
            found = {(one.condition, one.method): one for one in rows.itertuples()}
            lines = []
            for stage in (*results.settings["stages"][model], TEXT):
                limit = limits["text" if stage == TEXT else "parameters"]
                cells = [cell(found[stage, method]) for method in methods]
                stars = [" *" if found[stage, method].mean >= limit else "" for method in methods]
                lines.append([stage, *(text + star for text, star in zip(cells, stars, strict=True))])
            yield from table([label(results, model, f"the {side} map"), *methods], lines)


def _stability(results: Results) -> Iterator[str]:
    about, conditions = results.settings, (SHIFT, JPEG, WORDS)
    yield from (
        "### Stability",
        "",
        f"Rank correlation of the map with the original map after both pictures are shifted by {about['shift']} px "
        "(the map is shifted back; mean of four directions), saved as JPEG of quality "
        f"{about['jpeg_quality']}, or after the text is paraphrased. Higher is better for maps that do "
        "not survive randomization.",
        "",
    )
    rows = results.select("stability", group="all")
    found = {(one.model, one.method, one.side, one.condition): cell(one) for one in rows.itertuples()}
    columns = [(side, condition) for side in SIDES for condition in conditions]
    lines = [
        [label(results, model, method), *(found[model, method, *column] for column in columns)]
        for model in about["models"]
        for method in about["methods"]
        if method != ORACLE
    ]
    yield from table(["map", *(f"{side}, {condition}" for side, condition in columns)], lines)
