"""Checkers of the exercises on variational autoencoders."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from minigen import data
from minigen.checks import NotYet, calls, close
from minigen.exercises import Checker
from minigen.metrics import energy_distance

#: What exercise 4 asks for: the distance of the codes, in units of that of real ones.
GOAL = 2.0
COUNT = 3000


def price(function: Callable[..., Any]) -> str:
    """KL(N(mu, sigma²) ‖ N(0, 1)), summed over latents, in bits."""
    mu = np.array([[0.0, 0.0, 0.0], [1.0, -2.0, 0.0], [0.3, 0.0, -1.0]])
    sigma = np.array([[1.0, 1.0, 1.0], [1.0, 1.0, 1.0], [0.1, 2.0, 0.5]])
    each = 0.5 * (mu**2 + sigma**2 - 1) - np.log(sigma)
    expected = each.sum(1) / np.log(2)
    found = np.asarray(calls(function, mu, sigma))
    if found.shape == each.shape:
        raise NotYet("This is one number a latent; add up the latents of each picture.")
    if found.shape == expected.shape:
        if np.allclose(found, each.sum(1)):
            raise NotYet("Right in nats. One bit is log 2 nats.")
        if np.allclose(found * 3, expected):
            raise NotYet("A code costs the sum over its latents, not their mean.")
        if np.allclose(found, 2 * expected):
            raise NotYet("Twice too much: there is a factor ½.")
        right = np.isclose(found, expected)
        if right[:2].all() and not right[2]:
            raise NotYet(
                "Right where every width is 1, and wrong elsewhere. What enters as a "
                "variance, what as a logarithm, and with which sign?"
            )
    close(found, expected, name="The price")
    return "right. A cloud equal to the prior costs nothing, whatever its picture."


def bound(function: Callable[..., Any]) -> str:
    """The logarithm of the mean weight of each row."""
    rows = np.log(np.array([[0.1, 0.2, 0.3, 0.2], [1.0, 1e-6, 1e-6, 1e-6]]))
    expected = np.log(np.exp(rows).mean(1))
    found = np.asarray(calls(function, rows))
    if found.shape == expected.shape:
        if np.allclose(found, rows.mean(1)):
            raise NotYet("This is the ELBO: the mean of the logarithms. Average first.")
        if np.allclose(found, expected + np.log(4)):
            raise NotYet("Too high by log K: the weights are averaged, not added up.")
        if np.allclose(found, rows.max(1)):
            raise NotYet("This is the largest weight alone; the others count too.")
    close(found, expected, name="The bound")
    low = np.array([[-5000, -5001.0, -5002], [-90.0, -9000, -90], [700, 800, 900.0]])
    highest = low.max(1)
    expected = highest + np.log(np.exp(low - highest[:, None]).mean(1))
    found = np.asarray(calls(function, low))
    if not np.isfinite(found).all():
        raise NotYet(
            "It gives no number where the logarithms are far from zero. What may be "
            "taken off a whole row before the exponential, and put back after?"
        )
    close(found, expected, name="The bound of improbable pictures")
    return "right, and it holds for pictures however improbable."


def walk(function: Callable[..., Any]) -> str:
    """Directions along the arc, lengths along the line."""
    a, b = np.array([3.0, 0.0, 0.0]), np.array([0.0, 1.0, 0.0])
    for share, end in ((0.0, a), (1.0, b)):
        close(calls(function, a, b, share), end, name=f"The code at share {share:g}")
    middle = np.asarray(calls(function, a, b, 0.5))
    if middle.shape == a.shape and np.allclose(middle, (a + b) / 2):
        raise NotYet("This is the straight line, which cuts the corner.")
    close(np.linalg.norm(middle), 2.0, name="The length halfway from 3 to 1")
    third = calls(function, a, b, 1 / 3)
    angle = np.pi / 6
    expected = (3 - 2 / 3) * np.array([np.cos(angle), np.sin(angle), 0])
    found = np.asarray(third)
    if np.allclose(np.linalg.norm(found), 3 - 2 / 3) and not np.allclose(
        found, expected
    ):
        raise NotYet(
            "The length is right and the pace is not: after a third of the way it "
            "should have turned by a third of the angle."
        )
    close(found, expected, name="The code after a third of a right angle")
    rng = np.random.default_rng(0)
    for _ in range(4):
        a, b = rng.normal(size=(2, 16))
        found = np.asarray(calls(function, a, b, 0.25))
        u, v = a / np.linalg.norm(a), b / np.linalg.norm(b)
        angle = np.arccos(u @ v)
        turned = np.sin(0.75 * angle) * u + np.sin(0.25 * angle) * v
        length = 0.75 * np.linalg.norm(a) + 0.25 * np.linalg.norm(b)
        close(found, length * turned / np.sin(angle), name="A code in 16 dimensions")
    same = np.asarray(calls(function, a, a.copy(), 0.5))
    if not np.isfinite(same).all():
        raise NotYet("From a code to itself it gives no number: the angle is zero.")
    close(same, a, name="Halfway from a code to itself")
    return "right. In two dimensions hardly anything changes; in sixteen, much."


def prior(function: Callable[..., Any]) -> str:
    """New codes that are like unseen ones, and no copies."""
    digits = data.images("digits")
    known, fresh = _codes(digits.train_x, digits.test_x)
    rng = np.random.default_rng(0)
    made = calls(function, known, COUNT, rng, seconds=20)
    if isinstance(made, torch.Tensor):
        made = made.detach().numpy()
    made = np.asarray(made, dtype=float)
    if made.shape != (COUNT, known.shape[1]):
        raise NotYet(
            f"It should give codes of shape ({COUNT}, {known.shape[1]}), and gives "
            f"{made.shape}."
        )
    if not np.isfinite(made).all():
        raise NotYet("Some codes are no numbers, or infinite.")
    nearest = torch.cdist(torch.tensor(made), torch.tensor(known)).amin(1)
    usual = torch.cdist(torch.tensor(fresh), torch.tensor(known)).amin(1).median()
    if float((nearest < 0.05 * usual).double().mean()) > 0.1:
        raise NotYet("Many of these are copies of the codes that you were given.")
    floor = _distance(known, fresh)
    reached = _distance(made, fresh) / floor
    if reached > GOAL:
        raise NotYet(
            f"{reached:.2f} × the distance of real codes; {GOAL:g} or less is asked "
            "for."
        )
    return f"{reached:.2f} × the distance of real codes."


def _codes(train: torch.Tensor, test: torch.Tensor) -> tuple[np.ndarray, np.ndarray]:
    """Return six numbers a picture: its place along the principal components."""
    x = train.flatten(1).double()
    _, _, directions = torch.linalg.svd(x - x.mean(0), full_matrices=False)
    scale = ((x - x.mean(0)) @ directions[:6].T).std(0)
    codes = [
        ((each.flatten(1).double() - x.mean(0)) @ directions[:6].T / scale).numpy()
        for each in (train, test)
    ]
    return codes[0], codes[1]


def _distance(a: np.ndarray, b: np.ndarray) -> float:
    return energy_distance(torch.tensor(a), torch.tensor(b))


CHECKERS: dict[str, Checker] = {
    "price": price,
    "bound": bound,
    "walk": walk,
    "prior": prior,
}
