"""Can we tell? Detectors of what was generated, and the best that there can be.

A detector gives every text or picture a score, higher for what looks generated. Scores
may be infinite: a proof. What scores are worth says `minigen.roc`; what the best of all
detectors could do says `log_ratio`.
"""

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int64
from scipy import fft
from torch import Generator, Tensor, nn

from minigen import lm, ngram
from minigen.data import stories
from minigen.roc import Scores

Rows = Sequence[Int64[Tensor, " _"]]
Text = Sequence[str]


# Texts.


def written(
    model: Any, count: int, *, generator: Generator, longest: int = 200
) -> list[tuple[str, ...]]:
    """Let a model write so many stories, without those that end before they begin."""
    words = lm.Words.of_stories()
    made = lm.write(model, count, generator=generator, longest=longest)
    return [text for text in lm.said(words, made) if text]


def rows(texts: Sequence[Text]) -> list[Int64[Tensor, " _"]]:
    """Return stories as tokens, with an end before each and one after."""
    index = lm.Words.of_stories().index
    return [torch.tensor([0, *(index[word] for word in text), 0]) for text in texts]


# The best of all detectors.


class Steered(nn.Module):
    """A language model whose logits are changed before a token is drawn.

    `change(logits, last)` gets the token before each place too. So a model with its
    sampling strategy is a model again, with exact odds of its own.
    """

    def __init__(self, model: Any, change: Callable[[Tensor, Tensor], Tensor]) -> None:
        super().__init__()
        self.model, self.change = model, change

    def forward(
        self, tokens: Int64[Tensor, "batch time"]
    ) -> Float[Tensor, "batch time vocab"]:
        """Return the changed logits of the token after each position."""
        return self.change(self.model(tokens), tokens)

    def step(
        self, tokens: Int64[Tensor, "batch time"], state: Any = None
    ) -> tuple[Float[Tensor, "batch time vocab"], Any]:
        """Return changed logits, and what the model remembers."""
        logits, state = self.model.step(tokens, state)
        return self.change(logits, tokens), state


def log_model(model: Any, rows: Rows) -> Scores:
    """Return log q of each text under a model, its end included."""
    each = (ngram.row_nats if isinstance(model, ngram.NGram) else lm.token_nats)(
        model, rows
    )
    return -torch.stack([nats.double().sum() for nats in each])


def log_people(texts: Sequence[Text]) -> Scores:
    """Return log p of each text under the grammar, -inf for what is no story."""
    return torch.tensor(
        [stories.log_probability(text) if text else -math.inf for text in texts],
        dtype=torch.float64,
    )


def log_ratio(log_q: Scores, log_p: Scores) -> Scores:
    """Return log q − log p, by which no other score does better (Neyman, Pearson 1933).

    At every false-positive rate it finds the most. What only one of the two could have
    written has an infinite score: a proof.
    """
    impossible = torch.isinf(log_p)
    return torch.where(impossible, math.inf, log_q - log_p.nan_to_num(neginf=0.0))


def furthest(nats: float) -> float:
    """Return the largest total variation that a KL divergence of so many nats allows.

    The smaller of the bounds of Pinsker and of Bretagnolle and Huber.
    """
    return min(math.sqrt(nats / 2), math.sqrt(1 - math.exp(-nats)))


def best_auc(variation: float) -> float:
    """Return the highest AUC at a total variation: 1/2 + V − V²/2 (2303.11156)."""
    return 0.5 + variation - variation**2 / 2


# Scores that need no training.


def likelihood(model: Any, rows: Rows) -> Scores:
    """Return the mean log q a token: what a model expects looks generated."""
    lengths = torch.tensor([len(row) - 1 for row in rows])
    return log_model(model, rows) / lengths


@torch.no_grad()
def curvature(model: Any, rows: Rows, *, size: int = 50) -> Scores:
    """Return the conditional curvature of each text under a model (2310.05130).

    (Σ log q(token) − Σ μ) / √Σ σ², with mean and variance of log q over the odds of
    the tokens that could have stood at each place instead.
    """
    order = sorted(range(len(rows)), key=lambda i: len(rows[i]))
    scores = torch.zeros(len(rows), dtype=torch.float64)
    for i in range(0, len(order), size):
        batch = lm.padded([rows[j] for j in order[i : i + size]])
        log_q = model(batch[:, :-1].clamp(min=0)).log_softmax(-1).double()
        odds, log_q = log_q.exp(), log_q.nan_to_num(neginf=0.0)
        mean = (odds * log_q).sum(-1)
        spread = (odds * log_q**2).sum(-1) - mean**2
        said = log_q.gather(-1, batch[:, 1:, None].clamp(min=0))[..., 0]
        there = batch[:, 1:] >= 0
        more = ((said - mean) * there).sum(1) / (spread * there).sum(1).sqrt()
        scores[order[i : i + size]] = more
    return scores


# Features, and detectors that are trained on them.


def repetition(texts: Sequence[Text]) -> Float[Tensor, "texts 5"]:
    """Return how repetitive texts are: of 1, 2, 3 and 4 words the share of different
    ones, and the logarithm of the length."""
    found = []
    for text in texts:
        row = []
        for length in range(1, 5):
            grams = [tuple(text[i : i + length]) for i in range(len(text) - length + 1)]
            row.append(len(set(grams)) / max(1, len(grams)))
        found.append([*row, math.log(1 + len(text))])
    return torch.tensor(found, dtype=torch.float64)


def spectrum(
    images: Float[Tensor, "n channel height width"],
) -> Float[Tensor, "n feature"]:
    """Return the logarithm of the power of each cosine that a picture is made of.

    By the two-dimensional DCT, as in 2003.08685; the lowest frequencies come first.
    """
    waves = fft.dctn(images.double().numpy(), axes=(2, 3), norm="ortho")
    return torch.from_numpy(np.log(waves**2 + 1e-4)).flatten(1)


def trained(
    real: Float[Tensor, "n feature"], made: Float[Tensor, "m feature"]
) -> Callable[[Tensor], Scores]:
    """Train a logistic regression to tell made rows from real ones; return its score.

    The score is the logarithm of the odds, with both kinds equally common.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    judge = make_pipeline(
        StandardScaler(), LogisticRegression(max_iter=500, class_weight="balanced")
    ).fit(torch.cat([real, made]).double().numpy(), _truth(real, made))
    return lambda rows: torch.from_numpy(judge.decision_function(rows.double().numpy()))


def reader(
    real: Sequence[Text], made: Sequence[Text], *, longest: int = 3
) -> Callable[[Sequence[Text]], Scores]:
    """Train a classifier on which runs of 1 to `longest` words occur in a text.

    A logistic regression again; with runs of two words and three it knows which words
    a writer puts together.
    """
    from sklearn.feature_extraction.text import CountVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    judge = make_pipeline(
        CountVectorizer(
            analyzer=lambda text: _runs(text, longest), binary=True, min_df=3
        ),
        LogisticRegression(C=0.1, solver="liblinear", class_weight="balanced"),
    ).fit([*real, *made], _truth(real, made))
    return lambda texts: torch.from_numpy(judge.decision_function(list(texts)))


def _runs(text: Text, longest: int) -> list[str]:
    return [
        " ".join(text[i : i + length])
        for length in range(1, longest + 1)
        for i in range(len(text) - length + 1)
    ]


def _truth(real: Sequence[Any] | Tensor, made: Sequence[Any] | Tensor) -> np.ndarray:
    return np.repeat([0, 1], [len(real), len(made)])
