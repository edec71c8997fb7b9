"""Sums for an exam: each is drawn with dice, and its answer computed by `minigen`."""

import math
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import torch

from minigen import audit, decode, diffusion, metrics, quiz, roc, vae
from minigen.attention import attend
from minigen.tokens import BytePairs

Dice = np.random.Generator
_WORD = re.compile(r"[a-z]+")


@dataclass(frozen=True)
class Sum:
    """A question with numbers, its answer, and how one comes to it."""

    chapter: str
    question: str
    answer: str
    way: str


def bits(dice: Dice) -> Sum:
    """Ask for bits a pixel from a log-probability."""
    side, nats = int(dice.choice([4, 8, 16])), int(dice.integers(60, 180))
    each = metrics.bits_per_dimension(nats, side * side)
    return Sum(
        "predictive_vs_generative",
        f"A model gives a picture of {side} by {side} pixels the probability "
        f"e^(−{nats}). How many bits a pixel is that? And by how many bits a pixel "
        "does a model do worse that gives the same picture a thousandth of this "
        "probability?",
        f"{each:.2f} bits a pixel; {math.log2(1000) / side**2:.3f} more",
        f"{nats} / ({side * side} · ln 2); log₂ 1000 ≈ 9.97 bits are shared by "
        f"{side * side} pixels.",
    )


def posterior(dice: Dice) -> Sum:
    """Ask for Bayes' rule with three classes."""
    prior = dice.permutation([0.5, 0.3, 0.2])
    likely = dice.choice([0.1, 0.2, 0.4, 0.6, 0.8], size=3, replace=False)
    joint = torch.tensor(prior * likely)
    odds = (joint / joint.sum()).tolist()
    return Sum(
        "predictive_vs_generative",
        f"Three kinds are {_list(prior)} of all. A picture has the density "
        f"{_list(likely)} under them. What is the posterior? Which part of it could a "
        "predictive model have learned, and which number here could it not?",
        f"{_list(odds)}; the posterior, and not p(x) = {float(joint.sum()):.3f}",
        "Products of prior and density, divided by their sum, which is p(x).",
    )


def price(dice: Dice) -> Sum:
    """Ask for the price of a code in bits."""
    mu = dice.choice([-1.0, 0.0, 0.5, 2.0], size=2, replace=False)
    sigma = dice.choice([0.25, 0.5, 1.0], size=2, replace=False)
    nats = vae.kl_to_prior(torch.tensor(mu)[None], torch.tensor(sigma)[None])[0]
    paid = (nats / math.log(2)).tolist()
    return Sum(
        "vae",
        f"An encoder gives a picture a cloud with centres {_list(mu)} and widths "
        f"{_list(sigma)}. What does each latent cost, in bits? What would a latent "
        "cost that says nothing?",
        f"{_list(paid)} bits; nothing",
        "½(μ² + σ² − 1) − ln σ, divided by ln 2. Silent means μ = 0 and σ = 1: 0 bits.",
    )


def critic(dice: Dice) -> Sum:
    """Ask for the best critic at three places."""
    real = dice.choice([0.0, 0.1, 0.2, 0.4], size=3, replace=False)
    made = dice.choice([0.1, 0.3, 0.5], size=3, replace=False)
    best = real / (real + made)
    return Sum(
        "gan",
        f"At three places real samples have the density {_list(real)}, made ones "
        f"{_list(made)}; both are equally common. What does the best critic say at "
        "each? In which direction does the painter move a sample that lies between "
        "the first two places?",
        f"D = {_list(best)}; towards the place with the larger D",
        "p / (p + q). The painter follows the slope of the score, uphill.",
    )


def merges(dice: Dice) -> Sum:
    """Ask for the first merges of a tiny text."""
    words = dice.permutation(["lower", "slow", "snow", "lowest", "tower", "blow"])[:4]
    counts = dice.permutation([5, 4, 3, 2])
    text = " ".join(f"{w}|" * n for w, n in zip(words, counts, strict=True))
    learned = BytePairs.train(text, size=256 + 3, pieces=_WORD).merges
    shown = ", ".join(f"{w} ({n} times)" for w, n in zip(words, counts, strict=True))
    joined = ", ".join(f"“{(a + b).decode()}”" for a, b in learned)
    return Sum(
        "tokens_and_embeddings",
        f"A text has the words {shown}. Which three tokens does byte-pair encoding "
        "learn first, beside the letters? (Pairs are counted inside words; of equals "
        "the one earlier in the alphabet comes first, and letters come before what "
        "is joined.)",
        joined,
        "Count neighbours over all words, each as often as the word occurs; join; "
        "count again.",
    )


def lookup(dice: Dice) -> Sum:
    """Ask for attention with three keys, by hand."""
    key = torch.tensor([[1.0, 0, 0, 1], [0, 1, 0, 1], [0, 0, 1, 0]])
    query = torch.tensor(dice.permutation([0.0, 0, 2, 4]))
    value = torch.tensor(dice.permutation([10.0, 20, 40]), dtype=torch.float32)[:, None]
    mixed, weights = attend(query[None].float(), key, value)
    return Sum(
        "attention",
        f"A query ({_row(query.tolist())}) meets the keys (1, 0, 0, 1), (0, 1, 0, 1) "
        f"and (0, 0, 1, 0), whose values are {_list(value[:, 0].tolist())}. What are "
        "the scores, the weights, and the answer? What changes if the second key may "
        "not be looked at?",
        f"weights {_list(weights[0].tolist())}, answer {float(mixed):.1f}",
        "Dot products divided by √4, softmax, weighted mean. Masked, the second "
        "score is −∞: its weight is 0, and the others are scaled up to one.",
    )


def cut(dice: Dice) -> Sum:
    """Ask what top-p and min-p keep."""
    odds = torch.tensor(
        dice.choice([[50, 25, 15, 6, 4], [40, 30, 15, 10, 5], [70, 12, 10, 5, 3]]) / 100
    )
    p, least = (
        float(dice.choice([0.6, 0.8, 0.88])),
        float(dice.choice([0.1, 0.2, 0.28])),
    )
    logits = odds.log()[None]
    kept = [_kept(decode.top_p(logits, p)), _kept(decode.min_p(logits, least))]
    return Sum(
        "sampling",
        f"The odds of five words are {_list(odds.tolist())}. How many does top-p with "
        f"p = {p:g} keep, how many min-p with {least:g}? What are the odds of the best "
        "word after the first cut?",
        f"{len(kept[0])} and {len(kept[1])}; "
        f"{float(odds[0] / odds[kept[0]].sum()):.2f}",
        "Top-p: the fewest that hold p together. Min-p: those at least that share of "
        "the best. Then divide by what is left.",
    )


def buried(dice: Dice) -> Sum:
    """Ask for the jump, and for the way back from a guess of the noise."""
    beta = dice.choice([0.1, 0.2, 0.36, 0.5], size=2, replace=False)
    alpha_bar = torch.tensor([1.0, *np.cumprod(1 - beta)])
    x0, eps = float(dice.choice([-1, 1, 2])), float(dice.choice([-1, 0.5, 1]))
    there = torch.tensor([2])
    xt = diffusion.noised(torch.tensor([x0]), there, torch.tensor([eps]), alpha_bar)
    return Sum(
        "diffusion",
        f"Two steps of noise have β = {_list(beta)}. What is left of the variance? "
        f"Where is the number {_said(x0)} after both, if the noise of the jump is "
        f"{_said(eps)}? A network guesses 0 for the noise: which number does it think "
        "was buried?",
        f"ᾱ = {_said(float(alpha_bar[2]))}; x = {_said(float(xt))}; "
        f"{_said(float(xt / alpha_bar[2] ** 0.5))}",
        "ᾱ is the product of 1 − β. x = √ᾱ · x₀ + √(1 − ᾱ) · ε; with ε = 0 the guess "
        "is x / √ᾱ.",
    )


def guidance(dice: Dice) -> Sum:
    """Ask for guided answers and what they do."""
    without, given = dice.choice([-0.4, 0.1, 0.3, 0.8], size=2, replace=False)
    scale = float(dice.choice([2, 3, 5]))
    return Sum(
        "text_to_image",
        f"Without its caption a network answers {_said(without)} at some pixel, with "
        f"it {_said(given)}. What is the guided answer at a scale of {scale:g}, of 1 "
        "and of 0? What does a large scale buy, and who pays?",
        f"{_row([without + scale * (given - without), given, without])}; obedience, "
        "paid with variety and, further out, with pictures that lie off the data",
        "v = v_without + g (v_with − v_without).",
    )


def accused(dice: Dice) -> Sum:
    """Ask for the share of honest ones among the flagged."""
    of, made = 1000, int(dice.choice([20, 50, 100]))
    found, alarms = (
        float(dice.choice([0.6, 0.8, 0.9])),
        float(dice.choice([0.01, 0.05])),
    )
    honest = roc.honest(made / of, found, alarms)
    return Sum(
        "detection",
        f"Of {of:,} essays {made} are by machines. A detector finds {found:.0%} of "
        f"these and flags {alarms:.0%} of the honest ones. How many are flagged, and "
        "which share of them is honest? What changes for the honest if the detector "
        "finds all?",
        f"{made * found + (of - made) * alarms:.1f} flagged, {honest:.0%} of them "
        "honest; as many honest people are flagged as before",
        f"{made} · {found:g} and {of - made} · {alarms:g}, in whole people.",
    )


def seen(dice: Dice) -> Sum:
    """Ask for d′ of a suspicious reader."""
    hits, alarms = int(dice.integers(14, 19)), int(dice.integers(4, 12))
    told = quiz.d_prime(hits, 20, alarms, 20)
    return Sum(
        "evaluation",
        f"A reader calls {hits} of 20 generated pictures generated, and {alarms} of "
        "20 real ones too. Which share is right? What is d′, with half an answer "
        "added to each count and one to each number of questions? (z of 0.2 to 0.9 "
        "in steps of a tenth: −0.84, −0.52, −0.25, 0, 0.25, 0.52, 0.84, 1.28.)",
        f"{(hits + 20 - alarms) / 40:.0%}; d′ = {told.value:.2f}, read off the table "
        "about as much",
        f"z({(hits + 0.5) / 21:.2f}) − z({(alarms + 0.5) / 21:.2f}).",
    )


def sharpened(dice: Dice) -> Sum:
    """Ask what a temperature does to a bias."""
    share, value = (
        float(dice.choice([0.6, 0.7, 0.8, 0.9])),
        float(dice.choice([0.5, 2])),
    )
    made = audit.sharpened(share, value)
    return Sum(
        "ethics",
        f"In the data {share:.0%} of doctors are *he*, and a model has learned that "
        f"exactly. Which share does it write at temperature {value:g}? Who has changed "
        "the share: the data, the model or the sampler?",
        f"{made:.0%}; the sampler",
        f"The odds {share:g} : {1 - share:g} to the power 1/{value:g}.",
    )


def retrieved(dice: Dice) -> Sum:
    """Ask for the ceiling of retrieval."""
    groups = [int(n) for n in dice.choice([1, 2, 3, 4, 5], size=3, replace=False)]
    return Sum(
        "text_to_image",
        f"A test has {sum(groups)} pictures with captions. {groups[0]} of the "
        f"captions are one and the same, {groups[1]} another one and the same, "
        f"{groups[2]} a third. Which share of the pictures can the best possible "
        "model give its very own caption, on average?",
        f"{3 / sum(groups):.0%}",
        "Each group of k equal captions gives k · 1/k = 1 picture: three groups, three "
        "pictures.",
    )


#: All of them. An exam takes some, of different chapters.
ALL: tuple[Callable[[Dice], Sum], ...] = (
    bits, posterior, price, critic, merges, lookup, cut, buried, guidance, accused,
    seen, sharpened, retrieved,
)  # fmt: skip


def _list(values: Iterable[float]) -> str:
    """Return numbers as one says them, with a word before the last."""
    *first, last = map(_said, values)
    return f"{', '.join(first)} and {last}"


def _row(values: Iterable[float]) -> str:
    return ", ".join(map(_said, values))


def _said(value: float, digits: int = 3) -> str:
    """Return a number with few digits and a proper minus."""
    return f"{round(float(value), digits):g}".replace("-", "−")


def _kept(logits: torch.Tensor) -> list[int]:
    """Return the places that a cut has left."""
    return [int(n) for n in logits[0].isfinite().nonzero()]
