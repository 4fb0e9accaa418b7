"""The text encoder all-MiniLM-L6-v2 (Wang et al., arXiv 2002.10957): BERT's architecture in plain torch.

Importing transformers takes most of the time and half of the memory of a start, so the default model does without it.
`tests/encoders/test_minilm.py` compares with transformers' own class. Module names follow the published weights.
"""

from collections.abc import Sequence
from pathlib import Path

import torch
from safetensors.torch import load_file
from tokenizers import Tokenizer
from torch import Tensor, nn
from torch.nn import functional

VOCABULARY, POSITIONS, WIDTH, HEADS, LAYERS, EPSILON = 30_522, 512, 384, 12, 6, 1e-12


class MiniLM(nn.Module):
    """Token ids [B, L] and mask [B, L] -> the last hidden states [B, L, 384]."""

    def __init__(self) -> None:
        super().__init__()
        self.embeddings = _Embeddings()
        self.encoder = nn.ModuleDict({"layer": nn.ModuleList(_Layer() for _ in range(LAYERS))})

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        """`mask` is True at tokens and False at padding, which comes last."""
        x: Tensor = self.embeddings(ids)
        attended = mask[:, None, None].expand(-1, 1, ids.shape[1], -1)
        for layer in self.encoder.get_submodule("layer").children():
            x = layer(x, attended)
        return x


class _Embeddings(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        # `from_pretrained` draws no random numbers, which on the meta device would import half of torch.
        self.word_embeddings = nn.Embedding.from_pretrained(torch.empty(VOCABULARY, WIDTH))
        self.position_embeddings = nn.Embedding.from_pretrained(torch.empty(POSITIONS, WIDTH))
        self.token_type_embeddings = nn.Embedding.from_pretrained(torch.empty(2, WIDTH))
        self.LayerNorm = nn.LayerNorm(WIDTH, EPSILON)

    def forward(self, ids: Tensor) -> Tensor:
        x = self.word_embeddings(ids) + self.token_type_embeddings.weight[0]
        embedded: Tensor = self.LayerNorm(x + self.position_embeddings.weight[: ids.shape[1]])
        return embedded


class _Layer(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        heads = {name: nn.Linear(WIDTH, WIDTH) for name in ("query", "key", "value")}
        self.attention = nn.ModuleDict({"self": nn.ModuleDict(heads), "output": _Output(WIDTH)})
        self.intermediate = nn.ModuleDict({"dense": nn.Linear(WIDTH, 4 * WIDTH)})
        self.output = _Output(4 * WIDTH)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """x [B, L, 384], mask [B, 1, L, L] bool -> the same shape as x."""
        query, key, value = (
            part(x).unflatten(-1, (HEADS, -1)).transpose(1, 2) for part in self.attention["self"].children()
        )  # (B, heads, L, d)
        attended = functional.scaled_dot_product_attention(query, key, value, attn_mask=mask)
        x = self.attention["output"](attended.transpose(1, 2).flatten(2), x)
        states: Tensor = self.output(functional.gelu(self.intermediate["dense"](x)), x)
        return states


class _Output(nn.Module):
    """A linear layer, the residual connection and the norm behind it."""

    def __init__(self, width: int):
        super().__init__()
        self.dense, self.LayerNorm = nn.Linear(width, WIDTH), nn.LayerNorm(WIDTH, EPSILON)

    def forward(self, x: Tensor, residual: Tensor) -> Tensor:
        states: Tensor = self.LayerNorm(self.dense(x) + residual)
        return states


class MiniLMTokenizer:
    """Texts -> token ids, padding masks, and the characters of each token; longer texts are cut at `max_tokens`."""

    def __init__(self, file: Path, max_tokens: int):
        self.tokenizer = Tokenizer.from_file(str(file))
        self.tokenizer.enable_truncation(max_tokens)
        self.tokenizer.enable_padding()

    def __call__(self, texts: Sequence[str]) -> tuple[list[list[int]], list[list[int]], list[list[tuple[int, int]]]]:
        """Ids [B, L], mask [B, L], and (start, end) of the characters of each token, (0, 0) for special tokens."""
        found = self.tokenizer.encode_batch(list(texts))
        return [one.ids for one in found], [one.attention_mask for one in found], [one.offsets for one in found]


def load_minilm(weights: Path) -> MiniLM:
    """The model with its weights, frozen, on the CPU."""
    with torch.device("meta"):
        model = MiniLM()
    state = {key: value for key, value in load_file(weights).items() if not key.startswith("pooler.")}
    state.pop("embeddings.position_ids", None)  # a constant of older files
    model.load_state_dict(state, assign=True)
    return model.eval().requires_grad_(False)
