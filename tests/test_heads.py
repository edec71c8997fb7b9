"""The quick attention of a GPT: the same numbers and gradients as the plain one."""

import pytest
import torch
from torch import nn

from minigen.attention import Attention, rotary
from minigen.heads import look, raised, turned
from minigen.norm import RMSNorm
from minigen.repro import generator, seed_everything


def layer(*, causal=True, positions=True, norm=None):
    """Return a layer of attention, 24 wide with three heads."""
    seed_everything(0)
    found = Attention(24, heads=3, causal=causal, rotary_positions=positions)
    found.norm = norm or RMSNorm(8)
    return found


def numbers(*shape, seed=0):
    return torch.randn(*shape, generator=generator(seed)).requires_grad_()


LAYERS = [
    {}, {"causal": False}, {"positions": False}, {"norm": nn.Identity()},
]  # fmt: skip


@pytest.mark.parametrize("settings", LAYERS)
@pytest.mark.parametrize("weights", [True, False])
@pytest.mark.parametrize("read", [0, 4])
def test_to_look_is_to_attend(settings, weights, read):
    part, x = layer(**settings), numbers(2, 7, 24)
    cache = look(part, x[:, :read])[1] if read else None
    mine = look(part, x[:, read:], cache=cache, start=read, weights=weights)
    theirs = part(x[:, read:], cache=cache, start=read, weights=weights)
    assert torch.allclose(mine[0], theirs[0], atol=1e-5)
    assert torch.allclose(mine[2], theirs[2], atol=1e-5)
    for a, b in zip(mine[1], theirs[1], strict=True):
        assert torch.allclose(a, b, atol=1e-5)


@pytest.mark.parametrize("settings", LAYERS)
def test_gradients_are_those_of_attention(settings):
    part, x = layer(**settings), numbers(2, 7, 24)
    mine, theirs = (
        torch.autograd.grad(
            attend(x)[0].square().sum(), [x, *part.parameters()]
        )
        for attend in (lambda x: look(part, x), part)
    )  # fmt: skip
    for a, b in zip(mine, theirs, strict=True):
        assert torch.allclose(a, b, rtol=1e-4, atol=1e-4)


def test_turned_is_rotary_and_comes_back():
    x, start = numbers(2, 5, 3, 8), 6
    places = torch.arange(start, start + 5)
    plain = rotary(x.transpose(1, 2), places).transpose(1, 2)
    assert torch.allclose(turned(x, start=start), plain, atol=1e-6)
    assert torch.autograd.gradcheck(turned, numbers(1, 3, 2, 4).double())


def test_raised_is_the_sum_of_what_each_head_is_trusted_for():
    trust, looks = numbers(2, 4, 3).double(), numbers(2, 3, 4, 5, seed=1).double()
    expected = torch.einsum("bth,bhtk->btk", trust, looks)
    assert torch.allclose(raised(trust, looks), expected)
    assert torch.autograd.gradcheck(raised, (trust, looks))
