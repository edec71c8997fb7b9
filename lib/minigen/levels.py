"""A distribution over a pixel's grey levels that a network puts out in few numbers."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import logsigmoid, softplus


@dataclass(frozen=True)
class Logistics:
    """A mixture of logistic curves over [0, 1], cut into levels (1701.05517, 2.1).

    A level has the mass of the half step to either side of it; all mass beyond the
    lowest and the highest counts as theirs. Three numbers a part, however many levels.
    """

    levels: int
    parts: int = 3

    @property
    def width(self) -> int:
        """A weight, a centre and a scale for every part."""
        return 3 * self.parts

    def log_prob(self, output: Tensor, x: Tensor) -> Tensor:
        """Return the log mass of the level that each pixel has."""
        log_weight, centre, scale = self._parts(output)
        level = (x * (self.levels - 1)).round().unsqueeze(-1)
        step = 1 / (self.levels - 1)
        above = (level * step + step / 2 - centre) / scale
        below = above - step / scale
        # σ(b) − σ(a) = σ(b) σ(−a) (1 − exp(a − b)), of which an end lacks two factors
        lowest, highest = level == 0, level == self.levels - 1
        zero = torch.zeros((), dtype=output.dtype, device=output.device)
        log_mass = (
            torch.where(highest, zero, logsigmoid(above))
            + torch.where(lowest, zero, logsigmoid(-below))
            + torch.where(lowest | highest, zero, (-torch.expm1(-step / scale)).log())
        )
        return (log_weight + log_mass).logsumexp(-1)

    def mean(self, output: Tensor) -> Tensor:
        """Return the mean of the curves, each held between 0 and 1.

        The mean of a clamped variable is the integral of P(X > x) from 0 to 1.
        """
        log_weight, centre, scale = self._parts(output)
        held = scale * (softplus(centre / scale) - softplus((centre - 1) / scale))
        return (log_weight.exp() * held).sum(-1)

    def sample(self, output: Tensor, generator: torch.Generator) -> Tensor:
        """Draw a part, then a value from its curve, and take the nearest level."""
        log_weight, centre, scale = self._parts(output.cpu())
        odds = log_weight.exp().flatten(0, -2)
        part = odds.multinomial(1, generator=generator).view(*centre.shape[:-1], 1)
        u = torch.rand(part.shape, generator=generator).clamp(1e-6, 1 - 1e-6)
        value = (centre.gather(-1, part) + scale.gather(-1, part) * u.logit()).clamp(
            0, 1
        )
        steps = self.levels - 1
        return ((value * steps).round() / steps).squeeze(-1).to(output)

    def _parts(self, output: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        weight, centre, scale = output.chunk(3, -1)
        # Parts begin at different places, or all would learn the same.
        places = (torch.arange(self.parts, device=output.device) + 0.5) / self.parts
        # A scale far below a step of the levels would gain nothing and overflow.
        least = 0.1 / (self.levels - 1)
        return weight.log_softmax(-1), centre + places, least + softplus(scale - 2)
