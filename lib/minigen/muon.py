"""Muon: steps of one length in every direction of a weight matrix.

A gradient of a matrix points mostly along a few directions. Muon makes all directions
of a step equally long, so that the rare ones are learned too (K. Jordan and others,
2024; 2502.16982). What is no matrix inside the network takes Adam's steps (1412.6980).
"""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

#: A step is x -> a x + b (x xT) x + c (x xT)² x: it pulls singular values towards 1.
NEWTON_SCHULZ = (3.4445, -4.7750, 2.0315)


def orthogonal(
    matrices: Float[Tensor, "n rows columns"], *, steps: int = 4
) -> Float[Tensor, "n rows columns"]:
    """Return the matrices with all singular values near 1, very small ones less so."""
    a, b, c = NEWTON_SCHULZ
    tall = matrices.shape[1] > matrices.shape[2]
    x = matrices.mT if tall else matrices
    x = x / (x.norm(dim=(1, 2), keepdim=True) + 1e-7)
    for _ in range(steps):
        square = x @ x.mT
        turned = torch.baddbmm(square, square, square, beta=b, alpha=c)
        x = torch.baddbmm(x, turned, x, beta=a)
    return x.mT if tall else x


class Muon(torch.optim.Optimizer):
    """Muon for `matrices`, Adam for the `others`; each group has its own rate."""

    def __init__(
        self,
        matrices: Iterable[nn.Parameter],
        others: Iterable[nn.Parameter],
        *,
        rate: float = 0.02,
        other_rate: float = 0.01,
        momentum: float = 0.95,
        betas: tuple[float, float] = (0.9, 0.95),
    ) -> None:
        groups = [
            {"params": list(matrices), "lr": rate, "matrices": True},
            {"params": list(others), "lr": other_rate, "matrices": False},
        ]
        settings = {"momentum": momentum, "betas": betas, "eps": 1e-8}
        super().__init__([g for g in groups if g["params"]], settings)

    @classmethod
    def of(cls, model: nn.Module, **settings: Any) -> "Muon":
        """Take the matrices inside a model's `blocks`, and all else as the others."""
        inside = {
            id(p)
            for name, p in model.named_parameters()
            if p.ndim == 2 and name.startswith("blocks.")
        }
        parts: dict[bool, list[nn.Parameter]] = {True: [], False: []}
        for parameter in model.parameters():
            parts[id(parameter) in inside].append(parameter)
        return cls(parts[True], parts[False], **settings)

    @torch.no_grad()
    def step(self, closure: Any = None) -> Any:
        """Move every parameter that has a gradient."""
        for group in self.param_groups:
            known = [p for p in group["params"] if p.grad is not None]
            (self._matrices if group["matrices"] else self._others)(known, group)

    def _matrices(self, parameters: list[Tensor], group: dict[str, Any]) -> None:
        alike: defaultdict[tuple[int, ...], list[Tensor]] = defaultdict(list)
        for p in parameters:
            alike[tuple(p.shape)].append(p)
        for (rows, columns), same in alike.items():  # in one go: it is much faster
            grad = torch.stack([p.grad for p in same if p.grad is not None])
            state = self.state[same[0]]
            mean = state.setdefault("momentum", torch.zeros_like(grad))
            mean.lerp_(grad, 1 - group["momentum"])
            step = orthogonal(grad.lerp(mean, group["momentum"]))
            size = group["lr"] * max(1.0, rows / columns) ** 0.5
            for p, change in zip(same, step, strict=True):
                p.sub_(change, alpha=size)

    def _others(self, parameters: list[Tensor], group: dict[str, Any]) -> None:
        (first, second), eps = group["betas"], group["eps"]
        for p in parameters:
            assert p.grad is not None
            state = self.state[p]
            if not state:
                state |= {"n": 0, "m": torch.zeros_like(p), "v": torch.zeros_like(p)}
            state["n"] += 1
            state["m"].lerp_(p.grad, 1 - first)
            state["v"].lerp_(p.grad.square(), 1 - second)
            mean = state["m"] / (1 - first ** state["n"])
            size = (state["v"] / (1 - second ** state["n"])).sqrt_().add_(eps)
            p.addcdiv_(mean, size, value=-group["lr"])
