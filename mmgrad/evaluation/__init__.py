"""Evaluation. In: a model and a test split. Out: a table of metrics with confidence intervals, beside baselines."""

from mmgrad.evaluation import dependencies  # noqa: F401
from mmgrad.evaluation.metrics.bootstrap import Estimate, estimate
from mmgrad.evaluation.protocols.benchmarks import evaluate_benchmark
from mmgrad.evaluation.protocols.photographs import evaluate_photographs
from mmgrad.evaluation.protocols.scenes import EvaluationOptions, evaluate
from mmgrad.evaluation.reporting.markdown import markdown
from mmgrad.evaluation.reporting.plots import draw_plots
from mmgrad.evaluation.table import Results

__all__ = [
    "Estimate",
    "EvaluationOptions",
    "Results",
    "draw_plots",
    "estimate",
    "evaluate",
    "evaluate_benchmark",
    "evaluate_photographs",
    "markdown",
]
