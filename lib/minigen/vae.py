"""A variational autoencoder of pictures: networks, likelihoods, bounds, samples.

    z ~ N(0, I),    x | z ~ each pixel's own distribution over its grey levels

An encoder guesses which codes z a picture may have come from, a decoder says which
picture a code makes (1312.6114). Pixels are whole levels, so log-likelihoods are those
of probabilities, and compare with the bounds of `density.bits_per_dim`.

The bounds (`elbo`, `iwae_bound`) ask a model for two things only: `encode(x)`, the mean
and the standard deviation of the codes, and `log_likelihood(x, z)`.
"""

import math
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import pixel_shuffle, silu

from minigen import data
from minigen.levels import Logistics
from minigen.repro import generator as seeded
from minigen.repro import scaled
from minigen.train import History, batches, fit
from minigen.zoo import Recipe

#: Numbers that the decoder may put out at once when many codes are tried.
_AT_ONCE = 2**23


class Decoder(nn.Module):
    """Codes to what describes each pixel: a coarse sheet of features, then refined."""

    def __init__(
        self, shape: tuple[int, ...], *, latents: int, numbers: int, hidden: int
    ) -> None:
        super().__init__()
        channels, height, width = self.shape = tuple(shape)
        self.numbers = numbers
        #: How many pixels a cell of the coarse sheet is wide.
        self.factor = 2 if min(height, width) < 16 else 4
        self.coarse = (-(-height // self.factor), -(-width // self.factor))
        features, fine = 32, 32 // self.factor
        self.spread = nn.Sequential(
            nn.Linear(latents, hidden),
            nn.SiLU(),
            nn.Linear(hidden, features * math.prod(self.coarse)),
            nn.SiLU(),
        )
        self.mix = nn.Conv2d(features, features, 3, padding=1)
        self.refine = nn.Conv2d(features, fine * self.factor**2, 3, padding=1)
        self.out = nn.Conv2d(fine, channels * numbers, 3, padding=1)
        # Convolutions know no place, and pixels differ by place: edges stay empty.
        self.place = nn.Parameter(torch.zeros(*shape, numbers))

    def forward(
        self, z: Float[Tensor, "n latent"]
    ) -> Float[Tensor, "n channel height width number"]:
        """Return so many numbers for every pixel."""
        channels, height, width = self.shape
        h = self.spread(z).view(len(z), -1, *self.coarse)
        h = h + silu(self.mix(h))
        h = silu(pixel_shuffle(self.refine(h), self.factor))[..., :height, :width]
        h = self.out(h).view(-1, channels, self.numbers, height, width)
        return h.permute(0, 1, 3, 4, 2) + self.place


class VAE(nn.Module):
    """An encoder, pictures to codes, and a decoder, codes to pictures."""

    def __init__(
        self,
        shape: tuple[int, ...],
        *,
        levels: int,
        latents: int = 16,
        hidden: int = 256,
    ) -> None:
        super().__init__()
        if levels < 2 or latents < 1:
            raise ValueError(
                "a VAE needs 2 grey levels or more and 1 latent or more, not "
                f"{levels} and {latents}"
            )
        self.shape, self.levels, self.latents = tuple(shape), levels, latents
        self.pixels = math.prod(shape)
        self.likelihood = Logistics(levels)
        self.encoder = nn.Sequential(
            nn.Linear(self.pixels, hidden),
            nn.SiLU(),
            nn.Linear(hidden, hidden),
            nn.SiLU(),
            nn.Linear(hidden, 2 * latents),
        )
        self.decoder = Decoder(
            self.shape, latents=latents, numbers=self.likelihood.width, hidden=hidden
        )

    def encode(
        self, x: Float[Tensor, "n channel height width"]
    ) -> tuple[Float[Tensor, "n latent"], Float[Tensor, "n latent"]]:
        """Return mean and standard deviation of q(z | x), one number a latent."""
        if x.shape[1:] != self.shape:
            raise ValueError(
                f"this model's pictures have shape {self.shape}, not "
                f"{tuple(x.shape[1:])}"
            )
        mu, log_sigma = self.encoder(2 * x.flatten(1) - 1).chunk(2, dim=1)
        return mu, log_sigma.clamp(-7, 3).exp()

    def decode(
        self, z: Float[Tensor, "n latent"]
    ) -> Float[Tensor, "n channel height width number"]:
        """Return what describes each pixel of p(x | z); `likelihood` reads it."""
        output: Tensor = self.decoder(z)
        return output

    def log_likelihood(
        self,
        x: Float[Tensor, "n channel height width"],
        z: Float[Tensor, "n latent"],
    ) -> Float[Tensor, " n"]:
        """Return log p(x | z): the sum over pixels, which z makes independent."""
        return self.likelihood.log_prob(self.decode(z), x).flatten(1).sum(1)

    def mean(
        self, z: Float[Tensor, "n latent"]
    ) -> Float[Tensor, "n channel height width"]:
        """Return the expected picture of each code."""
        return self.likelihood.mean(self.decode(z))


class Picture(nn.Module):
    """A decoder alone, from a code to its expected picture: what a page can run."""

    def __init__(self, model: VAE) -> None:
        super().__init__()
        self.decoder, self.likelihood = model.decoder, model.likelihood

    def forward(self, z: Float[Tensor, "n latent"]) -> Tensor:
        """Return pictures in [0, 1]."""
        return self.likelihood.mean(self.decoder(z))


@runtime_checkable
class Encodes(Protocol):
    """What the bounds need of a model."""

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return mean and standard deviation of q(z | x)."""
        ...

    def log_likelihood(self, x: Tensor, z: Tensor) -> Tensor:
        """Return log p(x | z) for each row."""
        ...


@dataclass(frozen=True)
class Elbo:
    """The two terms of the evidence lower bound, in nats a picture."""

    reconstruction: Float[Tensor, " n"]
    kl: Float[Tensor, " n"]

    @property
    def value(self) -> Float[Tensor, " n"]:
        """The bound on log p(x)."""
        return self.reconstruction - self.kl


def reparameterise(
    mu: Float[Tensor, "n latent"],
    sigma: Float[Tensor, "n latent"],
    generator: torch.Generator,
) -> Float[Tensor, "n latent"]:
    """Draw z = mu + sigma · eps, through which gradients pass (1312.6114, 2.4)."""
    eps = torch.randn(mu.shape, generator=generator, dtype=mu.dtype).to(mu.device)
    return mu + sigma * eps


def kl_to_prior(
    mu: Float[Tensor, "n latent"], sigma: Float[Tensor, "n latent"]
) -> Float[Tensor, "n latent"]:
    """Return KL(N(mu, sigma²) ‖ N(0, 1)) of each latent (1312.6114, appendix B)."""
    return 0.5 * (mu.square() + sigma.square() - 1) - sigma.log()


def elbo(
    model: Encodes,
    x: Tensor,
    *,
    generator: torch.Generator,
    seen: Tensor | None = None,
) -> Elbo:
    """Return E log p(x | z), with one code a picture, and KL(q(z | x) ‖ p(z)).

    Equation 7 of 1312.6114: their difference is on average at most log p(x). The
    encoder may be shown something else than x (`seen`): the bound holds all the same.
    """
    mu, sigma = model.encode(x if seen is None else seen)
    z = reparameterise(mu, sigma, generator)
    return Elbo(model.log_likelihood(x, z), kl_to_prior(mu, sigma).sum(1))


@torch.no_grad()
def log_weights(
    model: Encodes,
    x: Float[Tensor, "n ..."],
    *,
    samples: int,
    generator: torch.Generator,
) -> Float[Tensor, "n sample"]:
    """Return log p(x, z) − log q(z | x) for so many codes drawn for each picture.

    The mean of a row is the picture's ELBO, the logarithm of the mean weight its
    importance-weighted bound. Done in portions, so that memory stays small.
    """
    if samples < 1:
        raise ValueError(f"samples must be 1 or more, not {samples}")
    numbers = x[0].numel() * getattr(getattr(model, "likelihood", None), "width", 1)
    many = max(1, _AT_ONCE // max(1, numbers))  # decoded together
    columns = min(samples, many)
    rows = max(1, many // columns)
    found = []
    for part in x.split(rows):
        mu, sigma = model.encode(part)
        weights = []
        for start in range(0, samples, columns):
            count = min(columns, samples - start)
            m, s = mu.repeat_interleave(count, 0), sigma.repeat_interleave(count, 0)
            z = reparameterise(m, s, generator)
            eps = (z - m) / s
            # log N(z; 0, 1) − log N(z; mu, sigma²); what they share cancels
            prior = 0.5 * (eps.square() - z.square()) + s.log()
            seen = model.log_likelihood(part.repeat_interleave(count, 0), z)
            weights.append((seen + prior.sum(1)).view(len(part), count))
        found.append(torch.cat(weights, 1))
    return torch.cat(found)


def iwae_bound(
    model: Encodes, x: Tensor, *, samples: int, generator: torch.Generator
) -> Float[Tensor, " n"]:
    """Return the bound log mean_k p(x, z_k) / q(z_k | x) (1509.00519, equation 8).

    With one sample it is the ELBO; with more it rises on average towards log p(x).
    """
    weights = log_weights(model, x, samples=samples, generator=generator)
    return log_mean(weights)


def log_mean(
    weights: Float[Tensor, "n sample"],
) -> Float[Tensor, " n"]:
    """Return the logarithm of the mean weight of each row of log weights."""
    return weights.logsumexp(1) - math.log(weights.shape[1])


def bits_per_dim(nats: Float[Tensor, " n"], x: Tensor) -> Float[Tensor, " n"]:
    """Return log-likelihoods (or bounds) of pictures as bits that a pixel costs."""
    return -nats / (x[0].numel() * math.log(2))


@torch.no_grad()
def unit_variances(model: Encodes, x: Tensor) -> Float[Tensor, " latent"]:
    """Return how much each latent's mean varies over pictures: Var_x E_q[z | x]."""
    mu, _ = model.encode(x)
    return mu.var(0, correction=0)


def active_units(model: Encodes, x: Tensor, *, threshold: float = 0.01) -> int:
    """Return how many latents a model uses: variance over 0.01 (1509.00519, 5.2)."""
    return int((unit_variances(model, x) > threshold).sum())


@torch.no_grad()
def reconstruct(model: VAE, x: Tensor) -> Tensor:
    """Return the expected picture of the mean code of each picture."""
    return model.mean(model.encode(x)[0])


@torch.no_grad()
def sample(
    model: VAE,
    count: int,
    *,
    generator: torch.Generator,
    pixels: str = "drawn",
    codes: Float[Tensor, "n latent"] | None = None,
) -> Float[Tensor, "n channel height width"]:
    """Draw codes from the prior (or take those given) and a picture for each.

    pixels: "drawn" takes a level for each pixel from p(x | z), which is the model's
        own distribution; "mean" the expected picture, which is smoother than any draw.
    """
    if pixels not in ("drawn", "mean"):
        raise ValueError(f'pixels must be "drawn" or "mean", not {pixels!r}')
    z = torch.randn(count, model.latents, generator=generator)
    z = (z if codes is None else codes).to(next(model.parameters()))
    made = []
    for part in z.split(max(1, _AT_ONCE // (model.pixels * model.likelihood.width))):
        output = model.decode(part)
        if pixels == "mean":
            made.append(model.likelihood.mean(output))
        else:
            made.append(model.likelihood.sample(output, generator))
    return torch.cat(made)


def train(
    model: VAE,
    x: Float[Tensor, "n channel height width"],
    *,
    steps: int,
    generator: torch.Generator,
    beta: float = 1.0,
    noise: float = 0.2,
    size: int = 128,
    learning_rate: float = 2e-3,
    average: float | None = 0.998,
    **settings: Any,
) -> History:
    """Train on the ELBO with `beta` times the KL term; the terms are in bits a pixel.

    Parameters
    ----------
    beta: 1 for a bound on log p(x); others weigh the terms as Higgins et al. (2017).
    noise: standard deviation of noise on what the encoder sees (1511.06406), so that
        it cannot know the training pictures by heart. The bound holds for any encoder.
    average: the decay of the weights' moving average, which the model ends with.

    Further settings go to `train.fit`.
    """
    to_bits = model.pixels * math.log(2)

    def loss_fn(x: Tensor) -> dict[str, Tensor]:
        blur = noise * torch.randn(x.shape, generator=generator).to(x)
        terms = elbo(model, x, seen=x + blur, generator=generator)
        cost, kl = -terms.reconstruction.mean() / to_bits, terms.kl.mean() / to_bits
        return {"loss": cost + beta * kl, "reconstruction": cost, "KL": kl}

    history = fit(
        model, loss_fn, batches(x, size=size, generator=generator), steps=steps,
        learning_rate=learning_rate, average=average, warmup=min(50, steps // 10),
        **{"label": "VAE", **settings},
    )  # fmt: skip
    if average is not None:
        model.load_state_dict(history.average.state_dict())
    return history


def _recipe(
    *,
    dataset: str = "digits",
    latents: int = 16,
    beta: float = 1.0,
    steps: int = 1500,
) -> Recipe:
    """The model of the chapter; with two latents it is a map."""
    images = data.images(dataset)
    x = images.train_x

    def run(model: nn.Module, *, seed: int, budget: float) -> None:
        assert isinstance(model, VAE)
        many = scaled(steps, budget, least=20)
        train(model, x, steps=many, generator=seeded(seed), beta=beta)

    return Recipe(
        build=lambda: VAE(x.shape[1:], levels=images.levels, latents=latents),
        train=run,
        data=(x,),
    )


RECIPES = {"vae": _recipe}
