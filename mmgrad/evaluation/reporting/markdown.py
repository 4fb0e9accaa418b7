"""The results of any protocol as Markdown."""

from mmgrad.evaluation.reporting.benchmark_report import benchmark_markdown
from mmgrad.evaluation.reporting.photographs_report import photographs_markdown
from mmgrad.evaluation.reporting.scenes_report import scenes_markdown
from mmgrad.evaluation.table import Results

_REPORTS = {"edit scenes": scenes_markdown, "photographs": photographs_markdown, "benchmark": benchmark_markdown}


def markdown(results: Results) -> str:
    """All tables of the results."""
    return _REPORTS[results.settings["protocol"]](results)
