"""Protocols. In: a model and a dataset. Out: the metrics of one evaluation."""
