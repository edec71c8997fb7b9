"""What scores are worth, the best detector, and detectors: against oracles."""

import math

import numpy as np
import pytest
import torch
from scipy import fft, stats
from sklearn.metrics import roc_auc_score, roc_curve
from torch import nn

from minigen import detect, lm, ngram, quiz, repro, roc
from minigen.data import stories

WORDS = lm.Words.of_stories()


def normal(n, seed, mean=0.0):
    noise = torch.randn(n, generator=repro.generator(seed), dtype=torch.float64)
    return mean + noise


def told(n, seed, **settings):
    return stories.sample(
        n, generator=repro.generator(seed), settings=stories.Settings(**settings)
    )


class Table(nn.Module):
    """Odds of the next token that depend on the last one alone."""

    def __init__(self, vocab, seed=0):
        super().__init__()
        rng = repro.generator(seed)
        self.logits = torch.randn(vocab, vocab, generator=rng)

    def forward(self, tokens):
        return self.logits[tokens]

    def step(self, tokens, state=None):
        return self.logits[tokens], None


@pytest.mark.parametrize("step", [0.0, 0.5])
def test_auc_and_roc_equal_scikit_learns_ties_and_infinities_included(step):
    real, made = normal(300, 0), normal(200, 1, 0.7)
    if step:  # coarse scores have ties
        real, made = (torch.round(x / step) * step for x in (real, made))
    truth = np.repeat([0, 1], [300, 200])
    scores = torch.cat([real, made]).numpy()
    assert roc.auc(real, made) == pytest.approx(roc_auc_score(truth, scores))
    alarms, found = roc.roc(real, made)
    wanted = roc_curve(truth, scores, drop_intermediate=False)
    assert alarms.numpy() == pytest.approx(wanted[0])
    assert found.numpy() == pytest.approx(wanted[1])
    made[:50] = math.inf
    there = scores.copy()
    there[300:350] = 1e9
    assert roc.auc(real, made) == pytest.approx(roc_auc_score(truth, there))
    assert roc.found(real, made, 0.0) >= 50 / 200


@pytest.mark.parametrize("rate", [0.0, 0.01, 0.1, 0.25])
@pytest.mark.parametrize("round_to", [None, 1])
def test_the_threshold_is_the_lowest_that_keeps_the_rate(rate, round_to):
    real = normal(400, 3)
    if round_to:
        real = torch.round(real, decimals=round_to)
    limit = roc.threshold(real, rate)
    assert (real > limit).double().mean() <= rate
    lower = real[real < limit].max()
    assert (real > lower).double().mean() > rate or lower == limit


def test_intervals_hold_the_truth_about_as_often_as_they_say():
    # Two normals a distance of 1 apart: AUC is Φ(1/√2), and Φ(1 − z) is found.
    truth = (
        stats.norm.cdf(1 / math.sqrt(2)),
        stats.norm.sf(stats.norm.ppf(0.9) - 1),
    )
    hits = np.zeros(2)
    for seed in range(200):
        got = roc.judge(
            normal(200, 2 * seed), normal(200, 2 * seed + 1, 1.0), rate=0.1,
            resamples=200, generator=repro.generator(seed),
        )  # fmt: skip
        for i, share in enumerate((got.auc, got.found)):
            hits[i] += share.low <= truth[i] <= share.high
    # 95 % of 200 are 190; four standard deviations and the bootstrap's own bias.
    assert (hits > 190 - 4 * math.sqrt(200 * 0.95 * 0.05) - 4).all(), hits


def test_where_all_or_none_are_found_the_interval_is_wilsons():
    real = normal(1000, 0)
    for made, wanted in ((normal(250, 1, 99.0), 1.0), (normal(250, 1, -99.0), 0.0)):
        share = roc.judge(real, made).found
        assert share.value == wanted
        assert share.interval == pytest.approx(quiz.wilson(round(250 * wanted), 250))


@pytest.mark.parametrize("count", [100, 1500])
def test_the_rate_of_a_line_is_what_many_lines_have(count):
    # For a standard normal the true rate of a line is Φ(−line).
    true = stats.norm.sf([roc.threshold(normal(count, seed)) for seed in range(400)])
    mean, low, high = roc.line_rate(count)
    assert np.mean(true) == pytest.approx(mean, abs=4 * np.std(true) / 20)
    assert np.quantile(true, [0.025, 0.975]) == pytest.approx([low, high], rel=0.35)
    assert mean == pytest.approx((count // 100 + 1) / (count + 1))


def test_what_is_flagged_is_by_bayes_rule_what_counting_says():
    rng = np.random.default_rng(0)
    made = rng.random(400_000) < 0.1
    flagged = np.where(made, rng.random(len(made)) < 0.8, rng.random(len(made)) < 0.02)
    counted = np.mean(~made[flagged])
    assert roc.honest(0.1, 0.8, 0.02) == pytest.approx(counted, abs=0.006)
    assert math.isnan(roc.honest(0.1, 0.0, 0.0))


def test_a_steered_model_writes_as_its_own_odds_say():
    model = detect.Steered(
        Table(6), lambda logits, last: logits * (1 + last[..., None])
    )
    tokens = torch.tensor([[0, 3, 2, 5]])
    whole = model(tokens)
    by_step, state = [], None
    for i in range(4):
        logits, state = model.step(tokens[:, i : i + 1], state)
        by_step.append(logits)
    assert torch.equal(torch.cat(by_step, 1), whole)
    written = lm.write(model, 4000, generator=repro.generator(0), longest=2)
    odds = model(torch.tensor([[0]]))[0, 0].double().softmax(-1)
    counts = torch.bincount(written[:, 1], minlength=6).numpy()
    assert stats.chisquare(counts, 4000 * odds.numpy()).pvalue > 1e-4


def test_log_model_is_the_sum_over_the_tokens_for_networks_and_for_n_grams():
    rows = [WORDS.row(story) for story in told(6, 0)]
    table = Table(len(WORDS))
    log_odds = table.logits.log_softmax(-1)
    wanted = [float(log_odds[r[:-1], r[1:]].double().sum()) for r in rows]
    assert detect.log_model(table, rows).tolist() == pytest.approx(wanted, rel=1e-5)
    counter = ngram.NGram(len(WORDS), order=3).fit(ngram.stream(rows, order=3))
    sums = [-float(counter.nats(row).sum()) for row in rows]
    assert detect.log_model(counter, rows).tolist() == pytest.approx(sums)


def test_impossible_texts_are_proofs_either_way():
    log_q, log_p = (
        torch.tensor([-3.0, -2, -math.inf]),
        torch.tensor([-1, -math.inf, -4]),
    )
    assert detect.log_ratio(log_q, log_p).tolist() == [-2, math.inf, -math.inf]
    people = detect.log_people([told(1, 0)[0].tokens, ("king", "king"), ()])
    assert people[0] > -math.inf
    assert people[1:].tolist() == [-math.inf, -math.inf]


def test_no_score_beats_the_likelihood_ratio():
    # Two writers with known odds, one of which is the other with a little noise.
    people, machine = Table(12, seed=3), Table(12, seed=3)
    machine.logits = machine.logits + 0.25 * Table(12, seed=4).logits
    texts = [list(lm.write(one, 1500, generator=repro.generator(seed), longest=30))
             for seed, one in enumerate((people, machine))]  # fmt: skip
    best = [detect.log_ratio(detect.log_model(machine, rows),
                             detect.log_model(people, rows))
            for rows in texts]  # fmt: skip
    judged = roc.judge(*best)
    assert judged.auc.low > 0.6
    for score in (
        lambda rows: detect.log_model(machine, rows),
        lambda rows: -detect.log_model(people, rows),
        lambda rows: detect.curvature(machine, rows),
        lambda rows: torch.stack([(row == 3).double().mean() for row in rows]),
    ):
        other = [score(rows) for rows in texts]
        assert roc.auc(*other) < judged.auc.high
        assert roc.found(*other, 0.05) < judged.found.high + 0.1
    # And the bound by the divergence holds: KL = E log p/q over the first source.
    nats = -float(best[0].mean())
    assert judged.auc.low < detect.best_auc(detect.furthest(nats))


@pytest.mark.parametrize("mean", [0.05, 0.5, 1.5, 4.0])
def test_the_bounds_hold_for_two_normals_and_are_near_when_these_are(mean):
    nats = mean**2 / 2
    variation = 2 * stats.norm.cdf(mean / 2) - 1
    assert variation <= detect.furthest(nats) <= 1
    assert stats.norm.cdf(mean / math.sqrt(2)) <= detect.best_auc(variation)
    if mean < 0.1:
        assert detect.furthest(nats) == pytest.approx(mean / 2)


def test_more_text_adds_up():
    real, made = normal(4000, 0, -0.125), normal(4000, 1, 0.375)
    rng = repro.generator(0)
    longer = [roc.together(x, 16, generator=rng) for x in (real, made)]
    # d′ grows with the root of the number: 0.5 · 4.
    assert roc.auc(*longer) == pytest.approx(stats.norm.cdf(2 / 2**0.5), abs=0.015)


def test_curvature_is_what_sampled_alternatives_give():
    model, rng = Table(8, seed=1), repro.generator(0)
    rows = [torch.tensor([0, 3, 1, 7, 2, 2, 0]), torch.tensor([0, 5, 5, 0])]
    found = detect.curvature(model, rows)
    for row, score in zip(rows, found.tolist(), strict=True):
        log_q = model(row[None, :-1])[0].log_softmax(-1).double()
        others = torch.multinomial(log_q.exp(), 40_000, replacement=True, generator=rng)
        sampled = log_q.gather(1, others).sum(0)
        own = log_q.gather(1, row[1:, None]).sum()
        assert score == pytest.approx(
            float((own - sampled.mean()) / sampled.std()), abs=0.03
        )


def test_curvature_sees_nothing_in_the_models_own_samples_and_much_in_sharper_ones():
    model = Table(40, seed=2)
    sharp = detect.Steered(model, lambda logits, _: logits / 0.6)

    def rows(writer):
        table = lm.write(writer, 400, generator=repro.generator(0), longest=60)
        return [row[: 1 + int((row[1:] == 0).int().argmax()) + 1] for row in table
                if (row[1:] == 0).any()]  # fmt: skip

    plain, sharper = (detect.curvature(model, rows(w)) for w in (model, sharp))
    # By construction a sum of centred terms over its own scale.
    assert abs(float(plain.mean())) < 4 * float(plain.std()) / len(plain) ** 0.5
    assert float(plain.std()) == pytest.approx(1, abs=0.15)
    assert roc.auc(plain, sharper) > 0.8


def test_a_batch_of_one_scores_as_a_batch_of_many():
    rows = [WORDS.row(story) for story in told(5, 3)]
    table = Table(len(WORDS))
    for score in (detect.curvature, detect.likelihood):
        alone = [float(score(table, [row])[0]) for row in rows]
        assert score(table, rows).tolist() == pytest.approx(alone, rel=1e-4)


def test_the_spectrum_keeps_the_power_and_puts_a_flat_picture_first():
    x = torch.rand(3, 1, 8, 8, generator=repro.generator(0))
    power = detect.spectrum(x).exp() - 1e-4
    assert power.sum(1).tolist() == pytest.approx(
        x.double().square().sum((1, 2, 3)).tolist()
    )
    flat = detect.spectrum(torch.ones(1, 1, 8, 8))[0]
    assert flat.argmax() == 0
    assert (flat[1:] == flat[1]).all()
    # A board of black and white is the highest frequency that there is.
    board = (torch.arange(8)[:, None] + torch.arange(8)) % 2
    waves = fft.dctn(board.double().numpy(), norm="ortho") ** 2
    found = detect.spectrum(board[None, None].float())[0]
    assert int(found[1:].argmax()) == int(waves.ravel()[1:].argmax()) == 62


def test_repetition_counts_different_runs():
    found = detect.repetition([["a", "b", "a", "b", "a"], ["a"]])
    assert found[0, :4].tolist() == pytest.approx([2 / 5, 2 / 4, 2 / 3, 2 / 2])
    assert found[1, :2].tolist() == [1, 0]


def test_trained_detectors_find_what_is_there_and_nothing_where_nothing_is():
    real, made = (torch.stack([normal(600, s, m), normal(600, s + 9)], 1)
                  for s, m in ((0, 0.0), (1, 1.0)))  # fmt: skip
    score = detect.trained(real[:300], made[:300])
    assert roc.auc(score(real[300:]), score(made[300:])) == pytest.approx(
        stats.norm.cdf(1 / 2**0.5), abs=0.06
    )
    words = [[s.tokens for s in told(400, seed)] for seed in (5, 6)]
    read = detect.reader(words[0][:200], words[1][:200])
    assert abs(roc.auc(read(words[0][200:]), read(words[1][200:])) - 0.5) < 0.12


def test_bad_questions_are_answered_with_a_sentence():
    with pytest.raises(ValueError, match="a threshold needs a rate"):
        roc.threshold(torch.ones(3), 1.0)
