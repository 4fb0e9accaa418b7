"""Metrics. In: ranks, maps, masks, scores. Out: numbers."""
