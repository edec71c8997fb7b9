"""How far back do readers remember, and which head does it? Several seeds.

The readers of the race learn the same texts and are asked over growing distances; two
more say what lessons matter: a GRU with twice as many, and attention that begins with
nothing. Then the model of two layers is trained with a part left out, and its
heads are scored and cut out.
"""

import copy

import torch

from minigen import readers, recall, repro, zoo

SETTINGS = {
    "seeds": [0, 1, 2],
    "distances": [2, 4, 8, 16, 24, 32, 48, 60],
    "lessons": recall.LESSONS
    | {
        "attention from nothing": {
            "steps": 600, "learning_rate": 1e-2, "lengths": recall.ECHOED,
        },
    },
    "longer": recall.LESSONS["GRU"] | {"steps": 2800},
    "counted": 30_000,
    "part_seeds": [0],
    "parts": {
        "one layer": {"layers": 1}, "one head a layer": {"heads": 1},
        "no positions": {"rotary": False},
    },
    "asked": 20,
    "questions": 400,
}  # fmt: skip


def run(settings, budget, report):
    """Return what the seeds measured; at a small budget one seed."""
    if budget < 0.2:
        few = {key: settings[key][:1] for key in ("seeds", "part_seeds")}
        settings = settings | few | {"questions": 40}
    echoes = [zoo.get("recall.reader", seed=seed, budget=budget)
              for seed in settings["seeds"]]  # fmt: skip
    return {
        "heads": [heads(model, settings, report) for model in echoes],
        "right": race(echoes, settings, budget, report),
        "longer": longer(settings, budget, report),
        "parts": parts(settings, budget, report),
    }


def race(echoes, settings, budget, report):
    """Return the share of right answers by reader, seed and distance."""
    right = {}
    for seed, echo in zip(settings["seeds"], echoes, strict=True):
        for name, lesson in settings["lessons"].items():
            repro.seed_everything(seed)
            model = made(name, echo)
            recall.learn(model, recall.pairs, seed=seed, budget=budget, progress=False,
                         **lesson)  # fmt: skip
            right.setdefault(name, []).append(asked(model, settings))
            report(f"seed {seed}, {name}: {right[name][-1]}")
        texts, _ = recall.pairs(
            repro.scaled(settings["counted"], budget), recall.LONG,
            generator=repro.generator(seed),
        )  # fmt: skip
        counts = asked(readers.Counts(6, texts), settings)
        right.setdefault("counts", []).append(counts)
    return right


def longer(settings, budget, report):
    """Return the share of right answers of a GRU with more lessons: one seed."""
    seed = settings["seeds"][0]
    repro.seed_everything(seed)
    model = made("GRU", None)
    recall.learn(model, recall.pairs, seed=seed, budget=budget, progress=False,
                 **settings["longer"])  # fmt: skip
    right = asked(model, settings)
    report(f"GRU, more lessons: {right}")
    return right


def made(name, echo):
    """Return a contestant before its lessons."""
    if name == "attention":
        return copy.deepcopy(echo)
    if name == "attention from nothing":
        return readers.Reader()
    if name == "GRU with attention":
        return readers.Recurrent(attention=True)
    return readers.Recurrent(width=128)


def asked(model, settings):
    """Return the share of right answers at each distance."""
    return [
        round(
            recall.recall(
                model, n, asked=recall.pair_questions, count=settings["questions"]
            ),
            4,
        )
        for n in settings["distances"]
    ]


def heads(model, settings, report):
    """Return the heads' scores, and what is left without each and without layers."""
    n = settings["asked"]
    whole = recall.recall(model, n)
    each = [[recall.recall(without(model, layer, head), n) for head in range(2)]
            for layer in range(2)]  # fmt: skip
    layers = [recall.recall(without(model, i, slice(None)), n) for i in range(2)]
    report(f"heads: {whole:.2f}, without {each}, layers {layers}")
    return {
        "scores": recall.induction(model, distance=n).tolist(), "whole": whole,
        "without_head": each, "without_layer": layers,
    }  # fmt: skip


def without(model, layer, head):
    """Return a copy in which some heads of a layer find nothing."""
    cut = copy.deepcopy(model)
    with torch.no_grad():
        out = cut.layers[layer].out.weight
        out.unflatten(1, (cut.layers[layer].heads, -1))[:, head] = 0
    return cut


def parts(settings, budget, report):
    """Return recall of echoes with a part of the reader changed, seed by seed."""
    found = {}
    for name, part in settings["parts"].items():
        for seed in settings["part_seeds"]:
            repro.seed_everything(seed)
            model = readers.Reader(**part)
            recall.learn(model, recall.echoes, seed=seed, budget=budget, progress=False)
            share = recall.recall(model, settings["asked"])
            found.setdefault(name, []).append(share)
        report(f"{name}: {found[name]}")
    return found
