"""Who picks the next token: strategies on logits, and searches that use them.

Each strategy takes logits and returns logits, with -inf for a token that must not be
chosen; so they can be chained, and `pick` draws from what is left.
"""

import math
from collections.abc import Callable

import torch
from jaxtyping import Float, Int64
from torch import Generator, Tensor

Logits = Float[Tensor, "*batch vocab"]


def greedy(logits: Logits) -> Int64[Tensor, " *batch"]:
    """Return the most likely token, the first of equals."""
    return logits.argmax(-1)


def pick(logits: Logits, *, generator: Generator) -> Int64[Tensor, " *batch"]:
    """Draw a token from softmax(logits)."""
    probs = (
        logits.softmax(-1).flatten(0, -2) if logits.dim() > 1 else logits.softmax(-1)
    )
    return torch.multinomial(probs, 1, generator=generator).view(logits.shape[:-1])


def temperature(logits: Logits, value: float) -> Logits:
    """Sharpen (below 1) or flatten (above 1) the odds; at 0 only the best is left."""
    if not 0 <= value < math.inf:
        raise ValueError(f"temperature {value}: give 0 (the best token) or more")
    if value == 0:
        return top_k(logits, 1)
    return logits / value


def top_k(logits: Logits, k: int) -> Logits:
    """Keep the k most likely tokens (1805.04833); all, if there are no more."""
    if k < 1:
        raise ValueError(f"k={k}: keep at least one token")
    kept = logits.topk(min(k, logits.shape[-1]), dim=-1).indices
    return _only(
        logits, torch.zeros_like(logits, dtype=torch.bool).scatter(-1, kept, True)
    )


def top_p(logits: Logits, p: float) -> Logits:
    """Keep the fewest most likely tokens that hold at least p of the odds (1904.09751).

    At 0 only the best is left, at 1 every token that is possible.
    """
    _refuse_no_share(p)
    if p == 1:
        return logits.clone()
    probs, order = logits.softmax(-1).sort(dim=-1, descending=True, stable=True)
    before = probs.cumsum(-1) - probs
    kept = before < p
    kept[..., 0] = True
    return _only(logits, torch.zeros_like(kept).scatter(-1, order, kept))


def min_p(logits: Logits, p: float) -> Logits:
    """Keep the tokens at least p times as likely as the best one (2407.01082)."""
    _refuse_no_share(p)
    if p == 0:
        return logits.clone()
    return _only(logits, logits >= logits.amax(-1, keepdim=True) + math.log(p))


def repetition_penalty(
    logits: Logits, seen: Int64[Tensor, "*batch time"], penalty: float
) -> Logits:
    """Make tokens seen before less likely (1909.05858): divide logits, multiply if < 0.

    The result depends on where the logits' zero lies, which the softmax does not see.
    """
    if penalty <= 0:
        raise ValueError(f"penalty {penalty}: give more than 0; 1 changes nothing")
    mask = torch.zeros_like(logits, dtype=torch.bool).scatter(-1, seen, True)
    punished = torch.where(logits > 0, logits / penalty, logits * penalty)
    return torch.where(mask, punished, logits)


def beam_search(
    next_logits: Callable[[Int64[Tensor, "beam time"]], Float[Tensor, "beam vocab"]],
    start: Int64[Tensor, " time"],
    *,
    width: int,
    steps: int,
    end: int | None = None,
    length_power: float = 0.0,
) -> tuple[Int64[Tensor, " longer"], float]:
    """Return the best continuation that `width` beams find, and its log-probability.

    `next_logits` gets whole sequences. A beam that ends with `end` is finished; those
    still open after `steps` tokens count as they are. The best has the highest
    log p / length ** `length_power`.
    """
    if width < 1:
        raise ValueError(f"width={width}: search with at least one beam")
    beams, scores = start[None], torch.zeros(1)
    found: list[tuple[Tensor, float]] = []
    for _ in range(steps):
        log_p = scores[:, None] + next_logits(beams).log_softmax(-1)
        # Each beam has one way to end, so among 2 x width there are enough that do not.
        top = log_p.flatten().topk(min(2 * width, log_p.numel()))
        tokens = top.indices % log_p.shape[1]
        grown = torch.cat(
            [beams[top.indices // log_p.shape[1]], tokens[:, None]], dim=1
        )
        ended = tokens == (-1 if end is None else end)
        possible = top.values.isfinite()
        done = ended & possible
        found += zip(grown[done], top.values[done].tolist(), strict=True)
        going = (~ended & possible).nonzero().flatten()[:width]
        beams, scores = grown[going], top.values[going]
        if not len(beams):
            break
    found += zip(beams, scores.tolist(), strict=True)

    def score(each: tuple[Tensor, float]) -> float:
        return each[1] / max(1, len(each[0]) - len(start)) ** length_power

    return max(found, key=score)


def accept(
    drafted: Int64[Tensor, " n"],
    draft: Float[Tensor, "n vocab"],
    target: Float[Tensor, "n_plus_1 vocab"],
    *,
    generator: Generator,
) -> Int64[Tensor, " kept"]:
    """Keep what the target model accepts of drafted tokens, and add one of its own.

    Speculative sampling (2211.17192, algorithm 1): `draft` and `target` are
    probabilities, the target's one row longer. What comes out, at least one token, is
    distributed exactly as if the target alone had drawn it.
    """
    if len(target) != len(drafted) + 1 or len(draft) != len(drafted):
        raise ValueError(
            f"{len(drafted)} drafted tokens need {len(drafted)} rows of draft odds and "
            f"{len(drafted) + 1} of target odds, not {len(draft)} and {len(target)}"
        )
    for i, token in enumerate(drafted.tolist()):
        ratio = target[i, token] / draft[i, token]
        if torch.rand((), generator=generator) >= ratio:
            rest = (target[i] - draft[i]).clamp(min=0)
            return _with_last(drafted[:i], rest, generator)
    return _with_last(drafted, target[-1], generator)


def _with_last(tokens: Tensor, weights: Tensor, generator: Generator) -> Tensor:
    return torch.cat([tokens, torch.multinomial(weights, 1, generator=generator)])


def _only(logits: Tensor, kept: Tensor) -> Tensor:
    return logits.masked_fill(~kept, -math.inf)


def _refuse_no_share(p: float) -> None:
    if not 0 <= p <= 1:
        raise ValueError(f"p={p}: give a share between 0 and 1")
