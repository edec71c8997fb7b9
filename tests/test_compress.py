"""Models as compressors: the same sums, and a mixture between its parts."""

import math

import pytest
import torch

from minigen import compress, gpt
from minigen.repro import generator, seed_everything


def uniform(tokens):
    return torch.zeros(*tokens.shape, 11)


@pytest.mark.parametrize("n", [2, 16, 17, 18, 60])
def test_each_token_is_paid_for_once(n):
    ids = torch.randint(11, (n,), generator=generator(1))
    found = compress.text_nats(uniform, ids, length=16, stride=5)
    assert len(found) == n - 1
    assert float(found.sum()) == pytest.approx((n - 1) * math.log(11), rel=1e-6)


def test_a_text_that_fits_is_counted_as_the_loss_counts_it():
    seed_everything(0)
    model = gpt.GPT(gpt.Sizes(vocab=11, context=16, width=24, layers=2, heads=3))
    ids = torch.randint(11, (1, 17), generator=generator(0))
    found = compress.text_nats(model, ids[0], length=16, stride=8)
    assert float(found.mean()) == pytest.approx(
        gpt.loss(model(ids[:, :-1]), ids).item(), rel=1e-5
    )


def test_a_single_token_cannot_be_guessed():
    with pytest.raises(ValueError, match="give a longer text"):
        compress.text_nats(uniform, torch.tensor([3]), length=16, stride=5)


def test_what_stands_beside_a_token_goes_with_it():
    ids = torch.randint(11, (50,), generator=generator(3))
    hints = torch.nn.functional.one_hot(ids.roll(-1), 11).float()  # the answers

    def told(tokens, hints):
        return 30 * hints

    found = compress.text_nats(told, ids, hints, length=16, stride=5)
    assert len(found) == 49
    assert float(found.sum()) < 1e-6


def test_a_mixture_costs_at_most_a_bit_more_than_the_best_at_each_token():
    one, other = torch.rand(2, 50, generator=generator(2)) * 9
    both = compress.mixed([one, other])
    assert (both <= torch.minimum(one, other) + math.log(2) + 1e-6).all()
    assert torch.allclose(compress.mixed([one, one]), one.double())
    p = (-one).exp() / 2 + (-other).exp() / 2
    assert torch.allclose(both, -p.log().double(), atol=1e-5)


def test_bits_per_byte_count_bytes():
    bits = compress.bits_per_byte(torch.full((6,), math.log(2)), "aé猫")
    assert bits == pytest.approx(1)
