"""What programs may ask of the page, by HTTP and MCP. The docstrings are what an assistant is told of these tools."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from mmgrad.app.downloads import DPI
from mmgrad.app.galleries import choose
from mmgrad.app.handlers import Given, sentence
from mmgrad.app.image_input import Refused
from mmgrad.app.settings import Limits
from mmgrad.engine import Engine
from mmgrad.errors import MMGradError
from mmgrad.render.figure import figure
from mmgrad.results import Explanation


class ProgrammaticAPI:
    """Two functions over the engines of some galleries. A new argument comes last and has a default."""

    def __init__(self, engines: Mapping[str, Engine], limits: Limits):
        self.engines = engines
        self.limits = limits

    def explain(
        self,
        image: Given,
        text: str,
        top: int = 12,
        strength: float = 1.0,
        exclude_duplicates: bool = False,
        gallery: str | None = None,
    ) -> dict[str, Any]:
        """Find the pictures of a gallery that look like `image` changed as `text` says, and why.

        Args:
            image: the reference picture.
            text: what should be different, in English, such as "replace the dog with a cat"; at most 300 characters.
            top: how many results, from 1 to 50.
            strength: how much the text counts, from 0 (the picture alone) through 1 (as trained) to 2.
            exclude_duplicates: leave out pictures of the gallery that are the reference itself.
            gallery: the name of the gallery to search; by itself the first one that this page has.

        Returns:
            The results with rank, id, caption, licence, link and score; for the reference and each result the pixel
            [x, y] that the text changes most, null where there is no evidence; for each word of the text its weight.
        """
        return self._explained(image, text, top, strength, exclude_duplicates, gallery).to_dict()

    def draw(self, image: Given, text: str, top: int = 8, gallery: str | None = None) -> Any:
        """Draw the explanation of a search as one figure: the reference and the results, each with its attention map.

        Args:
            image: the reference picture.
            text: what should be different, in English, such as "replace the dog with a cat"; at most 300 characters.
            top: how many results, from 1 to 50.
            gallery: the name of the gallery to search; by itself the first one that this page has.

        Returns:
            A picture of the figure.
        """
        sheet = figure(self._explained(image, text, top, 1.0, False, gallery))
        sheet.set_dpi(DPI)
        sheet.canvas.draw()
        return np.asarray(sheet.canvas.buffer_rgba())[..., :3].copy()  # type: ignore[attr-defined]

    def _explained(
        self, image: Given, text: str, top: int, strength: float, leave_out: bool, gallery: str | None
    ) -> Explanation:
        if image is None or isinstance(image, Refused):
            raise sentence(image.reason if image else "There is no picture; please give one.")
        if isinstance(top, int) and top > self.limits.results:
            raise sentence(f"The number of results may be at most {self.limits.results} here, not {top}.")
        try:
            return choose(self.engines, gallery).explain(
                image, text, top, text_weight=strength, exclude_duplicates=leave_out
            )
        except MMGradError as error:
            raise sentence(str(error)) from error
