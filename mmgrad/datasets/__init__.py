"""Published benchmarks. In: FashionIQ, CIRR and CIRCO folders. Out: queries with their targets."""
