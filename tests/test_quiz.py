"""What a score in the quiz says, against scipy and by simulation."""

import math

import numpy as np
import pytest
from scipy import stats

from minigen import quiz


@pytest.mark.parametrize(("right", "asked"), [(0, 5), (3, 5), (14, 20), (20, 20)])
def test_wilsons_interval_is_scipys(right, asked):
    wanted = stats.binomtest(right, asked).proportion_ci(method="wilson")
    assert quiz.wilson(right, asked) == pytest.approx((wanted.low, wanted.high))


@pytest.mark.parametrize(("right", "asked"), [(0, 5), (3, 5), (14, 20), (20, 20)])
def test_chance_is_the_tail_of_a_binomial(right, asked):
    wanted = stats.binomtest(right, asked, 0.5, alternative="greater").pvalue
    assert quiz.by_chance(right, asked) == pytest.approx(wanted)


def test_of_guessers_hardly_more_than_one_in_twenty_beats_chance():
    rights = np.random.default_rng(0).binomial(20, 0.5, 4000)
    outside = [
        not lo <= 0.5 <= hi for lo, hi in (quiz.wilson(int(k), 20) for k in rights)
    ]
    assert 0.02 < np.mean(outside) < 0.06


def test_d_prime_of_rates_is_the_distance_of_two_bells():
    many = 10**7
    for apart, bias in ((0.0, 0.3), (1.0, 0.0), (2.0, -0.4)):
        hit = stats.norm.sf(bias - apart / 2)
        alarm = stats.norm.sf(bias + apart / 2)
        found = quiz.d_prime(round(hit * many), many, round(alarm * many), many)
        assert found.value == pytest.approx(apart, abs=1e-4)
        assert found.criterion == pytest.approx(bias, abs=1e-4)


def test_the_interval_of_d_prime_covers_it():
    rng, held = np.random.default_rng(1), 0
    for _ in range(2000):
        hits, alarms = (
            rng.binomial(40, stats.norm.cdf(0.6)),
            rng.binomial(40, stats.norm.cdf(-0.6)),
        )
        found = quiz.d_prime(int(hits), 40, int(alarms), 40)
        held += found.low <= 1.2 <= found.high
    assert 0.93 <= held / 2000 <= 0.98


def test_perfect_answers_stay_finite_and_a_bias_alone_is_no_skill():
    best = quiz.d_prime(10, 10, 0, 10)
    assert math.isfinite(best.value)
    assert best.low > 1
    always = quiz.d_prime(10, 10, 10, 10)
    assert always.value == pytest.approx(0)
    assert always.criterion < -1


@pytest.mark.parametrize("counts", [(3, 2), (-1, 4), (0, 0)])
def test_impossible_counts_are_refused(counts):
    with pytest.raises(ValueError, match="number asked"):
        quiz.wilson(*counts)
