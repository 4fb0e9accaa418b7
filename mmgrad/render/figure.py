"""An explanation as one figure for print: the reference, the words, the results, each with its map.

Only matplotlib's object interface is used: no window, no global state, safe in a server.
"""

import textwrap
from typing import TYPE_CHECKING

import cv2
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from mmgrad import __version__
from mmgrad.render import overlay

if TYPE_CHECKING:
    from mmgrad.results import AttentionMap, Explanation

COLUMNS = 4
"""Results in a row."""

PANEL = 2.4
"""Side of a result, in inches."""

_PIXELS = 640
_WORDS = 14


def figure(explanation: "Explanation", opacity: float = 0.65) -> Figure:
    """Draw an explanation; save it with `.savefig(path)` as PNG, PDF or SVG.

    The reference has a scale of its own; the results share one, so that their maps can be compared. A map without
    evidence is not drawn and says so.

    Args:
        explanation: of any number of results, none included.
        opacity: of the strongest evidence, from 0 to 1.
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
    _weigh(top.add_subplot(1, 2, 2), explanation)

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
        made_by += f", text_weight of the text {explanation.text_weight:g}"
    sheet.text(0.995, 0.002, made_by, fontsize=6, color="0.35", ha="right", va="bottom", parse_math=False)
    return sheet


def _show(panel: Axes, image: np.ndarray, evidence: "AttentionMap", peak: float, opacity: float) -> None:
    picture = image if evidence.empty else overlay.blend(image, evidence.on_original(), peak, opacity)
    panel.imshow(_bounded(picture))
    panel.set_axis_off()


def _caption(panel: Axes, text: str, evidence: "AttentionMap") -> None:
    panel.set_title(text + ("  (no evidence)" if evidence.empty else ""), fontsize=9)


def _weigh(panel: Axes, explanation: "Explanation") -> None:
    """Bars: how much the score changes when a word is left out. Of a long text the weightiest words, in their order."""
    heaviest = sorted(explanation.words, key=lambda word: -abs(word.weight))[:_WORDS]
    words = sorted(heaviest, key=lambda word: word.start)
    weights = [word.weight for word in words]
    orange, blue = (tuple(value / 255 for value in colour) for colour in (overlay.POSITIVE, overlay.NEGATIVE))
    panel.barh(range(len(words)), weights, color=[orange if weight >= 0 else blue for weight in weights])
    labels = [textwrap.shorten(word.word, 20, placeholder="...") or word.word[:17] + "..." for word in words]
    panel.set_yticks(range(len(words)), labels=labels, fontsize=9, parse_math=False)
    panel.invert_yaxis()
    panel.axvline(0, color="0.3", linewidth=0.8)
    panel.tick_params(axis="x", labelsize=8)
    panel.spines[["top", "right", "left"]].set_visible(False)
    panel.set_title("words: change of the score that each one makes", fontsize=9)


def _scale(sheet: Figure, peak: float) -> None:
    bar = sheet.add_axes((0.35, 0.0, 0.3, 0.012))
    bar.set_in_layout(False)
    strip = overlay.legend(256, 8)
    white = np.full((*strip.shape[:2], 3), 255, np.uint8)
    bar.imshow(overlay.lay_over(white, strip), aspect="auto", extent=(0, 1, 0, 1))
    bar.set_axis_off()
    sheet.supxlabel(f"evidence in the results, from none to {peak:.3g} or more\n", fontsize=8)


def _bounded(picture: np.ndarray) -> np.ndarray:
    """At most as many pixels as print can show, so that a figure of many large pictures stays small."""
    height, width = picture.shape[:2]
    scale = _PIXELS / max(height, width)
    if scale >= 1:
        return picture
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA))
