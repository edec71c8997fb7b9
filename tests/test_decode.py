"""Decoding strategies: each against what its definition says, on every prefix."""

import itertools
import math

import pytest
import torch

from minigen import decode
from minigen.repro import generator

LOGITS = torch.tensor([0.5, 0.2, 0.15, 0.1, 0.05]).log()


def left(logits):
    """Return the tokens that can still be chosen."""
    return logits.isfinite().nonzero().flatten().tolist()


def test_greedy_takes_the_first_of_equals():
    assert decode.greedy(torch.tensor([1.0, 3.0, 3.0])) == 1


def test_pick_draws_with_the_odds():
    many = LOGITS.expand(20_000, 5)
    found = decode.pick(many, generator=generator(0)).bincount(minlength=5) / 20_000
    assert (found - LOGITS.exp()).abs().max() < 4 * math.sqrt(0.25 / 20_000)


def test_pick_keeps_the_batch():
    assert decode.pick(LOGITS, generator=generator(0)).shape == ()
    assert decode.pick(LOGITS.expand(2, 3, 5), generator=generator(0)).shape == (2, 3)


def test_temperature_divides_logits_and_ends_in_greedy():
    assert torch.allclose(decode.temperature(LOGITS, 0.5), 2 * LOGITS)
    assert left(decode.temperature(LOGITS, 0)) == [0]
    odds = decode.temperature(LOGITS, 1e4).softmax(-1)
    assert torch.allclose(odds, torch.full((5,), 0.2), atol=1e-3)


@pytest.mark.parametrize("value", [-0.1, math.inf, math.nan])
def test_an_impossible_temperature_is_refused(value):
    with pytest.raises(ValueError, match="temperature"):
        decode.temperature(LOGITS, value)


def test_top_k_keeps_k_even_among_equals():
    assert left(decode.top_k(LOGITS, 2)) == [0, 1]
    assert len(left(decode.top_k(torch.zeros(9), 4))) == 4
    assert torch.equal(decode.top_k(LOGITS, 99), LOGITS)
    with pytest.raises(ValueError, match="at least one"):
        decode.top_k(LOGITS, 0)


@pytest.mark.parametrize(
    ("p", "kept"),
    [(0, [0]), (0.3, [0]), (0.51, [0, 1]), (0.75, [0, 1, 2]), (1, [0, 1, 2, 3, 4])],
)
def test_top_p_keeps_the_fewest_that_hold_p(p, kept):
    shuffled = torch.tensor([3, 0, 4, 2, 1])
    found = decode.top_p(LOGITS[shuffled], p)
    assert sorted(shuffled[left(found)].tolist()) == kept


def test_top_p_is_the_smallest_set_by_trying_all():
    odds = LOGITS.softmax(-1)
    for p in torch.linspace(0.02, 0.98, 25).tolist():
        sets = [s for r in range(1, 6) for s in itertools.combinations(range(5), r)]
        enough = [s for s in sets if odds[list(s)].sum() >= p - 1e-7]
        fewest = min(len(s) for s in enough)
        assert len(left(decode.top_p(LOGITS, p))) == fewest


def test_min_p_is_relative_to_the_best():
    assert left(decode.min_p(LOGITS, 0.25)) == [0, 1, 2]
    assert left(decode.min_p(LOGITS, 1)) == [0]
    assert torch.equal(decode.min_p(LOGITS, 0), LOGITS)


@pytest.mark.parametrize("strategy", [decode.top_p, decode.min_p])
@pytest.mark.parametrize("p", [-0.1, 1.1])
def test_a_share_lies_between_0_and_1(strategy, p):
    with pytest.raises(ValueError, match="between 0 and 1"):
        strategy(LOGITS, p)


def test_repetition_penalty_lowers_what_was_seen():
    logits = torch.tensor([[2.0, -2.0, 1.0]])
    found = decode.repetition_penalty(logits, torch.tensor([[0, 1, 1]]), 2.0)
    assert torch.equal(found, torch.tensor([[1.0, -4.0, 1.0]]))
    assert torch.equal(
        decode.repetition_penalty(logits, torch.tensor([[0]]), 1.0), logits
    )
    with pytest.raises(ValueError, match="more than 0"):
        decode.repetition_penalty(logits, torch.tensor([[0]]), 0.0)


def chain(vocab, seed):
    """Return a language model with a memory of two tokens."""
    table = 2 * torch.randn(vocab, vocab, vocab, generator=generator(seed))
    return lambda tokens: table[tokens[:, -2], tokens[:, -1]]


def log_p(model, tokens, start):
    rows = [
        model(tokens[None, :i]).log_softmax(-1)[0, tokens[i]]
        for i in range(start, len(tokens))
    ]
    return float(torch.stack(rows).sum())


@pytest.mark.parametrize("seed", range(5))
def test_a_wide_beam_finds_the_best_of_all(seed):
    model, start = chain(4, seed), torch.tensor([0, 1])
    found, score = decode.beam_search(model, start, width=64, steps=4)
    every = [
        torch.tensor([0, 1, *tail]) for tail in itertools.product(range(4), repeat=4)
    ]
    best = max(every, key=lambda tokens: log_p(model, tokens, 2))
    assert torch.equal(found, best)
    assert score == pytest.approx(log_p(model, best, 2), abs=1e-4)


@pytest.mark.parametrize("seed", range(5))
def test_a_wide_beam_knows_when_to_end(seed):
    model, start = chain(4, seed), torch.tensor([0, 1])
    found, score = decode.beam_search(model, start, width=256, steps=4, end=3)
    whole = [t for n in (1, 2, 3) for t in itertools.product(range(3), repeat=n)]
    ended = [torch.tensor([0, 1, *tail, 3]) for tail in [(), *whole]]
    ended += [
        torch.tensor([0, 1, *tail]) for tail in itertools.product(range(3), repeat=4)
    ]
    best = max(log_p(model, tokens, 2) for tokens in ended)
    assert score == pytest.approx(best, abs=1e-4)
    assert score == pytest.approx(log_p(model, found, 2), abs=1e-4)


def test_one_beam_is_greedy():
    model, start = chain(6, 0), torch.tensor([0, 1])
    tokens = start
    for _ in range(5):
        tokens = torch.cat([tokens, decode.greedy(model(tokens[None]))])
    assert torch.equal(decode.beam_search(model, start, width=1, steps=5)[0], tokens)


def test_speculative_sampling_draws_as_the_target_alone():
    rows = generator(0)
    draft = torch.rand(3, 5, generator=rows).softmax(-1)
    target = (3 * torch.rand(4, 5, generator=rows)).softmax(-1)
    draws, g = 20_000, generator(1)
    first, second, kept = torch.zeros(5), torch.zeros(5), 0
    for _ in range(draws):
        drafted = torch.multinomial(draft, 1, generator=g).flatten()
        tokens = decode.accept(drafted, draft, target, generator=g)
        first[tokens[0]] += 1
        if len(tokens) > 1:
            second[tokens[1]] += 1
        kept += len(tokens)
    # Chi-square with 4 degrees of freedom: 18.5 is passed by chance once in a thousand.
    for counts, odds in ((first, target[0]), (second, target[1])):
        expected = odds * counts.sum()
        assert ((counts - expected) ** 2 / expected).sum() < 18.5
    overlap = torch.minimum(draft, target[:3]).sum(1)
    assert kept / draws == pytest.approx(1 + float(overlap.cumprod(0).sum()), abs=0.03)


def test_a_perfect_draft_is_always_kept():
    odds = LOGITS.exp().expand(4, 5)
    drafted = torch.tensor([0, 3, 2])
    tokens = decode.accept(drafted, odds[:3], odds, generator=generator(0))
    assert torch.equal(tokens[:3], drafted)
    assert len(tokens) == 4


def test_a_length_power_prefers_longer_texts():
    # Ending at once costs log 0.4; going on and ending then costs log 0.6 + log 0.5.
    table = torch.tensor([[0.4, 0.6], [0.5, 0.5]]).log()
    found = [
        decode.beam_search(
            lambda tokens: table[
                (tokens.shape[1] > 1) * torch.ones(len(tokens)).long()
            ],
            torch.tensor([1]),
            width=4,
            steps=2,
            end=0,
            length_power=power,
        )[0].tolist()
        for power in (0.0, 1.0)
    ]
    assert found == [[1, 0], [1, 1, 0]]


def test_speculative_sampling_counts_its_rows():
    odds = LOGITS.exp().expand(3, 5)
    with pytest.raises(ValueError, match="need 3 rows"):
        decode.accept(torch.tensor([0, 1, 2]), odds, odds, generator=generator(0))
