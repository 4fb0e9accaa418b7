"""Results. In: nothing; the engine builds them. Out: frozen values that print, draw and save themselves.

Explanation     what was found and why: reference map, hits, words
Hit             one retrieved picture with its attention map
AttentionMap    one map over one picture
WordAttribution one word of the text: its weight and its maps
SearchHits      ranked pictures without maps
Contrast, OcclusionCheck   answers to follow-up questions
"""

from mmgrad.results.analyses import Contrast, FollowUps, OccludedImage, OcclusionCheck
from mmgrad.results.attention_map import AttentionMap
from mmgrad.results.explanation import Explanation
from mmgrad.results.hits import Hit, SearchHit, SearchHits, WordAttribution

__all__ = [
    "AttentionMap",
    "Contrast",
    "Explanation",
    "FollowUps",
    "Hit",
    "OccludedImage",
    "OcclusionCheck",
    "SearchHit",
    "SearchHits",
    "WordAttribution",
]
