"""How well a model retrieves, and how well its maps show why: figures with intervals, beside baselines."""

from mmgrad.evaluation.bootstrap import Estimate, estimate
from mmgrad.evaluation.report import markdown, write_json
from mmgrad.evaluation.suite import evaluate

__all__ = ["Estimate", "estimate", "evaluate", "markdown", "write_json"]
