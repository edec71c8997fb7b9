"""A sentence steers a picture: a denoiser that looks at the words of a caption.

Read `Painter.forward` first. The caption goes through a text encoder; at every level of
the U-Net each place of the picture looks at all words (cross-attention, as in
2112.10752) and takes from them what it needs. `sample` draws with guidance: the
network's answer with the caption, pushed away from its answer without one (2207.12598).
"""

import math
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float, Int64, Shaped
from torch import Tensor, nn
from torch.nn import functional as F

from minigen import diffusion
from minigen.attention import Attention
from minigen.data import shapes
from minigen.data.captions import COLOURS, MAX_WORDS, SIZES, encode
from minigen.kernels import KernelMuon
from minigen.layers import GROUP, ladder, sinusoidal
from minigen.norm import RMSNorm
from minigen.repro import generator as seeded
from minigen.repro import scaled
from minigen.text_encoder import TextEncoder
from minigen.train import History, fit
from minigen.zoo import Recipe

#: How large queries and keys begin: with few numbers a head, scores would be too alike.
SHARP = 1.5

#: Around which depth of noise a painter learns most: 1 / (1 + exp(-0.4)) = 0.6.
MIDDLE = 0.4

#: Pictures drawn before training; more would come again less often.
POOL = 20_000

#: How many batches the painter of the book sees: its lessons.
STEPS = 1200


@dataclass(frozen=True)
class Sizes:
    """The sizes of a painter, and how its captions come in."""

    #: (channel, height, width)
    shape: tuple[int, int, int] = (3, 16, 16)
    #: Channels of each level, from fine to coarse; each is half as fine as the last.
    widths: tuple[int, ...] = (24, 48, 48)
    #: Levels of at most so many places a side look at the words.
    looking: int = 8
    #: Length of the words' vectors, and blocks that read them.
    text: int = 64
    layers: int = 2
    heads: int = 2
    #: Length of the vector that tells the blocks the noise level.
    condition: int = 64
    #: How large places in the caption begin, next to the words (see `TextEncoder`).
    position_scale: float = 1.0
    #: Words as a sequence to look at; or else one vector, their mean.
    sequence: bool = True
    #: Bridges joined to what comes from below, or else added, which is quicker.
    joined: bool = True


def sharp(width: int) -> RMSNorm:
    """Return the norm of queries and keys, begun larger than 1."""
    norm = RMSNorm(width)
    nn.init.constant_(norm.weight, SHARP)
    return norm


class Look(nn.Module):
    """Places of a picture look at words, or at each other; they add what they find."""

    def __init__(
        self, channels: int, *, heads: int, side: int, text: int | None = None
    ) -> None:
        super().__init__()
        self.norm = RMSNorm(channels)
        self.place = nn.Parameter(torch.randn(side * side, channels) * 0.5)
        self.attention = Attention(channels, heads=heads, context_width=text)
        self.attention.norm = sharp(channels // heads)
        nn.init.zeros_(self.attention.out.weight)

    def forward(
        self,
        h: Float[Tensor, "batch channel height width"],
        words: Float[Tensor, "batch word text"] | None = None,
        *,
        weights: bool = False,
    ) -> tuple[Float[Tensor, "batch channel height width"], Tensor]:
        """Return the picture with what was found, and where each place looked."""
        x = self.norm(h.flatten(2).transpose(1, 2)) + self.place  # [batch, place, c]
        found, _, looks = self.attention(x, words, weights=weights)
        return h + found.transpose(1, 2).unflatten(2, h.shape[2:]), looks


class Painter(nn.Module):
    """A U-Net (1505.04597) that predicts v, with cross-attention to a caption.

    The tokens `null` stand for no caption.
    """

    null: Tensor

    def __init__(self, sizes: Sizes | None = None) -> None:
        super().__init__()
        self.sizes = sizes = sizes or Sizes()
        channels, side = sizes.shape[0], sizes.shape[1]
        widths, condition = sizes.widths, sizes.condition
        self.time = nn.Sequential(
            nn.Linear(condition, condition), nn.SiLU(), nn.Linear(condition, condition)
        )
        self.reads = TextEncoder(
            width=sizes.text, layers=sizes.layers, heads=4,
            position_scale=sizes.position_scale,
        )  # fmt: skip

        def look(level: int) -> nn.Module:
            here = side >> level
            if here > sizes.looking:
                return nn.Identity()
            width = widths[level]
            return Look(width, heads=sizes.heads, side=here, text=sizes.text)

        levels = range(len(widths))
        self.first = nn.Conv2d(channels, widths[0], 3, padding=1)
        self.down, self.middle, self.up = ladder(
            widths, condition=condition, joined=sizes.joined
        )
        self.narrow = nn.ModuleList(
            nn.Identity()
            if sizes.joined or below == here
            else nn.Conv2d(below, here, 1)
            for below, here in zip([*widths[1:], widths[-1]], widths, strict=True)
        )
        self.looks_down = nn.ModuleList(look(level) for level in levels)
        self.among = Look(widths[-1], heads=sizes.heads, side=side >> levels[-1])
        self.looks_up = nn.ModuleList(look(level) for level in levels)
        self.register_buffer("null", torch.zeros(MAX_WORDS, dtype=torch.long))
        self.norm = nn.GroupNorm(max(1, widths[0] // GROUP), widths[0])
        self.last = nn.Conv2d(widths[0], channels, 3, padding=1)
        nn.init.zeros_(self.last.weight)

    def forward(
        self,
        xt: Float[Tensor, "batch channel height width"],
        t: Float[Tensor, " batch"],
        tokens: Shaped[Tensor, "batch word"],
    ) -> Float[Tensor, "batch channel height width"]:
        """Return v; t is the step, from 0 to 1,000; all-zero tokens: no caption."""
        return self.look(xt, t, tokens)[0]

    def look(
        self,
        xt: Float[Tensor, "batch channel height width"],
        t: Float[Tensor, " batch"],
        tokens: Shaped[Tensor, "batch word"],
        *,
        weights: bool = False,
    ) -> tuple[Tensor, list[Tensor]]:
        """Return v, and (if asked) each layer's weights [batch, head, place, word]."""
        words = self.reads(tokens)
        if not self.sizes.sequence:
            words = words.mean(1, keepdim=True)
        condition = F.silu(self.time(sinusoidal(t, self.sizes.condition)))
        if len(self.down) > 1:  # a place's channels side by side in memory: quicker
            xt = xt.contiguous(memory_format=torch.channels_last)
        h, bridges, found = self.first(xt), [], []
        for level, (block, look) in enumerate(
            zip(self.down, self.looks_down, strict=True)
        ):
            if level:
                h = F.avg_pool2d(h, 2)
            h = block(h, condition)
            if isinstance(look, Look):
                h, looks = look(h, words, weights=weights)
                found.append(looks)
            bridges.append(h)
        h = self.middle(self.among(h)[0], condition)
        for level in reversed(range(len(bridges))):
            h, bridge = self.narrow[level](h), bridges[level]
            if level < len(bridges) - 1:
                h = F.interpolate(h, scale_factor=2.0, mode="nearest")
            h = torch.cat([h, bridge], dim=1) if self.sizes.joined else h + bridge
            h = self.up[level](h, condition)
            look = self.looks_up[level]
            if isinstance(look, Look):
                h, looks = look(h, words, weights=weights)
                found.append(looks)
        return self.last(F.silu(self.norm(h))), found

    def attend(
        self,
        xt: Float[Tensor, "batch channel height width"],
        t: Float[Tensor, " batch"],
        tokens: Shaped[Tensor, "batch word"],
    ) -> tuple[Tensor, Float[Tensor, "batch word rows columns"]]:
        """Return v, and how much each place of the picture looks at each word.

        The mean over the heads and layers of the finest level that looks; over the
        words it sums to 1.
        """
        v, found = self.look(xt, t, tokens, weights=True)
        finest = max(looks.shape[2] for looks in found)
        fine = torch.stack([looks for looks in found if looks.shape[2] == finest])
        side = math.isqrt(finest)
        return v, fine.mean((0, 2)).transpose(1, 2).unflatten(2, (side, side))


def schedule() -> Float[Tensor, " step"]:
    """Return the noise that painters learn with: much of it where shapes come about."""
    return diffusion.leaning(MIDDLE)


def examples(
    number: int,
    *,
    generator: torch.Generator,
    objects: Sequence[int] = (1, 1, 2, 2, 2),
    leave_out: float = 0.1,
    without: Collection[tuple[str, str]] = shapes.HELD_OUT,
) -> tuple[Float[Tensor, "n 3 16 16"], Int64[Tensor, "n word"]]:
    """Return pictures in [-1, 1] and their captions' tokens.

    Pairs of colour and shape in `without` never appear. A share `leave_out` of the
    sizes, colours and places is not said, so that "a ring" can be asked for too.
    """
    x, tokens = [], []
    for i, count in enumerate(objects):
        drawn = shapes.draw(
            (number + len(objects) - 1 - i) // len(objects),  # the first have the rest
            generator=generator,
            objects=count,
            without=without,
        )
        quiet = torch.rand(len(drawn.x), 4, generator=generator) < leave_out
        x.append(diffusion.scaled_pictures(drawn.x))
        tokens.append(
            encode([
                _shortened(caption, *hide)
                for caption, hide in zip(drawn.captions, quiet.tolist(), strict=True)
            ])
        )  # fmt: skip
    return torch.cat(x), torch.cat(tokens)


def _shortened(
    caption: str, size: bool, colour: bool, place: bool, second: bool
) -> str:
    """Leave words out: of two things only their colours can go."""
    words = caption.split()
    if place and "in" in words:
        words = words[: words.index("in")]
    gone = [word for word in words if word in COLOURS]
    gone = [word for word, hide in zip(gone, (colour, second), strict=False) if hide]
    if size:
        gone += SIZES
    return " ".join(word for word in words if word not in gone)


def sample(
    model: Painter,
    captions: Sequence[str],
    *,
    generator: torch.Generator,
    steps: int = 20,
    guidance: float = 2.0,
    watch: diffusion.Watch | None = None,
    batch: int = 250,
) -> Float[Tensor, "n 3 height width"]:
    """Return a picture in [0, 1] for each caption."""
    return diffusion.sample(
        model, encode(captions), generator=generator, alpha_bar=schedule(),
        steps=steps, guidance=guidance, watch=watch, batch=batch,
    )  # fmt: skip


def _batches(
    number: int, size: int, objects: Sequence[int], generator: torch.Generator
) -> Iterator[tuple[Tensor, Tensor]]:
    x, tokens = examples(number, generator=generator, objects=objects)
    while True:
        for rows in torch.randperm(len(x), generator=generator).split(size):
            if len(rows) == size:
                yield x[rows], tokens[rows]


class Shrinking(KernelMuon):
    """Muon whose kernels also become a little smaller at each step (1711.05101).

    What the pictures do not ask for fades. One thing that they do not ask for is a rule
    that two words which never met exclude each other.
    """

    def __init__(self, *parameters: Any, weight_decay: float, **settings: Any) -> None:
        super().__init__(*parameters, **settings)
        #: The share that a step takes away, over the rate.
        self.weight_decay = weight_decay

    @torch.no_grad()
    def step(self, closure: Any = None) -> Any:
        """Shrink the kernels, then move every parameter that has a gradient."""
        for group in self.param_groups:
            if group["matrices"]:
                for kernel in group["params"]:
                    kernel.mul_(1 - self.weight_decay * group["lr"])
        super().step(closure)


def train(
    model: Painter,
    *,
    steps: int,
    seed: int,
    size: int = 64,
    pool: int = POOL,
    objects: Sequence[int] = (1, 1, 2, 2, 2),
    drop: float = 0.1,
    rate: float = 0.03,
    other_rate: float = 0.006,
    weight_decay: float = 0.2,
    average: float = 0.995,
    **settings: Any,
) -> History:
    """Train a painter on pictures of one thing and of two; its average is returned."""
    alpha_bar, generator = schedule(), seeded(seed)
    optimizer = Shrinking.of(
        model, beside=("first", "last", "time"), rate=rate, other_rate=other_rate,
        weight_decay=weight_decay,
    )  # fmt: skip
    return fit(
        model,
        lambda x0, tokens: diffusion.loss(
            model, x0, tokens, alpha_bar=alpha_bar, generator=generator, drop=drop
        ),
        _batches(pool, size, objects, generator),
        steps=steps,
        optimizer=optimizer,
        warmup=min(50, steps // 10),
        average=average,
        label="painter",
        **settings,
    )


def _words(
    *,
    steps: int = STEPS,
    position_scale: float = 1.0,
    sequence: bool = True,
    drop: float = 0.1,
) -> Recipe:
    sizes = Sizes(
        widths=(32, 48, 48), joined=False,
        position_scale=position_scale, sequence=sequence,
    )  # fmt: skip

    def training(model: nn.Module, *, seed: int, budget: float) -> None:
        assert isinstance(model, Painter)
        pool = scaled(POOL, min(1.0, budget), least=300)
        length = scaled(steps, budget)
        history = train(model, steps=length, seed=seed, pool=pool, drop=drop)
        model.load_state_dict(history.average.state_dict())

    return Recipe(build=lambda: Painter(sizes), train=training, data=("shapes 1",))


RECIPES = {"words": _words}
