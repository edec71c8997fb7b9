"""What is done to hide that something was generated: to texts, and to pictures."""

import math
from collections.abc import Callable, Mapping, Sequence
from functools import cache

import torch
from jaxtyping import Float
from torch import Generator, Tensor
from torch.nn.functional import conv2d, interpolate, pad

from minigen.data import stories
from minigen.data.stories.grammar import PLOT, POOLS, SAME
from minigen.data.stories.machine import article

Text = tuple[str, ...]
#: Pools whose words nothing later in a story depends on.
_FREE = ("quality", "manner", "grief", "joy", "weather", "daytime", "bag", "shelter")


@cache
def synonyms() -> Mapping[str, tuple[str, ...]]:
    """Return the words that can stand for a word, in whatever sense it was meant.

    Words that a rule asks for by themselves, or that a story must remember, have none.
    """
    families = [set(POOLS[name].table[()]) for name in _FREE]
    bound = {word for name, pool in POOLS.items() if name not in _FREE
             for row in pool.table.values() for word in row}  # fmt: skip
    for ways in (*SAME.values(), *(r.text for rows in PLOT.values() for r in rows)):
        words = [way.strip() for way in ways.split("/")]
        if len(words) > 1 and all(word.isalpha() for word in words):
            families.append(set(words))
        else:
            bound.update(ways.split())
    found: dict[str, set[str]] = {}
    for family in families:
        for word in family:
            found[word] = found.get(word, family) & family
    return {
        word: tuple(sorted(others - {word} - bound))
        for word, others in sorted(found.items())
        if word not in bound and others - {word} - bound
    }


def swap(text: Sequence[str], share: float, *, generator: Generator) -> Text:
    """Return a text with so large a share of its words replaced by others like them.

    Only words that have others like them can be, so the share is of all words, as far
    as there are enough; "a" and "an" are mended.
    """
    words, known = list(text), synonyms()
    places = [i for i, word in enumerate(words) if word in known]
    count = min(len(places), round(share * len(words)))
    for i in torch.randperm(len(places), generator=generator)[:count].tolist():
        others = known[words[places[i]]]
        chosen = others[int(torch.randint(len(others), (), generator=generator))]
        words[places[i]] = chosen
        if words[places[i] - 1] in ("a", "an") and places[i]:
            words[places[i] - 1] = article(chosen)
    return tuple(words)


def rewrite(text: Sequence[str], *, generator: Generator) -> Text:
    """Return a story told anew, the same facts in other words, by the grammar itself.

    A text that the grammar cannot read stays as it is.
    """
    if not text or stories.log_probability(text) == -math.inf:
        return tuple(text)
    told = stories.Story(tuple(text))
    return stories.paraphrase(told, generator=generator).tokens


def on_texts(
    attack: Callable[..., Text],
    texts: Sequence[Sequence[str]],
    *settings: float,
    generator: Generator,
) -> list[Text]:
    """Return every text after an attack."""
    return [attack(text, *settings, generator=generator) for text in texts]


def blur(
    images: Float[Tensor, "n channel height width"], strength: float = 0.25
) -> Float[Tensor, "n channel height width"]:
    """Return pictures in which each pixel gives a share to its neighbours each way.

    Along rows and columns; at the edge the picture goes on as it ends.
    """
    weights = torch.tensor([strength / 2, 1 - strength, strength / 2])
    kernel = (weights[:, None] * weights).expand(images.shape[1], 1, 3, 3)
    framed = pad(images, (1, 1, 1, 1), mode="replicate")
    return conv2d(framed, kernel.contiguous(), groups=images.shape[1])


def noise(
    images: Float[Tensor, "n channel height width"],
    strength: float = 0.05,
    *,
    generator: Generator,
) -> Float[Tensor, "n channel height width"]:
    """Return pictures with Gaussian noise on every pixel, kept from 0 to 1."""
    grain = torch.randn(images.shape, generator=generator)
    return (images + strength * grain).clamp(0, 1)


def resample(
    images: Float[Tensor, "n channel height width"], size: int | None = None
) -> Float[Tensor, "n channel height width"]:
    """Return pictures made smaller (to three quarters) and large again."""
    height, width = images.shape[2:]
    small = size or (3 * height) // 4
    less = interpolate(images, size=(small, small), mode="bilinear", antialias=True)
    return interpolate(less, size=(height, width), mode="bilinear").clamp(0, 1)
