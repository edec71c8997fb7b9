"""Writing, judging and drafting, each against what can be enumerated or counted."""

import itertools
import math

import numpy as np
import pytest
import torch
from scipy.stats import chi2, ncx2

from minigen import decode, gpt, sampling
from minigen.data import stories
from minigen.repro import generator


def tiny(vocab=4, seed=0):
    """Return a small model with random weights everywhere, so with real opinions."""
    torch.manual_seed(seed)
    model = gpt.GPT(gpt.Sizes(vocab, context=16, width=8, layers=1, heads=1))
    for weights in model.parameters():
        torch.nn.init.normal_(weights, std=0.8)
    return model.eval()


@torch.no_grad()
def every_text(model, steps, vocab=4):
    """Return all texts up to `steps` tokens (0 begins and ends them), with log p."""
    found = {}
    work = [((), 0.0)]
    while work:
        text, log_p = work.pop()
        if len(text) == steps or (text and text[-1] == 0):
            found[text] = log_p
            continue
        next_log_p = model(torch.tensor([[0, *text]]))[0, -1].log_softmax(-1)
        work += [((*text, t), log_p + float(next_log_p[t])) for t in range(vocab)]
    return found


def test_writing_one_text_is_generating():
    model = tiny()
    for seed in range(20):
        made = sampling.write(model, count=1, steps=9, generator=generator(seed))
        wanted = gpt.generate(
            model, torch.zeros(1, 1, dtype=torch.long), steps=9, end=0,
            generator=generator(seed),
        )  # fmt: skip
        assert [*made.rows[0], 0][:9] == wanted[0, 1:].tolist()


def test_many_texts_side_by_side_are_told_as_often_as_they_should_be():
    model, count = tiny(), 4000
    exact = every_text(model, 3)
    made = sampling.write(model, count=count, steps=3, generator=generator(1))
    told = [tuple(row) if len(row) == 3 else (*row, 0) for row in made.rows]
    for text, log_p in exact.items():
        share = math.exp(log_p)
        error = math.sqrt(share * (1 - share) / count)
        assert told.count(text) / count == pytest.approx(share, abs=4.5 * error + 1e-9)


def test_the_choice_in_texts_is_their_exact_entropy():
    model = tiny()
    exact = every_text(model, 3)
    assert sum(math.exp(x) for x in exact.values()) == pytest.approx(1, abs=1e-5)
    entropy = -sum(math.exp(x) * x for x in exact.values()) / math.log(2)
    made = sampling.write(model, count=4000, steps=3, generator=generator(0))
    error = float(made.bits.std()) / math.sqrt(4000)
    assert float(made.bits.mean()) == pytest.approx(entropy, abs=4 * error)
    greedy = sampling.write(
        model, count=5, steps=3, generator=generator(0),
        strategy=lambda logits, _: decode.temperature(logits, 0),
    )  # fmt: skip
    assert greedy.bits.tolist() == [0] * 5
    assert len({tuple(row) for row in greedy.rows}) == 1


def test_a_strategy_sees_the_text_so_far():
    seen = []

    def strategy(logits, tokens):
        seen.append(tokens.shape)
        return decode.repetition_penalty(logits, tokens, 1.2)

    sampling.write(tiny(), count=2, steps=4, generator=generator(0), strategy=strategy)
    assert seen[:2] == [(2, 1), (2, 2)]


def test_the_grammars_own_stories_are_judged_perfect():
    told = stories.sample(150, generator=generator(0))
    judged = sampling.judge([s.tokens for s in told], torch.full((150,), 198.0))
    assert (judged.coherent, judged.possible, judged.distinct) == (1, 1, 1)
    assert judged.true_bits == pytest.approx(stories.entropy().bits_per_token, rel=0.03)
    assert judged.diversity == 198


def test_what_is_no_story_is_found_out():
    story = list(stories.sample(1, generator=generator(0))[0].tokens)
    cut = story[: len(story) // 2]
    judged = sampling.judge([story, story, cut, []], torch.zeros(4))
    assert judged.possible == 0.5
    assert judged.distinct == 0.75
    assert math.isfinite(judged.true_bits)
    assert math.isnan(sampling.judge([cut], torch.zeros(1)).true_bits)


def test_an_area_is_a_mean_along_the_curve():
    assert sampling.area([0, 1], [1, 1], low=0.2, high=0.9) == pytest.approx(1)
    assert sampling.area([1, 0], [0, 1], low=0, high=1) == pytest.approx(0.5)
    assert sampling.area([0, 0.5, 1], [1, 1, 0], low=0.25, high=1) == pytest.approx(
        (0.25 + 0.25) / 0.75
    )
    with pytest.raises(ValueError, match="was asked for"):
        sampling.area([0.3, 1], [1, 1], low=0.2, high=0.9)


@pytest.mark.parametrize("ahead", [1, 3])
def test_drafts_leave_the_distribution_as_it_was(ahead):
    """4,000 texts among 121: a total variation of 9 % is found 99 times in 100."""
    model, steps, count, g = tiny(), 4, 4000, generator(1)
    drafter = torch.randn(4, generator=generator(2)).softmax(-1).double()
    exact = every_text(model, steps)
    found = dict.fromkeys(exact, 0)
    for _ in range(count):
        text, _ = sampling.speculate(
            model, lambda _: drafter, [0], steps=steps, ahead=ahead, generator=g, end=0
        )
        found[tuple(text[1:])] += 1
    expected = np.array([count * math.exp(x) for x in exact.values()])
    # The chi-square distance is at least 4 times the squared total variation.
    limit, least = chi2.ppf(0.999, len(exact) - 1), 4 * count * 0.09**2
    assert ncx2.cdf(limit, len(exact) - 1, least) < 0.01
    seen = np.array(list(found.values()))
    rare = expected < 5
    groups = [*zip(seen[~rare], expected[~rare], strict=True),
              (seen[rare].sum(), expected[rare].sum())]  # fmt: skip
    statistic = sum((s - e) ** 2 / e for s, e in groups if e)
    assert statistic < chi2.ppf(0.999, len(groups) - 1)


def test_caches_cut_back_are_those_of_the_shorter_text():
    keys, tokens = torch.randn(2, 4, 7, 3), torch.arange(14).view(2, 7)
    short = sampling.cut_back([(keys, 2 * keys), (tokens, tokens)], 5)
    assert torch.equal(short[0][1], 2 * keys[:, :, :5])
    assert torch.equal(short[1][0], tokens[:, :5])


def test_a_draft_that_is_the_model_is_always_kept():
    model = tiny()

    @torch.no_grad()
    def same(tokens):
        return model(torch.tensor([tokens]))[0, -1].double().softmax(-1)

    text, calls = sampling.speculate(
        model, same, [0], steps=12, ahead=3, generator=generator(0)
    )
    assert (len(text), calls) == (13, 3)


def test_what_a_draft_says_and_the_model_forbids_is_never_written():
    model = tiny()
    with torch.no_grad():
        likely = [int(model(torch.tensor([[0]]))[0, -1].argmin())]
    always = torch.full((4,), 1e-9, dtype=torch.float64)
    always[likely] = 1
    count = sum(
        sampling.speculate(model, lambda _: always, [0], steps=1, ahead=2,
                           generator=generator(seed))[0][1] == likely[0]
        for seed in range(300)
    )  # fmt: skip
    with torch.no_grad():
        share = float(model(torch.tensor([[0]]))[0, -1].softmax(-1)[likely])
    assert abs(count / 300 - share) < 4 * math.sqrt(0.25 / 300)


def test_every_strategy_survives_together_with_every_other():
    logits = torch.randn(5, 12, generator=generator(0))
    for t, k, p, m in itertools.product(
        (0, 0.5, 2), (1, 5, 50), (0, 0.5, 1), (0, 0.3, 1)
    ):
        left = decode.temperature(logits, t)
        left = decode.min_p(decode.top_p(decode.top_k(left, k), p), m)
        assert left.softmax(-1).isfinite().all()
        assert (left.argmax(-1) == logits.argmax(-1)).all()
