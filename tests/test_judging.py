"""Density, coverage, bias and copies, against oracles and closed forms."""

import math

import numpy as np
import pytest
import torch
from scipy import stats
from sklearn.metrics import roc_auc_score
from sklearn.neighbors import NearestNeighbors

from minigen import data, judging, metrics, repro
from minigen.ruler import Ruler


def normal(n, d, seed, *, mean=0.0, scale=1.0):
    noise = torch.randn(n, d, generator=repro.generator(seed), dtype=torch.float64)
    return mean + scale * noise


def by_neighbours(real, made, k):
    """Density and coverage with scikit-learn's neighbours, ball by ball."""
    near = NearestNeighbors(n_neighbors=k + 1).fit(real)
    reach = near.kneighbors(real)[0][:, k]
    inside = [
        [math.dist(x, y) <= r for y in made] for x, r in zip(real, reach, strict=True)
    ]
    table = np.array(inside)
    return table.sum() / k / len(made), table.any(1).mean()


@pytest.mark.parametrize("k", [1, 3, 5])
def test_density_and_coverage_equal_their_definition_ball_by_ball(k):
    real, made = normal(40, 3, 0), normal(25, 3, 1, mean=0.5)
    found = judging.density_coverage(real, made, nearest=k)
    assert found == pytest.approx(by_neighbours(real.numpy(), made.numpy(), k))


@pytest.mark.parametrize(("n", "m"), [(60, 60), (60, 20), (30, 90)])
def test_coverage_of_a_perfect_generator_is_as_the_formula_says(n, m):
    found = [
        judging.density_coverage(normal(n, 4, 2 * s), normal(m, 4, 2 * s + 1))
        for s in range(200)
    ]
    density, coverage = np.array(found).T
    error = coverage.std(ddof=1) / math.sqrt(len(found))
    expected = judging.expected_coverage(n, m)
    assert abs(coverage.mean() - expected) < 4 * error
    # A made row is in a ball with probability k/n, and there are n balls.
    assert abs(density.mean() - 1) < 4 * density.std(ddof=1) / math.sqrt(len(found))


def test_samples_far_away_have_none_of_the_four():
    far = judging.quality(normal(40, 3, 0), normal(40, 3, 1, mean=50))
    assert far == (0, 0, 0, 0)


def test_a_copy_has_all_and_precision_and_recall_are_those_of_metrics():
    real, made = normal(40, 3, 0), normal(40, 3, 1, mean=0.4)
    same = judging.quality(real, real)
    assert same.precision == same.recall == same.coverage == 1
    assert judging.quality(real, made)[:2] == metrics.precision_recall(real, made)


def test_halves_take_equal_sizes_and_the_same_real_rows_for_all():
    real, made = normal(80, 3, 0), normal(200, 3, 1)
    rng = repro.generator
    twice = judging.quality_by_halves(real, made, made + 9, generator=rng(0), draws=6)
    assert len(twice) == 3
    assert twice[1] == (0, 0, 0, 0)
    assert 0.6 < twice[0].precision < 1
    assert 0.6 < twice[2].coverage < 1
    alone = judging.quality_by_halves(real, generator=rng(0), draws=6)
    assert len(alone) == 1


def test_the_bias_of_the_frechet_distance_is_found_and_taken_out():
    a, b = normal(6000, 4, 0), normal(6000, 4, 1, mean=0.2)
    truth, sizes = 4 * 0.2**2, (50, 100, 200, 400)
    values = judging.frechet_by_size(
        a, b, sizes, draws=60, generator=repro.generator(0)
    )
    assert (values.diff() < 0).all()
    assert values[0] > 1.5 * truth
    limit, slope = judging.at_infinity(sizes, values)
    assert limit == pytest.approx(truth, rel=0.15)
    assert slope > 0


def test_a_line_in_one_over_n_is_found_exactly():
    sizes = (10, 20, 40)
    values = torch.tensor([3 + 5 / n for n in sizes])
    assert judging.at_infinity(sizes, values) == pytest.approx((3, 5), rel=1e-5)


def test_closer_is_the_statistic_of_mann_and_whitney():
    train, held, made = normal(50, 2, 0), normal(40, 2, 1), normal(30, 2, 2, scale=0.7)
    found = judging.closer(made, train, held)
    to_made = metrics.nearest_distance(made, train).numpy()
    to_held = metrics.nearest_distance(held, train).numpy()
    u = stats.mannwhitneyu(to_held, to_made).statistic / len(made) / len(held)
    assert found.value == pytest.approx(u)
    truth = np.repeat([0, 1], [len(made), len(held)])
    area = roc_auc_score(truth, np.concatenate([to_made, to_held]))
    assert found.value == pytest.approx(area)
    assert found.low < found.value < found.high


def test_the_interval_of_closer_covers_one_half_when_nothing_is_copied():
    held = 0
    for s in range(200):
        train, test, fresh = (normal(60, 3, 3 * s + i) for i in range(3))
        found = judging.closer(fresh, train, test)
        held += found.low <= 0.5 <= found.high
    assert 0.9 <= held / 200 <= 0.99


def test_copies_are_closer_and_none_is_authentic():
    train, held = normal(60, 3, 0), normal(60, 3, 1)
    copies = train[torch.randperm(60, generator=repro.generator(2))[:40]]
    assert judging.closer(copies, train, held).value == 1
    assert judging.authenticity(copies, train) == 0
    near = copies + 1e-3
    assert judging.authenticity(near, train) < 0.05
    assert 0.3 < judging.authenticity(held, train) < 0.9
    assert judging.authenticity(held + 40, train) == 1


def test_authenticity_by_hand():
    train = torch.tensor([[0.0], [1.0], [5.0]])
    samples = torch.tensor([[0.4], [-2.0], [5.5], [10.0]])
    # Nearest rows 0, 0, 5, 5, which lie 1, 1, 4 and 4 from their own neighbours.
    assert judging.authenticity(samples, train) == 0.5


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: judging.density_coverage(normal(5, 2, 0), normal(9, 2, 1)), "6 rows"),
        (lambda: judging.expected_coverage(5, 9), "more than nearest=5"),
        (lambda: judging.at_infinity([5, 5], torch.ones(2)), "two sizes"),
        (lambda: judging.authenticity(torch.full((3, 2), math.nan), normal(4, 2, 0)),
         "inf or nan"),
        (lambda: judging.frechet_by_size(normal(9, 2, 0), normal(9, 2, 1), [10],
                                         generator=repro.generator(0)), "too few"),
    ],
)  # fmt: skip
def test_what_cannot_be_judged_is_refused_with_a_sentence(call, words):
    with pytest.raises(ValueError, match=words):
        call()


def test_features_with_slopes_are_the_rulers_and_have_slopes():
    digits = data.images("digits")
    ruler = Ruler.for_dataset(digits)
    x = digits.test_x[:7].clone().requires_grad_(True)
    found = judging.features_with_slopes(ruler.classifier, x)
    assert torch.allclose(found.detach(), ruler.features(digits.test_x[:7]))
    (slope,) = torch.autograd.grad(found.sum(), x)
    assert slope.abs().max() > 0
