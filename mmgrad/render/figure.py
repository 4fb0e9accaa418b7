"""An explanation as one figure for print: the reference, the words, the results, each with its map.

Only matplotlib's object interface is used: no window and no global state, so it can be used in a server.
"""

import textwrap

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from mmgrad import __version__
from mmgrad.render import overlay
from mmgrad.results import AttentionMap, Explanation

COLUMNS = 4
"""Results in a row."""

PANEL = 2.4
"""Side of a result, in inches."""

MAX_PIXELS = 640
"""The longest side of a picture in the figure, in pixels: what print can show."""

MAX_WORDS = 14


def figure(explanation: Explanation, opacity: float = 0.65) -> Figure:
    """Draw an explanation; save it with `.savefig(path)` as PNG, PDF or SVG.

    The reference has a scale of its own; the results share one, so that their maps can be compared. A map without
    evidence is not drawn; the title of its panel says so.

    Args:
        explanation: of any number of results, none included.
        opacity: of the peak of the scale, in [0, 1].
    """
    rows = -(-len(explanation.hits) // COLUMNS)
    sheet = Figure(figsize=(COLUMNS * PANEL, (rows + 1.55) * PANEL), layout="constrained")
    FigureCanvasAgg(sheet)
    (top,), (bottom,) = sheet.subfigures(2, 1, squeeze=False, height_ratios=(1.4, max(rows, 0.1)))
    title = textwrap.fill(textwrap.shorten(explanation.text, 240, placeholder=" ..."), 80)
    sheet.suptitle(f"“{title}”", fontsize=12, parse_math=False)

    reference = top.add_subplot(1, 2, 1)
    _show(reference, explanation.image, explanation.reference, explanation.reference.peak, opacity)
    _caption(reference, "reference: what the text is changing", explanation.reference)
    _draw_words(top.add_subplot(1, 2, 2), explanation)

    for index, hit in enumerate(explanation.hits):
        panel = bottom.add_subplot(rows, COLUMNS, index + 1)
        _show(panel, hit.image, hit.attention, explanation.scale, opacity)
        _caption(panel, f"{hit.rank}.  {hit.score:.3f}", hit.attention)
    if explanation.hits:
        _scale(sheet, explanation.scale)
    made_by = (
        f"mmgrad {__version__}, model {explanation.model} {explanation.fingerprint}, gallery {explanation.gallery}"
    )
    if explanation.text_weight != 1:
        made_by += f", text weight {explanation.text_weight:g}"
    sheet.text(0.995, 0.002, made_by, fontsize=6, color="0.35", ha="right", va="bottom", parse_math=False)
    return sheet


def _show(panel: Axes, image: np.ndarray, attention: AttentionMap, peak: float, opacity: float) -> None:
    picture = _bounded(image)
    if not attention.empty:
        picture = overlay.blend(picture, attention.on_pixels(*picture.shape[:2]), peak, opacity)
    panel.imshow(picture)
    panel.set_axis_off()


def _caption(panel: Axes, text: str, attention: AttentionMap) -> None:
    note = "" if not attention.empty else "  (no evidence)" if attention.computed else "  (no map)"
    panel.set_title(text + note, fontsize=9)


def _draw_words(panel: Axes, explanation: Explanation) -> None:
    """Bars: how much the score falls when a word is left out. Of a long text, the weightiest words in text order."""
    heaviest = sorted(explanation.words, key=lambda word: -abs(word.weight))[:MAX_WORDS]
    words = sorted(heaviest, key=lambda word: word.start)
    weights = [word.weight for word in words]
    orange, blue = (tuple(value / 255 for value in color) for color in (overlay.POSITIVE, overlay.NEGATIVE))
    panel.barh(range(len(words)), weights, color=[orange if weight >= 0 else blue for weight in weights])
    labels = [textwrap.shorten(word.word, 20, placeholder="...") or word.word[:17] + "..." for word in words]
    panel.set_yticks(range(len(words)), labels=labels, fontsize=9, parse_math=False)
    panel.invert_yaxis()
    panel.axvline(0, color="0.3", linewidth=0.8)
    panel.tick_params(axis="x", labelsize=8)
    panel.spines[["top", "right", "left"]].set_visible(False)
    panel.set_title("words: change of the score caused by each", fontsize=9)


def _scale(sheet: Figure, peak: float) -> None:
    bar = sheet.add_axes((0.35, 0.0, 0.3, 0.012))
    bar.set_in_layout(False)
    strip = overlay.legend(256, 8)
    white = np.full((*strip.shape[:2], 3), 255, np.uint8)
    bar.imshow(overlay.lay_over(white, strip), aspect="auto", extent=(0, 1, 0, 1))
    bar.set_axis_off()
    sheet.supxlabel(f"evidence in the results, from none to {peak:.3g} or more\n", fontsize=8)


def _bounded(picture: np.ndarray) -> np.ndarray:
    """The picture scaled down to at most MAX_PIXELS a side, so that a figure of many large pictures stays small."""
    made = Image.fromarray(picture)
    made.thumbnail((MAX_PIXELS, MAX_PIXELS), Image.Resampling.BOX)
    return np.asarray(made)
