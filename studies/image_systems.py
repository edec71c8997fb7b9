"""Four ways from a sentence to a picture, each trained with three seeds.

With every seed all machines are trained anew, and get the same fresh captions of three
kinds: one thing, one thing of a pair of colour and shape that was never seen, and two
things. Counted is how often a picture keeps all that its caption says. Beside the four
stands the machine of one vector with its prior left out: the decoder is then told the
caption's own vector. Of two things also counted is the binding, which asks for the
right shapes in the right colours, and not for which of them stands where.

Training and drawing are timed too, in seconds of one processor.
"""

import time

import torch

from minigen import attributes, metrics, prior, repro, ways, zoo
from minigen.data import shapes

SETTINGS = {"seeds": [0, 1, 2], "captions": 200}
#: What the row without a prior is called.
NO_PRIOR = "no prior"


def run(settings, budget, report):
    """Return for each way, and each seed, what it keeps, and a distance."""
    count = repro.scaled(settings["captions"], min(1.0, budget), least=10)
    seeds = settings["seeds"] if budget >= 0.2 else settings["seeds"][:1]
    reader = zoo.get("attributes.reader", budget=budget)
    found = {way: [] for way in ["real", *ways.WAYS, NO_PRIOR]}
    for seed in seeds:
        dice = repro.generator(3_000_000 + seed)
        asked = ways.kinds(count, generator=dice)
        real = torch.cat([part.x for part in asked.values()])
        said = [caption for part in asked.values() for caption in part.captions]
        fresh = shapes.render(
            [shapes.arrange(shapes.parse(one), generator=dice) for one in said]
        )
        floor = distance(reader, fresh, real)
        report(f"seed {seed}: trains, or reads what is trained")
        machines = ways.Machines.trained(seed=seed, budget=budget)
        for way, rows in found.items():
            began = time.process_time()
            x = fresh if way == "real" else drawn(machines, way, said, seed)
            taken = time.process_time() - began
            row = {"distance": distance(reader, x, real) / floor}
            if way in ways.WAYS:
                row["drawing"] = taken / len(said)
                row["training"] = ways.training_seconds(way, seed=seed, budget=budget)
            for kind, part, captions in zip(
                asked, x.split(count), batched(said, count), strict=True
            ):
                kept = attributes.score(reader, part, captions)
                row[kind] = kept.all.float().mean().item()
            # The last kind is that of two things.
            row["binding"] = kept.parts["binding"].float().mean().item()
            rows.append(row)
            report(f"seed {seed}: {way}, {row}")
    return found


def drawn(machines, way, said, seed):
    """Return a picture for each caption."""
    dice = repro.generator(seed)
    if way != NO_PRIOR:
        return machines.draw(way, said, generator=dice)
    text = machines.known.of_tokens(shapes.encode(said)).detach()
    codes = prior.draw(machines.decoder, text, generator=dice)
    return machines.packer.decode(codes)


def batched(rows, size):
    """Give rows in parts of a size."""
    return [rows[at : at + size] for at in range(0, len(rows), size)]


def distance(reader, x, real):
    """Return the energy distance of two sets of pictures, as the reader sees them."""
    one, other = (ways.features(reader, part) for part in (x, real))
    return metrics.energy_distance(one, other)
