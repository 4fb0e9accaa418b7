"""Attribution. In: feature maps and a text-conditioned signal. Out: attention maps [B, H, W]."""
