"""A recurrent language model (GRU): it reads on, and keeps one vector of what it read.

The baseline of the chapters on language: before Transformers, text was written so.
"""

from collections.abc import Iterator
from typing import Any

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn
from torch.nn.functional import linear

from minigen import gpt
from minigen.data import stories
from minigen.lm import Words, fresh
from minigen.repro import generator, scaled
from minigen.train import History, fit
from minigen.zoo import Recipe

RATE = 0.008


class Recurrent(nn.Module):
    """Tokens to logits of the next one, through a gated recurrent unit (1406.1078)."""

    def __init__(self, vocab: int, *, width: int = 192, layers: int = 1) -> None:
        super().__init__()
        self.embed = nn.Embedding(vocab, width)
        nn.init.normal_(self.embed.weight, std=0.05)
        self.unit = nn.GRU(width, width, num_layers=layers, batch_first=True)
        self.norm = nn.LayerNorm(width)

    def forward(
        self, tokens: Int64[Tensor, "batch time"]
    ) -> Float[Tensor, "batch time vocab"]:
        """Return the logits of the token after each position."""
        return self.step(tokens)[0]

    def step(
        self, tokens: Int64[Tensor, "batch time"], state: Tensor | None = None
    ) -> tuple[Float[Tensor, "batch time vocab"], Tensor]:
        """Return logits, and all that is kept of what was read."""
        x, state = self.unit(20 * self.embed(tokens), state)
        return linear(self.norm(x), self.embed.weight), state


def learn(
    model: Recurrent, batches: Iterator[Tensor], *, steps: int, **settings: Any
) -> History:
    """Train on batches of tokens with AdamW."""
    return fit(
        model,
        lambda tokens: gpt.loss(model(tokens[:, :-1].clamp(min=0)), tokens),
        batches,
        steps=steps,
        learning_rate=RATE,
        warmup=min(20, steps // 10),
        **settings,
    )


@torch.no_grad()
def nats(
    model: Recurrent, tokens: Int64[Tensor, " n"], *, piece: int = 512
) -> Float[Tensor, " n_minus_1"]:
    """Return -log p of each token of a long text but the first, read from end to end.

    What the model keeps of one piece goes with it into the next.
    """
    found, state = [], None
    for begin in range(0, len(tokens) - 1, piece):
        read = tokens[begin : begin + piece + 1]
        logits, state = model.step(read[None, :-1], state)
        each = logits[0].log_softmax(-1).gather(-1, read[1:, None])
        found.append(-each[:, 0].double())
    return torch.cat(found)


def _stories(*, steps: int = 250, size: int = 32) -> Recipe:
    words = Words.of_stories()

    def train(model: Recurrent, *, seed: int, budget: float) -> None:
        batches = fresh(words, size=size, generator=generator(seed))
        learn(model, batches, steps=scaled(steps, budget, least=20), label="GRU")

    return Recipe(lambda: Recurrent(len(words), width=128), train, (stories.version(),))


RECIPES = {"stories": _stories}
