"""Evaluation. In: a model and a test split. Out: metrics with confidence intervals, beside baselines."""

from mmgrad.evaluation.metrics.bootstrap import Estimate, estimate
from mmgrad.evaluation.protocols.benchmarks import benchmark_markdown, evaluate_benchmark
from mmgrad.evaluation.protocols.photographs import evaluate_photographs, photographs_markdown
from mmgrad.evaluation.protocols.scenes import evaluate
from mmgrad.evaluation.reporting.plots import draw_plots
from mmgrad.evaluation.reporting.report import markdown, write_json

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
