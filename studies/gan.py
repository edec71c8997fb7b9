"""What keeps the game of painter and critic going? Many seeds, and parts left out.

On the ring of Gaussians modes are counted, with a critic that is slow, with momentum
and with neither, and each with and without penalties; the slow one also with the loss
of 2014. On the digits the same losses
and penalties are held against the ruler all along the way, and the chapter's models
are trained with several seeds.
"""

import torch

from minigen import data, gan, repro, train, zoo
from minigen.metrics import precision_recall_by_halves
from minigen.ruler import Ruler

PLAIN = {"loss": "non_saturating"}
MODERN = {"loss": "relativistic", "r1": 1.0, "r2": 1.0}
GENTLE = MODERN | {"r1": 0.1, "r2": 0.1}  # points differ by more than greys do
MOMENTUM = {"betas": [0.9, 0.999]}
SLOW = {"critic_rate": 1e-4}  # a twentieth of the painter's
SETTINGS = {
    "dataset": "digits",
    "ring_seeds": [0, 1, 2, 3, 4],
    "ring_steps": 600,
    "ring_looks": 20,
    "ring_arms": {
        "slow critic, minimax": {"loss": "minimax"} | SLOW,
        "slow critic": PLAIN | SLOW,
        "slow critic, penalties": GENTLE | SLOW,
        "momentum": PLAIN | MOMENTUM,
        "momentum, penalties": GENTLE | MOMENTUM,
        "even": PLAIN,
        "even, penalties": GENTLE,
    },
    "model_seeds": [0, 1, 2],
    "models": ["conditional", "unconditional"],
    "samples": 1500,
    "part_seeds": [0, 1, 2],
    "part_steps": 2000,
    "part_every": 200,
    "parts": {
        "no penalty, momentum": PLAIN | MOMENTUM,
        "no penalty": PLAIN,
        "R1": PLAIN | {"r1": 1.0},
        "R1 and R2": PLAIN | {"r1": 1.0, "r2": 1.0},
        "R1 and R2, relativistic": MODERN,
    },
}


def run(settings, budget, report):
    """Return what the seeds measured; at a small budget fewer seeds and short games."""
    if budget < 0.2:
        few = {key: settings[key][:1] for key in settings if key.endswith("_seeds")}
        settings = settings | few
    images = data.images(settings["dataset"])
    ruler = Ruler.for_dataset(images)
    return {
        "ring": rings(settings, budget, report),
        "models": models(images, ruler, settings, budget, report),
        "parts": parts(images, ruler, settings, budget, report),
        "real": limits(images, ruler, settings),
    }


def rings(settings, budget, report):
    """Return for every arm and seed the modes covered, look by look."""
    results = {}
    for name, arm in settings["ring_arms"].items():
        results[name] = [ring(arm, seed, settings, budget)
                         for seed in settings["ring_seeds"]]  # fmt: skip
        report(f"ring, {name}: {[seen[-1] for seen in results[name]]}")
    return results


def ring(arm, seed, settings, budget):
    """Return how many of eight modes are covered, from the first look to the last."""
    repro.seed_everything(seed)
    rng = repro.generator(seed)
    painter, critic = gan.plain_network(2, 2), gan.plain_network(2, 1)
    steps = repro.scaled(settings["ring_steps"], budget, least=20)
    z, seen = torch.randn(2000, 2, generator=rng), []

    def look(now, average):
        seen.append(gan.modes_covered(now(z), gan.ring_centres()))

    gan.fit_pair(
        painter, critic,
        train.batches(gan.ring(10_000, generator=rng), size=256, generator=rng),
        steps=steps, latent=2, rng=rng, schedule="constant", evaluate=look,
        every=max(1, steps // settings["ring_looks"]), progress=False, **_played(arm),
    )  # fmt: skip
    return seen


def _played(arm):
    """Return an arm as `fit_pair` takes it: JSON knows lists where it wants pairs."""
    return arm | ({"betas": tuple(arm["betas"])} if "betas" in arm else {})


def models(images, ruler, settings, budget, report):
    """Return the ruler's verdict on the chapter's models, seed by seed."""
    results = {}
    for name in settings["models"]:
        asked = images.test_y.repeat(4) if name == "conditional" else None
        results[name] = []
        for seed in settings["model_seeds"]:
            model = zoo.get(f"gan.{name}", dataset=settings["dataset"], seed=seed,
                            budget=budget)  # fmt: skip
            made = model.sample(settings["samples"] if asked is None else asked,
                                generator=repro.generator(seed))  # fmt: skip
            results[name].append(judged(ruler, made, asked))
            report(f"{name}, seed {seed}: {results[name][-1]['ratio']:.2f}")
    return results


def judged(ruler, made, labels=None):
    """Return distance, precision, recall and signs of copying of samples."""
    distance, copies = ruler.distance(made, labels), ruler.copies(made)
    (precision, recall), _ = precision_recall_by_halves(
        ruler.features(ruler.images.test_x), ruler.features(made),
        generator=repro.generator(0),
    )  # fmt: skip
    return {
        "ratio": distance.ratio,
        "interval": list(distance.interval),
        "precision": precision,
        "recall": recall,
        "close": copies.close,
        "nearer": copies.nearer,
    }


def parts(images, ruler, settings, budget, report):
    """Return the distance along training with parts of the recipe left out."""
    results = {}
    for name, part in settings["parts"].items():
        results[name] = []
        for seed in settings["part_seeds"]:
            results[name].append(along(images, ruler, part, seed, settings, budget))
        ends = [round(each["now"][-1], 2) for each in results[name]]
        report(f"{name}: {ends}")
    return results


def along(images, ruler, part, seed, settings, budget):
    """Return the ratio at every look, of the generator and of its average."""
    repro.seed_everything(seed)
    rng = repro.generator(seed)
    shape, classes = images.train_x.shape[1:], len(images.classes)
    steps = repro.scaled(settings["part_steps"], budget, least=20)

    def look(now, average):
        return {
            name: ruler.distance(
                side.sample(images.test_y, generator=repro.generator(0)),
                images.test_y,
                draws=10,
            ).ratio
            for name, side in (("now", now), ("average", average))
        }

    game = gan.fit_pair(
        gan.Generator(shape, classes=classes), gan.Critic(shape, classes=classes),
        train.batches(
            images.train_x, images.train_y, size=gan.BATCH, generator=rng
        ),
        steps=steps, latent=gan.LATENT, rng=rng, schedule="constant", average=0.995,
        evaluate=look, every=repro.scaled(settings["part_every"], budget, least=10),
        progress=False, **_played(part),
    )  # fmt: skip
    asked = images.test_y.repeat(4)
    made = game.average.sample(asked, generator=repro.generator(0))
    looks = {name: [value for _, value in pairs]
             for name, pairs in game.evaluations.items()}  # fmt: skip
    steps_seen = [step for step, _ in game.evaluations["now"]]
    return looks | {"steps": steps_seen, "end": judged(ruler, made, asked)}


def limits(images, ruler, settings):
    """Return what real pictures reach, and what a copier of the training reaches."""
    rng = repro.generator(0)
    order = torch.randperm(len(images.train_x), generator=rng)
    copied, labels = images.train_x[order], images.train_y[order]
    _, (precision, recall) = precision_recall_by_halves(
        ruler.features(images.test_x), ruler.features(copied), generator=rng
    )
    return {
        "ceiling": {"precision": precision, "recall": recall},
        "copier": judged(ruler, copied, labels),
    }
