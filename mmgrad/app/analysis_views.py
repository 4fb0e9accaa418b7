"""Follow-up analyses as plain data for the page: contrast of two results, text-agnostic maps, the occlusion check."""

from collections.abc import Sequence
from statistics import median

import numpy as np

from mmgrad.app.view import View, map_view, picture_uri, reach
from mmgrad.results import AttentionMap, Contrast, OccludedImage, OcclusionCheck

COVERED_SIDE = 384
SHOWN = 3
"""Other places that are shown with their pictures; all of them count."""


def contrast_view(contrast: Contrast) -> View:
    """Signed maps of the reference (on its own scale) and of the two results (on one), and the words' preference."""
    strongest = max((abs(weight) for *_, weight in contrast.words), default=0.0)
    return {
        "first": contrast.first.id,
        "second": contrast.second.id,
        "scores": list(contrast.scores),
        "reference": {"map": map_view(contrast.reference), "reach": reach([contrast.reference])},
        "targets": [map_view(each) for each in contrast.targets],
        "targets_reach": reach(contrast.targets),
        "words": [
            {"word": word, "start": start, "end": end, "weight": weight, "tone": weight / strongest if strongest else 0}
            for word, start, end, weight in contrast.words
        ],
    }


def text_blind_view(reference: AttentionMap, targets: Sequence[AttentionMap]) -> View:
    """Maps that never read the text: the reference on its own scale, the results on one."""
    return {
        "reference": {"map": map_view(reference), "peak": reference.peak},
        "targets": [map_view(each) for each in targets],
        "targets_peak": max((each.peak for each in targets), default=0.0),
    }


def responses_view(maps: Sequence[AttentionMap]) -> View:
    """One map a result over the reference, all on one scale."""
    return {"maps": [map_view(each) for each in maps], "reach": reach(maps)}


def check_view(check: OcclusionCheck) -> View:
    """Scores and ranks before and after; how much covering the marked region costs against covering others."""
    others = check.elsewhere
    return {
        "id": check.record_id,
        "share": check.share,
        "whole": _covered(check.whole),
        "marked": _covered(check.marked),
        "elsewhere": [_covered(each) for each in others[:SHOWN]],
        "places": len(others),
        "cost": check.whole.score - check.marked.score,
        "cost_elsewhere": check.whole.score - float(np.mean([each.score for each in others])) if others else None,
        "rank_elsewhere": int(median(each.rank for each in others)) if others else None,
    }


def _covered(covered: OccludedImage) -> View:
    return {"picture": picture_uri(covered.image, COVERED_SIDE), "score": covered.score, "rank": covered.rank}
