"""How far back do readers remember, and which head does it? Several seeds.

Four readers learn the same texts and are asked over growing distances. Then the model
of two layers of attention is trained with several seeds, with a layer or the positions
left out; its heads are scored and cut out.
"""

import copy

import torch

from minigen import readers, recall, repro

SETTINGS = {
    "recall_seeds": [0, 1, 2],
    "distances": [2, 4, 6, 8, 16, 24, 32, 48, 62],
    "lessons": {
        "attention": [400, 1e-2],
        "GRU with attention": [600, 5e-3],
        "GRU": [1500, 5e-3],
    },
    "counted": 30_000,
    "head_seeds": [0, 1, 2, 3],
    "part_seeds": [0, 1],
    "parts": {"one layer": {"layers": 1}, "no positions": {"rotary": False}},
    "asked": 20,
}


def run(settings, budget, report):
    """Return what the seeds measured; at a small budget fewer seeds."""
    if budget < 0.2:
        few = {key: settings[key][:1] for key in settings if key.endswith("_seeds")}
        settings = settings | few
    return {
        "recall": distances(settings, budget, report),
        "heads": [heads(seed, settings, budget, report)
                  for seed in settings["head_seeds"]],
        "parts": parts(settings, budget, report),
    }  # fmt: skip


def made(name):
    """Return a reader with weights of no meaning."""
    if name == "attention":
        return readers.Reader()
    return readers.Recurrent(width=64, attention=name == "GRU with attention")


def distances(settings, budget, report):
    """Return the share of right answers by reader, seed and distance."""
    right = {}
    for seed in settings["recall_seeds"]:
        for name, (steps, rate) in settings["lessons"].items():
            repro.seed_everything(seed)
            model = made(name)
            recall.learn(model, recall.pairs, seed=seed, budget=budget, steps=steps,
                         learning_rate=rate, progress=False)  # fmt: skip
            right.setdefault(name, []).append(asked(model, settings))
            report(f"seed {seed}, {name}: {right[name][-1]}")
        texts, _ = recall.pairs(
            repro.scaled(settings["counted"], budget), recall.LONG,
            generator=repro.generator(seed),
        )  # fmt: skip
        counts = readers.Counts(6, texts)
        right.setdefault("counts", []).append(asked(counts, settings))
        report(f"seed {seed}, counts: {right['counts'][-1]}")
    return {"distances": settings["distances"], "right": right}


def asked(model, settings):
    """Return the share of right answers at each distance."""
    return [
        recall.recall(model, n, asked=recall.pair_questions)
        for n in settings["distances"]
    ]


def taught(seed, budget, **parts):
    """Return a reader of echoes."""
    repro.seed_everything(seed)
    model = readers.Reader(**parts)
    recall.learn(model, recall.echoes, seed=seed, budget=budget, progress=False)
    return model


def heads(seed, settings, budget, report):
    """Return the heads' scores, and what is left without each and without layers."""
    model, n = taught(seed, budget), settings["asked"]
    scores = recall.induction(model, distance=n)
    whole = recall.recall(model, n)
    each = [
        [recall.recall(without(model, layer, head), n) for head in range(2)]
        for layer in range(2)
    ]
    layers = [recall.recall(without(model, i, slice(None)), n) for i in range(2)]
    report(f"heads, seed {seed}: {whole:.2f}, without {each}, layers {layers}")
    return {"scores": scores.tolist(), "whole": whole, "without_head": each,
            "without_layer": layers}  # fmt: skip


def without(model, layer, head):
    """Return a copy in which some heads of a layer find nothing."""
    cut = copy.deepcopy(model)
    with torch.no_grad():
        out = cut.layers[layer].out.weight
        out.unflatten(1, (cut.layers[layer].heads, -1))[:, head] = 0
    return cut


def parts(settings, budget, report):
    """Return recall with a part of the reader left out, seed by seed."""
    found = {}
    for name, part in settings["parts"].items():
        found[name] = [
            recall.recall(taught(seed, budget, **part), settings["asked"])
            for seed in settings["part_seeds"]
        ]
        report(f"{name}: {found[name]}")
    return found
