"""All families of the book on one ruler, with several seeds, and what they cost.

Each seed trains a model of every family, and each makes as many pictures; those of one
seed are held against the same parts of the test pictures, so that what differs is the
pictures. A memoriser, which hands out training pictures, takes part.
"""

import time

import torch

from minigen import data, families, repro
from minigen.families import FAMILIES, MEMORISER
from minigen.judging import authenticity, closer, quality_by_halves
from minigen.metrics import accuracy
from minigen.ruler import Ruler, last_layer_frechet

SETTINGS = {
    "dataset": "digits",
    "seeds": [0, 1, 2],
    "copies_of_labels": 2,
    "unlabelled": 1500,
    "diffusion_steps": 20,
    "importance_samples": 128,
    "uniform_share": 0.01,
    "timed_share": 0.02,
}


def run(settings, budget, report):
    """Return what was measured of each maker, a list with one value a seed."""
    pictures = data.images(settings["dataset"])
    ruler = Ruler.for_dataset(pictures, budget=budget)
    seeds = settings["seeds"] if budget >= 0.2 else settings["seeds"][:1]
    seconds_to_train("GAN", seeds[0], settings, 0.1 * budget)  # loads what all share
    rows = []
    for seed in seeds:
        rows.append(one_seed(pictures, ruler, seed, settings, budget))
        for name, row in rows[-1].items():
            report(f"seed {seed}: {name} {row}")
    return {name: {key: [row[name][key] for row in rows] for key in rows[0][name]}
            for name in rows[0]}  # fmt: skip


def one_seed(pictures, ruler, seed, settings, budget):
    """Return the measurements of all makers with one seed, and of real pictures."""
    models = families.trained(dataset=settings["dataset"], seed=seed, budget=budget)
    samples, costs = {}, {}
    for name, model in models.items():
        samples[name], drawing = draw(model, pictures, seed, settings)
        costs[name] = {
            "seconds to train": seconds_to_train(name, seed, settings, budget),
            "seconds for 1000": drawing * 1000 / len(samples[name][0]),
            "numbers": families.numbers(model),
        }
    labels = pictures.test_y.repeat(settings["copies_of_labels"])
    copied = families.copied(pictures, labels, generator=repro.generator(seed))
    samples[MEMORISER] = copied, labels
    costs[MEMORISER] = {"numbers": pictures.train_x.numel()}

    real = ruler.features(pictures.test_x)
    *shares, ceiling = quality_by_halves(
        real, *(ruler.features(made) for made, _ in samples.values()),
        generator=repro.generator(seed),
    )  # fmt: skip
    held, train = pictures.test_x.flatten(1), pictures.train_x.flatten(1)
    result = {
        name: {"bits": bits(models.get(name), pictures, seed, settings)}
        | judged(*samples[name], ruler, seed) | four._asdict() | costs[name]
        for name, four in zip(samples, shares, strict=True)
    }  # fmt: skip
    return result | {
        "real": ceiling._asdict() | {"authentic": authenticity(held, train)}
    }


def draw(model, pictures, seed, settings):
    """Return pictures with the labels asked for (or none), and the seconds it took."""
    asked = pictures.test_y.repeat(settings["copies_of_labels"])
    if not families.takes_labels(model):
        asked = torch.zeros(settings["unlabelled"], dtype=torch.long)
    began = time.process_time()
    made = families.draw(
        model, asked, levels=pictures.levels, generator=repro.generator(seed),
        steps=settings["diffusion_steps"],
    )  # fmt: skip
    took = time.process_time() - began
    return (made, asked if families.takes_labels(model) else None), took


def seconds_to_train(name, seed, settings, budget):
    """Return the seconds of one core that a training takes, from a share of it."""
    share = 1.0 if FAMILIES[name].startswith("density") else settings["timed_share"]
    recipe = families.recipe(name, dataset=settings["dataset"])
    repro.seed_everything(seed)
    model, began = recipe.build(), time.process_time()
    recipe.train(model, seed=seed, budget=share * budget)
    return (time.process_time() - began) / share


def judged(made, labels, ruler, seed):
    """Return distances, signs of copies, and how often the label asked for is read."""
    pictures, flat = ruler.images, made.flatten(1)
    train, held = pictures.train_x.flatten(1), pictures.test_x.flatten(1)
    energy = ruler.distance(made, labels, generator=repro.generator(seed))
    frechet = ruler.distance(
        made, labels, measure=last_layer_frechet, generator=repro.generator(seed)
    )
    return {
        "distance": energy.ratio,
        "frechet": frechet.ratio,
        "nearer": closer(flat, train, held).value,
        "authentic": authenticity(flat, train),
        "right label": None if labels is None
        else accuracy(ruler.predict(made), labels),
    }  # fmt: skip


def bits(model, pictures, seed, settings):
    """Return bits a pixel of unseen pictures without their labels, where there are."""
    if model is None:
        share = settings["uniform_share"]
        found = families.memoriser_bits(pictures, pictures.test_x, noise=share)
    else:
        found = families.bits(
            model, pictures, generator=repro.generator(seed),
            samples=settings["importance_samples"],
        )  # fmt: skip
    return None if found is None else found.mean().item()
