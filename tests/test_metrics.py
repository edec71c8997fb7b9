"""The distances against closed forms, and the ruler against what it promises."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.linalg import sqrtm
from sklearn.metrics.pairwise import polynomial_kernel

from minigen import data, features, metrics, repro
from minigen.data import ImageSet
from minigen.ruler import SIZE, Ruler, last_layer_frechet


@pytest.fixture(scope="module")
def digits():
    return data.images("digits")


@pytest.fixture(scope="module")
def ruler(digits):
    return Ruler.for_dataset(digits)


def normal(n, d, seed, *, mean=0.0, scale=1.0):
    noise = torch.randn(n, d, generator=repro.generator(seed), dtype=torch.float64)
    return mean + scale * noise


def test_frechet_equals_the_formula_with_a_matrix_root():
    a = normal(60, 5, 0) @ normal(5, 5, 1)
    b = normal(50, 5, 2, mean=0.3) @ normal(5, 5, 3)
    cov_a, cov_b = np.cov(a.numpy().T), np.cov(b.numpy().T)
    mean = ((a.mean(0) - b.mean(0)) ** 2).sum().item()
    expected = mean + np.trace(cov_a + cov_b - 2 * sqrtm(cov_a @ cov_b).real)
    assert metrics.frechet(a, b) == pytest.approx(expected, rel=1e-9)


def test_frechet_of_a_shift_is_its_square_and_of_a_scale_is_the_sd_difference():
    a = normal(400, 3, 0)
    assert metrics.frechet(a, a) == pytest.approx(0, abs=1e-9)
    assert metrics.frechet(a, a + 2) == pytest.approx(3 * 4, rel=1e-9)
    total_variance = a.var(0).sum().item()
    assert metrics.frechet(a, 3 * a - 2 * a.mean(0)) == pytest.approx(
        4 * total_variance, rel=1e-9
    )


def test_frechet_bears_fewer_rows_than_features():
    a = normal(10, 30, 0)
    b = normal(40, 30, 1)
    assert metrics.frechet(a, a) == pytest.approx(0, abs=1e-12)
    assert metrics.frechet(a, b) > 1
    # The order of the rows is no difference: not even in the tenth figure.
    assert metrics.frechet(a.flip(0), b) == pytest.approx(
        metrics.frechet(a, b), rel=1e-12
    )


def test_energy_distance_equals_its_definition_by_loops():
    a, b = normal(7, 3, 0), normal(5, 3, 1, mean=1.0)

    def mean(x, y, *, skip=False):
        pairs = [
            (p - q).norm().item()
            for i, p in enumerate(x)
            for j, q in enumerate(y)
            if not (skip and i == j)
        ]
        return sum(pairs) / len(pairs)

    plain = 2 * mean(a, b) - mean(a, a) - mean(b, b)
    unbiased = 2 * mean(a, b) - mean(a, a, skip=True) - mean(b, b, skip=True)
    assert metrics.energy_distance(a, b) == pytest.approx(plain, rel=1e-9)
    assert metrics.unbiased_energy_distance(a, b) == pytest.approx(unbiased, rel=1e-9)


def test_energy_distance_in_one_dimension_is_cramers():
    # 2 ∫ (F − G)² in one dimension: an oracle that uses no pairs at all.
    a, b = normal(40, 1, 0), normal(30, 1, 1, mean=0.5, scale=2)
    points = torch.cat([a, b]).flatten().sort().values
    f = (a.flatten()[:, None] <= points[:-1]).double().mean(0)
    g = (b.flatten()[:, None] <= points[:-1]).double().mean(0)
    area = 2 * ((f - g) ** 2 * points.diff()).sum().item()
    assert metrics.energy_distance(a, b) == pytest.approx(area, rel=1e-9)


def test_kernel_distance_equals_scikit_learns_kernel():
    a, b = normal(12, 4, 0), normal(9, 4, 1, mean=0.5)

    def kernel(x, y):
        return polynomial_kernel(x.numpy(), y.numpy(), degree=3, gamma=1 / 4, coef0=1)

    aa, bb = kernel(a, a), kernel(b, b)
    expected = (
        (aa.sum() - np.trace(aa)) / (12 * 11)
        + (bb.sum() - np.trace(bb)) / (9 * 8)
        - 2 * kernel(a, b).mean()
    )
    assert metrics.kernel_distance(a, b) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(
    "distance", [metrics.kernel_distance, metrics.unbiased_energy_distance]
)
def test_unbiased_distances_are_zero_on_average_and_may_be_negative(distance):
    values = np.array(
        [distance(normal(15, 3, s), normal(15, 3, 5000 + s)) for s in range(300)]
    )
    assert abs(values.mean()) < 3 * values.std() / math.sqrt(len(values))
    assert values.min() < 0
    assert distance(normal(50, 3, 0), normal(50, 3, 1, mean=2)) > 10 * values.std()


@pytest.mark.parametrize("distance", [metrics.frechet, metrics.energy_distance])
def test_biased_distances_are_symmetric_and_fall_with_size(distance):
    small = distance(normal(20, 4, 0), normal(20, 4, 1))
    large = distance(normal(500, 4, 0), normal(500, 4, 1))
    assert 0 < large < small / 5
    a, b = normal(20, 4, 2), normal(30, 4, 3)
    assert distance(a, b) == pytest.approx(distance(b, a), rel=1e-9)


def test_samples_that_are_no_samples_are_refused():
    bad = normal(10, 3, 0)
    bad[2, 1] = float("nan")
    with pytest.raises(ValueError, match="nan"):
        metrics.frechet(bad, normal(10, 3, 1))
    with pytest.raises(ValueError, match="two rows"):
        metrics.energy_distance(normal(1, 3, 0), normal(10, 3, 1))


def test_two_sample_classifier_is_lost_without_a_difference_and_finds_one():
    same = [
        metrics.two_sample_accuracy(normal(100, 3, s), normal(100, 3, 90 + s))
        for s in range(6)
    ]
    assert 0.44 < np.mean(same) < 0.56
    wider = metrics.two_sample_accuracy(normal(100, 3, 0), normal(100, 3, 1, scale=3))
    assert wider > 0.75
    # Of unequal sizes the larger is no safe guess, and the smaller is still found.
    large = normal(300, 3, 0)
    assert metrics.two_sample_accuracy(large, normal(60, 3, 1)) < 0.62
    assert metrics.two_sample_accuracy(large, normal(60, 3, 1, mean=0.7)) > 0.62
    with pytest.raises(ValueError, match="5 rows"):
        metrics.two_sample_accuracy(normal(3, 3, 0), normal(50, 3, 1))


def test_nearest_distance_is_the_least_of_all():
    a, b = normal(6, 3, 0), normal(8, 3, 1)
    expected = [min((p - q).norm().item() for q in b) for p in a]
    assert metrics.nearest_distance(a, b).tolist() == pytest.approx(expected, rel=1e-5)


def test_bits_per_dimension_of_a_uniform_guess():
    assert metrics.bits_per_dimension(64 * math.log(17), 64) == pytest.approx(
        math.log2(17)
    )
    with pytest.raises(ValueError, match="1 or more"):
        metrics.bits_per_dimension(3.0, 0)


def test_accuracy_counts():
    said, truth = torch.tensor([0, 1, 2, 2]), torch.tensor([0, 1, 1, 2])
    assert metrics.accuracy(said, truth) == 0.75
    with pytest.raises(ValueError, match="at least one"):
        metrics.accuracy(said[:0], truth[:0])


def test_bootstrap_interval_covers_the_mean_as_often_as_it_says():
    held = 0
    for seed in range(200):
        low, high = metrics.bootstrap_interval(
            normal(40, 1, seed).flatten().tolist(), resamples=400
        )
        held += low <= 0 <= high
    assert 0.88 <= held / 200 <= 0.99
    values = [1.0, 2.0, 4.0]
    assert metrics.bootstrap_interval(values) == metrics.bootstrap_interval(values)
    low, high = metrics.bootstrap_interval(
        [1.0, 2.0, 30.0], statistic=lambda x: x.median(-1).values
    )
    assert (low, high) == (1.0, 30.0)
    with pytest.raises(ValueError, match="two values"):
        metrics.bootstrap_interval([1.0])


# The classifier


def test_the_digits_classifier_is_the_committed_one(
    digits, ruler, monkeypatch, tmp_path
):
    def trained(*_, **__):
        raise AssertionError("the digits' classifier is committed, not trained")

    monkeypatch.setattr(features, "train", trained)
    monkeypatch.setenv("MINIGEN_DATA", str(tmp_path))  # and no copy in the cache either
    net = features.classifier_for(digits)
    assert torch.equal(net.features(digits.test_x), ruler.features(digits.test_x))
    right = features.accuracy_on_test(net, digits)
    assert right > 0.98
    stated = float(features._metadata(features.DIGITS)["test_accuracy"])
    assert right == pytest.approx(stated, abs=1e-3)


def test_features_are_bounded_whatever_is_shown(ruler):
    noise = torch.rand(50, 1, 8, 8, generator=repro.generator(0))
    shown = torch.cat([noise, noise.round(), torch.zeros(1, 1, 8, 8)])
    rows = ruler.features(shown)
    assert rows.shape == (101, 320)
    assert rows.norm(dim=1).max() <= 1
    assert rows[:, -features.LAST :].norm(dim=1).max() <= math.sqrt(0.5) + 1e-6


def other_set(digits, **changes):
    few = torch.arange(300)
    small = {"train_x": digits.train_x[few], "train_y": digits.train_y[few]}
    return replace(digits, **(small | changes), name="other")


def test_another_dataset_gets_its_own_classifier_once(digits, tmp_path, monkeypatch):
    monkeypatch.setenv("MINIGEN_DATA", str(tmp_path))
    other = other_set(digits)
    before = torch.get_rng_state()
    made = features.classifier_for(other, budget=0.02)
    assert torch.equal(before, torch.get_rng_state())
    (path,) = (tmp_path / "features").iterdir()
    again = features.classifier_for(other, budget=0.02)
    images = digits.test_x[:5]
    assert torch.equal(made(images), again(images))
    path.write_bytes(b"not what was saved")  # a damaged copy is made anew
    mended = features.classifier_for(other, budget=0.02)
    assert torch.equal(made(images), mended(images))
    changed = other_set(digits, train_y=digits.train_y[:300].flip(0))
    features.classifier_for(changed, budget=0.02)
    assert len(list((tmp_path / "features").iterdir())) == 2


def test_a_ruler_fits_colour_and_other_sizes(tmp_path, monkeypatch):
    monkeypatch.setenv("MINIGEN_DATA", str(tmp_path))
    rng = repro.generator(0)
    x, y = torch.rand(120, 3, 16, 12, generator=rng), torch.arange(120) % 3
    x[y == 0, 0] *= 0.2
    parts = ImageSet("made", x[:60], y[:60], x[60:], y[60:], ("a", "b", "c"), 256)
    made = Ruler.for_dataset(parts, budget=0.01).distance(x[:60], y[:60], draws=3)
    assert made.size == 22  # three eighths of the test pictures
    assert 0.3 < made.ratio < 3


# The ruler


def test_fresh_real_pictures_stand_at_the_floor(ruler, digits):
    # The classifier was trained on these, and yet hardly knows them.
    for labels in (digits.train_y, None):
        made = ruler.distance(digits.train_x, labels)
        low, high = made.interval
        assert low < 1 < high
        assert 0.85 < made.ratio < 1.15
        assert (made.size, made.draws) == (SIZE, 40)


def test_defects_stand_above_the_floor_in_the_order_of_their_strength(ruler, digits):
    rng = repro.generator(0)
    noise = torch.randn(digits.train_x.shape, generator=rng)
    ratios = [
        ruler.distance(
            (digits.train_x + strength * noise).clamp(0, 1), digits.train_y
        ).ratio
        for strength in (0.0, 0.15, 0.3, 1.0)
    ]
    assert ratios == sorted(ratios)
    assert ratios[2] > 1.5
    assert ratios[3] > 10


def test_a_missing_class_is_seen_without_labels_and_named_with_them(ruler, digits):
    kept = digits.train_y != 8
    x, y = digits.train_x[kept], digits.train_y[kept]
    assert ruler.distance(x).interval[0] > 1.05
    with pytest.raises(ValueError, match=r"no picture labelled 8"):
        ruler.distance(x, y)


def test_labels_that_are_not_what_was_drawn_are_seen_by_accuracy(ruler, digits):
    right = metrics.accuracy(ruler.predict(digits.test_x), digits.test_y)
    wrong = metrics.accuracy(ruler.predict(digits.test_x), digits.test_y.flip(0))
    assert right > 0.98
    assert wrong < 0.3


def test_proportions_of_given_labels_do_not_count(ruler, digits):
    # Twice as many of class 0 as of any other: the labels were asked for.
    zeros = digits.train_y == 0
    x = torch.cat([digits.train_x, digits.train_x[zeros]])
    y = torch.cat([digits.train_y, digits.train_y[zeros]])
    assert ruler.distance(x, y).ratio == pytest.approx(1, abs=0.15)


def test_chance_makes_the_floor_higher_where_there_are_no_labels(ruler):
    for measure in (metrics.energy_distance, last_layer_frechet):
        labelled = ruler.floor(measure, labelled=True)
        assert ruler.floor(measure, labelled=False) > 1.1 * labelled


def test_both_parts_of_the_floor_are_disjoint_and_in_proportion(ruler, digits):
    parts = []

    def spy(b, a):
        parts.append((a, b))
        return 0.0

    ruler.floor_values(spy, labelled=True, draws=3)
    real = ruler.features(digits.test_x)
    place = {tuple(row.tolist()): i for i, row in enumerate(real)}
    share = digits.test_y.bincount() / len(digits.test_y)
    for a, b in parts:
        first, second = ([place[tuple(r.tolist())] for r in part] for part in (a, b))
        assert not set(first) & set(second)
        assert len(set(first)) == len(set(second)) == SIZE
        for part in (first, second):
            counts = digits.test_y[part].bincount(minlength=10)
            assert (counts - share * SIZE).abs().max() < 1


def test_draws_repeat_with_their_seed_and_differ_without(ruler, digits):
    def values(seed):
        return ruler.values(
            digits.train_x, digits.train_y, draws=3, generator=repro.generator(seed)
        )

    assert torch.equal(values(1), values(1))
    assert not torch.equal(values(1), values(2))


def test_few_samples_shrink_both_sides(ruler, digits):
    made = ruler.distance(digits.train_x[:40], draws=4)
    assert made.size == 20
    assert made.floor == ruler.floor(size=20, labelled=False)
    assert made.floor > 5 * ruler.floor(labelled=False)
    assert ruler.distance(digits.train_x[:4], draws=2).size == 2


def test_what_cannot_be_measured_is_said(ruler, digits):
    x, y = digits.train_x, digits.train_y
    with pytest.raises(ValueError, match="too few"):
        ruler.distance(x[:3])
    with pytest.raises(ValueError, match=r"lie in \[0, 1\]"):
        ruler.distance(2 * x - 1)
    with pytest.raises(ValueError, match="finite"):
        ruler.distance(x * float("nan"))
    with pytest.raises(ValueError, match=r"shape \(1, 8, 8\)"):
        ruler.distance(x[:, :, :4])
    with pytest.raises(ValueError, match="2 draws"):
        ruler.distance(x, draws=1)
    with pytest.raises(ValueError, match="1300 samples, but 7 labels"):
        ruler.size(len(x), y[:7])


def test_copies_are_seen_where_the_distance_sees_none(ruler, digits):
    copied = ruler.copies(digits.train_x[:300])
    assert copied.close == copied.nearer == 1
    assert ruler.distance(digits.train_x, digits.train_y).ratio < 1.15
    # Fresh: the test pictures play the training's part, and the training's the test's.
    other = replace(
        digits, test_x=digits.train_x[:650], test_y=digits.train_y[:650],
        train_x=digits.train_x[650:], train_y=digits.train_y[650:],
    )  # fmt: skip
    fresh = Ruler(other, ruler.classifier).copies(digits.test_x)
    assert fresh.nearer_if_fresh == 0.5
    assert fresh.nearer == pytest.approx(0.5, abs=0.07)
    assert fresh.close < 0.04
