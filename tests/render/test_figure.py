import io
import warnings
from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest
from PIL import Image

from mmgrad.gallery.sources.record import Record
from mmgrad.imaging.letterbox import Letterbox
from mmgrad.render import figure as figure_module
from mmgrad.render.figure import figure
from mmgrad.results import AttentionMap, Explanation, Hit, WordAttribution


def attention(height: int, width: int, peak: float) -> AttentionMap:
    """A block of cells around (30, 20) of a picture of 80 x 60; nothing for a peak of 0."""
    values = np.zeros((14, 14), np.float32)
    values[4:7, 4:7] = peak
    return AttentionMap(values, Letterbox.fit(height, width, 224))


def explanation(
    text: str = "replace the dog with a cat", peaks: Sequence[float] = (1.0, 0.5, 0.0, 0.2, 0.1), height: int = 60
) -> Explanation:
    gray = np.full((height, 80, 3), 128, np.uint8)
    words, position = [], 0
    for word in text.split():
        position = text.index(word, position)
        weight = 0.1 * (-1) ** len(words) * (len(words) + 1)
        words.append(WordAttribution(word, position, position + len(word), weight, attention(height, 80, 1), ()))
        position += len(word)
    hits = tuple(
        Hit(rank, Record(f"{rank}.png", Path(f"{rank}.png")), 1 / rank, gray, attention(height, 80, peak))
        for rank, peak in enumerate(peaks, start=1)
    )
    reference = attention(height, 80, 3.0)
    return Explanation(text, gray, reference, tuple(words), hits, "compact", "gallery", "0123456789abcdef")


def rendered(value: Explanation) -> np.ndarray:
    stream = io.BytesIO()
    figure(value).savefig(stream, format="png", dpi=60)
    return np.asarray(Image.open(stream).convert("RGB"))


def panel(value: Explanation, title: str) -> np.ndarray:
    """The pixels that are shown under a title."""
    for axes in figure(value).axes:
        if axes.get_title().startswith(title):
            return np.asarray(axes.images[0].get_array())
    raise AssertionError(f"no panel named {title}")


def test_the_reference_the_words_and_each_result_have_a_panel() -> None:
    titles = [axes.get_title() for axes in figure(explanation()).axes]
    assert titles[0].startswith("reference")
    assert titles[1].startswith("words")
    assert [title[:2] for title in titles[2:7]] == ["1.", "2.", "3.", "4.", "5."]
    assert "1.000" in titles[2]


def test_it_becomes_a_picture_with_color_in_it() -> None:
    pixels = rendered(explanation())
    assert pixels.shape[0] > 300
    assert (pixels.max(axis=2).astype(int) - pixels.min(axis=2)).max() > 100


def test_the_results_share_one_scale() -> None:
    value = explanation(peaks=(1.0, 0.5))
    first, second = (panel(value, title)[20, 30].astype(int) for title in ("1.", "2."))
    assert first.sum() > second.sum()  # the same place, half the evidence: darker
    alone = explanation(peaks=(0.5,))
    assert np.array_equal(panel(alone, "1.")[20, 30], first)


def test_a_map_without_evidence_is_not_drawn_and_says_so() -> None:
    value = explanation()
    titles = [axes.get_title() for axes in figure(value).axes]
    assert titles[4] == "3.  0.333  (no evidence)"
    assert (panel(value, "3.") == 128).all()


def test_an_explanation_without_results_words_or_evidence_is_drawn() -> None:
    for value in (explanation(peaks=()), explanation(text=""), explanation(peaks=(0.0, 0.0))):
        assert rendered(value).size > 0


@pytest.mark.parametrize(
    "text", ["costs $5 and $x^{2$ more", "a_b^c \\frac{1}{0} %s {}", "<b>bold</b> & co", "x" * 400]
)
def test_text_is_shown_as_it_is_and_never_interpreted(text: str) -> None:
    assert rendered(explanation(text=text)).size > 0


def test_a_long_text_keeps_its_weightiest_words_in_their_order() -> None:
    value = explanation(text=" ".join(f"word{number}" for number in range(40)))
    labels = [label.get_text() for label in figure(value).axes[1].get_yticklabels()]
    assert labels == [f"word{number}" for number in range(26, 40)]


def test_bars_show_the_sign_of_a_word() -> None:
    bars = figure(explanation()).axes[1].patches
    assert [bar.get_width() > 0 for bar in bars] == [True, False, True, False, True, False]
    assert bars[0].get_facecolor() != bars[1].get_facecolor()


def test_large_pictures_are_bounded() -> None:
    value = explanation(height=2000, peaks=(1.0,))
    assert max(panel(value, "1.").shape) == figure_module.MAX_PIXELS


def test_no_global_state_of_matplotlib_is_touched(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = dict(mpl.rcParams)
    backend = mpl.get_backend(auto_select=False)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        rendered(explanation())
    assert dict(mpl.rcParams) == settings
    assert mpl.get_backend(auto_select=False) == backend


@pytest.mark.parametrize("format", ["pdf", "svg"])
def test_it_can_be_saved_for_print(tmp_path: Path, format: str) -> None:
    path = tmp_path / f"a.{format}"
    figure(explanation()).savefig(path)
    assert path.stat().st_size > 1000
