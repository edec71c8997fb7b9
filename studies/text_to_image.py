"""Three painters of sentences: how much is drawn of what was asked.

Each draws captions that it never practised, of one thing and of two, and the reader
says what is right.
"""

from minigen import attributes, painter, repro, zoo
from minigen.data import shapes

SETTINGS = {
    "seeds": [0, 1, 2],
    "guidance": 3.0,
    "asked": {"seen": 200, "unseen": 200, "two": 400},
}
#: What captions are about: how many things, and which pairs of colour and shape.
KINDS = {
    "seen": {"without": shapes.HELD_OUT},
    "unseen": {"only": shapes.HELD_OUT},
    "two": {"objects": 2, "without": shapes.HELD_OUT},
}


def run(settings, budget, report):
    """Return the shares that are right, by seed and kind of caption."""
    reader = zoo.get("attributes.reader", budget=min(1.0, budget))
    painters = []
    for seed in settings["seeds"] if budget >= 0.2 else settings["seeds"][:1]:
        model = zoo.get("painter.words", seed=seed, budget=budget)
        drawn = {}
        for kind, number in settings["asked"].items():
            captions = asked(kind, number, seed, budget)
            made = painter.sample(
                model, captions, generator=repro.generator(4_000_000 + seed),
                guidance=settings["guidance"],
            )  # fmt: skip
            shares = attributes.score(reader, made, captions).shares()
            drawn[kind] = {name: round(share, 4) for name, share in shares.items()}
        painters.append(drawn)
        report(f"seed {seed}: {drawn}")
    return {"painters": painters}


def asked(kind, number, seed, budget):
    """Return captions that no painter has practised."""
    count = repro.scaled(number, min(1.0, budget), least=10)
    rng = repro.generator(3_000_000 + seed)
    return shapes.draw(count, generator=rng, **KINDS[kind]).captions
