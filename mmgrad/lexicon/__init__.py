"""Words. In: nouns and class names. Out: their articles, plurals, colors, ImageNet rows."""
