"""A caption becomes a sequence of vectors: one for each word, aware of its neighbours.

Words are numbers from `captions.encode`; 0 is padding. A caption of padding alone
stands for no caption.
"""

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn
from torch.nn import functional as F

from minigen.attention import Attention
from minigen.data.captions import MAX_WORDS, VOCABULARY
from minigen.norm import RMSNorm


class TextBlock(nn.Module):
    """Every word looks at every other; then a small network at each word."""

    def __init__(self, width: int, *, heads: int) -> None:
        super().__init__()
        self.attention = Attention(width, heads=heads)
        self.attention.norm = RMSNorm(width // heads)
        self.up = nn.Linear(width, 2 * width, bias=False)
        self.down = nn.Linear(2 * width, width, bias=False)
        self.norms = nn.ModuleList([RMSNorm(width), RMSNorm(width)])
        nn.init.zeros_(self.down.weight)
        nn.init.zeros_(self.attention.out.weight)

    def forward(
        self, x: Float[Tensor, "batch word width"]
    ) -> Float[Tensor, "batch word width"]:
        """Return the words' vectors, each changed by the others."""
        x = x + self.attention(self.norms[0](x), weights=False)[0]
        return x + self.down(F.silu(self.up(self.norms[1](x))))


class TextEncoder(nn.Module):
    """Embeddings of words plus embeddings of places, and blocks over the two.

    `position_scale` is how large the places' embeddings begin, next to the words' own.
    Where it is small, the encoder hardly knows the order of its words.
    """

    def __init__(
        self,
        *,
        width: int,
        layers: int = 2,
        heads: int = 4,
        words: int = len(VOCABULARY),
        longest: int = MAX_WORDS,
        position_scale: float = 1.0,
    ) -> None:
        super().__init__()
        self.width, self.longest = width, longest
        self.embed = nn.Embedding(words, width)
        self.place = nn.Parameter(torch.randn(longest, width) * position_scale)
        self.blocks = nn.ModuleList(
            TextBlock(width, heads=heads) for _ in range(layers)
        )
        self.norm = RMSNorm(width)

    def forward(
        self, tokens: Int64[Tensor, "batch word"]
    ) -> Float[Tensor, "batch word width"]:
        """Return a vector for every word, padding too."""
        x = self.embed(tokens) + self.place[: tokens.shape[1]]
        for block in self.blocks:
            x = block(x)
        return self.norm(x)
