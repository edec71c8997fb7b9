"""A model that draws the reader's caption, in the page (live-painter.js).

The page runs `Step` as ONNX, once a step: guidance, sampler and the looks at the words
are inside it, so that all it gives is the next state and what to show of it.
"""

import html
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn
from torch.nn import functional as F

from minigen import diffusion
from minigen.show import style
from minigen.show.figure import check_words
from minigen.show.images import sheet
from minigen.show.layout import BookFigure
from minigen.show.live import Live, live, run_loop
from minigen.show.live_caption import Caption
from minigen.show.live_controls import Control, Loop, Noise, Slider
from minigen.show.live_picture import Picture
from minigen.show.live_words import PAINTER

#: Columns of the still, for steps and for words.
COLUMNS = 5
#: Words that say nothing of their own; the still has no place for their looks.
SMALL = ("a", "in", "the", "of")
#: A heat is drawn in full where it is greatest, and at this share at least.
LEAST = 0.1
HOT = tuple(
    int(style.role_of(style.MODEL).dark[n : n + 2], 16) / 255 for n in (1, 3, 5)
)


class Step(nn.Module):
    """One guided step of `diffusion.ddim`, and where the picture looks at each word.

    What it shows is a picture of 3 + words channels: the colours of the state that it
    comes to, and for each word of the caption the weight of every pixel's look at it.

    `model.attend(xt, t, tokens)` must give v and the weights [batch, words, h, w];
    `model.null` is the row of tokens that stands for no caption.
    """

    nothing: Tensor

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = model
        self.register_buffer("nothing", torch.as_tensor(model.null).view(1, -1).clone())

    def forward(
        self,
        x: Float[Tensor, "1 channel height width"],
        caption: Int64[Tensor, "1 word"],
        guidance: Float[Tensor, "1 1"],
        t: Float[Tensor, "1 1"],
        now: Float[Tensor, "1 1"],
        then: Float[Tensor, "1 1"],
    ) -> tuple[Tensor, Tensor]:
        """Return xs and what to show; `now` and `then` are ᾱt and ᾱs."""
        # A line without words is no caption, which the model has a sign of its own for.
        told = torch.where((caption == 0).all(), self.nothing, caption)
        v, looks = self.model.attend(
            torch.cat([x, x]), torch.cat([t, t])[:, 0], torch.cat([told, self.nothing])
        )
        v = v[1:] + guidance * (v[:1] - v[1:])
        signal, noise = now.sqrt(), (1 - now).sqrt()
        x0 = diffusion.x0_from_v(x, v, signal, noise).clamp(-1, 1)
        eps = diffusion.eps_from_x0(x, x0, signal, noise)
        after = then.sqrt() * x0 + (1 - then).sqrt() * eps
        looks = F.interpolate(looks[:1], size=x.shape[2:], mode="nearest")
        return after, torch.cat([diffusion.pictures(after), looks.clamp(0, 1)], dim=1)


@dataclass(frozen=True)
class Painting:
    """The picture of a caption, and over it where each of its words was looked at."""

    text: tuple[str, Caption]
    kind = "painting"

    def check(self, output: Tensor, name: str) -> None:
        words = self.text[1].places
        shape = list(output.shape)
        if len(shape) != 4 or shape[:2] != [1, 3 + words]:
            raise ValueError(
                f"live model {name!r} must give three colours and {words} looks, [1, "
                f"{3 + words}, height, width], not {shape}"
            )
        for channel in range(3 + words):
            Picture().check(output[:, channel : channel + 1], name)

    def markup(self, output: Tensor, alt: str) -> str:
        drawn = Picture().markup(output[:, :3], f"{alt} {self.text[1].start}.")
        point = html.escape(PAINTER["point"])
        return (
            f'<div class="live-painting">{drawn}<div class="live-sentence" '
            f'role="toolbar" aria-label="{PAINTER["words"]}" hidden></div>'
            f'<p class="live-look" aria-live="polite">{point}</p></div>'
        )

    def spec(self, output: Tensor) -> dict[str, Any]:
        said = {key: PAINTER[key] for key in ("point", "looked", "places")}
        return {"kind": self.kind, "shape": list(output.shape[1:]),
                "text": self.text[0], "least": LEAST, "hot": HOT,
                "words": said}  # fmt: skip


def painter(
    model: nn.Module,
    alpha_bar: Float[Tensor, " step"],
    *,
    prompt: str,
    shape: Sequence[int] = (3, 16, 16),
    guidance: float = 3.0,
    most: float = 8.0,
    seed: int = 0,
    steps: Sequence[int] = (25, 10, 50),
    whole: bool = False,
    name: str,
    alt: str,
    caption: str,
) -> Live:
    """Let a reader write a caption, and the model draw it from noise, step by step.

    Parameters
    ----------
    model: as `Step` takes it.
    alpha_bar: ᾱ of each step, as the model was trained.
    prompt: the caption that stands there at first.
    shape: of a picture: channel, height, width.
    guidance: how strong it is at first; it goes up to `most`.
    seed: the number of the first noise.
    steps: how many steps can be chosen, the first of them at first.
    whole: whether the lists offer no caption that leaves a word out.
    """
    check_words(name, alt=alt, caption=caption)
    text: Any = Caption(prompt, whole=whole)
    strength: Any = Slider(0.0, most, guidance, 0.5, PAINTER["guidance"])
    dice: Any = Noise(tuple(shape), seed=seed, label=PAINTER["dice"])
    controls: dict[str, Control] = {
        "caption": text, "guidance": strength, "noise": dice
    }  # fmt: skip
    tables = {n: diffusion.Step.table(alpha_bar, n) for n in sorted(steps)}
    loop = Loop(state="x", start="noise", tables=tables, default=steps[0])
    step = Step(model).eval()
    values = {key: control.start for key, control in controls.items()}
    shown = torch.cat(run_loop(step, controls, values, loop))
    return live(
        step, name=name, alt=alt, caption=caption, controls=controls, loop=loop,
        output=Painting(("caption", text)),
        still=still(dice.tensor(seed), shown, text.words(prompt)),
    )  # fmt: skip


def still(
    noise: Float[Tensor, "1 3 height width"],
    shown: Float[Tensor, "step layer height width"],
    words: Sequence[str],
) -> BookFigure:
    """Draw the way from noise, and where the last picture's words were looked at.

    `shown` is what `Step` shows at each step; the looks are the mean of all steps.
    """
    count = len(shown)
    turns = [round(count * n / (COLUMNS - 1)) for n in range(1, COLUMNS)]
    way = torch.stack(
        [diffusion.pictures(noise[0]), *(shown[n - 1, :3] for n in turns)]
    )
    chosen = [n for n, word in enumerate(words) if word not in SMALL][:COLUMNS]
    looks = shown[:, 3:].mean(0)
    hot = [heated(shown[-1, :3], looks[n]) for n in chosen]
    hot += [torch.full_like(way[0], np.nan)] * (COLUMNS - len(hot))
    labels = [PAINTER["noise"], *(PAINTER["step"].format(n) for n in turns)]
    named = [words[n] for n in chosen] + [""] * (COLUMNS - len(chosen))
    return sheet(
        torch.cat([way, torch.stack(hot)]), columns=COLUMNS, labels=labels + named,
        rows=[PAINTER["steps"], PAINTER["heat"]],
    )  # fmt: skip


def heated(
    picture: Float[Tensor, "3 height width"], look: Float[Tensor, "height width"]
) -> Float[Tensor, "3 height width"]:
    """Return a picture in grey with a look over it, as live-painter.js draws it."""
    grey = (picture * torch.tensor([0.3, 0.59, 0.11])[:, None, None]).sum(0)
    share = 0.9 * (look / max(LEAST, float(look.max()))).clamp(0, 1)
    hot = torch.tensor(HOT)[:, None, None]
    return (1 - share) * 0.75 * grey + share * hot


def place_of(look: Float[Tensor, "height width"]) -> tuple[int, float]:
    """Return the ninth of a picture with the greatest mean look, and that mean."""
    height, width = look.shape
    rows, columns = (
        (torch.arange(size) + 0.5).mul(3 / size).floor().long()
        for size in (height, width)
    )
    ninths = 3 * rows[:, None] + columns
    means = torch.stack([look[ninths == n].mean() for n in range(9)])
    first = int(means.argmax())
    return first, float(means[first])
