"""Frozen encoders. In: pixels and texts. Out: feature maps [B, C, h, w] and token states [B, L, D_t]."""
