"""What the tests share: the engine that a fresh clone has, or the one that the environment names."""

import os

import pytest

import mmgrad


@pytest.fixture(scope="session")
def engine() -> mmgrad.Engine:
    """The shipped model and gallery; MMGRAD_MODEL and MMGRAD_GALLERY name others, as they do for the app."""
    return mmgrad.load(os.environ.get("MMGRAD_MODEL") or None, os.environ.get("MMGRAD_GALLERY") or None)
