"""The U-Net and its parts: shapes for every picture, conditions, exact small cases."""

import math

import pytest
import torch

from minigen.layers import ResidualBlock, Sizes, UNet, sinusoidal


def test_sinusoidal_has_the_values_of_the_formula():
    found = sinusoidal(torch.tensor([0.0, 3.0]), 4)
    assert found.shape == (2, 4)
    assert found[0].tolist() == [0, 0, 1, 1]
    expected = [math.sin(3), math.sin(0.03), math.cos(3), math.cos(0.03)]
    assert torch.allclose(found[1], torch.tensor(expected), atol=1e-6)


def test_sinusoidal_tells_all_steps_apart():
    codes = sinusoidal(torch.arange(1001.0), 64)
    gaps = torch.cdist(codes, codes) + 10 * torch.eye(1001)
    assert gaps.min() > 0.1


@pytest.mark.parametrize("dim", [0, 3])
def test_sinusoidal_wants_an_even_number(dim):
    with pytest.raises(ValueError, match="even"):
        sinusoidal(torch.zeros(1), dim)


@pytest.mark.parametrize(("before", "after"), [(8, 8), (8, 16), (16, 8)])
def test_a_new_block_is_its_skip(before, after):
    block = ResidualBlock(before, after, condition=6)
    x, condition = torch.randn(3, before, 5, 4), torch.randn(3, 6)
    assert torch.equal(block(x, condition), block.skip(x))


def test_a_trained_block_hears_its_condition():
    block = ResidualBlock(8, 8, condition=6)
    torch.nn.init.normal_(block.conv2.weight)
    x = torch.randn(1, 8, 4, 4)
    assert not torch.allclose(block(x, torch.zeros(1, 6)), block(x, torch.ones(1, 6)))


SHAPES = [(1, 8, 8), (3, 16, 16), (1, 28, 28), (1, 9, 7), (3, 33, 20), (1, 3, 3)]


def a_net(shape, classes=5):
    torch.manual_seed(0)
    net = UNet(Sizes(shape, classes=classes, width=8, condition=16))
    torch.nn.init.normal_(net.last.weight)  # else its answer is zero
    for block in [*net.down, net.middle, *net.up]:
        torch.nn.init.normal_(block.conv2.weight, std=0.1)
    return net


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("count", [1, 3])
def test_pictures_of_every_size_keep_their_size(shape, count):
    xt = torch.randn(count, *shape)
    out = a_net(shape)(xt, torch.full((count,), 7.0), torch.zeros(count).long())
    assert out.shape == xt.shape
    assert out.isfinite().all()


@pytest.mark.parametrize(
    ("shape", "levels", "patch"),
    [((1, 8, 8), 2, 1), ((3, 16, 16), 3, 1), ((1, 28, 28), 3, 2), ((1, 3, 3), 1, 1)],
)
def test_the_sizes_come_from_the_picture(shape, levels, patch):
    sizes = Sizes(shape, classes=2)
    assert (sizes.levels, sizes.patch) == (levels, patch)


@pytest.mark.parametrize("growth", [1, 2, 4])
def test_coarse_levels_are_wider_by_the_growth(growth):
    net = UNet(Sizes((1, 28, 28), classes=2, width=8, growth=growth, condition=16))
    assert [block.conv2.out_channels for block in net.down] == [8, *[8 * growth] * 2]
    out = net(torch.randn(2, 1, 28, 28), torch.ones(2), torch.zeros(2).long())
    assert out.shape == (2, 1, 28, 28)


def test_pictures_of_a_batch_do_not_mix():
    net, xt = a_net((1, 8, 8)), torch.randn(4, 1, 8, 8)
    t, y = torch.tensor([1.0, 400.0, 999.0, 30.0]), torch.tensor([0, 1, 5, 2])
    alone = torch.cat([net(xt[[i]], t[[i]], y[[i]]) for i in range(4)])
    assert torch.allclose(net(xt, t, y), alone, atol=1e-4)


def test_step_label_and_no_label_matter():
    net, xt = a_net((1, 8, 8)), torch.randn(1, 1, 8, 8)

    def at(t, y):
        return net(xt, torch.tensor([float(t)]), torch.tensor([y]))

    assert net.null == 5
    answers = [at(1, 0), at(500, 0), at(1, 1), at(1, net.null)]
    for i, one in enumerate(answers):
        assert not any(torch.allclose(one, other) for other in answers[:i])


def test_a_new_net_answers_zero_and_every_weight_can_learn():
    net = UNet(Sizes((1, 8, 8), classes=2, width=8, condition=16))
    xt, t, y = torch.randn(2, 1, 8, 8), torch.ones(2), torch.tensor([0, 2])
    assert net(xt, t, y).abs().max() < 1
    grown = a_net((1, 8, 8), classes=2)
    grown(xt, t, y).square().sum().backward()
    assert all(p.grad is not None and p.grad.any() for p in grown.parameters())
