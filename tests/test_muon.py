"""Muon: its steps are as long in every direction, and Adam's are Adam's."""

import pytest
import torch
from torch import nn

from minigen.muon import Muon, orthogonal
from minigen.norm import RMSNorm
from minigen.repro import generator


@pytest.mark.parametrize("shape", [(8, 8), (24, 8), (8, 24)])
def test_singular_values_come_near_one(shape):
    matrices = torch.randn(3, *shape, generator=generator(0))
    found = torch.linalg.svdvals(orthogonal(matrices, steps=8))
    assert found.max() < 1.3
    assert found.min() > 0.5


@pytest.mark.parametrize("shape", [(8, 8), (24, 8), (8, 24)])
def test_the_directions_stay(shape):
    matrix = torch.randn(1, *shape, generator=generator(1))
    u, _, v = torch.linalg.svd(matrix[0], full_matrices=False)
    inner = u.T @ orthogonal(matrix)[0] @ v.T
    assert torch.allclose(inner, inner.diagonal().diag(), atol=1e-4)


def test_matrices_are_turned_as_pytorch_turns_them():
    matrix = torch.randn(16, 16, generator=generator(2))
    ours, theirs = (nn.Parameter(matrix.clone()) for _ in range(2))
    grad = torch.randn(16, 16, generator=generator(3))
    ours.grad, theirs.grad = grad.clone(), grad.clone()
    torch.optim.Muon([theirs], lr=0.1, weight_decay=0, ns_steps=4).step()
    Muon([ours], [], rate=0.1).step()
    # PyTorch's counts in 16 bits.
    assert torch.allclose(ours, theirs, atol=5e-3)


def test_the_others_take_adams_steps():
    start = torch.randn(5, generator=generator(4))
    ours, theirs = (nn.Parameter(start.clone()) for _ in range(2))
    adam = torch.optim.Adam([theirs], lr=0.01, betas=(0.9, 0.95))
    muon = Muon([], [ours], other_rate=0.01)
    for seed in range(4):
        grad = torch.randn(5, generator=generator(seed))
        ours.grad, theirs.grad = grad.clone(), grad.clone()
        adam.step()
        muon.step()
    assert torch.allclose(ours, theirs, atol=1e-6)


@pytest.mark.parametrize("shape", [(5, 12), (2, 3, 7, 8)])
def test_the_norm_equals_pytorchs_in_value_and_gradient(shape):
    x = torch.randn(*shape, generator=generator(5))
    weight = torch.randn(shape[-1], generator=generator(6))
    ours, theirs = RMSNorm(shape[-1]), nn.RMSNorm(shape[-1], eps=1e-6)
    results = []
    for layer in (ours, theirs):
        layer.weight.data.copy_(weight)
        given = x.clone().requires_grad_(True)
        out = layer(given)
        (out.square().sum() + out.sin().sum()).backward()
        results.append((out, given.grad, layer.weight.grad))
    for mine, its in zip(*results, strict=True):
        assert torch.allclose(mine, its, atol=1e-4, rtol=1e-4)
    with torch.no_grad():
        assert torch.allclose(ours(x), results[0][0], atol=1e-6)
