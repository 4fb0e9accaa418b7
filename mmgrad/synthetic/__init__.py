"""Synthetic edits. In: cut-outs, backgrounds, photographs, sentence templates. Out: triplets with true regions."""
