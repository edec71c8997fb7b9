"""Density models against PyTorch's and scikit-learn's own, quadrature and algebra."""

import math

import numpy as np
import pytest
import torch
from sklearn.mixture import GaussianMixture
from torch import Tensor
from torch.distributions import MultivariateNormal

from minigen import data, density, gaussian, repro

LEVELS = 5
SHAPE = (1, 2, 2)


def covariance(d: int, seed: int = 0) -> Tensor:
    root = torch.randn(d, d, generator=repro.generator(seed), dtype=torch.float64)
    return root @ root.T + 0.1 * torch.eye(d, dtype=torch.float64)


def pictures(n: int = 60, seed: int = 0) -> tuple[Tensor, Tensor]:
    """Draw small pictures of two classes whose pixels agree with each other."""
    rng = repro.generator(seed)
    y = torch.arange(n) % 2
    base = torch.rand(n, 1, 1, 1, generator=rng) * 2 + 2 * y.view(-1, 1, 1, 1)
    level = (base + torch.rand(n, *SHAPE, generator=rng)).floor().clamp(0, LEVELS - 1)
    return level / (LEVELS - 1), y


def fitted(kind: str, *, parts: int = 1, n: int = 60) -> density.Density:
    x, y = pictures(n)
    x = density.dequantise(x, LEVELS, repro.generator(1))
    if kind == "gaussians":
        model = density.Gaussians(SHAPE, classes=2, parts=parts)
        return model.fit(x, y, shrinkage=0.2, generator=repro.generator(2))
    if kind == "histograms":
        return density.Histograms(SHAPE, classes=2, levels=LEVELS).fit(
            x, y, smoothing=0.5
        )
    return density.Copula(SHAPE, classes=2, levels=LEVELS).fit(
        x, y, smoothing=0.5, shrinkage=0.2
    )


KINDS = ["gaussians", "histograms", "copula"]


def test_log_normal_equals_pytorchs() -> None:
    means = torch.randn(3, 4, generator=repro.generator(0), dtype=torch.float64)
    sigmas = torch.stack([covariance(4, seed) for seed in range(3)])
    x = torch.randn(7, 4, generator=repro.generator(1), dtype=torch.float64)
    ours = gaussian.log_normal(x, means, sigmas)
    theirs = MultivariateNormal(means, sigmas).log_prob(x.unsqueeze(1))
    torch.testing.assert_close(ours, theirs)


def test_shrinking_keeps_its_ends() -> None:
    sigma, shared = covariance(3), torch.ones(3, dtype=torch.float64)
    assert torch.equal(gaussian.shrink(sigma, 0, shared=shared), sigma)
    whole = gaussian.shrink(sigma, 1, shared=shared)
    assert torch.equal(whole, whole.diagonal().diag())
    kept = gaussian.shrink(sigma, 0.5, shared=sigma.diagonal())
    torch.testing.assert_close(kept.diagonal(), sigma.diagonal())
    torch.testing.assert_close(kept[0, 1], sigma[0, 1] / 2)
    with pytest.raises(ValueError, match=r"not 1\.5"):
        gaussian.shrink(sigma, 1.5, shared=shared)


def test_conditioning_is_the_ratio_of_two_densities() -> None:
    """p(u | s) = p(u, s) / p(s), whose peak and curvature are those of the formula."""
    sigma, mean = covariance(3), torch.tensor([1.0, -2, 0.5], dtype=torch.float64)
    seen = torch.tensor([True, False, True])
    x = torch.tensor([0.3, 0.0, -0.4], dtype=torch.float64)
    expected = gaussian.condition(mean, sigma, seen, x[seen][None])[0, 0]
    grid = torch.linspace(-30, 30, 60_001, dtype=torch.float64)
    points = x.repeat(len(grid), 1)
    points[:, 1] = grid
    weights = MultivariateNormal(mean, sigma).log_prob(points).softmax(0)
    centre = (weights * grid).sum()
    assert expected == pytest.approx(float(centre), abs=1e-6)
    draws = gaussian.condition(
        mean, sigma, seen, x[seen].repeat(20_000, 1), generator=repro.generator(0)
    )
    spread = (weights * (grid - centre).square()).sum()
    assert float(draws.mean()) == pytest.approx(float(centre), abs=0.05)
    assert float(draws.var()) == pytest.approx(float(spread), rel=0.05)


def two_heaps(n: int = 300) -> Tensor:
    rng = repro.generator(3)
    heaps = torch.randn(n, 2, generator=rng, dtype=torch.float64)
    heaps[: n // 3] = heaps[: n // 3] * 0.4 + torch.tensor([3.0, -2.0])
    return heaps


def test_expectation_maximisation_ends_where_scikit_learns_does() -> None:
    x = two_heaps()
    ours = gaussian.fit_mixture(x, parts=2, steps=200, generator=repro.generator(0))
    theirs = GaussianMixture(2, tol=1e-12, max_iter=500, reg_covar=0, random_state=0)
    theirs.fit(x.numpy())
    order = np.argsort(theirs.weights_)
    mine = ours.log_weight.argsort()
    np.testing.assert_allclose(
        ours.log_weight.exp()[mine], theirs.weights_[order], rtol=1e-5
    )
    np.testing.assert_allclose(ours.mean[mine], theirs.means_[order], rtol=1e-4)
    np.testing.assert_allclose(
        ours.covariance[mine], theirs.covariances_[order], rtol=1e-4
    )
    assert ours.trace[-1] == pytest.approx(theirs.score(x.numpy()), rel=1e-8)


def test_no_step_makes_the_data_less_likely() -> None:
    x = two_heaps()
    for seed in range(5):
        mixture = gaussian.fit_mixture(
            x, parts=3, steps=40, generator=repro.generator(seed)
        )
        steps = np.diff(mixture.trace)
        assert (steps > -1e-10).all()
        assert steps[0] > 1e-4


def test_equal_examples_leave_a_part_with_nothing_to_explain() -> None:
    x = torch.ones(6, 2, dtype=torch.float64)
    mixture = gaussian.fit_mixture(
        x,
        parts=2,
        estimate=lambda scatter: scatter + torch.eye(2),
        generator=repro.generator(0),
    )
    torch.testing.assert_close(mixture.mean, torch.ones(2, 2, dtype=torch.float64))


def test_a_mixture_says_what_it_lacks() -> None:
    x = two_heaps(9)
    with pytest.raises(ValueError, match="10 parts need as many examples"):
        gaussian.fit_mixture(x, parts=10, generator=repro.generator(0))
    with pytest.raises(ValueError, match="generator="):
        gaussian.fit_mixture(x, parts=2)


@pytest.mark.parametrize("levels", [2, 17, 256])
def test_quantising_undoes_dequantising(levels: int) -> None:
    level = torch.randint(levels, (50, 1, 4, 4), generator=repro.generator(0))
    x = (level / (levels - 1)).float()
    for noise in (None, repro.generator(1)):
        spread = density.dequantise(x, levels, noise)
        assert 0 <= spread.min() <= spread.max() < 1
        assert torch.equal(density.quantise(spread, levels), x)


def test_samples_outside_the_range_go_to_its_ends() -> None:
    x = torch.tensor([-3.0, 0.999, 1.0, 7.0]).view(1, 1, 2, 2)
    assert density.quantise(x, 17).flatten().tolist() == [0, 1, 1, 1]


def test_knowing_nothing_costs_the_logarithm_of_the_levels() -> None:
    x, y = pictures()
    model = density.Histograms(SHAPE, classes=2, levels=LEVELS)
    model.fit(density.dequantise(x, LEVELS), y, smoothing=1e12)
    bits = density.bits_per_dim(model, x, levels=LEVELS, generator=repro.generator(0))
    torch.testing.assert_close(bits, torch.full_like(bits, math.log2(LEVELS)))


def test_bits_of_histograms_are_those_of_the_discrete_model() -> None:
    x, y = pictures()
    model = fitted("histograms")
    bits = density.bits_per_dim(
        model, x, y, levels=LEVELS, generator=repro.generator(0)
    )
    level = (x.flatten(1) * (LEVELS - 1)).round().long()
    for row in range(5):
        chances = model.share[y[row], torch.arange(4), level[row]]
        assert float(bits[row]) == pytest.approx(-float(chances.log2().mean()))


def test_bits_never_fall_under_the_discrete_cost() -> None:
    """In one pixel: −log P(level) ≤ the mean cost of the noisy value (Theis, 2016)."""
    x, y = pictures()
    model = density.Gaussians((1, 1, 1), classes=2)
    x = x[:, :, :1, :1]
    model.fit(density.dequantise(x, LEVELS, repro.generator(0)), y, shrinkage=0.0)
    noisy = density.bits_per_dim(
        model, x, y, levels=LEVELS, generator=repro.generator(0), draws=300
    )
    edges = torch.linspace(0, 1, LEVELS + 1, dtype=torch.float64)
    level = (x.flatten() * (LEVELS - 1)).round().long()
    bell = torch.distributions.Normal(
        model.mean[y, 0, 0], model.covariance[y, 0, 0, 0].sqrt()
    )
    discrete = -(bell.cdf(edges[level + 1]) - bell.cdf(edges[level])).log2()
    assert (noisy > discrete - 0.02).all()
    assert (noisy > discrete + 0.02).any()


def test_one_gaussian_a_class_equals_pytorchs() -> None:
    x, y = pictures()
    x = density.dequantise(x, LEVELS, repro.generator(1))
    model = density.Gaussians(SHAPE, classes=2).fit(x, y, shrinkage=0.0)
    for label in (0, 1):
        group = x[y == label].flatten(1)
        normal = MultivariateNormal(group.mean(0), group.T.cov(correction=0))
        torch.testing.assert_close(
            model.log_prob(x, torch.full_like(y, label)), normal.log_prob(x.flatten(1))
        )


def test_mixtures_equal_scikit_learns_scores() -> None:
    x, _ = pictures()
    x = density.dequantise(x, LEVELS, repro.generator(1))
    model = fitted("gaussians", parts=3)
    for label in (0, 1):
        theirs = GaussianMixture(3)
        theirs.weights_ = (model.log_weight[label] - model.log_prior[label]).exp()
        theirs.weights_ = theirs.weights_.numpy()
        theirs.means_ = model.mean[label].numpy()
        theirs.covariances_ = model.covariance[label].numpy()
        inverse = np.linalg.inv(theirs.covariances_)
        theirs.precisions_cholesky_ = np.linalg.cholesky(inverse)
        ours = model.log_prob(x, torch.full((len(x),), label))
        np.testing.assert_allclose(
            ours, theirs.score_samples(x.flatten(1).numpy()), rtol=1e-9
        )


@pytest.mark.parametrize("kind", KINDS)
def test_bayes_rule_holds_together(kind: str) -> None:
    x, y = pictures(n=50)
    x, model = density.dequantise(x, LEVELS), fitted(kind, parts=2, n=45)
    torch.testing.assert_close(
        model.log_prior.exp(), torch.tensor([23, 22]).double() / 45
    )
    joint = model.log_joint(x)
    posterior = model.posterior(x)
    torch.testing.assert_close(posterior.sum(1), torch.ones(50).double())
    torch.testing.assert_close(
        (posterior.log() + model.log_marginal(x).unsqueeze(1)), joint
    )
    torch.testing.assert_close(
        model.log_prob(x, y) + model.log_prior[y], joint[torch.arange(50), y]
    )
    torch.testing.assert_close(model.surprise(x), -joint.exp().sum(1).log())
    assert (joint.argmax(1) == y).float().mean() > 0.9


@pytest.mark.parametrize("kind", ["histograms", "copula"])
@pytest.mark.parametrize("label", [0, 1])
def test_densities_on_the_unit_square_have_area_one(kind: str, label: int) -> None:
    x, y = pictures()
    x = density.dequantise(x, LEVELS, repro.generator(1))[:, :, :1, :]
    model = {"histograms": density.Histograms, "copula": density.Copula}[kind](
        (1, 1, 2), classes=2, levels=LEVELS
    )
    model.fit(x, y, smoothing=0.5)
    side = (torch.arange(400).double() + 0.5) / 400
    grid = torch.cartesian_prod(side, side).view(-1, 1, 1, 2)
    labels = torch.full((len(grid),), label)
    area = model.log_prob(grid, labels).exp().mean()
    assert float(area) == pytest.approx(1, abs=2e-3)


def test_the_copula_keeps_histograms_and_adds_correlations() -> None:
    copula, alone = fitted("copula", n=2000), fitted("histograms", n=2000)
    torch.testing.assert_close(copula.share, alone.share)
    first = torch.zeros(SHAPE, dtype=torch.bool)
    first[0, 0, 0] = True
    x = density.dequantise(pictures()[0], LEVELS)
    torch.testing.assert_close(copula.log_joint(x, first), alone.log_joint(x, first))
    x, y = pictures(500, seed=9)
    settings = {"levels": LEVELS, "draws": 5}
    tied, loose = (
        density.bits_per_dim(m, x, y, generator=repro.generator(0), **settings).mean()
        for m in (copula, alone)
    )
    assert tied < loose - 0.1


@pytest.mark.parametrize("kind", KINDS)
def test_seen_pixels_alone_give_the_marginal(kind: str) -> None:
    """p(s) is p(s, u) integrated over the one unseen pixel u."""
    model = fitted(kind, parts=2)
    seen = torch.tensor([True, True, False, True]).view(SHAPE)
    x = density.dequantise(pictures(n=3)[0], LEVELS)
    grid = torch.linspace(-2, 3, 10_001).double()
    if kind != "gaussians":
        grid = (torch.arange(10_000).double() + 0.5) / 10_000
    for picture in x:
        many = picture.repeat(len(grid), 1, 1, 1)
        many[:, 0, 1, 0] = grid
        width = grid[1] - grid[0]
        area = model.log_joint(many).logsumexp(0) + width.log()
        torch.testing.assert_close(
            area, model.log_joint(picture[None], seen)[0], atol=2e-3, rtol=0
        )


@pytest.mark.parametrize("kind", ["gaussians", "histograms"])
def test_inpainting_gives_the_mean_of_the_conditional(kind: str) -> None:
    model = fitted(kind, parts=2)
    seen = torch.tensor([True, True, False, True]).view(SHAPE)
    grid = torch.linspace(-2, 3, 10_001).double()
    if kind != "gaussians":
        grid = (torch.arange(10_000).double() + 0.5) / 10_000
    for picture in density.dequantise(pictures(n=3)[0], LEVELS):
        many = picture.repeat(len(grid), 1, 1, 1)
        many[:, 0, 1, 0] = grid
        mean = (model.log_marginal(many).softmax(0) * grid).sum()
        mended = model.inpaint(picture[None], seen)[0]
        assert float(mended[0, 1, 0]) == pytest.approx(float(mean), abs=1e-3)
        assert torch.equal(mended[seen], picture[seen])


@pytest.mark.parametrize("kind", KINDS)
def test_draws_have_the_conditionals_mean_and_a_seed_repeats_them(kind: str) -> None:
    model = fitted(kind, parts=2)
    seen = torch.tensor([True, True, False, True]).view(SHAPE)
    x = density.dequantise(pictures(n=1)[0], LEVELS).repeat(4000, 1, 1, 1)
    draws = [model.inpaint(x, seen, generator=repro.generator(s)) for s in (0, 0, 1)]
    assert torch.equal(draws[0], draws[1])
    assert not torch.equal(draws[0], draws[2])
    unseen = draws[0][:, 0, 1, 0]
    middle = unseen.median() if kind == "copula" else unseen.mean()
    label = model.posterior(x[:1], seen).argmax(1).expand(len(x))
    told = model.inpaint(x, seen, label)[0, 0, 1, 0]
    assert float(middle) == pytest.approx(float(told), abs=0.03)


@pytest.mark.parametrize("kind", KINDS)
def test_samples_have_the_means_of_what_was_learnt(kind: str) -> None:
    model = fitted(kind, parts=2, n=600)
    x, y = pictures(600)
    x = density.dequantise(x, LEVELS, repro.generator(1))
    labels = torch.tensor([0, 1]).repeat_interleave(3000)
    made = model.sample(labels, generator=repro.generator(0))
    for label in (0, 1):
        real, ours = x[y == label].flatten(1), made[labels == label].flatten(1)
        torch.testing.assert_close(ours.mean(0), real.mean(0), atol=0.02, rtol=0)
        torch.testing.assert_close(ours.std(0), real.std(0), atol=0.02, rtol=0)
        together = (real.T.corrcoef()[0, 1], ours.T.corrcoef()[0, 1])
        if kind == "histograms":
            assert abs(together[1]) < 0.08 < together[0] - 0.3
        else:
            assert together[1] > 0.6 * together[0] > 0.3


@pytest.mark.parametrize("kind", KINDS)
def test_all_or_nothing_known(kind: str) -> None:
    model, x = fitted(kind, parts=2), density.dequantise(pictures()[0], LEVELS)
    everything = torch.ones(SHAPE, dtype=torch.bool)
    assert torch.equal(model.inpaint(x, everything), x)
    prior = model.posterior(x, ~everything)
    torch.testing.assert_close(prior, model.log_prior.exp().expand(len(x), 2))
    average = model.inpaint(x, ~everything)
    assert torch.isfinite(average).all()


def test_labels_come_in_their_proportions() -> None:
    x, y = pictures(90)
    y = (torch.arange(90) % 3 == 0).long()
    model = density.Histograms(SHAPE, classes=2, levels=LEVELS)
    model.fit(density.dequantise(x, LEVELS), y, smoothing=1.0)
    labels = model.draw_labels(9000, generator=repro.generator(0))
    assert float(labels.double().mean()) == pytest.approx(1 / 3, abs=0.02)


def test_a_class_with_one_picture_and_still_pixels_are_fitted() -> None:
    x, _ = pictures()
    x[:, 0, 0, 0] = 0.0
    y = torch.zeros(60, dtype=torch.long)
    y[7] = 1
    noisy = density.dequantise(x, LEVELS, repro.generator(0))
    model = density.Gaussians(SHAPE, classes=2).fit(noisy, y, shrinkage=0.3)
    assert torch.isfinite(model.log_joint(noisy)).all()
    copula = density.Copula(SHAPE, classes=2, levels=LEVELS)
    copula.fit(noisy, y, smoothing=0.5)
    assert torch.isfinite(copula.log_joint(noisy)).all()
    with pytest.raises(ValueError, match="shrinkage above 0"):
        density.Gaussians(SHAPE, classes=2).fit(noisy, y, shrinkage=0).log_joint(noisy)


def test_errors_say_what_to_do() -> None:
    x, y = pictures()
    model = density.Gaussians(SHAPE, classes=3)
    with pytest.raises(ValueError, match="without pictures: 2"):
        model.fit(x, y, shrinkage=0.1)
    with pytest.raises(ValueError, match="labels run from 0 to 1"):
        density.Gaussians(SHAPE, classes=1).fit(x, y, shrinkage=0.1)
    with pytest.raises(ValueError, match=r"shape \(1, 2, 2\), not \(1, 3, 3\)"):
        fitted("gaussians").log_joint(torch.zeros(1, 1, 3, 3))
    with pytest.raises(ValueError, match="dequantise first"):
        fitted("histograms").log_joint(x)
    with pytest.raises(ValueError, match="above 0, not 0"):
        density.Histograms(SHAPE, classes=2, levels=LEVELS).fit(x, y, smoothing=0)


@pytest.mark.parametrize("name", ["histograms", "gaussian", "mixture", "copula"])
def test_recipes_beat_the_uniform_guess_on_digits(name: str) -> None:
    digits = data.images("digits")
    recipe = density.RECIPES[name]()
    model = recipe.build()
    recipe.train(model, seed=0, budget=1)
    bits = density.bits_per_dim(
        model, digits.test_x, levels=digits.levels, generator=repro.generator(0)
    )
    bound = {"histograms": 2.3, "gaussian": 2.65, "mixture": 2.65, "copula": 2.1}
    assert bits.mean() < bound[name] < math.log2(17)
    middle = density.dequantise(digits.test_x, digits.levels)
    right = model.posterior(middle).argmax(1) == digits.test_y
    assert right.float().mean() > (0.86 if name == "histograms" else 0.94)
