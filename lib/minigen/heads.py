"""A GPT's attention: the numbers of `minigen.attention` in four fifths of the time.

Questions and keys are made, normalised and turned together, and two steps whose
gradients are simple have them written out.
"""

import math
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import linear, scaled_dot_product_attention

from minigen.attention import Attention, Cache


def look(
    part: Attention,
    x: Float[Tensor, "batch time width"],
    *,
    cache: Cache | None = None,
    start: int = 0,
    weights: bool = True,
) -> tuple[Float[Tensor, "batch time width"], Cache, Tensor]:
    """Attend as `part` itself does: the result, keys and values to keep, the weights.

    With `weights=False` they come empty, and the result sooner.
    """
    both = linear(x, torch.cat([part.query.weight, part.key.weight]))
    both = part.norm(both.unflatten(-1, (2 * part.heads, -1)))
    if part.rotary_positions:
        both = turned(both, start=start)
    q, k = both.transpose(1, 2).chunk(2, dim=1)  # (batch, heads, time, width / heads)
    v = part.value(x).unflatten(-1, (part.heads, -1)).transpose(1, 2)
    if cache is not None:
        k, v = torch.cat([cache[0], k], dim=2), torch.cat([cache[1], v], dim=2)
    known, looks = k.shape[2], x.new_empty(0)
    hidden = x.new_zeros(q.shape[2], known)
    if part.causal:  # minus infinity from the place after one's own
        hidden = hidden.fill_(-math.inf).triu(1 + known - q.shape[2])
    if weights:
        looks = (q / math.sqrt(q.shape[-1]) @ k.mT).add_(hidden).softmax(-1)
        mixed = looks @ v
    elif part.causal and q.shape[2] == known:
        mixed = scaled_dot_product_attention(q, k, v, is_causal=True)
    else:
        mixed = scaled_dot_product_attention(q, k, v, hidden)
    return part.out(mixed.transpose(1, 2).flatten(2)), (k, v), looks


def turned(
    x: Float[Tensor, "batch time heads dim"], *, start: int = 0, base: float = 10_000.0
) -> Float[Tensor, "batch time heads dim"]:
    """Return what `attention.rotary` does, for heads after the times."""
    half = x.shape[-1] // 2
    speed = base ** (-torch.arange(half) / half)
    angle = torch.arange(start, start + x.shape[1])[:, None, None] * speed
    return _Turned.apply(x, angle.cos(), angle.sin())


class _Turned(torch.autograd.Function):
    """To turn; what comes back is turned back."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
        ctx.save_for_backward(cos, sin)
        return _turn(x, cos, sin)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None, None]:
        cos, sin = ctx.saved_tensors
        return _turn(grad, cos, -sin), None, None


def _turn(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    out = torch.empty_like(x)
    (a, b), (c, d) = x.chunk(2, dim=-1), out.chunk(2, dim=-1)
    torch.mul(a, cos, out=c).addcmul_(b, sin, value=-1)
    torch.mul(b, cos, out=d).addcmul_(a, sin)
    return out


def raised(
    trust: Float[Tensor, "batch time heads"],
    looks: Float[Tensor, "batch heads time known"],
) -> Float[Tensor, "batch time known"]:
    """Return the weights of all heads together, each head's times the trust in it."""
    return _Raised.apply(trust.mT, looks)


class _Raised(torch.autograd.Function):
    """The sum over heads h of trust_h looks_h, and its two gradients."""

    @staticmethod
    def forward(ctx: Any, trust: Tensor, looks: Tensor) -> Tensor:
        ctx.save_for_backward(trust, looks)
        first, *others = zip(looks.unbind(1), trust.unbind(1), strict=True)
        total = first[0] * first[1][..., None]
        for weights, share in others:
            total.addcmul_(weights, share[..., None])
        return total

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, Tensor]:
        trust, looks = ctx.saved_tensors
        by_looks = torch.mul(
            grad[:, None], trust[..., None], out=torch.empty_like(looks)
        )
        return (grad[:, None] * looks).sum(-1), by_looks
