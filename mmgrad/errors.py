"""Errors that a user can cause.

    MMGradError
    ├── InputError     a picture, a text, a number or another argument that cannot be used
    ├── ModelError     weights or a checkpoint that are missing, changed or made for something else
    └── GalleryError   a gallery that is missing, empty, broken or contradicts itself

Each message is one sentence or two: what was given, what is allowed, what to do. Everything else is a defect and is
raised as it is, with its traceback.
"""


class MMGradError(Exception):
    """Root of all errors that a user of mmgrad can cause; its text may be shown as it is."""


class InputError(MMGradError):
    """A picture, a text, a number or another argument that cannot be used."""


class ModelError(MMGradError):
    """Weights or a checkpoint that are missing, changed, or made for another model."""


class GalleryError(MMGradError):
    """A gallery that is missing, empty, broken, or that contradicts itself."""
