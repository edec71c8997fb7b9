"""Steps against quality, and guidance against diversity: the digits, three seeds.

Each seed trains a model of its own. Its samples have the test pictures' labels, several
times over, and are held against the test pictures with the ruler.
"""

from collections import defaultdict

import torch

from minigen import data, diffusion, repro
from minigen.layers import UNet
from minigen.ruler import Ruler

SETTINGS = {
    "dataset": "digits",
    "seeds": [0, 1, 2],
    "steps": [5, 10, 20, 50],
    "long": 1000,
    "samples": {"5": 2, "10": 2, "20": 2, "50": 4, "1000": 1},
    "guidance": [1.0, 1.5, 2.0, 3.0, 5.0],
    "guided_steps": 20,
}
#: The share of fresh noise in a step: DDPM renews all that a step allows, DDIM none.
SAMPLERS = {"DDIM": 0.0, "half": 0.5, "DDPM": 1.0}


def run(settings, budget, report):
    """Return ratio and accuracy by sampler, steps and guidance, a value a seed."""
    images = data.images(settings["dataset"])
    ruler = Ruler.for_dataset(images)
    seeds, walks, guidances = plan(settings, budget)
    few = repro.scaled(len(images.test_y), min(1.0, budget), least=60)
    labels = images.test_y[:few]
    results = {
        "real": accuracy(ruler, images.test_x, images.test_y),
        "real diversity": diversity(images.test_x, images.test_y),
        "steps": {name: defaultdict(list) for name in SAMPLERS},
        "guidance": {str(g): defaultdict(list) for g in guidances},
        "copies": [],
    }
    for seed in seeds:
        net = trained(settings, seed, budget)
        report(f"seed {seed}: trained")
        for name, steps in walks:
            asked = labels.repeat(settings["samples"][str(steps)])
            drawn = diffusion.sample(
                net, asked, generator=repro.generator(seed), steps=steps,
                eta=SAMPLERS[name],
            )  # fmt: skip
            ratio = ruler.distance(drawn, asked, generator=repro.generator(0)).ratio
            results["steps"][name][str(steps)].append(ratio)
            report(f"seed {seed}: {name}, {steps} steps, {ratio:.2f}")
            if (name, steps) == ("DDIM", 50):
                found = ruler.copies(drawn)
                results["copies"].append([found.close, found.nearer])
        for guidance in guidances:
            drawn = diffusion.sample(
                net, labels, generator=repro.generator(seed),
                steps=settings["guided_steps"], guidance=guidance,
            )  # fmt: skip
            row = results["guidance"][str(guidance)]
            judged = ruler.distance(drawn, labels, generator=repro.generator(0))
            row["ratio"].append(judged.ratio)
            row["accuracy"].append(accuracy(ruler, drawn, labels))
            row["diversity"].append(diversity(drawn, labels))
            report(f"seed {seed}: guidance {guidance}, {row['accuracy'][-1]:.1%}")
    return results


def plan(settings, budget):
    """Return seeds, (sampler, steps) and guidances; at a small budget a few of each."""
    steps, seeds, guidances = settings["steps"], settings["seeds"], settings["guidance"]
    walks = [(name, n) for name in SAMPLERS for n in steps]
    if budget < 0.2:
        return seeds[:1], [("DDIM", 5), ("DDPM", 5)], guidances[:2]
    return seeds, [*walks, ("DDPM", settings["long"])], guidances


def trained(settings, seed, budget):
    """Return a model trained from this seed, as the zoo would train it."""
    recipe = diffusion.RECIPES["unet"](dataset=settings["dataset"])
    repro.seed_everything(seed)
    net = recipe.build()
    assert isinstance(net, UNet)
    recipe.train(net, seed=seed, budget=budget)
    return net.eval()


def accuracy(ruler, x, labels):
    """Return how often the ruler's classifier sees the label that was asked for."""
    return (ruler.predict(x) == labels).float().mean().item()


def diversity(x, labels):
    """Return the mean distance between two pictures with the same label, in pixels."""
    found = []
    for label in labels.unique():
        group = x[labels == label].flatten(1)
        if len(group) > 1:
            apart = torch.pdist(group)
            found.append(apart.mean().item())
    return sum(found) / len(found)
