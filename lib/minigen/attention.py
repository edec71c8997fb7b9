"""Attention: a soft lookup; every position asks, and every position may answer."""

import math

import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor, nn
from torch.nn.functional import scaled_dot_product_attention

#: Keys and values of the positions so far, one pair a layer.
Cache = tuple[Tensor, Tensor]


def attend(
    query: Float[Tensor, "*batch asked dim"],
    key: Float[Tensor, "*batch known dim"],
    value: Float[Tensor, "*batch known value"],
    mask: Bool[Tensor, "*#batch #asked known"] | None = None,
) -> tuple[Float[Tensor, "*batch asked value"], Float[Tensor, "*batch asked known"]]:
    """Return softmax(q kᵀ / √dim) v and the weights (1706.03762, equation 1).

    Where `mask` is False a position must not look; one that may look nowhere gets 0.
    """
    scores = query @ key.transpose(-2, -1) / math.sqrt(query.shape[-1])
    if mask is not None:
        scores = scores.masked_fill(~mask, -math.inf)
    weights = (
        scores.softmax(-1).nan_to_num(0.0) if mask is not None else scores.softmax(-1)
    )
    return weights @ value, weights


def causal_mask(asked: int, known: int | None = None) -> Bool[Tensor, "asked known"]:
    """Return which of `known` positions each of the last `asked` ones may see."""
    known = asked if known is None else known
    place = torch.arange(known - asked, known)
    return torch.arange(known) <= place[:, None]


def rotary(
    x: Float[Tensor, "*batch time dim"],
    positions: Int64[Tensor, " time"],
    *,
    base: float = 10_000.0,
) -> Float[Tensor, "*batch time dim"]:
    """Turn each pair of numbers by an angle that grows with the position (2104.09864).

    The product of two turned vectors depends on the distance of their positions
    alone. The pairs are (i, i + dim / 2).
    """
    half = x.shape[-1] // 2
    if x.shape[-1] != 2 * half:
        raise ValueError(f"rotary positions turn pairs: {x.shape[-1]} numbers is odd")
    speed = base ** (-torch.arange(half, device=x.device) / half)
    angle = positions[:, None] * speed
    cos, sin = angle.cos(), angle.sin()
    first, second = x[..., :half], x[..., half:]
    return torch.cat([first * cos - second * sin, first * sin + second * cos], dim=-1)


class Attention(nn.Module):
    """Several heads of attention over the sequence itself, or over a `context`.

    Queries and keys are normalised before they meet (2302.05442), which keeps the
    scores in range at any learning rate. `rotary_positions` is for sequences.
    """

    def __init__(
        self,
        width: int,
        *,
        heads: int,
        causal: bool = False,
        rotary_positions: bool = False,
        context_width: int | None = None,
    ) -> None:
        super().__init__()
        if width % heads:
            raise ValueError(f"a width of {width} cannot be shared by {heads} heads")
        self.heads, self.causal = heads, causal
        self.rotary_positions = rotary_positions
        self.query = nn.Linear(width, width, bias=False)
        self.key = nn.Linear(context_width or width, width, bias=False)
        self.value = nn.Linear(context_width or width, width, bias=False)
        self.out = nn.Linear(width, width, bias=False)
        self.norm: nn.Module = nn.RMSNorm(width // heads)

    def forward(
        self,
        x: Float[Tensor, "batch time width"],
        context: Float[Tensor, "batch known context"] | None = None,
        *,
        mask: Bool[Tensor, "batch known"] | None = None,
        cache: Cache | None = None,
        start: int = 0,
        weights: bool = True,
    ) -> tuple[Float[Tensor, "batch time width"], Cache, Tensor]:
        """Return the result, the keys and values to keep, and the weights.

        `mask` is False where the context is only padding. With a `cache`, x is what
        follows the `start` positions that it holds. Whoever has no use for the weights
        (`weights=False`: they come empty) gets the same result sooner.
        """
        source = x if context is None else context
        q, k, v = (
            layer(part).unflatten(-1, (self.heads, -1)).transpose(1, 2)
            for layer, part in (
                (self.query, x),
                (self.key, source),
                (self.value, source),
            )
        )  # (batch, heads, time, width / heads)
        q, k = self.norm(q), self.norm(k)
        if self.rotary_positions:
            places = torch.arange(start, start + x.shape[1], device=x.device)
            q, k = rotary(q, places), rotary(k, places)
        if cache is not None:
            k, v = torch.cat([cache[0], k], dim=2), torch.cat([cache[1], v], dim=2)
        seen = None if mask is None else mask[:, None, None, :]
        if self.causal:
            seen = causal_mask(q.shape[2], k.shape[2]).to(x.device)
        if weights:
            mixed, looks = attend(q, k, v, seen)
        else:
            whole = self.causal and q.shape[2] == k.shape[2]
            seen = None if whole or (self.causal and q.shape[2] == 1) else seen
            mixed = scaled_dot_product_attention(q, k, v, seen, is_causal=whole)
            mixed, looks = mixed.nan_to_num(0.0), q.new_empty(0)
        return self.out(mixed.transpose(1, 2).flatten(2)), (k, v), looks
