"""How well a model retrieves, and how well its maps show why: figures with intervals, beside baselines."""

from mmgrad.evaluation.benchmarks import benchmark_markdown, evaluate_benchmark
from mmgrad.evaluation.bootstrap import Estimate, estimate
from mmgrad.evaluation.photographs import evaluate_photographs, photographs_markdown
from mmgrad.evaluation.plots import draw_plots
from mmgrad.evaluation.report import markdown, write_json
from mmgrad.evaluation.suite import evaluate

__all__ = [
    "Estimate",
    "benchmark_markdown",
    "draw_plots",
    "estimate",
    "evaluate",
    "evaluate_benchmark",
    "evaluate_photographs",
    "markdown",
    "photographs_markdown",
    "write_json",
]
