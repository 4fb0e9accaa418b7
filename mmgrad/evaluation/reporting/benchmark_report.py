"""The results on a published benchmark as Markdown."""

from mmgrad.evaluation.protocols.scenes import WITH_REFERENCE, WITHOUT_REFERENCE
from mmgrad.evaluation.reporting.tables import pivot, table
from mmgrad.evaluation.table import Results


def benchmark_markdown(results: Results) -> str:
    """The tables of `evaluate_benchmark`, in per cent."""
    about, rows = results.settings, results.table
    galleries = about["gallery"]
    several = len(galleries) > 1
    sizes = ", ".join(f"{count:,}{f' ({category})' if several else ''}" for category, count in galleries.items())
    models = ", ".join(f"{name} ({fingerprint})" for name, fingerprint in about["fingerprints"].items())
    lines = [f"## {about['benchmark']}, split {about['split']}", ""]
    lines += [f"Model {models}; {about['queries']:,} queries, a gallery of {sizes} pictures.", ""]
    other = WITHOUT_REFERENCE if about["published"] == WITH_REFERENCE else WITH_REFERENCE
    for condition in (about["published"], other) if len(rows) else ():
        lines += [f"### {'As published: ' if condition == about['published'] else ''}{condition}", ""]
        metrics = list(dict.fromkeys(rows["metric"]))
        found = pivot(rows[rows["condition"] == condition], ["method", "group"], metrics)
        header = ["query", *(["category"] if several else []), "queries", *map(_heading, metrics)]
        body = [[method, *([group] if several else []), f"{n:,}", *cells] for (method, group), n, cells in found]
        lines += table(header, body)
    if len(rows):
        lines += [
            "Per cent with 95 % intervals (percentile bootstrap over queries that share pictures, "
            f"{about['resamples']:,} resamples). “Image only” searches with the reference itself, “text only” with the "
            "text's own embedding, or with the composed query on a blank picture where texts have none.",
            "",
        ]
    if about["submission"]:
        lines += ["Files for the server: " + ", ".join(f"`{path}`" for path in about["submission"]) + ".", ""]
    return "\n".join(lines)


def _heading(metric: str) -> str:
    return metric.replace("recall_subset", "R_subset").replace("recall", "R").replace("map", "mAP")
