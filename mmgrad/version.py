"""The version, in a file of its own so that any module can name it."""

version = "0.1.0"
