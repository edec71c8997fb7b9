"""How far can the ruler be trusted? Its spread, its bias, and the defects it finds.

The 1,797 digits are divided anew many times. Each time one part trains nothing and is
the test, and another part, as fresh as the test, stands for the samples of a perfect
generator. The classifier of these trials has seen neither: it is trained once, on a
third part. Defects are then put into the perfect samples, dose by dose.
"""

import numpy as np
import torch
from scipy.ndimage import gaussian_filter

from minigen import data, features, repro
from minigen.data import ImageSet
from minigen.metrics import (
    energy_distance,
    kernel_distance,
    two_sample_accuracy,
    unbiased_energy_distance,
)
from minigen.ruler import SIZE, Ruler, last_layer_frechet

SETTINGS = {
    "dataset": "digits",
    "splits": 40,
    "draws": 40,
    "classifier_images": 650,
    "test_images": 497,
    "unlabelled_images": 450,
    "level": 0.95,
    "bias_sizes": [20, 40, 80, 180, 320],
    "classifier_seeds": [1, 2, 3],
    "doses": {
        "blur, sigma in pixels": [0.3, 0.4, 0.45, 0.5, 0.6, 0.8],
        "noise, standard deviation": [0.05, 0.08, 0.1, 0.15, 0.2],
        "share of one class missing": [0.25, 0.5, 0.75, 1.0],
        "share of samples from a Gaussian": [0.25, 0.5, 1.0],
        "share of copies of training data": [0.01, 0.02, 0.05, 0.1, 0.2, 1.0],
    },
}
MEASURES = {
    "energy": energy_distance,
    "frechet": last_layer_frechet,
    "kernel": kernel_distance,
}
#: Samples of these come without labels: the generator chose the classes.
UNLABELLED = ("share of one class missing",)


def run(settings, budget, report):
    """Return what the trials measured; at a small budget of the greatest doses only."""
    if budget < 0.2:
        doses = {defect: all_[-1:] for defect, all_ in settings["doses"].items()}
        settings = settings | {"doses": doses, "classifier_seeds": [1], "draws": 8}
    pool = data.images(settings["dataset"])
    x = torch.cat([pool.train_x, pool.test_x])
    y = torch.cat([pool.train_y, pool.test_y])
    splits = repro.scaled(settings["splits"], budget, least=2)
    steps = repro.scaled(features.STEPS, budget, least=20)
    seen, rest = halves(y, settings["classifier_images"], repro.generator(0))
    eyes = features.train(x[seen], y[seen], classes=len(pool.classes), steps=steps)
    trials = []
    for split in range(splits):
        world = divided(pool, x, y, seen, rest, eyes, split, settings)
        trials.append(trial(*world, split, settings))
        report(f"split {split + 1} of {splits}")
    results = {
        "splits": splits,
        "floor": {
            mode: {name: spread(t["floor"][mode][name] for t in trials)
                   for name in trials[0]["floor"][mode]}
            for mode in ("labelled", "unlabelled")
        },
        "perfect": perfect(trials),
        "defects": defects(trials, settings),
        "bias": bias(x[rest], eyes, splits, settings),
    }  # fmt: skip
    report("bias")
    results["seen"] = seen_pictures(pool, x, y, seen, rest, eyes, splits, settings)
    results["seeds"] = other_seeds(pool, settings, steps, report)
    results["baselines"] = baselines(pool, settings)
    return results


def halves(labels, size, generator):
    """Return indices of `size` members in class proportion, and of all others."""
    _, counts = labels.unique(return_counts=True)
    wanted = (counts * size / len(labels)).round().long()
    order = torch.randperm(len(labels), generator=generator)
    first = torch.cat(
        [order[labels[order] == c][:n] for c, n in enumerate(wanted.tolist())]
    )
    others = torch.ones(len(labels), dtype=torch.bool)
    others[first] = False
    return first, others.nonzero().flatten()


def divided(pool, x, y, seen, rest, eyes, split, settings):
    """Return a ruler on a new test part, and the pictures and labels left over."""
    rng = repro.generator(split)
    test, fresh = halves(y[rest], settings["test_images"], rng)
    test, fresh = rest[test], rest[fresh]
    parts = ImageSet(
        pool.name, x[seen], y[seen], x[test], y[test], pool.classes, pool.levels
    )
    return Ruler(parts, eyes), x[fresh], y[fresh]


def trial(ruler, x, y, split, settings):
    """Return all measurements with one division of the data."""
    rng = repro.generator(1000 + split)
    some = by_chance(y, settings["unlabelled_images"], rng)
    modes = {"labelled": (x, y), "unlabelled": (x[some], y[some])}
    found = {
        "floor": {mode: floors(ruler, mode, settings, rng) for mode in modes},
        "perfect": {
            mode: judged(ruler, *samples, mode, settings, rng)
            for mode, samples in modes.items()
        },
        "defects": {},
    }
    for defect, doses in settings["doses"].items():
        mode = mode_of(defect)
        for dose in doses:
            changed = damaged(ruler, *modes[mode], defect, dose, split)
            found["defects"][defect, dose] = judged(
                ruler, *changed, mode, settings, rng
            )
    return found


def mode_of(defect):
    """Return whether samples with this defect come with the labels asked for."""
    return "unlabelled" if defect in UNLABELLED else "labelled"


def by_chance(labels, size, generator):
    """Return indices of pictures whose classes are as those of a die thrown for each.

    A generator that chooses its classes makes such samples, however good it is.
    """
    share = labels.bincount() / len(labels)
    while True:
        thrown = share.multinomial(size, replacement=True, generator=generator)
        counts = thrown.bincount(minlength=len(share))
        if (counts <= labels.bincount()).all():
            break
    order = torch.randperm(len(labels), generator=generator)
    return torch.cat(
        [order[labels[order] == c][:n] for c, n in enumerate(counts.tolist())]
    )


def floors(ruler, mode, settings, rng):
    """Return the floor as the ruler has it, and from as many draws as a verdict has."""
    labelled, found = mode == "labelled", {}
    for name in ("energy", "frechet"):
        few = ruler.floor_values(MEASURES[name], labelled=labelled,
                                 draws=settings["draws"], generator=rng)  # fmt: skip
        found[f"{name}, few draws"] = few.mean().item()
        found[name] = ruler.floor(MEASURES[name], labelled=labelled)
    return found


def judged(ruler, x, y, mode, settings, rng):
    """Return every measure's verdict on samples; greater is worse."""
    labels = y if mode == "labelled" else None
    energy, frechet = (
        ruler.distance(x, labels, draws=settings["draws"], generator=rng, measure=m)
        for m in (energy_distance, last_layer_frechet)
    )
    kernel = ruler.values(
        x, labels, draws=settings["draws"], generator=rng, measure=kernel_distance
    )
    real = ruler.features(ruler.images.test_x)
    copies = ruler.copies(x)
    return {
        "energy": energy.ratio,
        "energy_interval": energy.interval,
        "frechet": frechet.ratio,
        "kernel": kernel.mean().item(),
        "two-sample": two_sample_accuracy(ruler.features(x), real),
        "copies, close": copies.close,
        "copies, nearer": copies.nearer,
    }


def damaged(ruler, x, y, defect, dose, split):
    """Return pictures with a defect, and their labels."""
    rng = np.random.default_rng(2000 + split)
    top = ruler.images.levels - 1
    if defect.startswith("blur"):
        soft = gaussian_filter(x.numpy(), (0, 0, dose, dose), mode="constant")
        return torch.from_numpy(soft).mul(top).round() / top, y
    if defect.startswith("noise"):
        noise = torch.from_numpy(rng.normal(0, dose, x.shape)).float()
        return (x + noise).clamp(0, 1).mul(top).round() / top, y
    if "missing" in defect:
        victim = split % len(ruler.images.classes)
        gone = (y == victim).numpy() & (rng.random(len(y)) < dose)
        return x[~gone], y[~gone]
    chosen = torch.from_numpy(rng.permutation(len(y))[: round(dose * len(y))])
    if "Gaussian" in defect:
        other = gaussian_digits(x, y, y[chosen], rng)
        return x.index_copy(0, chosen, other), y
    copied = torch.from_numpy(rng.integers(0, len(ruler.images.train_y), len(chosen)))
    return (
        x.index_copy(0, chosen, ruler.images.train_x[copied]),
        y.index_copy(0, chosen, ruler.images.train_y[copied]),
    )


def gaussian_digits(x, y, wanted, rng, *, full=True):
    """Return draws from a Gaussian fitted to the pixels of each class, cut to [0, 1].

    Full: with all covariances between pixels; else each pixel varies on its own.
    """
    drawn = torch.empty(len(wanted), *x.shape[1:])
    for c in wanted.unique():
        rows = x[y == c].flatten(1).double().numpy()
        covariance = np.cov(rows.T) if full else np.diag(rows.var(0))
        n = int((wanted == c).sum())
        values = rng.multivariate_normal(rows.mean(0), covariance, n, method="eigh")
        drawn[wanted == c] = torch.from_numpy(values).float().view(n, *x.shape[1:])
    return drawn.clamp(0, 1)


def spread(values):
    """Return the mean, the standard deviation, and this in units of the mean."""
    values = np.array(list(values))
    mean, sd = values.mean(), values.std(ddof=1)
    return {"mean": float(mean), "sd": float(sd), "relative": float(sd / abs(mean))}


def perfect(trials):
    """Return how a perfect generator fares: its ratio should be 1, and within reach."""
    result = {}
    for mode in ("labelled", "unlabelled"):
        cases = [t["perfect"][mode] for t in trials]
        result[mode] = {
            name: spread(case[name] for case in cases)
            for name in ("energy", "frechet", "kernel", "two-sample",
                         "copies, close", "copies, nearer")
        }  # fmt: skip
        result[mode]["interval_covers"] = float(
            np.mean([low <= 1 <= high for low, high in
                     (case["energy_interval"] for case in cases)])
        )  # fmt: skip
    return result


def defects(trials, settings):
    """Return each measure's mean at each dose, and how often it tells it from none.

    A dose is found when the verdict is above all but 5 % of those on perfect samples.
    `smallest` is the least dose from which on every dose is found in 95 % of trials.
    """
    result, level = {}, settings["level"]
    for defect, doses in settings["doses"].items():
        mode = mode_of(defect)
        shown = {"doses": doses, "measures": {}}
        for name in ("energy", "frechet", "kernel", "two-sample",
                     "copies, close", "copies, nearer"):  # fmt: skip
            none = [t["perfect"][mode][name] for t in trials]
            limit = np.quantile(none, level)
            cases = [[t["defects"][defect, d][name] for t in trials] for d in doses]
            found = [float(np.mean(np.array(case) > limit)) for case in cases]
            sure = [all(f >= level for f in found[i:]) for i in range(len(doses))]
            shown["measures"][name] = {
                "mean": [float(np.mean(case)) for case in cases],
                "found": found,
                "smallest": doses[sure.index(True)] if any(sure) else None,
            }
        shown["interval_covers"] = [
            covers([t["defects"][defect, d] for t in trials]) for d in doses
        ]
        result[defect] = shown
    return result


def covers(cases):
    """Return how often the energy ratio's interval holds the mean over all trials."""
    truth = np.mean([case["energy"] for case in cases])
    held = [low <= truth <= high for low, high in (c["energy_interval"] for c in cases)]
    return float(np.mean(held))


def bias(x, eyes, splits, settings):
    """Return each distance between two real samples without defect, at growing size.

    Drawn without regard to class, as an unbiased distance needs it.
    """
    measures = MEASURES | {"energy, unbiased": unbiased_energy_distance}
    rows = eyes.features(x)
    values = {name: [] for name in measures}
    for size in settings["bias_sizes"]:
        at_size = {name: [] for name in measures}
        for split in range(splits):
            order = torch.randperm(len(rows), generator=repro.generator(3000 + split))
            first, second = rows[order[:size]], rows[order[size : 2 * size]]
            for name, measure in measures.items():
                at_size[name].append(measure(first, second))
        for name in measures:
            values[name].append(spread(at_size[name]))
    return {"sizes": settings["bias_sizes"], "values": values}


def seen_pictures(pool, x, y, seen, rest, eyes, splits, settings):
    """Return the ratio of pictures that the classifier was trained on."""
    ratios = []
    for split in range(splits):
        ruler, _, _ = divided(pool, x, y, seen, rest, eyes, split, settings)
        ratios.append(ruler.distance(x[seen], y[seen], draws=settings["draws"]).ratio)
    return spread(ratios)


def other_seeds(pool, settings, steps, report):
    """Return what another seed of the classifier would have changed."""
    found = {"floor": [], "gaussian": [], "accuracy": []}
    rng = np.random.default_rng(0)
    drawn = gaussian_digits(pool.train_x, pool.train_y, pool.train_y, rng)
    for seed in settings["classifier_seeds"]:
        eyes = features.train(
            pool.train_x,
            pool.train_y,
            classes=len(pool.classes),
            steps=steps,
            seed=seed,
        )
        ruler = Ruler(pool, eyes)
        measured = ruler.distance(drawn, pool.train_y)
        found["floor"].append(measured.floor)
        found["gaussian"].append(measured.ratio)
        found["accuracy"].append(features.accuracy_on_test(eyes, pool))
        report(f"classifier of seed {seed}")
    return found


def baselines(pool, settings):
    """Return the frozen ruler's ratios for samples that anyone can make."""
    ruler, rng = Ruler.for_dataset(pool), np.random.default_rng(0)
    x, y = pool.train_x, pool.train_y
    samples = {
        "training pictures": x,
        "a Gaussian for each class": gaussian_digits(x, y, y, rng),
        "a Gaussian for each pixel and class": gaussian_digits(
            x, y, y, rng, full=False
        ),
        "the mean of each class": torch.stack([x[y == c].mean(0) for c in y]),
        "blurred with sigma 0.5": damaged(ruler, x, y, "blur", 0.5, 0)[0],
        "uniform noise": torch.from_numpy(rng.random(x.shape)).float(),
    }
    floor = ruler.floor(labelled=True)
    unbiased_floor = ruler.floor(unbiased_energy_distance, labelled=True)
    result = {}
    for name, pictures in samples.items():
        energy = ruler.distance(pictures, y)
        frechet = ruler.distance(pictures, y, measure=last_layer_frechet)
        # What the ratio would be if pairs of a picture with itself were left out.
        excess = ruler.values(pictures, y, measure=unbiased_energy_distance).mean()
        result[name] = {
            "energy": energy.ratio,
            "interval": energy.interval,
            "unbiased": 1 + (excess.item() - unbiased_floor) / floor,
            "frechet": frechet.ratio,
        }
    return {"size": SIZE, "floor": floor, "ratios": result}
