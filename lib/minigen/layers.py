"""Blocks of a network that mends noisy pictures, and the U-Net that is built of them.

Start at `UNet.forward`: down to a coarse view of the picture, up again to a fine one,
with a bridge from each level to its counterpart. Every block is told the noise level
and the label, and turns its channels up or down accordingly.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn
from torch.nn import functional as F

#: Channels that are normalised together.
GROUP = 8


def sinusoidal(t: Float[Tensor, " batch"], dim: int) -> Float[Tensor, "batch dim"]:
    """Return sines and cosines of t at `dim` / 2 frequencies (1706.03762, 3.5).

    Wavelengths grow from 2π to 2π · 10,000: t should run over some hundreds at least,
    such as the number of a step from 0 to 1,000.
    """
    if dim < 2 or dim % 2:
        raise ValueError(f"dim must be an even number from 2 up, not {dim}")
    powers = torch.arange(dim // 2, device=t.device) / (dim // 2)
    angles = t[:, None] * torch.exp(-math.log(10_000.0) * powers)  # [batch, dim/2]
    return torch.cat([angles.sin(), angles.cos()], dim=1)


class ResidualBlock(nn.Module):
    """x + f(x, condition): two convolutions; the condition scales and shifts channels.

    The last convolution begins at zero, so that a new block changes nothing.
    """

    def __init__(self, channels_in: int, channels_out: int, *, condition: int) -> None:
        super().__init__()
        self.norm1 = nn.GroupNorm(max(1, channels_in // GROUP), channels_in)
        self.conv1 = nn.Conv2d(channels_in, channels_out, 3, padding=1)
        self.told = nn.Linear(condition, 2 * channels_out)
        self.norm2 = nn.GroupNorm(max(1, channels_out // GROUP), channels_out)
        self.conv2 = nn.Conv2d(channels_out, channels_out, 3, padding=1)
        self.skip = (
            nn.Identity()
            if channels_in == channels_out
            else nn.Conv2d(channels_in, channels_out, 1)
        )
        nn.init.zeros_(self.conv2.weight)
        assert self.conv2.bias is not None
        nn.init.zeros_(self.conv2.bias)

    def forward(
        self,
        x: Float[Tensor, "batch channel_in height width"],
        condition: Float[Tensor, "batch condition"],
    ) -> Float[Tensor, "batch channel_out height width"]:
        """Return pictures of the same size."""
        h = self.conv1(F.silu(self.norm1(x)))
        scale, shift = self.told(condition)[:, :, None, None].chunk(2, dim=1)
        h = self.conv2(F.silu(self.norm2(h) * (1 + scale) + shift))
        return self.skip(x) + h


@dataclass(frozen=True)
class Sizes:
    """The sizes of a U-Net: of the pictures, of the labels, and of its own."""

    #: (channel, height, width)
    shape: tuple[int, int, int]
    classes: int
    #: Channels of the finest level.
    width: int = 32
    #: How many times as many the coarser levels have, where there are fewer pixels.
    growth: int = 2
    #: Length of the vector that tells the blocks noise level and label.
    condition: int = 64

    @property
    def patch(self) -> int:
        """Side of the squares that become channels: 2 where pictures are large."""
        return 1 if max(self.shape[1:]) <= 16 else 2

    @property
    def levels(self) -> int:
        """Views of the picture, each half as fine: down to about 4 pixels a side."""
        side = max(self.shape[1:]) / self.patch
        return max(1, 1 + round(math.log2(max(1.0, side / 4))))


def ladder(
    widths: Sequence[int], *, condition: int, joined: bool = True
) -> tuple[nn.ModuleList, ResidualBlock, nn.ModuleList]:
    """Return the blocks of a U-Net: of each level down, the middle, each level up.

    On the way up a block gets what comes from below and, by the bridge, what its level
    had on the way down: `joined`, channel beside channel, or else added.
    """
    down = nn.ModuleList(
        ResidualBlock(before, here, condition=condition)
        for before, here in zip([widths[0], *widths], widths, strict=False)
    )
    middle = ResidualBlock(widths[-1], widths[-1], condition=condition)
    up = nn.ModuleList(
        ResidualBlock(below + here if joined else here, here, condition=condition)
        for below, here in zip([*widths[1:], widths[-1]], widths, strict=True)
    )
    return down, middle, up


class UNet(nn.Module):
    """A small U-Net (1505.04597) with noise level and label as conditions.

    Labels run from 0 to classes − 1; the label `classes` (`null`) stands for none.
    """

    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        self.sizes, self.null = sizes, sizes.classes
        channels, condition = sizes.shape[0] * sizes.patch**2, sizes.condition
        coarse = sizes.growth * sizes.width
        widths = [sizes.width] + [coarse] * (sizes.levels - 1)
        self.time = nn.Sequential(
            nn.Linear(condition, condition), nn.SiLU(), nn.Linear(condition, condition)
        )
        self.label = nn.Embedding(sizes.classes + 1, condition)
        self.first = nn.Conv2d(channels, widths[0], 3, padding=1)
        self.down, self.middle, self.up = ladder(widths, condition=condition)
        self.norm = nn.GroupNorm(max(1, widths[0] // GROUP), widths[0])
        self.last = nn.Conv2d(widths[0], channels, 3, padding=1)
        nn.init.zeros_(self.last.weight)

    def forward(
        self,
        xt: Float[Tensor, "batch channel height width"],
        t: Float[Tensor, " batch"],
        y: Int64[Tensor, " batch"],
    ) -> Float[Tensor, "batch channel height width"]:
        """Return a picture for each noisy picture; t is the step, from 0 to 1,000."""
        condition = self.time(sinusoidal(t, self.sizes.condition)) + self.label(y)
        condition = F.silu(condition)
        patch, (height, width) = self.sizes.patch, xt.shape[2:]
        h = F.pad(xt, (0, -width % patch, 0, -height % patch))
        h = self.first(F.pixel_unshuffle(h, patch))
        bridges = []
        for level, block in enumerate(self.down):
            if level:  # a quarter of the pixels, rounded up
                h = F.avg_pool2d(h, 2, ceil_mode=True)
            h = block(h, condition)
            bridges.append(h)
        h = self.middle(h, condition)
        for bridge, block in zip(reversed(bridges), reversed(self.up), strict=True):
            h = F.interpolate(h, size=bridge.shape[2:], mode="nearest")
            h = block(torch.cat([h, bridge], dim=1), condition)
        h = self.last(F.silu(self.norm(h)))
        return F.pixel_shuffle(h, patch)[:, :, :height, :width]
