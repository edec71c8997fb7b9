"""Detector × generator × attack: every detector against every generator and attack.

Texts: stories by people against those of several writers, by detectors that were
trained on one writer each and by some that need no training. Pictures: all real digits
against those of several painters, by detectors trained on one painter each; a real
digit is judged by a detector that has not seen it. What is made is attacked,
what is real is not, and no detector knows of attacks. Only words with others like them
can be swapped: 30 % is asked for, and about 28 % reached. One model of each kind;
intervals are over texts and pictures (bootstrap, with the line at 1 % set anew each
time, and never narrower than Wilson's), and say nothing of other trainings.
"""

import numpy as np
import torch

from minigen import attacks, data, decode, detect, families, lm, ngram, repro, roc, zoo
from minigen.data import stories
from minigen.watermark import Mark

SETTINGS = {
    "seed": 0,
    "people": 2000,
    "stories": 250,
    "training": 200,
    "temperature": 0.7,
    "mark": {"key": 7, "strength": 2.0},
    "swaps": [0.1, 0.3],
    "pictures": 800,
    "steps": 20,
    "painters": ["mixture", "VAE", "GAN", "diffusion"],
    "noise": 0.05,
}


def run(settings, budget, report):
    """Return AUC and the share found at 1 %, with intervals, for every combination."""
    return {
        "texts": of_texts(settings, budget, report),
        "pictures": of_pictures(settings, budget, report),
    }


def of_texts(settings, budget, report):
    """Return detector -> writer -> attack -> what the detector is worth."""
    seed = settings["seed"]
    people = told(settings["people"], 1, budget)
    mark = Mark(len(lm.Words.of_stories()), **settings["mark"])
    writers = writers_of(settings, mark, budget)
    taught = {name: written(writer, settings["training"], 2, budget)
              for name, writer in writers.items() if name != "marked GPT"}  # fmt: skip
    report("what detectors learn from is written")
    made = {name: written(writer, settings["stories"], 3, budget)
            for name, writer in writers.items()}  # fmt: skip
    report("stories written")
    detectors = detectors_of(writers, taught, mark, budget)
    tricks = {
        "none": lambda texts, rng: texts,
        **{f"swap {share:.0%}": lambda texts, rng, share=share: attacks.on_texts(
            attacks.swap, texts, share, generator=rng)
           for share in settings["swaps"]},
        "rewrite": lambda texts, rng: attacks.on_texts(
            attacks.rewrite, texts, generator=rng),
    }  # fmt: skip
    hidden = {
        name: {trick: change(texts, repro.generator(seed))
               for trick, change in tricks.items()}
        for name, texts in made.items()
    }  # fmt: skip
    found = {}
    for kind, score in detectors.items():
        real = score(people)
        found[kind] = {
            name: {trick: worth(real, score(texts)) for trick, texts in by.items()}
            for name, by in hidden.items()
        }
        report(f"texts: {kind}")
    return found


def told(count, number, budget):
    """Return stories by people."""
    rng = repro.generator(1000 * number)
    some = stories.sample(repro.scaled(count, budget, least=80), generator=rng)
    return [story.tokens for story in some]


def written(writer, count, number, budget):
    """Return stories by a model."""
    count = repro.scaled(count, budget, least=24)
    return detect.written(writer, count, generator=repro.generator(1000 * number))


def writers_of(settings, mark, budget):
    """Return the writers by name."""
    seed, heat = settings["seed"], settings["temperature"]
    gpt = zoo.get("gpt.stories", seed=seed, budget=budget)
    counted = ngram.stream(detect.rows(told(3000, 4, budget)), order=5)
    return {
        "GPT": gpt,
        "cautious GPT": detect.Steered(gpt, lambda x, _: decode.temperature(x, heat)),
        "marked GPT": detect.Steered(gpt, mark.lean),
        "GRU": zoo.get("recurrent.stories", seed=seed, budget=budget),
        "5-gram": ngram.NGram(mark.vocab, order=5).fit(counted),
    }


def detectors_of(writers, taught, mark, budget):
    """Return the detectors by name: texts to scores."""
    learned = told(1000, 5, budget)

    def features(reader):
        return lambda texts: reader(detect.repetition(texts))

    found = {
        f"classifier of {name}": detect.reader(learned, texts)
        for name, texts in taught.items()
    }
    found |= {
        "repetition, of GRU": features(detect.trained(
            detect.repetition(learned), detect.repetition(taught["GRU"]))),
        "likelihood by GPT": lambda texts: detect.likelihood(
            writers["GPT"], detect.rows(texts)),
        "curvature by GPT": lambda texts: detect.curvature(
            writers["GPT"], detect.rows(texts)),
        "curvature by GRU": lambda texts: detect.curvature(
            writers["GRU"], detect.rows(texts)),
        "mark, with its key": lambda texts: torch.tensor(
            [mark.z(row) for row in detect.rows(texts)], dtype=torch.float64),
    }  # fmt: skip
    return found


def of_pictures(settings, budget, report):
    """Return detector -> painter it learned from -> painter -> attack -> its worth."""
    seed, images = settings["seed"], data.images("digits")
    real = torch.cat([images.train_x, images.test_x])
    labels = torch.cat([images.train_y, images.test_y])
    order = torch.randperm(len(real), generator=repro.generator(seed))
    asked = labels[order[: repro.scaled(settings["pictures"], budget, least=60)]]
    made = {
        name: families.draw(
            zoo.get(families.FAMILIES[name], dataset="digits", seed=seed,
                    budget=budget),
            asked, levels=images.levels, steps=settings["steps"],
            generator=repro.generator(seed))
        for name in settings["painters"]
    }  # fmt: skip
    tricks = {
        "none": lambda x: x, "blur": attacks.blur, "resample": attacks.resample,
        "noise": lambda x: attacks.noise(
            x, settings["noise"], generator=repro.generator(seed)),
    }  # fmt: skip
    kinds = {
        "spectrum": (detect.spectrum, detect.trained),
        "pixels": (lambda x: x.flatten(1), detect.trained),
        "pixels, bent": (lambda x: x.flatten(1), bent),
    }
    found = {}
    for kind, (features, train) in kinds.items():
        found[kind] = {
            name: crossed(features, train, real[order], taught, made, tricks)
            for name, taught in made.items()
        }
        report(f"pictures: {kind}")
    return found


def bent(real, made):
    """Train a support vector machine, whose border may be bent; return its score."""
    from sklearn.svm import SVC

    truth = np.repeat([0, 1], [len(real), len(made)])
    judge = SVC(C=10, class_weight="balanced").fit(torch.cat([real, made]), truth)
    return lambda rows: torch.from_numpy(judge.decision_function(rows))


def crossed(features, train, real, taught, made, tricks):
    """Return painter -> attack -> worth, each half judged by the other's detector."""
    half, part = len(real) // 2, len(taught) // 2
    sides = [
        (slice(None, half), slice(None, part)),
        (slice(half, None), slice(part, None)),
    ]
    scores = [train(features(real[a]), features(taught[b])) for a, b in sides]
    honest = torch.cat([scores[1 - i](features(real[sides[i][0]])) for i in (0, 1)])
    return {
        name: {
            trick: worth(honest, torch.cat([
                scores[1 - i](features(change(some[sides[i][1]]))) for i in (0, 1)]))
            for trick, change in tricks.items()
        }
        for name, some in made.items()
    }  # fmt: skip


def worth(real, made):
    """Return AUC and the share found at 1 %, each with its interval."""
    judged = roc.judge(real, made)
    return {
        what: [round(x, 4) for x in (share.value, *share.interval)]
        for what, share in (("auc", judged.auc), ("found", judged.found))
    }
