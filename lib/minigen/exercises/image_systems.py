"""Checkers of the chapter on how systems turn a sentence into a picture."""

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from minigen.checks import NotYet, calls, close
from minigen.exercises import Checker
from minigen.repro import generator

#: What exercise 4 allows, in units of what a patient search reaches.
SLACK = 1.08


def compression(function: Callable[..., Any]) -> str:
    """Bits of the pixels over bits of the tokens."""
    for side, tile, codes in ((16, 4, 512), (256, 8, 8192), (32, 4, 64)):
        tokens, bits = (side // tile) ** 2, math.log2(codes)
        pixels = side * side * 3 * 8
        found = calls(function, side, tile, codes)
        if isinstance(found, int | float):
            _hint_compression(float(found), pixels, tokens, bits, side, tile)
        close(found, pixels / (tokens * bits), name=f"The factor for {side} pixels")
    return "right. With 256 pixels, tiles of 8 and 8,192 codes it is DALL·E's."


def _hint_compression(
    found: float, pixels: int, tokens: int, bits: float, side: int, tile: int
) -> None:
    if math.isclose(found, tokens * bits / pixels):
        raise NotYet("This is the share that is left. How many times fewer bits is it?")
    if math.isclose(found, pixels / tokens):
        raise NotYet("This counts tokens. How many bits does it take to name one code?")
    if math.isclose(found, pixels / (tokens * 2**bits)):
        raise NotYet("Naming one of 8 things takes three bits, not eight.")
    if math.isclose(found, pixels / 3 / (tokens * bits)):
        raise NotYet("A pixel has three colours of eight bits each.")
    if math.isclose(found, pixels / 8 / (tokens * bits)):
        raise NotYet("A colour value takes eight bits.")
    if math.isclose(found, pixels / (side // tile * bits)):
        raise NotYet("The tiles go down as well as across.")
    if math.isclose(found, pixels / (tokens * bits * math.log(2))):
        raise NotYet("Bits count halvings: which logarithm counts those?")
    if math.isclose(found, pixels * 32 / (tokens * bits)):
        raise NotYet("One of 256 shades takes eight bits, not 256.")
    if found == int(pixels / (tokens * bits)) != pixels / (tokens * bits):
        raise NotYet("The factor need not be whole: do not cut it off.")


def fsq(function: Callable[..., Any]) -> str:
    """Squash, scale, round, scale back; the gradient is that without the rounding."""
    z = 2 * torch.randn(5, 3, 4, generator=generator(0))
    for levels in (5, 3, 9):
        half = (levels - 1) / 2
        given = z.clone().requires_grad_(True)
        found = calls(function, given, levels)
        if not isinstance(found, Tensor) or found.shape != z.shape:
            raise NotYet(f"It should give a tensor of shape {tuple(z.shape)}.")
        kinds = len(found.detach().mul(1e4).round().unique())
        if kinds > levels:
            raise NotYet(f"With {levels} levels it gives {kinds} different values.")
        right = (z.tanh() * half).round() / half
        _hint_fsq(found.detach(), z, levels)
        close(found.detach(), right, name="The rounded vector")
        if not found.requires_grad:
            raise NotYet(
                "The values are right, and no gradient passes: the encoder would never "
                "learn. Let the rounding happen behind the gradient's back."
            )
        (slope,) = torch.autograd.grad(found.sum(), given)
        if float(slope.abs().max()) == 0:
            raise NotYet(
                "The values are right, and the gradient is zero everywhere: rounding "
                "is flat. What would the gradient be without it?"
            )
        if torch.allclose(slope, torch.ones_like(slope)):
            raise NotYet(
                "The values are right, and the gradient is 1 everywhere: the squashing "
                "was left out on the way back. Only the rounding may be hidden."
            )
        close(slope, 1 - z.tanh().square(), name="The gradient")
    return "right: a codebook that nobody has to learn, and in which no code dies."


def _hint_fsq(found: Tensor, z: Tensor, levels: int) -> None:
    half = (levels - 1) / 2
    if half != 1 and torch.allclose(found, (z.tanh() * half).round()):
        raise NotYet("The levels are right; bring them back to between -1 and 1.")
    if torch.allclose(found, (z.tanh() * levels / 2).round() / (levels / 2)):
        raise NotYet(f"From the first of {levels} levels to the last, how many steps?")
    if torch.allclose(found, (z.tanh() * half).floor() / half):
        raise NotYet("It goes down to a level; the nearest one is asked for.")
    if torch.allclose(found, (z.clamp(-1, 1) * half).round() / half):
        raise NotYet(
            "It is cut off at ±1. Squash it smoothly: cut off, no slope is left."
        )


def complete(function: Callable[..., Any]) -> str:
    """Go on with a line of tokens, always with the likeliest one of a picture."""
    words, codes, tiles = 5, 7, 6
    table = torch.randn(words + codes, words + codes, generator=generator(3))
    table[:, :words] += 3.0  # left to itself it would rather write words
    asked: list[Tensor] = []

    def logits(line: Tensor) -> Tensor:
        """What follows depends on the last token, and on how long the line is."""
        asked.append(line)
        place = torch.arange(1, line.shape[1] + 1)[None, :, None]
        return table[line].roll(1, dims=2) + table[line] * (place % 3)

    line = torch.tensor([[1, 4, 0, 9], [2, 3, 0, 11]])  # three words, one image token
    expected = line
    while expected.shape[1] < 3 + tiles:
        after = logits(expected)[:, -1]
        after[:, :words] = -torch.inf
        expected = torch.cat([expected, after.argmax(-1, keepdim=True)], dim=1)
    asked.clear()
    found = calls(function, logits, line.clone(), words, 3 + tiles)
    if not isinstance(found, Tensor) or found.dtype.is_floating_point:
        raise NotYet("It should give a tensor of whole numbers, the tokens.")
    if found.shape != expected.shape:
        raise NotYet(
            f"It should give {3 + tiles} tokens a row, those it was given included; "
            f"it gives the shape {tuple(found.shape)}."
        )
    if not torch.equal(found[:, : line.shape[1]], line):
        raise NotYet("What was given must stay as it is: only what follows is written.")
    if bool((found[:, 3:] < words).any()):
        raise NotYet(
            "There are words in the picture. How can a token be ruled out before the "
            "likeliest one is taken? (Whoever cuts off logits must count from there.)"
        )
    if not asked or max(each.shape[1] for each in asked) < 3 + tiles - 1:
        raise NotYet("Each token must be chosen in view of all those before it.")
    if not torch.equal(found, expected):
        raise NotYet(
            "Some token is not the likeliest that may follow. The logits of what comes "
            "next stand at the line's last place."
        )
    return (
        "right: so the first DALL·E finished pictures, but drew each token by its odds."
    )


def codebook(function: Callable[..., Any]) -> str:
    """Choose codes for points of the plane, nearly as well as a patient search."""
    rng = generator(5)
    centres = 4 * torch.rand(12, 2, generator=rng) - 2
    spread = 0.05 + 0.35 * torch.rand(12, 1, generator=rng)

    def points(count: int) -> Tensor:
        which = torch.randint(12, (count,), generator=rng)
        noise = torch.randn(count, 2, generator=rng)
        return centres[which] + spread[which] * noise

    seen, unseen, count = points(2000), points(2000), 16
    found = calls(function, seen.clone(), count)
    if not isinstance(found, Tensor) or found.shape != (count, 2):
        raise NotYet(f"It should give {count} points of the plane, shape ({count}, 2).")
    if not found.isfinite().all():
        raise NotYet("Some code is no number: what is the mean of no points at all?")
    limit = SLACK * min(_error(unseen, _patient(seen, count, s)) for s in range(4))
    if (reached := _error(unseen, found)) > limit:
        used = len(torch.cdist(unseen, found.float()).argmin(1).unique())
        dead = f" {count - used} of the codes are nearest to nothing." * (used < count)
        raise NotYet(
            f"New points are {reached:.4f} from their nearest code, squared, on "
            f"average; {limit:.4f} or less is asked for.{dead} Where should a code "
            "stand, given the points nearest to it? How often must you ask, and where "
            "should the codes start?"
        )
    return f"right: {reached:.4f} on points that your codes had never seen."


def _error(points: Tensor, codes: Tensor) -> float:
    return torch.cdist(points, codes.float()).min(1).values.square().mean().item()


def _patient(points: Tensor, count: int, seed: int) -> Tensor:
    """Spread the codes out first, and then move each to the mean of its points."""
    rng = generator(seed)
    codes = points[torch.randint(len(points), (1,), generator=rng)]
    while len(codes) < count:
        away = torch.cdist(points, codes).min(1).values.square()
        codes = torch.cat([codes, points[torch.multinomial(away, 1, generator=rng)]])
    for _ in range(40):
        which = torch.cdist(points, codes).argmin(1)
        for code in range(count):
            if bool((which == code).any()):
                codes[code] = points[which == code].mean(0)
    return codes


CHECKERS: dict[str, Checker] = {
    "compression": compression,
    "fsq": fsq,
    "complete": complete,
    "codebook": codebook,
}
