"""How well a language model serves a group of writers that its data hold little of.

The stories have two dialects. Each seed trains one small model a share of shore stories
among its data, and asks what new stories of either group cost, above what the exact
odds of that very corpus charge for the same stories: zero is the best that anyone can.
"""

import torch

from minigen import audit, gpt, lm, repro
from minigen.data import stories
from minigen.data.stories import Settings

SETTINGS = {
    "seeds": [0, 1, 2],
    "shares": [0.5, 0.2, 0.05],
    "turns": [0, 0],
    "details": 0.0,
    "stories": 600,
    "new": 150,
    "width": 32,
    "layers": 2,
    "heads": 2,
    "size": 16,
    "steps": 300,
}


def run(settings, budget, report):
    """Return the nats a token above the exact odds: a group, then shares by seeds."""
    seeds = settings["seeds"] if budget >= 0.2 else settings["seeds"][:1]
    found = {"shares": settings["shares"], "hill": [], "shore": []}
    for share in settings["shares"]:
        above = [gaps(settings, share, seed, budget) for seed in seeds]
        for group in ("hill", "shore"):
            found[group].append([round(one[group], 4) for one in above])
        report(f"{share:.0%} shore stories: {above[-1]}")
    return found


def gaps(settings, share, seed, budget):
    """Train on a share of shore stories; return what each group pays too much."""
    words, told = lm.Words.of_stories(), of(settings, share)
    repro.seed_everything(seed)
    sizes = {name: settings[name] for name in ("width", "layers", "heads")}
    model = gpt.GPT(gpt.Sizes(len(words), **sizes))
    read = stories.sample(
        repro.scaled(settings["stories"], budget, least=32),
        generator=repro.generator(seed), settings=told,
    )  # fmt: skip
    rows = audit.epochs(
        [words.row(story) for story in read], size=settings["size"],
        generator=repro.generator(seed),
    )  # fmt: skip
    audit.learn(model, rows, steps=repro.scaled(settings["steps"], budget, least=2))
    return {
        group: above(model, words, new(settings, group, seed, budget), told)
        for group in ("hill", "shore")
    }


def of(settings, share):
    """Return the grammar with so many shore stories."""
    turns = tuple(settings["turns"])
    return Settings(turns=turns, details=settings["details"], shore=share)


def new(settings, group, seed, budget):
    """Return stories of one group that no model has read."""
    return stories.sample(
        repro.scaled(settings["new"], budget, least=8),
        generator=repro.generator(1000 + seed),
        settings=of(settings, float(group == "shore")),
    )


def above(model, words, told, world):
    """Return the nats a token that a model pays above the exact odds of a world."""
    nats = lm.story_nats(model, [words.row(story) for story in told])
    exact = torch.tensor([-stories.log_probability(s, world) for s in told])
    tokens = sum(len(story.tokens) + 1 for story in told)
    return float((nats - exact).sum()) / tokens
