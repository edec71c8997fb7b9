"""Quality against variety: the whole curve of every sampling rule, not one setting.

Several models of stories write with each rule at each setting of its knob, plain and
after the odds were flattened. Quality is the share of stories that the grammar could
have told, variety the entropy of what was written, as a share of the grammar's own.
Rules are compared within each model, and the differences over all models.
"""

import math

import numpy as np
from scipy import stats

from minigen import decode, repro, sampling, zoo
from minigen.data import stories

SETTINGS = {
    "seeds": [0, 1, 2],
    "stories": 128,
    "steps": 180,
    "hot": 1.5,
    "temperatures": [0.0, 0.2, 0.4, 0.7, 1.0],
    "knobs": {
        "top-k": [4, 8, 16],
        "top-p": [0.5, 0.7, 0.85, 0.95],
        "min-p": [0.5, 0.25, 0.1, 0.02],
    },
    "hot knobs": {
        "top-k": [4, 8],
        "top-p": [0.5, 0.7, 0.85],
        "min-p": [0.5, 0.25, 0.1, 0.02],
    },
    "area": [0.85, 1.0],
    "pairs": [
        ["top-p", "min-p"], ["top-p", "temperature"], ["min-p", "temperature"],
        ["top-k", "temperature"], ["top-p, hot", "min-p, hot"],
        ["top-k, hot", "min-p, hot"],
    ],
}  # fmt: skip
CUTS = {"top-k": decode.top_k, "top-p": decode.top_p, "min-p": decode.min_p}


def run(settings, budget, report):
    """Return each rule's curve, the area under it, and differences between rules."""
    settings = dict(settings)
    if budget < 0.2:
        few = {
            name: {rule: values[::3] for rule, values in settings[name].items()}
            for name in ("knobs", "hot knobs")
        }
        settings |= {"seeds": [0], "temperatures": [0.0, 1.0], **few}
    told = []
    for seed in settings["seeds"]:
        model = zoo.get("gpt.stories", seed=seed, budget=budget)
        told.append(points(model, seed, settings, budget))
        report(f"model {seed}: {len(told[-1])} settings")
    names = rules(settings)
    each = {name: [area(one, keys, settings) for one in told]
            for name, keys in names.items()}  # fmt: skip
    pairs = {f"{one} over {other}": (np.subtract(each[one], each[other]))
             for one, other in settings["pairs"]}  # fmt: skip
    cut = ("top-p", settings["knobs"]["top-p"][-1], 1.0)
    pairs["top-p, widest, over no rule"] = [
        one[cut]["possible"].mean() - one["temperature", 1.0]["possible"].mean()
        for one in told
    ]
    return {
        "curves": {name: curve(told, keys) for name, keys in names.items()},
        "areas": {name: spread(values) for name, values in each.items()},
        "differences": {name: spread(values) for name, values in pairs.items()},
    }


def rules(settings):
    """Return the settings along each curve; ends are shared by several."""
    names = {"temperature": [("temperature", t) for t in settings["temperatures"]]}
    for hot in (False, True):
        heat = settings["hot"] if hot else 1.0
        for rule, values in settings["hot knobs" if hot else "knobs"].items():
            inner = [(rule, value, heat) for value in values]
            last = [] if hot else [("temperature", 1.0)]
            name = f"{rule}, hot" if hot else rule
            names[name] = [("temperature", 0.0), *inner, *last]
    return names


def points(model, seed, settings, budget):
    """Return what a model wrote at every setting, judged story by story."""
    found = {}
    for keys in rules(settings).values():
        for key in keys:
            if key not in found:
                found[key] = judged(model, strategy(*key), seed, settings, budget)
    return found


def strategy(rule, value, heat=1.0):
    """Return a rule at a setting, after the odds were flattened by `heat`."""
    if rule == "temperature":
        return lambda logits, _: decode.temperature(logits, value)
    return lambda logits, _: CUTS[rule](logits / heat, value)


def judged(model, strategy, seed, settings, budget):
    """Return, for each story: is it possible, coherent, its choice, its true cost."""
    made = sampling.write(
        model, count=repro.scaled(settings["stories"], budget, least=6),
        steps=settings["steps"], strategy=strategy,
        generator=repro.generator(1000 + seed),
    )  # fmt: skip
    vocabulary = stories.vocabulary()
    rows = [[vocabulary[i] for i in row] for row in made.rows]
    nats = [stories.log_probability(row) if row else -math.inf for row in rows]
    variety = made.bits.double().numpy() / stories.entropy().bits
    # To find all faults of what is no story takes long, and tells little.
    sane = variety.mean() < 1.1
    coherent = [sane and bool(row) and stories.check(row).coherent for row in rows]
    return {
        "possible": np.isfinite(nats),
        "coherent": np.mean(coherent) if sane else math.nan,
        "bits": variety,
        "true": [-x / math.log(2) for x in nats if x > -math.inf],
        "tokens": [
            len(r) + 1 for r, x in zip(rows, nats, strict=True) if x > -math.inf
        ],
        "distinct": len({tuple(row) for row in rows}) / len(rows),
    }


def curve(told, keys):
    """Return the points of a rule: means over the models, and the ends of these."""
    found = {name: [] for name in ("diversity", "possible", "low", "high", "coherent",
                                   "true_bits", "distinct", "dial")}  # fmt: skip
    for key in keys:
        rows = [model[key] for model in told]
        possible = [row["possible"].mean() for row in rows]
        tokens = sum(sum(row["tokens"]) for row in rows)
        values = {
            "diversity": np.mean([row["bits"].mean() for row in rows]),
            "possible": np.mean(possible),
            "low": min(possible), "high": max(possible),
            "distinct": np.mean([row["distinct"] for row in rows]),
            "dial": key[1],
        }  # fmt: skip
        for name, value in values.items():
            found[name].append(round(float(value), 4))
        coherent = np.mean([row["coherent"] for row in rows])
        found["coherent"].append(None if np.isnan(coherent) else round(coherent, 4))
        bits = sum(sum(row["true"]) for row in rows)
        found["true_bits"].append(round(bits / tokens, 4) if tokens else None)
    return found


def area(model, keys, settings):
    """Return the area under one model's curve of a rule."""
    low, high = settings["area"]
    variety = [model[key]["bits"].mean() for key in keys]
    quality = [model[key]["possible"].mean() for key in keys]
    return sampling.area(variety, quality, low=low, high=min(high, max(variety)))


def spread(values):
    """Return the mean over models, its 95 % interval (Student's t), and each one."""
    values = np.asarray(values, dtype=float)
    mean, half = values.mean(), 0.0
    if len(values) > 1:
        error = values.std(ddof=1) / math.sqrt(len(values))
        half = stats.t.ppf(0.975, len(values) - 1) * error
    return {
        "mean": round(mean, 4), "low": round(mean - half, 4),
        "high": round(mean + half, 4), "each": [round(x, 4) for x in values.tolist()],
    }  # fmt: skip
