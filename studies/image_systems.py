"""Four ways from a sentence to a picture, each trained with several seeds.

For every seed all machines are trained anew and get the same fresh captions of three
kinds: one thing, one thing of a pair of colour and shape that was never seen, and two
things. Counted is how often a picture keeps all that its caption says.
"""

from minigen import attributes, repro, zoo
from minigen.data import shapes
from minigen.ways import WAYS, Machines

SETTINGS = {"seeds": [0, 1, 2], "captions": 200}


def run(settings, budget, report):
    """Return for each way, seed and kind of caption the share that is kept."""
    count = repro.scaled(settings["captions"], min(1.0, budget), least=10)
    seeds = settings["seeds"] if budget >= 0.2 else settings["seeds"][:1]
    reader = zoo.get("attributes.reader", budget=budget)
    found = {way: [] for way in WAYS}
    for seed in seeds:
        machines = Machines.trained(seed=seed, budget=budget)
        asked = captions(count, seed)
        for way in WAYS:
            row = {"seed": seed}
            for kind, said in asked.items():
                x = machines.draw(way, said, generator=repro.generator(seed))
                row[kind] = attributes.score(reader, x, said).all.float().mean().item()
            found[way].append(row)
            report(f"{way}: {row}")
    return found


def captions(count, seed):
    """Return fresh captions of each kind."""
    dice = repro.generator(3_000_000 + seed)
    drawn = {
        "one thing": shapes.draw(count, generator=dice, without=shapes.HELD_OUT),
        "unseen pair": shapes.draw(count, generator=dice, only=shapes.HELD_OUT),
        "two things": shapes.draw(
            count, generator=dice, objects=2, without=shapes.HELD_OUT
        ),
    }
    return {kind: part.captions for kind, part in drawn.items()}
