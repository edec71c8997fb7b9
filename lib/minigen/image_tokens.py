"""A caption and a picture as one line of tokens, which a Transformer writes on.

The first DALL·E in miniature (2102.12092): the words of the caption come first, then
the picture's image tokens, row by row. The model is `gpt.GPT` as it stands: it does not
know that the second part of its vocabulary is a picture.
"""

from collections.abc import Iterator

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn

from minigen import decode, gpt, zoo
from minigen.data.captions import MAX_WORDS, VOCABULARY
from minigen.repro import generator as seeded
from minigen.repro import scaled
from minigen.tiles import Examples, pool
from minigen.vqvae import CODES, TILES, VQVAE
from minigen.zoo import Recipe

#: Tokens below this are words, tokens from here on are parts of a picture.
WORDS = len(VOCABULARY)
#: A line in full, and what a model has to read of it to write all of it.
LINE = MAX_WORDS + TILES


def line(
    words: Int64[Tensor, "batch word"], tokens: Int64[Tensor, "batch tile"]
) -> Int64[Tensor, "batch line"]:
    """Return captions and the pictures after them, in one vocabulary."""
    return torch.cat([words, WORDS + tokens], dim=1)


def split(
    lines: Int64[Tensor, "batch line"],
) -> tuple[Int64[Tensor, "batch word"], Int64[Tensor, "batch tile"]]:
    """Return the captions and the image tokens of lines: what `line` put together."""
    if lines.shape[1] != LINE:
        raise ValueError(
            f"a line has {MAX_WORDS} words and {TILES} image tokens, {LINE} in all, "
            f"not {lines.shape[1]}"
        )
    return lines[:, :MAX_WORDS], lines[:, MAX_WORDS:] - WORDS


def batches(
    drawn: Examples,
    tokens: Int64[Tensor, "n tile"],
    *,
    size: int,
    generator: torch.Generator,
) -> Iterator[Int64[Tensor, "size line"]]:
    """Give batches of lines, each with one of its picture's two captions."""
    for rows, words in drawn.batches(size=size, generator=generator):
        yield line(words, tokens[rows])


def only_pictures(logits: Float[Tensor, "batch vocab"]) -> Float[Tensor, "batch vocab"]:
    """Return the logits with no chance left for a word."""
    return logits.index_fill(-1, torch.arange(WORDS, device=logits.device), -torch.inf)


def draw(
    model: gpt.GPT,
    words: Int64[Tensor, "batch word"],
    *,
    generator: torch.Generator,
    temperature: float = 1.0,
    top_p: float = 1.0,
) -> Int64[Tensor, "batch tile"]:
    """Let a model write the image tokens that follow captions, one by one."""

    def strategy(logits: Tensor) -> Tensor:
        kept = decode.temperature(only_pictures(logits), temperature)
        return decode.top_p(kept, top_p) if top_p < 1 else kept

    lines = gpt.generate(
        model, words, steps=TILES, generator=generator, strategy=strategy
    )
    return split(lines)[1]


def sizes(*, codes: int = CODES, width: int = 80, layers: int = 4) -> gpt.Sizes:
    """Return the sizes of a GPT that writes such lines."""
    return gpt.Sizes(WORDS + codes, context=LINE, width=width, layers=layers, heads=4)


def _writer(*, steps: int = 2400, size: int = 16) -> Recipe:
    def training(model: nn.Module, *, seed: int, budget: float) -> None:
        assert isinstance(model, gpt.GPT)
        drawn = pool(seed=seed, budget=budget)
        known = zoo.get("vqvae.tokens", seed=seed, budget=budget)
        assert isinstance(known, VQVAE)
        tokens = known.tokens(drawn.x)
        gpt.learn(
            model,
            batches(drawn, tokens, size=size, generator=seeded(seed)),
            steps=scaled(steps, budget, least=20),
            label="words and image tokens",
        )

    return Recipe(lambda: gpt.GPT(sizes()), training, ("image tokens 1",))


RECIPES = {"writer": _writer}
