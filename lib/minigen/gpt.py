"""A decoder-only Transformer: read tokens, give the odds of the next one."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float, Int64
from torch import Generator, Tensor, nn
from torch.nn.functional import cross_entropy, linear, pad

from minigen import decode
from minigen.attention import Attention, Cache
from minigen.data import stories
from minigen.heads import look, raised
from minigen.lm import Words, fresh
from minigen.muon import Muon
from minigen.norm import RMSNorm
from minigen.repro import generator, scaled
from minigen.train import History, fit
from minigen.zoo import Recipe


@dataclass(frozen=True)
class Sizes:
    """What fixes a model's parameters; `context` is the longest text it may see."""

    vocab: int
    context: int = 256
    width: int = 64
    layers: int = 2
    heads: int = 2
    #: Width of a block's small network, in widths of the stream.
    wider: int = 3
    #: What the last layer hands on at first of what it looks at (see `echo`).
    copy: float = 0.4
    #: How much it raises at first the logits of the words that it looks at.
    trust: float = 6.0


class Block(nn.Module):
    """Attention, then a small network at each position; each adds to what was there."""

    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        width, hidden = sizes.width, sizes.wider * sizes.width
        self.attention = Attention(
            width, heads=sizes.heads, causal=True, rotary_positions=True
        )
        self.attention.norm = RMSNorm(width // sizes.heads)
        self.up = nn.Linear(width, hidden, bias=False)
        self.down = nn.Linear(hidden, width, bias=False)
        self.norms = nn.ModuleList([RMSNorm(width), RMSNorm(width)])

    def forward(
        self,
        x: Float[Tensor, "batch time width"],
        *,
        cache: Cache | None = None,
        start: int = 0,
        weights: bool = False,
    ) -> tuple[Float[Tensor, "batch time width"], Cache, Tensor]:
        """Return the new stream, the keys and values to keep, and the weights."""
        h = self.norms[0](x)
        mixed, kept, looks = look(
            self.attention, h, cache=cache, start=start, weights=weights
        )
        x = x + mixed
        return x + self.inner(self.norms[1](x)), kept, looks

    def inner(
        self, x: Float[Tensor, "batch time width"]
    ) -> Float[Tensor, "batch time width"]:
        """Return what the small network makes of each position by itself."""
        return self.down(self.up(x).relu().square())


@torch.no_grad()
def echo(attention: Attention, share: float) -> None:
    """Let attention begin as a copy: what comes out is a share of what it looks at.

    The matrices of the values and of the output undo each other (an orthogonal matrix
    and its transpose). As embedding and head are one, a copied token is made likelier.
    """
    nn.init.orthogonal_(attention.value.weight)
    attention.out.weight.copy_(share * attention.value.weight.T)


class GPT(nn.Module):
    """Tokens to logits of the next token.

    As in 2005.14165 a stack of blocks before a linear head that shares its numbers with
    the embedding (1608.05859), with three later choices: RMSNorm (1910.07467), rotary
    positions (2104.09864) and squared ReLU (2109.08668) in the place of LayerNorm,
    learned positions and GELU. Three more are for a small model that has a minute. A
    token's vector holds something of the token `before` it. The tokens that the last
    layer looks at are made likelier directly (`trust`, in the way of 1704.04368). And
    each position has a temperature of its own (`sure`).
    """

    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        self.sizes = sizes
        self.embed = nn.Embedding(sizes.vocab, sizes.width)
        nn.init.normal_(self.embed.weight, std=0.05)
        self.before = nn.Parameter(torch.zeros(sizes.width))
        blocks = [Block(sizes) for _ in range(sizes.layers)]
        self.blocks = nn.ModuleList(blocks)
        self.norm = RMSNorm(sizes.width)
        self.sure = nn.Parameter(torch.zeros(sizes.width))
        self.trust = nn.Linear(sizes.width, sizes.heads)
        nn.init.zeros_(self.trust.weight)
        nn.init.constant_(self.trust.bias, sizes.trust)
        for block in blocks:  # at first a block adds nothing
            nn.init.zeros_(block.down.weight)
            nn.init.zeros_(block.attention.out.weight)
        if sizes.copy:
            echo(blocks[-1].attention, sizes.copy)

    def forward(
        self, tokens: Int64[Tensor, "batch time"]
    ) -> Float[Tensor, "batch time vocab"]:
        """Return the logits of the token after each position."""
        return self.cached(tokens)[0]

    def cached(
        self, tokens: Int64[Tensor, "batch time"], caches: list[Cache] | None = None
    ) -> tuple[Float[Tensor, "batch time vocab"], list[Cache]]:
        """Return logits of tokens that follow those in `caches`, and caches grown.

        There is one cache a layer, and a last one for the tokens themselves.
        """
        seen = tokens if caches is None else torch.cat([caches[-1][0], tokens], dim=1)
        start = seen.shape[1] - tokens.shape[1]
        if seen.shape[1] > self.sizes.context:
            raise ValueError(
                f"{seen.shape[1]} tokens are more than the context of "
                f"{self.sizes.context}: give the last ones"
            )
        x, grown = self.begin(seen)[:, start:], []
        looks = x.new_empty(0)
        for i, block in enumerate(self.blocks):
            cache = None if caches is None else caches[i]
            last = i == self.sizes.layers - 1
            x, kept, looks = block(x, cache=cache, start=start, weights=last)
            grown.append(kept)
        return self.head(x, looks, seen), [*grown, (seen, seen)]

    def begin(
        self, tokens: Int64[Tensor, "batch time"]
    ) -> Float[Tensor, "batch time width"]:
        """Return the stream: each token's vector, and something of the one before."""
        words = self.embed(tokens)
        return words + self.before * pad(words, (0, 0, 1, -1))

    def head(
        self,
        x: Float[Tensor, "batch time width"],
        looks: Float[Tensor, "batch heads time known"],
        seen: Int64[Tensor, "batch known"],
    ) -> Float[Tensor, "batch time vocab"]:
        """Compare the stream with every token, and raise those that are looked at.

        How sharply, and how much, each position says for itself.
        """
        x = self.norm(x)
        logits = self.compare(x * (x @ self.sure).exp()[..., None])
        more = raised(self.trust(x), looks)  # [batch, time, known]
        return logits.scatter_add_(2, seen[:, None].expand(more.shape), more)

    def compare(
        self, x: Float[Tensor, "batch time width"]
    ) -> Float[Tensor, "batch time vocab"]:
        """Return the product with every token's vector."""
        return linear(x, self.embed.weight)

    def step(
        self, tokens: Int64[Tensor, "batch time"], state: list[Cache] | None = None
    ) -> tuple[Float[Tensor, "batch time vocab"], list[Cache]]:
        """Read on: `cached` by the name that all models have for it."""
        return self.cached(tokens, state)

    @torch.no_grad()
    def looks(
        self, tokens: Int64[Tensor, "batch time"]
    ) -> Float[Tensor, "layers batch heads time time"]:
        """Return where every head of every layer looks."""
        x, found = self.begin(tokens), []
        for block in self.blocks:
            x, _, looks = block(x, weights=True)
            found.append(looks)
        return torch.stack(found)


def loss(
    logits: Float[Tensor, "batch time vocab"],
    tokens: Int64[Tensor, "batch time_plus_1"],
) -> Float[Tensor, ""]:
    """Return the mean of -log p of each token given those before it, in nats.

    A token of -1 is padding, and counts for nothing.
    """
    return cross_entropy(logits.flatten(0, 1), tokens[:, 1:].flatten(), ignore_index=-1)


def windows(
    tokens: Int64[Tensor, " n"], *, length: int, size: int, generator: Generator
) -> Iterator[Int64[Tensor, "size length_plus_1"]]:
    """Give batches of pieces of a long text, each cut at random, without end."""
    if len(tokens) < length + 1:
        raise ValueError(
            f"the text has {len(tokens)} tokens, and a window needs {length + 1}: give "
            "a longer text or a shorter context"
        )
    steps = torch.arange(length + 1)
    while True:
        start = torch.randint(len(tokens) - length, (size, 1), generator=generator)
        yield tokens[start + steps]


@torch.no_grad()
def generate(
    model: GPT,
    prompt: Int64[Tensor, "batch time"],
    *,
    steps: int,
    generator: Generator,
    strategy: Callable[[Tensor], Tensor] = lambda logits: logits,
    end: int | None = None,
    cached: bool = True,
) -> Int64[Tensor, "batch longer"]:
    """Go on with a prompt, token by token, and stop once every row has its `end`.

    `strategy` changes the logits before a token is drawn (see minigen.decode). What
    follows an end is filled with it. Beyond the context the oldest half is let go.
    """
    if prompt.shape[1] == 0:
        raise ValueError("the prompt is empty: give at least the token that begins")
    tokens, caches = prompt, None
    ended = torch.zeros(len(prompt), dtype=torch.bool)
    seen = tokens[:, -model.sizes.context :]
    for _ in range(steps):
        if seen.shape[1] > model.sizes.context:
            seen, caches = seen[:, -math.ceil(model.sizes.context / 2) :], None
        new = seen if caches is None else seen[:, -1:]
        logits, grown = model.cached(new, caches)
        caches = grown if cached else None
        token = decode.pick(strategy(logits[:, -1]), generator=generator)
        if end is not None:
            token = torch.where(ended, torch.tensor(end), token)
            ended |= token == end
        tokens = torch.cat([tokens, token[:, None]], dim=1)
        seen = torch.cat([seen, token[:, None]], dim=1)
        if end is not None and bool(ended.all()):
            break
    return tokens


#: The recipe for `stories`: what a minute or so of a CPU is spent on best.
STORY_STEPS, STORY_BATCH = 1600, 16
RATE, OTHER_RATE = 0.015, 0.02


def learn(
    model: GPT,
    batches: Iterator[Tensor],
    *,
    steps: int,
    rate: float = RATE,
    other_rate: float = OTHER_RATE,
    **settings: Any,
) -> History:
    """Train a model on batches of tokens with Muon; further settings go to `fit`."""
    return fit(
        model,
        lambda tokens: loss(model(tokens[:, :-1].clamp(min=0)), tokens),
        batches,
        steps=steps,
        optimizer=Muon.of(model, rate=rate, other_rate=other_rate),
        warmup=min(20, steps // 10),
        **settings,
    )


def _stories(*, steps: int = STORY_STEPS, size: int = STORY_BATCH) -> Recipe:
    words = Words.of_stories()

    def train(model: GPT, *, seed: int, budget: float) -> None:
        batches = fresh(words, size=size, generator=generator(seed))
        learn(model, batches, steps=scaled(steps, budget, least=20), label="stories")

    return Recipe(lambda: GPT(Sizes(len(words))), train, (stories.version(),))


RECIPES = {"stories": _stories}
