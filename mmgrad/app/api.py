"""What programs may call over HTTP and MCP. The docstrings of the two functions are what an assistant is told."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from mmgrad.app.downloads import DPI
from mmgrad.app.galleries import choose
from mmgrad.app.handlers import Upload
from mmgrad.app.image_input import InvalidUpload, UploadedImage
from mmgrad.app.memory import release_memory
from mmgrad.app.messages import errors_as_messages, user_error
from mmgrad.app.notes import notes_on
from mmgrad.app.settings import Limits
from mmgrad.engine import DEFAULT_TOP_K, Engine
from mmgrad.errors import InputError
from mmgrad.render.figure import figure
from mmgrad.results import Explanation

FIGURE_TOP_K = 8


class ProgrammaticAPI:
    """The functions `explain` and `draw` over some engines. New parameters come last, with defaults."""

    def __init__(self, engines: Mapping[str, Engine], limits: Limits):
        self.engines = engines
        self.limits = limits

    def explain(
        self,
        image: Upload,
        text: str,
        top_k: int = DEFAULT_TOP_K,
        text_weight: float = 1.0,
        exclude_duplicates: bool = False,
        gallery: str | None = None,
    ) -> dict[str, Any]:
        """Find the pictures of a gallery that look like `image` changed as `text` says, and explain why.

        Args:
            image: the reference picture.
            text: the change to search for, in English, such as "replace the dog with a cat"; at most 300 characters.
            top_k: number of results, from 1 to 50; fewer if the gallery is smaller.
            text_weight: weight of the text, from 0 (picture only) through 1 (as trained) to 2.
            exclude_duplicates: whether to leave out pictures of the gallery that are copies of the reference.
            gallery: name of the gallery to search; by default the first one.

        Returns:
            The results with rank, id, caption, license, link and score. For the reference and each result: the size of
            the picture, and the pixel [x, y] of it that the text changes most, null if there is no evidence. For each
            word of the text its weight. Notes on words that were not read.
        """
        engine, explanation = self._explained(image, text, top_k, text_weight, exclude_duplicates, gallery)
        answer = explanation.to_dict() | {"notes": notes_on(engine, explanation)}
        release_memory()
        return answer

    def draw(self, image: Upload, text: str, top_k: int = FIGURE_TOP_K, gallery: str | None = None) -> np.ndarray:
        """Draw the explanation of a search as one figure: the reference and the results, each with its attention map.

        Args:
            image: the reference picture.
            text: the change to search for, in English, such as "replace the dog with a cat"; at most 300 characters.
            top_k: number of results, from 1 to 50; fewer if the gallery is smaller.
            gallery: name of the gallery to search; by default the first one.

        Returns:
            A picture of the figure.
        """
        _, explanation = self._explained(image, text, top_k, 1.0, False, gallery)
        sheet = figure(explanation)
        sheet.set_dpi(DPI)
        sheet.canvas.draw()
        drawn = np.asarray(sheet.canvas.buffer_rgba())[..., :3].copy()  # type: ignore[attr-defined] # of Agg alone
        release_memory()
        return drawn

    def _explained(
        self,
        image: Upload,
        text: str,
        top_k: int,
        text_weight: float,
        exclude_duplicates: bool,
        gallery: str | None,
    ) -> tuple[Engine, Explanation]:
        if not isinstance(image, UploadedImage):
            raise user_error(
                image.reason if isinstance(image, InvalidUpload) else "There is no picture; please give one."
            )
        with errors_as_messages():
            engine = choose(self.engines, gallery)
            explanation = engine.explain(
                image.content,
                text,
                self._checked_top_k(top_k),
                text_weight=text_weight,
                exclude_duplicates=exclude_duplicates,
            )
        return engine, explanation

    def _checked_top_k(self, top_k: int) -> int:
        """A number of results that this server allows. The engine lowers it to the size of a smaller gallery."""
        if isinstance(top_k, int) and top_k > self.limits.results:
            raise InputError(f"The number of results may be at most {self.limits.results} here, not {top_k}.")
        return top_k
