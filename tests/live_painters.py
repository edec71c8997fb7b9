"""A small model that draws captions, with random weights, for tests of its figure."""

import torch
from torch import nn
from torch.nn.functional import silu

from minigen import diffusion
from minigen.data import captions
from minigen.layers import sinusoidal
from minigen.show import Live
from minigen.show.live_painter import painter

PROMPT = "a red ring left of a blue square"
SIZE = 16


class Drawer(nn.Module):
    """Two convolutions with a look at the words between them."""

    def __init__(self, width: int = 32) -> None:
        super().__init__()
        torch.manual_seed(4)
        self.null = torch.zeros(captions.MAX_WORDS, dtype=torch.int64)
        self.words = nn.Embedding(len(captions.VOCABULARY), width)
        self.place = nn.Parameter(torch.randn(captions.MAX_WORDS, width))
        self.into = nn.Conv2d(3, width, 3, padding=1)
        self.down = nn.Conv2d(width, width, 3, padding=1, stride=2)
        self.query = nn.Linear(width, width)
        self.last = nn.Conv2d(width, 3, 3, padding=1)
        self.width = width

    def attend(self, xt, t, tokens):
        told = self.words(tokens) + self.place  # [batch, words, width]
        h = self.into(xt) + sinusoidal(t, self.width)[..., None, None]
        asked = self.query(self.down(silu(h)).flatten(2).mT)  # [batch, places, width]
        looks = (asked @ told.mT).softmax(-1)
        heard = (looks @ told).mT.unflatten(2, (SIZE // 2, SIZE // 2))
        h = h + heard.repeat_interleave(2, 2).repeat_interleave(2, 3)
        return self.last(silu(h)), looks.mT.unflatten(2, (SIZE // 2, SIZE // 2))

    def forward(self, xt, t, tokens):
        return self.attend(xt, t, tokens)[0]


def figure(name: str = "painter", **settings) -> Live:
    """The figure with a model of no sense."""
    start = {"prompt": PROMPT, "steps": (10, 5, 25), "guidance": 2.0, "seed": 3}
    return painter(
        Drawer().eval(), diffusion.cosine(), name=name,
        alt="A picture that the model draws from noise.", caption="Type a caption.",
        **(start | settings),
    )  # fmt: skip
