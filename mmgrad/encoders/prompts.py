"""Texts as token embeddings of a prompt, one of which can be replaced before CLIP's text tower reads the prompt.

    encoder = PromptEncoder(DualEncoder("openai/clip-vit-base-patch32"), "a photo of $ that ")
    tokens = encoder.encode_text(["is made of glass"])
    encoder.text_tower(tokens.states, tokens.mask)    # equals get_text_features of "a photo of $ that is made of glass"

Images are encoded as the dual encoder does it.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from transformers import PreTrainedModel
from transformers.masking_utils import create_causal_mask

from mmgrad.encoders.base import TextTokens, Word
from mmgrad.encoders.dual_encoder import LEADING, DualEncoder
from mmgrad.errors import ModelError
from mmgrad.imaging.letterbox import Letterbox

MARK = "$"
"""Stands in a prompt for the pseudo-word of the image."""


class TextTower(nn.Module):
    """CLIP's text tower without the lookup of token embeddings."""

    def __init__(self, model: PreTrainedModel):
        super().__init__()
        self.text: Any = model.text_model  # torch types the parts of a module as `Tensor | Module`
        self.projection = model.get_submodule("text_projection")

    def forward(self, embeddings: Tensor, mask: Tensor) -> Tensor:
        """Embeddings [B, L, W], no positions added, and mask [B, L] bool, True up to the end token -> features [B, D].

        Tokens after the end token have no effect: attention is causal.
        """
        x = self.text.embeddings(inputs_embeds=embeddings)
        causal = create_causal_mask(self.text.config, inputs_embeds=x, attention_mask=None, past_key_values=None)
        x = self.text.encoder(inputs_embeds=x, attention_mask=causal, is_causal=True).last_hidden_state
        ends = mask.sum(dim=1) - 1
        embedding: Tensor = self.projection(self.text.final_layer_norm(x[torch.arange(len(x), device=x.device), ends]))
        return embedding


class PromptEncoder:
    """A CLIP whose texts are encoded as the token embeddings of a prompt. Images are encoded as `base` does it.

    Args:
        base: the CLIP; its towers are shared, not copied.
        prompt: what stands before the text, with MARK in it once.

    Attributes:
        place: the position of MARK among the tokens.
        token_width: W, the length of a token embedding.
        dimension: D, the length of an image or text feature.

    Raises:
        ModelError: the model is no CLIP, or its tokenizer does not keep MARK as a token of its own.
    """

    def __init__(self, base: DualEncoder, prompt: str):
        if base.model.config.model_type != "clip":
            raise ModelError(f"A pseudo-word is read by CLIP only, and '{base.name}' is none; give a CLIP.")
        self.base, self.prompt, self.text_tower = base, prompt, TextTower(base.model)
        self.name, self.size, self.channels, self.grid = base.name, base.size, base.channels, base.grid
        self.fingerprint, self.device, self.dimension = base.fingerprint, base.device, base.dimension
        self.embedding = base.model.text_model.embeddings.token_embedding
        self.token_width = self.embedding.embedding_dim
        before = base.tokenizer(prompt.partition(MARK)[0].strip())["input_ids"]
        self.place = len(before) - 1  # all but the end token
        tokens = base.tokenizer.convert_ids_to_tokens(base.tokenizer(prompt)["input_ids"])
        if not tokens[self.place].replace("</w>", "") == MARK:
            raise ModelError(f"The tokenizer of '{self.name}' does not keep '{MARK}' apart; give another CLIP.")

    def prepare(self, images: Sequence[np.ndarray]) -> tuple[Tensor, list[Letterbox]]:
        """RGB uint8 images -> pixels [B, 3, size, size] float32, and each one's geometry."""
        return self.base.prepare(images)

    def trunk(self, pixels: Tensor) -> Tensor:
        """pixels [B, 3, size, size] -> feature map [B, C (1 + p), grid, grid] float32, no gradient."""
        return self.base.trunk(pixels)

    def to_grid(self, contributions: Tensor) -> Tensor:
        """Contributions of each value of a feature map -> their sum at each position, [B, grid, grid]."""
        return self.base.to_grid(contributions)

    def classify(self, features: Tensor) -> None:
        """None: there is no classifier."""

    def compile(self) -> bool:
        """Nothing is faster here; returns False."""
        return False

    @torch.no_grad()
    def encode_text(self, texts: Sequence[str]) -> TextTokens:
        """Texts -> token embeddings [B, L, W] of the prompts with the texts behind, their mask, and the texts' words.

        Prompts that are too long are cut at what the model takes.
        """
        ids, mask, _, words = self.base.tokenize([self.prompt + text for text in texts])
        ends = (ids == self.base.tokenizer.eos_token_id).int().argmax(dim=1, keepdim=True)  # the first one is read
        mask = mask & (torch.arange(ids.shape[1], device=ids.device) <= ends)
        return TextTokens(self.embedding(ids).float(), mask, tuple(self._own(each) for each in words))

    def _own(self, words: tuple[Word, ...]) -> tuple[Word, ...]:
        """The words behind the prompt, counted from there, by the positions of tokens without leading states."""
        start = len(self.prompt)
        return tuple(
            Word(word.text, word.start - start, word.end - start, tuple(token - LEADING for token in word.tokens))
            for word in words
            if word.start >= start
        )
