import os

import pytest

from mmgrad.app.settings import VARIABLES, EngineSpec, Limits
from mmgrad.errors import InputError
from mmgrad.models.spec import ModelSpec


def test_the_environment_sets_what_it_names_and_no_more():
    assert (
        Limits.from_environment({})
        == Limits.from_environment({"MMGRAD_QUEUE": " "})
        == Limits(queue=32, upload=64, results=50)
    )
    set_ = {"MMGRAD_QUEUE": "3", "MMGRAD_MAX_UPLOAD": "10", "MMGRAD_MAX_RESULTS": "5"}
    assert Limits.from_environment(set_) == Limits(queue=3, upload=10, results=5)


@pytest.mark.parametrize("variable", VARIABLES.values())
@pytest.mark.parametrize("text", ["0", "-1", "many", "1.5", "9" * 5000, "١"])
def test_what_is_no_number_to_count_with_is_told(variable, text):
    with pytest.raises(InputError, match=f"{variable} must be a whole number of at least 1, not '{text}'"):
        Limits.from_environment({variable: text})


def test_more_results_than_an_engine_gives_are_refused():
    with pytest.raises(InputError, match="MMGRAD_MAX_RESULTS must be at most 50, not 51"):
        Limits.from_environment({"MMGRAD_MAX_RESULTS": "51"})


def test_without_options_and_variables_everything_is_the_default():
    assert EngineSpec.from_settings({}, {"MMGRAD_MODEL": " "}) == EngineSpec(ModelSpec(), (), "float32")


def test_an_option_wins_over_its_variable():
    variables = {"MMGRAD_MODEL": "one", "MMGRAD_WEIGHT": "2", "MMGRAD_GALLERY": f"a{os.pathsep}b"}
    spec = EngineSpec.from_settings({"model": "other", "weight": None, "gallery": None}, variables)
    assert spec == EngineSpec(ModelSpec("other", weight=2.0), ("a", "b"))
    assert EngineSpec.from_settings({"gallery": ["c"]}, variables).galleries == ("c",)


@pytest.mark.parametrize(
    ("name", "value", "words"), [("weight", "much", "number"), ("gallery_dtype", "int8", "float16")]
)
def test_a_setting_that_cannot_be_used_is_reported(name, value, words):
    with pytest.raises(InputError, match=words):
        EngineSpec.from_settings({name: value}, {})
