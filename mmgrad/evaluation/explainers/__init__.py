"""Explainers to compare. In: a query and its features. Out: maps."""
