"""The VAE against what is known: Gaussians, sums over levels, other formulas."""

import math

import pytest
import torch
from torch import distributions, nn

from minigen import data, levels, repro, vae, zoo
from minigen.train import TrainingDiverged


class LinearGaussian:
    """x = W z + noise, with orthogonal columns: all is known (Tipping & Bishop 1999).

    The posterior is N(mean, variances) with independent latents. `widen` makes the
    encoder too unsure.
    """

    def __init__(self, *, widen: float = 1.0) -> None:
        rng = repro.generator(1)
        basis = torch.linalg.qr(torch.randn(6, 2, generator=rng).double())[0]
        self.w = basis * torch.tensor([2.0, 0.7]).double()  # [pixel, latent]
        self.noise = 0.5
        self.widen = widen

    def encode(self, x):
        precision = self.w.square().sum(0) / self.noise**2 + 1
        mean = x.double() @ self.w / self.noise**2 / precision
        sigma = precision.rsqrt().expand_as(mean) * self.widen
        return mean, sigma

    def log_likelihood(self, x, z):
        p = distributions.Normal(z @ self.w.T, self.noise)
        return p.log_prob(x.double()).sum(1)

    def log_prob(self, x):
        covariance = self.w @ self.w.T + self.noise**2 * torch.eye(6).double()
        zero = torch.zeros(6).double()
        p = distributions.MultivariateNormal(zero, covariance)
        return p.log_prob(x.double())

    def sample(self, count):
        rng = repro.generator(2)
        z = torch.randn(count, 2, generator=rng).double()
        eps = torch.randn(count, 6, generator=rng).double()
        return z @ self.w.T + self.noise * eps


def small(shape=(1, 8, 8), *, greys=17, latents=3, seed=0):
    torch.manual_seed(seed)
    return vae.VAE(shape, levels=greys, latents=latents, hidden=16)


def pictures(count, shape=(1, 8, 8), *, greys=17, seed=0):
    level = torch.randint(greys, (count, *shape), generator=repro.generator(seed))
    return level / (greys - 1)


def test_with_the_exact_posterior_every_weight_is_the_exact_likelihood():
    world = LinearGaussian()
    x = world.sample(5)
    weights = vae.log_weights(world, x, samples=7, generator=repro.generator(0))
    exact = world.log_prob(x)
    torch.testing.assert_close(weights, exact[:, None].expand(-1, 7))
    bound = vae.iwae_bound(world, x, samples=3, generator=repro.generator(3))
    torch.testing.assert_close(bound, exact)


def test_with_the_exact_posterior_the_elbo_is_the_likelihood_on_average():
    world = LinearGaussian()
    x = world.sample(3)
    many = x.repeat_interleave(20_000, 0)
    found = vae.elbo(world, many, generator=repro.generator(0))
    mean = found.value.view(3, -1).mean(1)
    torch.testing.assert_close(mean, world.log_prob(x), atol=0.05, rtol=0)
    torch.testing.assert_close(found.value, found.reconstruction - found.kl)


def test_the_elbo_falls_short_by_the_divergence_of_the_posterior():
    world, exact = LinearGaussian(widen=1.8), LinearGaussian()
    x = world.sample(4)
    q = distributions.Normal(*world.encode(x))
    p = distributions.Normal(*exact.encode(x))
    gap = distributions.kl_divergence(q, p).sum(1)
    weights = vae.log_weights(world, x, samples=20_000, generator=repro.generator(0))
    short = world.log_prob(x) - weights.mean(1)
    torch.testing.assert_close(short, gap, atol=0.05, rtol=0)


def test_the_importance_weighted_bound_rises_to_the_likelihood():
    world = LinearGaussian(widen=1.8)
    x = world.sample(400)
    counts = (1, 2, 8, 64, 2048)
    bounds = [
        vae.iwae_bound(world, x, samples=k, generator=repro.generator(0)).mean().item()
        for k in counts
    ]
    exact = world.log_prob(x).mean().item()
    assert bounds == sorted(bounds)
    assert bounds[0] < exact - 0.3
    assert bounds[-1] == pytest.approx(exact, abs=0.01)


def test_portions_change_no_weight_but_by_the_draw(monkeypatch):
    model, x = small(), pictures(5)
    whole = vae.log_weights(model, x, samples=300, generator=repro.generator(0))
    monkeypatch.setattr(vae, "_AT_ONCE", 64 * 9 * 70)
    parts = vae.log_weights(model, x, samples=300, generator=repro.generator(0))
    assert whole.shape == parts.shape == (5, 300)
    error = whole.std(1) / 300**0.5
    assert ((whole.mean(1) - parts.mean(1)).abs() < 5 * error).all()


def test_the_divergence_is_that_of_torch():
    mu = torch.tensor([[0.0, 1.5, -3.0], [0.1, 0.0, 2.0]])
    sigma = torch.tensor([[1.0, 0.2, 2.5], [0.9, 3.0, 1e-3]])
    expected = distributions.kl_divergence(
        distributions.Normal(mu, sigma), distributions.Normal(0.0, 1.0)
    )
    torch.testing.assert_close(vae.kl_to_prior(mu, sigma), expected)
    assert vae.kl_to_prior(mu, sigma).min() == 0


def test_the_weights_are_those_of_torchs_densities():
    model, x = small(), pictures(3)
    mu, sigma = model.encode(x)
    z = vae.reparameterise(mu, sigma, repro.generator(4))
    expected = (
        distributions.Normal(0.0, 1.0).log_prob(z).sum(1)
        + model.log_likelihood(x, z)
        - distributions.Normal(mu, sigma).log_prob(z).sum(1)
    )
    found = vae.log_weights(model, x, samples=1, generator=repro.generator(4))
    torch.testing.assert_close(found[:, 0], expected)


def test_gradients_pass_through_the_draw():
    mu = torch.tensor([[0.3, -1.0]], requires_grad=True)
    sigma = torch.tensor([[0.5, 2.0]], requires_grad=True)
    z = vae.reparameterise(mu, sigma, repro.generator(0))
    z.sum().backward()
    eps = torch.randn(1, 2, generator=repro.generator(0))
    torch.testing.assert_close(mu.grad, torch.ones(1, 2))
    torch.testing.assert_close(sigma.grad, eps)


@pytest.mark.parametrize("count", [2, 17, 256])
def test_the_levels_of_a_pixel_share_the_probability_one(count):
    curves = levels.Logistics(count)
    output = 4 * torch.randn(5, curves.width, generator=repro.generator(0))
    x = torch.arange(count) / (count - 1)
    every = output[:, None].expand(-1, count, -1)
    log_p = curves.log_prob(every, x.expand(5, -1))
    torch.testing.assert_close(log_p.exp().sum(1), torch.ones(5), atol=1e-4, rtol=0)


def test_a_level_has_the_mass_of_its_piece_of_the_curve():
    curves = levels.Logistics(5, parts=1)
    output = torch.tensor([[0.0, -0.1, 1.0]])
    centre, scale = 0.4, 0.1 / 4 + math.log1p(math.exp(-1.0))
    cuts = (
        torch.tensor([-math.inf, 0.125, 0.375, 0.625, 0.875, math.inf]) - centre
    ) / scale
    mass = torch.sigmoid(cuts).diff()
    x = torch.arange(5) / 4
    found = curves.log_prob(output.expand(5, -1), x)
    torch.testing.assert_close(found.exp(), mass)


def test_mean_and_draws_agree_with_the_probabilities():
    curves = levels.Logistics(17)
    output = 2 * torch.randn(4, curves.width, generator=repro.generator(0))
    x = torch.arange(17) / 16
    odds = curves.log_prob(output[:, None].expand(-1, 17, -1), x.expand(4, -1)).exp()
    torch.testing.assert_close(curves.mean(output), odds @ x, atol=0.01, rtol=0)
    many = output[:, None].expand(-1, 20_000, -1)
    drawn = curves.sample(many, repro.generator(1))
    level = (drawn * 16).round().long()
    torch.testing.assert_close(drawn, level / 16)
    shares = torch.stack([row.bincount(minlength=17) for row in level]) / 20_000
    torch.testing.assert_close(shares, odds, atol=0.02, rtol=0)


def test_extreme_outputs_give_numbers_and_gradients():
    curves = levels.Logistics(256)
    output = torch.tensor([[0.0, 0, 0, 60, -60, 0, -80, 80, -300]], requires_grad=True)
    for value in (0.0, 0.5019608, 1.0):
        log_p = curves.log_prob(output, torch.tensor([value]))
        (slope,) = torch.autograd.grad(log_p.sum(), output)
        assert log_p.isfinite().all()
        assert slope.isfinite().all()


@pytest.mark.parametrize(
    ("shape", "greys"),
    [((1, 8, 8), 17), ((3, 16, 16), 256), ((1, 28, 28), 256), ((1, 5, 9), 2)],
)
@pytest.mark.parametrize("count", [1, 3])
def test_other_sizes_channels_and_batches(shape, greys, count):
    model, x = small(shape, greys=greys), pictures(count, shape, greys=greys)
    mu, sigma = model.encode(x)
    assert mu.shape == sigma.shape == (count, 3)
    assert (sigma > 0).all()
    terms = vae.elbo(model, x, generator=repro.generator(0))
    assert terms.value.shape == (count,)
    assert vae.reconstruct(model, x).shape == x.shape
    for pixels in ("drawn", "mean"):
        made = vae.sample(model, count, generator=repro.generator(0), pixels=pixels)
        assert made.shape == x.shape
        assert 0 <= made.min() <= made.max() <= 1
    bound = vae.iwae_bound(model, x, samples=2, generator=repro.generator(0))
    assert bound.shape == (count,)


def test_pictures_are_judged_alone_as_together():
    model, x = small(), pictures(3)
    z = torch.randn(3, 3, generator=repro.generator(0))
    together = model.log_likelihood(x, z)
    alone = torch.cat(
        [model.log_likelihood(x[i : i + 1], z[i : i + 1]) for i in range(3)]
    )
    torch.testing.assert_close(together, alone)


def test_bits_of_a_blind_guess():
    x = pictures(2)
    nats = torch.full((2,), -64 * math.log(17))
    torch.testing.assert_close(
        vae.bits_per_dim(nats, x), torch.full((2,), math.log2(17))
    )


def test_active_units_are_those_whose_mean_moves():
    class Half:
        def encode(self, x):
            mu = torch.stack([x, 0.05 * x, 0 * x + 4.0], 1)
            return mu, torch.ones_like(mu)

        def log_likelihood(self, x, z):
            raise NotImplementedError

    x = torch.randn(500, generator=repro.generator(0))
    assert vae.active_units(Half(), x) == 1
    assert vae.active_units(Half(), x, threshold=1e-3) == 2
    expected = torch.tensor([1.0, 0.0025, 0.0]) * x.var(correction=0)
    torch.testing.assert_close(vae.unit_variances(Half(), x), expected)


def test_a_handful_can_be_learnt_by_heart():
    x = data.images("digits").train_x[:4]
    model = small(latents=2)
    history = vae.train(
        model, x, steps=400, generator=repro.generator(0), beta=0.1, noise=0.0,
        learning_rate=1e-2, average=None, progress=False,
    )  # fmt: skip
    assert history.smoothed("reconstruction")[-1] < 0.5
    assert set(history.terms) == {"loss", "reconstruction", "KL"}
    assert (vae.reconstruct(model, x) - x).abs().mean() < 0.03


def test_a_heavy_divergence_silences_the_code():
    x = data.images("digits").train_x[:200]
    model = small(latents=4)
    vae.train(
        model, x, steps=150, generator=repro.generator(0), beta=50, average=None,
        learning_rate=1e-2, progress=False,
    )  # fmt: skip
    assert vae.active_units(model, x) == 0


def test_training_is_repeatable_and_ends_with_the_average():
    x = pictures(20)
    made = []
    for _ in range(2):
        model = small()
        history = vae.train(
            model, x, steps=5, generator=repro.generator(3), progress=False
        )
        made.append(model)
    for a, b, c in zip(
        made[0].parameters(), made[1].parameters(), history.average.parameters(),
        strict=True,
    ):  # fmt: skip
        assert torch.equal(a, b)
        assert torch.equal(b, c)


def test_a_loss_that_is_no_number_stops_the_run_and_keeps_good_weights():
    x = pictures(64)
    x[40] = math.nan  # one broken picture among good ones
    model = small()
    with pytest.raises(TrainingDiverged, match=r"after \d good steps") as caught:
        vae.train(
            model, x, steps=9, size=8, generator=repro.generator(0), progress=False
        )
    assert 0 < caught.value.step < 9
    assert len(caught.value.history.loss) == caught.value.step
    assert all(weights.isfinite().all() for weights in model.parameters())
    assert vae.elbo(model, x[:8], generator=repro.generator(0)).value.isfinite().all()


def test_what_is_wrong_is_said():
    model = small()
    with pytest.raises(ValueError, match=r"shape \(1, 8, 8\), not \(1, 7, 8\)"):
        model.encode(torch.zeros(2, 1, 7, 8))
    with pytest.raises(ValueError, match='"drawn" or "mean"'):
        vae.sample(model, 1, generator=repro.generator(0), pixels="mode")
    with pytest.raises(ValueError, match="1 or more"):
        vae.log_weights(model, pictures(1), samples=0, generator=repro.generator(0))
    with pytest.raises(ValueError, match="2 grey levels"):
        vae.VAE((1, 8, 8), levels=1)


def test_the_zoo_has_it(tmp_path, monkeypatch):
    monkeypatch.setenv("MINIGEN_ZOO", str(tmp_path))
    model = zoo.get("vae.vae", budget=0.02, latents=2)
    assert model.latents == 2
    again = zoo.get("vae.vae", budget=0.02, latents=2)
    z = torch.zeros(1, 2)
    assert torch.equal(model.mean(z), again.mean(z))
    assert isinstance(model, nn.Module)


def test_the_pages_picture_is_the_decoders_mean():
    model = small((3, 16, 16), greys=256)
    z = torch.randn(2, 3, generator=repro.generator(0))
    torch.testing.assert_close(vae.Picture(model)(z=z), model.mean(z))
