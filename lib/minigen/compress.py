"""Models of long texts as compressors: bits per byte, alone and mixed."""

import math
from collections.abc import Callable, Sequence

import torch
from jaxtyping import Float, Int64
from torch import Tensor

#: Windows of a text that a model reads side by side.
AT_ONCE = 16


@torch.no_grad()
def text_nats(
    model: Callable[..., Tensor],
    tokens: Int64[Tensor, " n"],
    *beside: Tensor,
    length: int,
    stride: int,
) -> Float[Tensor, " n_minus_1"]:
    """Return -log p of each token of a long text but the first.

    The text is cut into windows of `length` that move on by `stride`; each token is
    counted once, where it has the most text before it. What else the model is told of
    each token (its hints, say) stands `beside` them.
    """
    if len(tokens) < 2:
        raise ValueError(
            f"the text has {len(tokens)} tokens, and to guess one of them another must "
            "stand before it: give a longer text"
        )
    asked = len(tokens) - 1
    begins = torch.arange(0, max(1, asked - length + stride), stride)
    whole = begins[begins + length <= asked]
    found: list[Tensor] = []
    for some in (*whole.split(AT_ONCE), begins[len(whole) :]):
        if len(some):  # the last window may be a short one
            places = some[:, None] + torch.arange(min(length, asked - int(some[0])))
            log_p = model(*(each[places] for each in (tokens, *beside))).log_softmax(-1)
            found += -log_p.gather(-1, tokens[places + 1][..., None])[..., 0].double()
    return torch.cat([found[0], *(nats[length - stride :] for nats in found[1:])])


def mixed(nats: Sequence[Float[Tensor, " n"]]) -> Float[Tensor, " n"]:
    """Return -log p of each token under the average of several models' odds."""
    together = torch.stack([-each.double() for each in nats])
    return math.log(len(nats)) - together.logsumexp(0)


def bits_per_byte(nats: Float[Tensor, " n"], text: str) -> float:
    """Return what an ideal coder would need for each byte of the text."""
    return float(nats.sum()) / math.log(2) / len(text.encode())
