"""Rendering. In: explanations. Out: overlays, figures, JSON and array files."""
