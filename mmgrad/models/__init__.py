"""Composition. In: feature maps and token states. Out: image embeddings g and query embeddings q, both [B, D]."""
