"""One joint density p(x, y) of pictures and classes, and the four jobs that it does.

A model is a list of parts, one or several a class. All that it can do follows from two
questions that each part answers: how probable are the pixels that are seen
(`_log_parts`), and what are the others likely to be (`_fill`)? With every pixel seen
the first gives a likelihood, and Bayes' rule a classifier; with some seen the second
mends a picture; with none it draws a new one.
"""

import math

import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor, nn
from torch.nn.functional import one_hot


class Density(nn.Module):
    """A model of p(x, y) = p(y) p(x | y); the kinds of part stand in `density`."""

    #: log p(y, part): how often each class and part occurs.
    log_weight: Float[Tensor, "classes parts"]

    def __init__(self, shape: tuple[int, ...], *, classes: int, parts: int = 1):
        super().__init__()
        self.shape = tuple(shape)
        self.register_buffer(
            "log_weight", torch.zeros(classes, parts, dtype=torch.float64)
        )

    @property
    def pixels(self) -> int:
        """The number of values in a picture."""
        return math.prod(self.shape)

    @property
    def log_prior(self) -> Float[Tensor, " classes"]:
        """log p(y): how often each class occurs in the training pictures."""
        return self.log_weight.logsumexp(1)

    def log_joint(
        self,
        x: Float[Tensor, "n channel height width"],
        known: Bool[Tensor, "channel height width"] | None = None,
    ) -> Float[Tensor, "n classes"]:
        """Return log p(x, y) in nats for every class, of the known pixels alone."""
        parts = self._log_parts(self._flat(x), self._seen(known))  # [n, classes·parts]
        return parts.unflatten(1, self.log_weight.shape).logsumexp(2)

    def log_prob(
        self, x: Float[Tensor, "n channel height width"], y: Int64[Tensor, " n"]
    ) -> Float[Tensor, " n"]:
        """Return log p(x | y) in nats."""
        given = self.log_joint(x) - self.log_prior  # [n, classes]
        return given.gather(1, y.unsqueeze(1)).squeeze(1)

    def log_marginal(
        self, x: Float[Tensor, "n channel height width"]
    ) -> Float[Tensor, " n"]:
        """Return log p(x) = log Σ p(x, y) in nats."""
        return self.log_joint(x).logsumexp(1)

    def surprise(
        self, x: Float[Tensor, "n channel height width"]
    ) -> Float[Tensor, " n"]:
        """Return −log p(x) in nats: high where a picture is unlike the training's."""
        return -self.log_marginal(x)

    def posterior(
        self,
        x: Float[Tensor, "n channel height width"],
        known: Bool[Tensor, "channel height width"] | None = None,
    ) -> Float[Tensor, "n classes"]:
        """Return p(y | x) by Bayes' rule, from the known pixels alone."""
        return self.log_joint(x, known).softmax(1)

    def inpaint(
        self,
        x: Float[Tensor, "n channel height width"],
        known: Bool[Tensor, "channel height width"],
        labels: Int64[Tensor, " n"] | None = None,
        *,
        generator: torch.Generator | None = None,
    ) -> Float[Tensor, "n channel height width"]:
        """Fill the unknown pixels given the known: one draw, or what is expected.

        The draw takes the generator; without one it is the expectation (for a Copula
        the median of each part). Without labels the class is inferred along with it.
        """
        flat, seen = self._flat(x), self._seen(known)
        log_odds = self._log_parts(flat, seen)
        if labels is not None:
            parts = self.log_weight.shape[1]
            right = one_hot(labels, len(self.log_weight)).repeat_interleave(parts, 1)
            log_odds = log_odds.masked_fill(right == 0, -math.inf)
        odds = log_odds.softmax(1)  # p(part | seen pixels): [n, classes·parts]
        if generator is not None:
            picked = torch.multinomial(odds, 1, generator=generator).squeeze(1)
            odds = one_hot(picked, odds.shape[1]).to(flat)
        filled = torch.zeros_like(flat[:, ~seen])
        for part in range(odds.shape[1]):
            rows = odds[:, part] > 0
            if rows.any():
                values = self._fill(part, flat[rows], seen, generator)
                filled[rows] += odds[rows, part, None] * values
        whole = flat.clone()
        whole[:, ~seen] = filled
        return whole.view(x.shape)

    def sample(
        self, labels: Int64[Tensor, " n"], *, generator: torch.Generator
    ) -> Float[Tensor, "n channel height width"]:
        """Draw a picture of each label: mend one of which nothing is known."""
        nothing = torch.zeros(self.shape, dtype=torch.bool)
        blank = torch.full((len(labels), *self.shape), 0.5, dtype=torch.float64)
        return self.inpaint(blank, nothing, labels, generator=generator)

    def draw_labels(self, n: int, *, generator: torch.Generator) -> Int64[Tensor, " n"]:
        """Draw n labels from p(y)."""
        prior = self.log_prior.exp()
        return torch.multinomial(prior, n, replacement=True, generator=generator)

    def _log_parts(self, x: Tensor, seen: Tensor) -> Tensor:
        """Return log p(seen pixels, part): [n, classes·parts]."""
        raise NotImplementedError

    def _fill(
        self, part: int, x: Tensor, seen: Tensor, generator: torch.Generator | None
    ) -> Tensor:
        """Return the unseen pixels given the seen and the part: [n, unseen]."""
        raise NotImplementedError

    def _flat(self, x: Tensor) -> Tensor:
        if tuple(x.shape[1:]) != self.shape:
            raise ValueError(
                f"this model is of pictures with shape {self.shape}, not "
                f"{tuple(x.shape[1:])}; build one for these"
            )
        return x.double().flatten(1)

    def _seen(self, known: Tensor | None) -> Tensor:
        if known is None:
            return torch.ones(self.pixels, dtype=torch.bool)
        return known.flatten()

    def _groups(self, x: Tensor, y: Tensor) -> list[Tensor]:
        """Set p(y) from labels, and return each class's pictures: [n, pixels] each."""
        groups = [self._flat(x[y == label]) for label in range(len(self.log_weight))]
        empty = [str(label) for label, group in enumerate(groups) if not len(group)]
        if empty or len(x) != sum(map(len, groups)):
            raise ValueError(
                f"every class from 0 to {len(groups) - 1} needs at least one picture, "
                f"and no label may lie outside; without pictures: {', '.join(empty)}; "
                f"labels run from {int(y.min())} to {int(y.max())}"
            )
        counts = torch.tensor([len(group) for group in groups], dtype=torch.float64)
        parts = self.log_weight.shape[1]
        self.log_weight.copy_((counts / counts.sum() / parts).log().unsqueeze(1))
        return groups
