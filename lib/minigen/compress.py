"""Models of long texts as compressors: bits per byte, alone and mixed."""

import math
from collections.abc import Callable, Sequence

import torch
from jaxtyping import Float, Int64
from torch import Tensor


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
    found, done = [], 1
    for begin in range(0, len(tokens) - 1, stride):
        piece = tokens[begin : begin + length + 1]
        if done >= begin + len(piece):
            break
        read = slice(begin, begin + len(piece) - 1)
        told = (each[None, read] for each in (tokens, *beside))
        log_p = model(*told)[0].log_softmax(-1)
        each = log_p.gather(-1, piece[1:, None])[:, 0]
        found.append(-each[done - begin - 1 :].double())
        done = begin + len(piece)
    return torch.cat(found)


def mixed(nats: Sequence[Float[Tensor, " n"]]) -> Float[Tensor, " n"]:
    """Return -log p of each token under the average of several models' odds."""
    together = torch.stack([-each.double() for each in nats])
    return math.log(len(nats)) - together.logsumexp(0)


def bits_per_byte(nats: Float[Tensor, " n"], text: str) -> float:
    """Return what an ideal coder would need for each byte of the text."""
    return float(nats.sum()) / math.log(2) / len(text.encode())
