"""N-grams: odds that sum to one, and that a count by hand agrees with."""

import math
from collections import Counter

import pytest
import torch

from minigen.ngram import NGram, going_on
from minigen.repro import generator


def text(n=400, vocab=7, seed=0):
    return torch.randint(vocab, (n,), generator=generator(seed)) // 2


@pytest.mark.parametrize("order", [1, 2, 3, 5])
def test_odds_sum_to_one_after_any_context(order):
    model = NGram(7, order=order).fit(text())
    contexts = torch.randint(7, (20, 6), generator=generator(1))
    total = model.logits(contexts).exp().sum(-1)
    assert torch.allclose(total, torch.ones(20), atol=1e-5)


def by_hand(tokens, vocab, context, token):
    """Return the odds by the definition, slowly: one discount for each length."""
    grams = {
        n: Counter(zip(*(tokens[i:] for i in range(n)), strict=False)) for n in (1, 2)
    }
    before = Counter(pair[1] for pair in grams[2])  # different tokens before each

    def discounts(counts):
        n = [sum(c == i for c in counts.values()) for i in range(1, 5)]
        if min(n) == 0:
            return lambda c: 0.5
        y = n[0] / (n[0] + 2 * n[1])
        found = [i + 1 - (i + 2) * y * n[i + 1] / n[i] for i in range(3)]
        found = [
            min(max(d, 0), most)
            for d, most in zip(found, (0.95, 1.95, 2.95), strict=True)
        ]
        return lambda c: found[min(c, 3) - 1]

    d1, d2 = discounts(before), discounts(grams[2])
    total = sum(before.values())
    saved = sum(d1(c) for c in before.values()) / total
    kept = before[token] - d1(before[token]) if before[token] else 0
    p = kept / total + saved / vocab
    after = {pair: c for pair, c in grams[2].items() if pair[0] == context}
    if not after:
        return p
    total = sum(after.values())
    saved = sum(d2(c) for c in after.values()) / total
    count = after.get((context, token), 0)
    return (count - d2(count) if count else 0) / total + saved * p


def test_bigrams_equal_the_definition():
    tokens = text(60)
    model = NGram(7, order=2).fit(tokens)
    for context in range(5):
        row = model.logits(torch.tensor([[context]]))[0].exp()
        expected = [by_hand(tokens.tolist(), 7, context, t) for t in range(7)]
        assert torch.allclose(row, torch.tensor(expected), atol=1e-5)


def test_what_always_follows_becomes_sure():
    tokens = torch.arange(5).repeat(200)
    nats = NGram(5, order=3).fit(tokens).nats(tokens)
    assert nats[5:].mean() < 0.05


def test_longer_contexts_help_where_they_matter():
    tokens = torch.tensor([0, 0, 1, 1]).repeat(300)
    new = torch.tensor([0, 0, 1, 1]).repeat(20)
    short, long = (NGram(2, order=n).fit(tokens).nats(new).mean() for n in (2, 3))
    assert short > 0.9 * math.log(2)
    assert long < 0.1


def test_what_cannot_be_counted_is_refused():
    with pytest.raises(ValueError, match="at least one token"):
        NGram(5, order=0)
    with pytest.raises(ValueError, match="do not fit one number"):
        NGram(50_000, order=5)
    with pytest.raises(ValueError, match="the n-grams need 5"):
        NGram(5, order=5).fit(torch.arange(3))


def test_a_counter_that_goes_on_learns_from_what_it_has_read():
    known = text(300, seed=1)
    new = torch.randint(3, (40,), generator=generator(2)).repeat(6) + 4
    settings = {"vocab": 7, "order": 3}
    stopped = NGram(7, order=3).fit(known).nats(new)
    never = going_on(known, new, every=len(new), **settings)
    assert torch.allclose(never, stopped)
    often = going_on(known, new, every=40, **settings)
    assert len(often) == len(new) - 1
    assert torch.allclose(often[:39], stopped[:39])
    later = NGram(7, order=3).fit(torch.cat([known, new[:80]])).nats(new)
    assert torch.allclose(often[79:119], later[79:119])
    assert often[120:].mean() < 0.5 * stopped[120:].mean()
