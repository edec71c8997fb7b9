"""RMSNorm with its own backward pass: the same numbers, several times as fast here."""

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

EPS = 1e-6


class _Rms(torch.autograd.Function):
    """y = x / rms(x), with dL/dx = (g - y mean(g y)) / rms(x)."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, average: Tensor) -> Tensor:
        # A product with a column of 1/width is PyTorch's fastest mean on a CPU.
        scale = (x.square() @ average).add_(EPS).rsqrt_()
        y = x * scale
        ctx.save_for_backward(y, scale, average)
        return y

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None]:
        y, scale, average = ctx.saved_tensors
        return torch.addcmul(grad, y, (grad * y) @ average, value=-1).mul_(scale), None


class RMSNorm(nn.Module):
    """Divide each vector by its root mean square, and scale its parts (1910.07467)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))
        self.register_buffer(
            "average", torch.full((width, 1), 1 / width), persistent=False
        )

    def forward(
        self, x: Float[Tensor, "*batch width"]
    ) -> Float[Tensor, "*batch width"]:
        """Return x / √(mean(x²) + 1e-6) · weight."""
        if torch.is_grad_enabled():
            return _Rms.apply(x, self.average) * self.weight
        scale = (x.square().mean(-1, keepdim=True) + EPS).rsqrt()
        return x * scale * self.weight
