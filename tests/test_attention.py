"""Attention against PyTorch's own, and what its parts promise."""

import pytest
import torch
from torch.nn.functional import scaled_dot_product_attention

from minigen.attention import Attention, attend, causal_mask, rotary
from minigen.repro import generator


def random(*shape, seed=0):
    return torch.randn(*shape, generator=generator(seed))


@pytest.mark.parametrize("batch", [(), (1,), (3, 2)])
@pytest.mark.parametrize("causal", [False, True])
def test_attend_equals_pytorch(batch, causal):
    q, k, v = (random(*batch, 7, 4, seed=seed) for seed in range(3))
    mixed, weights = attend(q, k, v, causal_mask(7) if causal else None)
    expected = scaled_dot_product_attention(q, k, v, is_causal=causal)
    assert torch.allclose(mixed, expected, atol=1e-6)
    assert torch.allclose(weights.sum(-1), torch.ones(*batch, 7))


def test_one_that_may_look_nowhere_gets_nothing():
    mixed, weights = attend(
        random(2, 4),
        random(3, 4),
        random(3, 5),
        torch.tensor([[True] * 3, [False] * 3]),
    )
    assert mixed[1].abs().max() == weights[1].abs().max() == 0


def test_the_last_positions_see_all_before_them():
    assert torch.equal(causal_mask(2, 4), causal_mask(4)[2:])


def test_rotary_products_depend_on_distance_alone():
    q, k = random(1, 8, seed=1), random(1, 8, seed=2)

    def product(i, j):
        return float(
            (rotary(q, torch.tensor([i])) * rotary(k, torch.tensor([j]))).sum()
        )

    assert product(5, 2) == pytest.approx(product(103, 100), abs=1e-4)
    assert product(5, 2) != pytest.approx(product(5, 3), abs=1e-2)
    assert torch.allclose(rotary(q, torch.tensor([9])).norm(), q.norm())


def test_rotary_refuses_half_a_pair():
    with pytest.raises(ValueError, match="odd"):
        rotary(random(2, 3), torch.arange(2))


@pytest.mark.parametrize("batch", [1, 3])
def test_no_position_sees_what_follows(batch):
    model = Attention(12, heads=3, causal=True, rotary_positions=True)
    x = random(batch, 6, 12)
    changed = x.clone()
    changed[:, 4:] += 1
    before, after = model(x)[0], model(changed)[0]
    assert torch.allclose(before[:, :4], after[:, :4], atol=1e-6)
    assert not torch.allclose(before[:, 4:], after[:, 4:], atol=1e-3)


def test_without_positions_attention_knows_no_order():
    model, x = Attention(12, heads=3), random(2, 6, 12)
    order = torch.tensor([3, 0, 5, 1, 4, 2])
    assert torch.allclose(model(x)[0][:, order], model(x[:, order])[0], atol=1e-6)
    placed = Attention(12, heads=3, rotary_positions=True)
    assert not torch.allclose(placed(x)[0][:, order], placed(x[:, order])[0], atol=1e-3)


def test_padding_of_the_context_is_not_seen():
    model = Attention(12, heads=3, context_width=5)
    x, context = random(2, 6, 12), random(2, 4, 5, seed=1)
    mask = torch.tensor([[True, True, False, False], [True, True, True, False]])
    changed = context.masked_fill(~mask[..., None], 9.0)
    before, after = model(x, context, mask=mask)[0], model(x, changed, mask=mask)[0]
    assert torch.allclose(before, after, atol=1e-6)


def test_heads_share_the_width():
    with pytest.raises(ValueError, match="cannot be shared"):
        Attention(10, heads=3)
