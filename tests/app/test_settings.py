import pytest

from mmgrad.app.settings import VARIABLES, Limits
from mmgrad.errors import InputError


def test_the_environment_sets_what_it_names_and_no_more():
    assert Limits.of({}) == Limits.of({"MMGRAD_QUEUE": " "}) == Limits(queue=32, upload=64, results=50)
    set_ = {"MMGRAD_QUEUE": "3", "MMGRAD_MAX_UPLOAD": "10", "MMGRAD_MAX_RESULTS": "5"}
    assert Limits.of(set_) == Limits(queue=3, upload=10, results=5)


@pytest.mark.parametrize("variable", VARIABLES.values())
@pytest.mark.parametrize("text", ["0", "-1", "many", "1.5", "9" * 5000, "١"])
def test_what_is_no_number_to_count_with_is_told(variable, text):
    with pytest.raises(InputError, match=f"{variable} must be a whole number of at least 1, not '{text}'"):
        Limits.of({variable: text})


def test_more_results_than_an_engine_gives_are_refused():
    with pytest.raises(InputError, match="MMGRAD_MAX_RESULTS must be at most 50, not 51"):
        Limits.of({"MMGRAD_MAX_RESULTS": "51"})
