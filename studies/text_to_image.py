"""Painters of sentences: whole ones, and ones that lack a single thing each.

All are trained equally long, three seeds of each. On the way and in the end the reader
says what is right in pictures of captions that no painter has practised.
"""

from minigen import attributes, painter, repro, zoo
from minigen.data import shapes

SETTINGS = {
    "seeds": [0, 1, 2],
    #: What each painter is made of and trained with, where that is not as usual.
    "painters": {
        "whole": {},
        "weak places": {"position_scale": 0.1},
        "one vector": {"sequence": False},
        "no weight decay": {"weight_decay": 0.0},
        "always a caption": {"drop": 0.0},
    },
    "steps": painter.STEPS,
    "guidance": 3.0,
    "asked": {"seen": 200, "unseen": 200, "two": 400},
    #: On the way: after how many steps, and about how many pictures of two things.
    "every": 100,
    "few": 40,
    "dial": [0.0, 1.0, 2.0, 3.0, 5.0, 8.0],
}
#: What captions are about: how many things, and which pairs of colour and shape.
KINDS = {
    "seen": {"without": shapes.HELD_OUT},
    "unseen": {"only": shapes.HELD_OUT},
    "two": {"objects": 2, "without": shapes.HELD_OUT},
}
#: Settings of the network; the others are those of the training.
MADE = ("position_scale", "sequence")


def run(settings, budget, report):
    """Return for each kind of painter and each seed the shares that are right."""
    reader = zoo.get("attributes.reader", budget=min(1.0, budget))
    seeds = settings["seeds"] if budget >= 0.2 else settings["seeds"][:1]
    found = {}
    for name, change in settings["painters"].items():
        found[name] = []
        for seed in seeds:
            found[name].append(lesson(reader, change, seed, settings, budget))
            report(f"{name}, seed {seed}: {found[name][-1]['drawn']}")
    return found


def lesson(reader, change, seed, settings, budget):
    """Return how a painter grew, what it draws, and what the guidance makes of it."""
    made = {key: value for key, value in change.items() if key in MADE}
    trained = {key: value for key, value in change.items() if key not in MADE}
    # Without guidance, as it was trained, who never had a lesson without a caption.
    guidance = 1.0 if trained.get("drop") == 0 else settings["guidance"]

    def right(model, kind, number, *, at=guidance, steps=20):
        captions = asked(kind, number, seed, budget)
        pictures = painter.sample(
            model, captions, generator=repro.generator(4_000_000 + seed),
            guidance=at, steps=steps,
        )  # fmt: skip
        shares = attributes.score(reader, pictures, captions).shares()
        return {what: round(share, 4) for what, share in shares.items()}

    repro.seed_everything(seed)
    history = painter.train(
        model := painter.RECIPES["words"](**made).build(),
        steps=repro.scaled(settings["steps"], budget),
        pool=repro.scaled(painter.POOL, min(1.0, budget), least=300),
        seed=seed, every=settings["every"], progress=False, **trained,
        evaluate=lambda now: right(now, "two", settings["few"], steps=10),
    )  # fmt: skip
    model = history.average
    return {
        "grown": {
            "step": [step for step, _ in history.evaluations["all"]],
            **{
                what: [share for _, share in pairs]
                for what, pairs in history.evaluations.items()
            },
        },
        "drawn": {kind: right(model, kind, n) for kind, n in settings["asked"].items()},
        "dial": [
            right(model, "two", settings["few"], at=at)["all"]
            for at in settings["dial"]
        ],
    }


def asked(kind, number, seed, budget):
    """Return captions that no painter has practised."""
    count = repro.scaled(number, min(1.0, budget), least=4)
    rng = repro.generator(3_000_000 + seed)
    return shapes.draw(count, generator=rng, **KINDS[kind]).captions
