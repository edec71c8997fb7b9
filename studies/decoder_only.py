"""What did each choice of the recipe buy, and how does loss fall with size and data?

Ablation: the chapter's model with one choice taken back at a time, all for the same
number of stories. Scaling: models of several widths, each trained from scratch for
several lengths. Every loss is the distance to the exact entropy on unseen stories.
"""

import torch
from torch import nn

from minigen import gpt, lm, repro
from minigen.data import stories
from minigen.gpt import GPT, Sizes
from minigen.train import fit

SETTINGS = {
    "seed": 0,
    "batch": 8,
    "judged": 200,
    "ablation_steps": 600,
    "adamw_rate": 0.004,
    "widths": [16, 32, 64, 128],
    "steps": [100, 200, 400, 800],
}
WORDS = lm.Words.of_stories()


class Untied(GPT):
    """The same model with a head of its own."""

    def __init__(self, sizes):
        super().__init__(sizes)
        self.head = nn.Linear(sizes.width, sizes.vocab, bias=False)
        nn.init.zeros_(self.head.weight)

    def forward(self, tokens):
        x = self.embed(tokens)
        for block in self.blocks:
            x, _, _ = block(x)
        return self.head(self.norm(x))


def run(settings, budget, report):
    """Return the gap of each variant of the recipe, and of each width and length."""
    unseen = stories.sample(
        repro.scaled(settings["judged"], budget, least=20), generator=repro.generator(9)
    )
    rows = [WORDS.row(story) for story in unseen]

    def judged(model):
        found = lm.gap(lm.story_nats(model.eval(), rows), unseen)
        return {"gap": found.value, "low": float(found.low), "high": float(found.high)}

    variants = list(ablations(settings))
    widths = settings["widths"]
    if budget < 0.2:
        variants, widths = variants[:3], widths[:2]
    found = {"ablation": {}, "scaling": []}
    for name, make in variants:
        steps = repro.scaled(settings["ablation_steps"], budget, least=5)
        model, curve = make(steps)
        row = judged(model) | {"curve": curve}
        found["ablation"][name] = row
        report(f"{name}: {row['gap']:.4f}")
    for width in widths:
        for steps in settings["steps"]:
            count = repro.scaled(steps, budget, least=5)
            model, _ = trained(settings, count, width=width)
            size = sum(p.numel() for p in model.blocks.parameters())
            row = {"width": width, "steps": steps, "parameters": size, **judged(model)}
            found["scaling"].append(row)
            report(f"width {width}, {steps} steps: {row['gap']:.4f}")
    return found


def trained(settings, steps, *, kind=GPT, change=None, adamw=False, **sizes):
    """Return a model trained by the recipe, and its loss in 20 parts of the way."""
    seed, batch = settings["seed"], sizes.pop("batch", settings["batch"])
    repro.seed_everything(seed)
    width = sizes.get("width", 128)
    model = kind(Sizes(len(WORDS), heads=max(1, width // 32), **sizes))
    if change is not None:
        change(model)
    batches = lm.fresh(WORDS, size=batch, generator=repro.generator(seed))
    if adamw:
        history = fit(
            model, lambda t: gpt.loss(model(t[:, :-1].clamp(min=0)), t), batches,
            steps=steps, learning_rate=settings["adamw_rate"],
            warmup=min(20, steps // 10), progress=False,
        )  # fmt: skip
    else:
        history = gpt.learn(model, batches, steps=steps, progress=False)
    part = max(1, steps // 20)
    losses = torch.tensor(history.loss)[: steps - steps % part].view(-1, part)
    return model, [round(float(x), 4) for x in losses.mean(1)]


def no_positions(model):
    """Leave the order of the words to the causal mask alone."""
    for block in model.blocks:
        block.attention.rotary_positions = False


def ablations(settings):
    """Yield a name for each variant, and what trains it for so many steps."""

    def variant(**changes):
        return lambda steps: trained(settings, steps, **changes)

    yield "the recipe", variant()
    yield "AdamW for Muon", variant(adamw=True)
    yield "no copying start", variant(copy=0.0)
    yield "a head of its own", variant(kind=Untied)
    yield "no positions", variant(change=no_positions)
    yield "four layers, 96 wide", variant(layers=4, width=96)
    yield (
        "batches of 32",
        lambda steps: trained(settings, max(5, steps // 4), batch=32),
    )
