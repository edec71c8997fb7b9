"""What did each choice of the recipe buy, and how does loss fall with size and data?

Ablation: the chapter's model with one choice taken back at a time, each trained on the
same number of stories. Scaling: models of several widths, each trained from scratch on
several numbers of stories. A loss is the distance to the exact entropy, as a share of
it, on stories that no model has seen, so the law needs no floor of its own.
"""

import numpy as np
import torch
from scipy.optimize import least_squares
from torch import nn
from torch.nn.functional import gelu, linear

from minigen import gpt, lm, repro
from minigen.data import stories
from minigen.gpt import GPT, Block, Sizes
from minigen.train import fit

SETTINGS = {
    "seed": 0,
    "judged": 200,
    "ablation_steps": 300,
    "adamw_rate": 0.004,
    "widths": [16, 32, 64],
    "steps": [75, 150, 300, 600],
    "draws": 200,
}
WORDS = lm.Words.of_stories()


def run(settings, budget, report):
    """Return the gap of each variant, of each width and length, and the fitted law.

    At a small budget there are fewer of each.
    """
    unseen = stories.sample(
        repro.scaled(settings["judged"], budget, least=20), generator=repro.generator(9)
    )
    rows = [WORDS.row(story) for story in unseen]

    def judged(model):
        found = lm.gap(lm.story_nats(model.eval(), rows), unseen)
        return {"gap": found.value, "low": float(found.low), "high": float(found.high)}

    found = {"ablation": {}, "scaling": []}
    variants = ablations()
    if budget < 0.2:
        variants = {name: variants[name] for name in list(variants)[::4]}
        settings = settings | {"widths": settings["widths"][:2], "draws": 10}
    for name, changes in variants.items():
        steps = repro.scaled(settings["ablation_steps"], budget, least=5)
        found["ablation"][name] = judged(trained(settings, steps, **changes))
        report(f"{name}: {found['ablation'][name]['gap']:.4f}")
    for width in settings["widths"]:
        for steps in settings["steps"]:
            count = repro.scaled(steps, budget, least=5)
            model = trained(settings, count, width=width)
            size = sum(p.numel() for p in model.parameters())
            told = count * gpt.STORY_BATCH
            row = {"width": width, "stories": told, "parameters": size} | judged(model)
            found["scaling"].append(row)
            report(f"width {width}, {told} stories: {row['gap']:.4f}")
    return found | {"law": law(found["scaling"], settings)}


def trained(settings, steps, *, kind=GPT, change=None, adamw=False, part=1.0, **sizes):
    """Return a model trained by the recipe, or by one that differs in one thing."""
    seed, steps = settings["seed"], max(5, round(part * steps))
    repro.seed_everything(seed)
    model = kind(Sizes(len(WORDS), **sizes))
    if change is not None:
        change(model)
    batches = lm.fresh(WORDS, size=gpt.STORY_BATCH, generator=repro.generator(seed))
    if adamw:
        fit(
            model, lambda t: gpt.loss(model(t[:, :-1].clamp(min=0)), t), batches,
            steps=steps, learning_rate=settings["adamw_rate"],
            warmup=min(20, steps // 10), progress=False,
        )  # fmt: skip
    else:
        gpt.learn(model, batches, steps=steps, progress=False)
    return model


def ablations():
    """Return for each variant what it changes."""
    return {
        "the recipe": {},
        "AdamW for Muon": {"adamw": True},
        "learned positions for rotary": {"kind": Placed},
        "GELU for squared ReLU": {"change": smooth},
        "no norm of questions and keys": {"change": unnormed},
        "a head of its own": {"kind": Untied},
        "no start that copies": {"copy": 0.0, "trust": 0.0},
        "no trust": {"change": without("trust"), "trust": 0.0},
        "no temperature of its own": {"change": without("sure")},
        "no word before": {"change": without("before")},
        "twice as wide, a third of the stories": {"width": 128, "part": 1 / 3},
    }


def without(name):
    """Return a change that fixes a part of the model at its start."""

    def change(model):
        for part, parameter in model.named_parameters():
            if part.split(".")[0] == name:
                parameter.requires_grad_(False)

    return change


def unnormed(model):
    """Let questions and keys be of any length."""
    for block in model.blocks:
        block.attention.norm = nn.Identity()


class Smooth(Block):
    """A block with GELU (1606.08415)."""

    def inner(self, x):
        """Return what the small network makes of the stream."""
        return self.down(gelu(self.up(x)))


def smooth(model):
    """Give all blocks GELU."""
    for block in model.blocks:
        block.__class__ = Smooth


class Untied(GPT):
    """A head with numbers of its own, which begin as those of the embedding."""

    def __init__(self, sizes):
        super().__init__(sizes)
        self.own = nn.Parameter(self.embed.weight.detach().clone())

    def compare(self, x):
        """Return the product with every token's vector."""
        return linear(x, self.own)


class Placed(GPT):
    """Positions that are learned and added to the words: the way of 2017."""

    def __init__(self, sizes):
        super().__init__(sizes)
        self.places = nn.Parameter(0.05 * torch.randn(sizes.context, sizes.width))
        for block in self.blocks:
            block.attention.rotary_positions = False

    def begin(self, tokens):
        """Return the stream, with what each place adds to it."""
        return super().begin(tokens) + self.places[: tokens.shape[1]]


def law(scaling, settings):
    """Fit gap = a N^-alpha + b D^-beta, with intervals from redrawn residuals.

    It is equation 2 of 2203.15556 without its floor, which is 0 here: N are parameters
    in thousands, D stories in thousands. The logarithms of the gaps are fitted.
    """
    n = np.array([row["parameters"] / 1000 for row in scaling])
    d = np.array([row["stories"] / 1000 for row in scaling])
    y = np.log(np.array([max(row["gap"], 1e-4) for row in scaling]))

    def predicted(p):
        return np.logaddexp(p[0] - p[1] * np.log(n), p[2] - p[3] * np.log(d))

    def fitted(target):
        best = min(
            (
                least_squares(
                    lambda p: predicted(p) - target, start,
                    bounds=([-12, 0, -12, 0], [6, 4, 6, 4]),
                )
                for start in ([-2, 0.5, -2, 0.5], [-4, 1, -1, 1], [-1, 0.3, -4, 0.3])
            ),
            key=lambda found: found.cost,
        )  # fmt: skip
        return best.x

    middle = fitted(y)
    left = y - predicted(middle)
    rng = np.random.default_rng(settings["seed"])
    draws = np.array([
        fitted(predicted(middle) + rng.choice(left, len(left)))
        for _ in range(settings["draws"])
    ])  # fmt: skip
    names = ("log a", "alpha", "log b", "beta")
    low, high = np.quantile(draws, [0.025, 0.975], axis=0)
    return {
        name: {"value": float(v), "low": float(a), "high": float(b)}
        for name, v, a, b in zip(names, middle, low, high, strict=True)
    } | {"spread": float(np.std(left))}
