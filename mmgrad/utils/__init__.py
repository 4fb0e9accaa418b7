"""Shared helpers. In: paths, names, bytes. Out: devices, digests, hub downloads, atomic files."""
