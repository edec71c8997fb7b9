"""Quality against variety: the whole curve of every sampling rule, not one setting.

Several models of stories write with each rule at each setting of its knob, plain and
after the odds were flattened. Quality is the share of stories that the grammar could
have told, variety the entropy of what was written, as a share of the grammar's own.
"""

import math

import numpy as np
from scipy import stats

from minigen import decode, repro, sampling, zoo
from minigen.data import stories

SETTINGS = {
    "seeds": [0, 1],
    "stories": 128,
    "steps": 180,
    "hot": 1.5,
    "temperatures": [0.0, 0.2, 0.4, 0.6, 0.8, 0.9, 1.0, 1.15, 1.3, 1.5],
    "knobs": {
        "top-k": [2, 4, 8, 16, 32, 64],
        "top-p": [0.5, 0.7, 0.85, 0.95, 0.98, 0.995],
        "min-p": [0.7, 0.5, 0.25, 0.1, 0.05, 0.02, 0.01],
    },
    "area": [0.85, 1.0],
}
CUTS = {"top-k": decode.top_k, "top-p": decode.top_p, "min-p": decode.min_p}


def run(settings, budget, report):
    """Return each rule's curve, and the area under it."""
    settings = dict(settings)
    if budget < 0.2:
        knobs = {rule: values[::3] for rule, values in settings["knobs"].items()}
        settings |= {"seeds": [0], "knobs": knobs, "temperatures": [0.0, 1.0, 1.5]}
    told = {}
    for seed in settings["seeds"]:
        model = zoo.get("gpt.stories", seed=seed, budget=budget)
        told[seed] = points(model, seed, settings, budget)
        report(f"model {seed}: {len(told[seed])} settings")
    names = {"temperature": [("temperature", t) for t in settings["temperatures"]]}
    for hot in (False, True):
        for rule, values in settings["knobs"].items():
            heat = settings["hot"] if hot else 1.0
            ends = [("temperature", 0.0), ("temperature", heat)]
            inner = [(rule, value, heat) for value in values]
            names[f"{rule}, hot" if hot else rule] = [ends[0], *inner, ends[1]]
    curves = {name: curve(told, keys) for name, keys in names.items()}
    areas = {name: area(told, keys, settings) for name, keys in names.items()}
    return {"curves": curves, "areas": areas}


def points(model, seed, settings, budget):
    """Return what a model wrote at every setting, judged story by story."""
    found = {}
    for value in settings["temperatures"]:
        found["temperature", value] = judged(
            model, lambda x, _, t=value: decode.temperature(x, t), seed, settings,
            budget,
        )  # fmt: skip
    for heat in (1.0, settings["hot"]):
        for rule, values in settings["knobs"].items():
            for value in values:
                found[rule, value, heat] = judged(
                    model,
                    lambda x, _, r=rule, v=value, t=heat: CUTS[r](x / t, v),
                    seed, settings, budget,
                )  # fmt: skip
    return found


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
    """Return the points of a rule, over all models, with 95 % intervals."""
    found = {name: [] for name in ("diversity", "possible", "low", "high", "coherent",
                                   "true_bits", "distinct", "dial")}  # fmt: skip
    for key in keys:
        rows = [model[key] for model in told.values()]
        possible = np.concatenate([row["possible"] for row in rows])
        ends = stats.binomtest(int(possible.sum()), len(possible)).proportion_ci(
            method="wilson"
        )
        tokens = sum(sum(row["tokens"]) for row in rows)
        values = {
            "diversity": np.mean([row["bits"].mean() for row in rows]),
            "possible": possible.mean(), "low": ends.low, "high": ends.high,
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


def area(told, keys, settings, draws=200):
    """Return the area under a rule's curve, its 95 % interval over models and stories.

    The interval is a bootstrap's: models are drawn again, and of each the stories.
    """
    low, high = settings["area"]
    generator = np.random.default_rng(0)

    def once(models, again):
        quality, variety = [], []
        for key in keys:
            rows = [model[key] for model in models]
            picked = [
                generator.integers(0, len(row["bits"]), len(row["bits"]))
                if again else np.arange(len(row["bits"]))
                for row in rows
            ]  # fmt: skip
            pairs = list(zip(rows, picked, strict=True))
            quality.append(np.mean([row["possible"][i].mean() for row, i in pairs]))
            variety.append(np.mean([row["bits"][i].mean() for row, i in pairs]))
        return sampling.area(variety, quality, low=low, high=min(high, max(variety)))

    models = list(told.values())
    values = [
        once([models[i] for i in generator.integers(0, len(models), len(models))], True)
        for _ in range(draws)
    ]
    ends = np.quantile(values, [0.025, 0.975])
    return {
        "area": round(once(models, False), 4),
        "low": round(float(ends[0]), 4), "high": round(float(ends[1]), 4),
    }  # fmt: skip
