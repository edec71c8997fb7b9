"""What a small language model gives away of its training lines, noise or none.

Each seed draws a corpus with secrets and copied stories, and trains on it plainly,
with snapshots on the way; then with private steps, from no noise to much. Measured are
the loss on new stories, membership inference, exposure and extraction of the secrets,
and how far copied stories are gone on with word for word.
"""

import numpy as np
import torch

from minigen import audit, gpt, lm, private, repro
from minigen.data import stories
from minigen.data.stories import Settings

SETTINGS = {
    "seeds": [0, 1, 2],
    "turns": [0, 0],
    "details": 0.0,
    "once": 160,
    "copies": [2, 8, 32],
    "repeats": [1, 2, 4, 8, 16],
    "each": 4,
    "never": 8,
    "width": 32,
    "layers": 2,
    "heads": 2,
    "size": 16,
    "epochs": [1, 2, 4, 8, 12],
    "known": 25,
    "most": 40,
    "private": {"rate": 0.0625, "steps": 100, "bound": 1.0, "learning_rate": 0.005},
    "noise": [0.0, 0.5, 1.0],
    "delta": 0.001,
}


def run(settings, budget, report):
    """Return what was found of each kind of training, a value a seed."""
    seeds = settings["seeds"] if budget >= 0.2 else settings["seeds"][:1]
    steps = repro.scaled(settings["private"]["steps"], budget, least=2)
    found = {"epochs": settings["epochs"], "plain": [], "private": []}
    for seed in seeds:
        corpus, words = planted(settings, seed, budget)
        found["plain"].append(plain(settings, corpus, words, seed))
        found["private"].append(
            [
                hidden(settings, corpus, words, seed, noise, steps)
                for noise in settings["noise"]
            ]
        )
        report(f"seed {seed}: {found['plain'][-1]['auc']}")
    found["epsilon"] = [
        private.epsilon(rate=settings["private"]["rate"], noise=noise, steps=steps,
                        delta=settings["delta"]) if noise else None
        for noise in settings["noise"]
    ]  # fmt: skip
    found["limits"] = limits(*planted(settings, seeds[0], budget))
    return found


def planted(settings, seed, budget):
    """Return a seed's corpus, and the words that it is told in."""
    words = lm.Words.of_stories()
    told = Settings(turns=tuple(settings["turns"]), details=settings["details"])
    corpus = audit.planted(
        words, once=repro.scaled(settings["once"], budget, least=12),
        copies=settings["copies"], repeats=settings["repeats"],
        each=settings["each"], never=settings["never"],
        generator=repro.generator(seed), settings=told,
    )  # fmt: skip
    return corpus, words


def fresh(settings, words, seed):
    """Return a model that has learned nothing."""
    repro.seed_everything(seed)
    sizes = (settings[name] for name in ("width", "layers", "heads"))
    width, layers, heads = sizes
    return gpt.GPT(gpt.Sizes(len(words), width=width, layers=layers, heads=heads))


def plain(settings, corpus, words, seed):
    """Train as everybody does, and look at the model on the way."""
    rows = audit.epochs(
        corpus.lines, size=settings["size"], generator=repro.generator(seed)
    )
    each = -(-len(corpus.lines) // settings["size"])
    model, looks = fresh(settings, words, seed), {}

    def look(model):
        epoch = len(looks) + 1
        looks[epoch] = audited(settings, corpus, words, model) if epoch in (
            settings["epochs"]
        ) else None  # fmt: skip
        return 0.0

    audit.learn(
        model, rows, steps=each * settings["epochs"][-1], evaluate=look, every=each
    )
    kept = [one for one in looks.values() if one]
    return {name: [one[name] for one in kept] for name in kept[0]}


def hidden(settings, corpus, words, seed, noise, steps):
    """Train privately with so much noise."""
    model = fresh(settings, words, seed)
    private.learn(
        model, corpus.lines, noise=noise, generator=repro.generator(seed),
        **(settings["private"] | {"steps": steps}),
    )  # fmt: skip
    return audited(settings, corpus, words, model)


def audited(settings, corpus, words, model):
    """Return every number of the audit for one model."""
    members, others = (
        lm.story_nats(model, [words.row(story) for story in told])
        for told in (corpus.members, corpus.others)
    )
    spied = audit.attack(members, others)
    tokens = sum(len(story.tokens) + 1 for story in corpus.others)
    bits, first = {}, {}
    for secret, count in corpus.secrets:
        nats = audit.every_number(model, words, secret.prompt)
        place = audit.number_of(secret)
        bits.setdefault(count, []).append(audit.exposure(nats, place))
        first.setdefault(count, []).append(int(nats.argmin()) == place)
    copied = {}
    for story, count in [*corpus.copied, *((s, 1) for s in corpus.members[:4]),
                         *((s, 0) for s in corpus.others[:4])]:  # fmt: skip
        run_on = audit.verbatim(
            model, words.row(story), known=settings["known"], most=settings["most"]
        )
        copied.setdefault(count, []).append(run_on)
    return {
        "loss": round(float(others.sum()) / tokens, 4),
        "own": round(float(members.sum())
                     / sum(len(s.tokens) + 1 for s in corpus.members), 4),
        "auc": round(spied.auc.value, 4),
        "caught": round(spied.caught, 4),
        "exposure": {k: np.round(v, 3).tolist() for k, v in bits.items()},
        "extracted": {k: float(np.mean(v)) for k, v in first.items()},
        "copied": copied,
    }  # fmt: skip


def limits(corpus, words):
    """Return the exact loss on the new stories, and that of counting words."""
    tokens = sum(len(story.tokens) + 1 for story in corpus.others)
    exact = -sum(stories.log_probability(story) for story in corpus.others) / tokens
    counts = torch.ones(len(words))
    for line in corpus.lines:
        counts += line[1:].bincount(minlength=len(words))
    log_p = (counts / counts.sum()).log()
    every = torch.cat([words.row(story)[1:] for story in corpus.others])
    return {"exact": round(exact, 4), "words": round(-float(log_p[every].mean()), 4)}
