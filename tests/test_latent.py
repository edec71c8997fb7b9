"""Latent diffusion and the prior: shapes, conditions, and samplers that repeat."""

import math

import pytest
import torch

from minigen import diffusion, latent, painter, prior, tiles
from minigen.data import shapes
from minigen.repro import generator, seed_everything

SMALL = painter.Sizes(shape=(16, 4, 4), widths=(16,), text=16, layers=1, heads=2)


@pytest.fixture(scope="module")
def drawn():
    return tiles.examples(200, generator=generator(3))


def test_every_channel_of_the_codes_is_as_large_as_the_noise(drawn):
    seed_everything(0)
    model = latent.Autoencoder()
    latent.train_autoencoder(model, drawn.x, steps=30, seed=0)
    z = model.encode(drawn.x)
    assert z.shape == (200, 16, 4, 4)
    assert torch.allclose(z.mean((0, 2, 3)), torch.zeros(16), atol=1e-3)
    assert torch.allclose(z.std((0, 2, 3)), torch.ones(16), atol=1e-3)
    assert model.decode(z).shape == drawn.x.shape


def test_the_divergence_is_that_of_the_vae_chapter(drawn):
    from torch.distributions import Normal, kl_divergence

    seed_everything(0)
    model = latent.Autoencoder()
    found = latent.autoencoder_loss(model, drawn.x[:8], generator=generator(0))
    mean, log_variance = model.split(drawn.x[:8])
    exact = kl_divergence(
        Normal(mean, (log_variance / 2).exp()), Normal(torch.zeros(()), 1.0)
    )
    assert torch.allclose(found["away"], exact.mean(), rtol=1e-4)


@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize("vector", [None, 10])
def test_the_sampler_gives_codes_and_repeats(count, vector):
    seed_everything(0)
    model = painter.Painter(SMALL) if vector is None else latent.of_vectors(10, SMALL)
    y = (
        shapes.encode(["a red ring"] * count)
        if vector is None
        else torch.randn(count, vector, generator=generator(1))
    )
    seen = []
    one = latent.draw(
        model.eval(),
        y,
        generator=generator(0),
        steps=3,
        watch=lambda t, xt, x0: seen.append(t),
    )
    assert one.shape == (count, 16, 4, 4)
    assert seen == [1000, 667, 333, 0]
    assert torch.equal(one, latent.draw(model, y, generator=generator(0), steps=3))


def test_guidance_of_one_is_the_network_and_of_zero_ignores_the_caption():
    seed_everything(0)
    model = painter.Painter(SMALL).eval()
    with torch.no_grad():
        for weights in model.parameters():
            weights.add_(0.1 * torch.randn(weights.shape, generator=generator(0)))
    alpha_bar = diffusion.cosine()
    xt = torch.randn(2, 16, 4, 4, generator=generator(1))
    y = shapes.encode(["a red ring", "a small white cross"])

    def at(guidance, y=y):
        return diffusion.denoiser(
            model, y, alpha_bar, guidance=guidance, limit=math.inf
        )(xt, 500)

    assert torch.allclose(at(1), at(1.0 + 1e-9), atol=1e-5)
    assert torch.allclose(at(0.0), at(1, torch.zeros_like(y)), atol=1e-5)
    assert not torch.allclose(at(1), at(0.0), atol=1e-3)


def test_steps_in_the_page_are_those_of_the_sampler():
    seed_everything(0)
    model, known = painter.Painter(SMALL).eval(), latent.Autoencoder().eval()
    with torch.no_grad():
        for weights in model.parameters():
            weights.add_(0.05 * torch.randn(weights.shape, generator=generator(0)))
    words = shapes.encode(["a red ring", "a small white cross"])
    step = latent.Step(model, known, words)
    table = diffusion.Step.table(latent.schedule(), 4)
    x = torch.randn(1, 16, 4, 4, generator=generator(3))
    with torch.no_grad():
        for row in range(4):
            told = {key: torch.tensor([[column[row]]]) for key, column in table.items()}
            x, seen = step(x, torch.tensor([1]), torch.tensor([[2.0]]), **told)
    expected = latent.draw(
        model, words[1:], generator=generator(3), steps=4, guidance=2.0
    )
    assert seen.shape == (1, 3, 16, 33)
    assert torch.allclose(x, expected, atol=1e-3)
    assert torch.allclose(seen[..., 17:], known.decode(expected), atol=1e-3)


def test_an_embedding_is_told_in_numbers_about_one():
    image = torch.nn.functional.normalize(torch.randn(5, 64, generator=generator(0)))
    assert prior.spread(image).square().mean() == pytest.approx(1.0, rel=1e-4)


def test_a_vector_of_zeros_says_nothing():
    model = latent.of_vectors(10, SMALL)
    y = torch.randn(3, 10, generator=generator(1))
    assert torch.equal(diffusion.nothing(model, y), torch.zeros(3, 10))
    words = model.reads(y)
    assert words.shape == (3, latent.PARTS, SMALL.text)
    assert torch.allclose(model.reads(0 * y)[0], model.reads(0 * y)[1])


def test_a_denoiser_learns_a_few_codes_by_heart(drawn):
    seed_everything(0)
    model = painter.Painter(SMALL)
    x0 = torch.randn(2, 16, 4, 4, generator=generator(5))
    words = drawn.words[:2, 0]
    rng = generator(0)
    source = iter(lambda: (x0.repeat(8, 1, 1, 1), words.repeat(8, 1)), None)
    history = latent.learn(model, source, steps=150, generator=rng)
    assert history.smoothed(window=10)[-1] < history.smoothed(window=10)[10] / 3
    found = latent.draw(model.eval(), words, generator=rng, guidance=1.0)
    assert (found - x0).square().mean() < (found - x0.flip(0)).square().mean() / 3


def test_a_prior_learns_which_picture_goes_with_which_words():
    rng = generator(0)
    text = torch.nn.functional.normalize(torch.randn(2, 2, 12, generator=rng), dim=-1)
    image = torch.nn.functional.normalize(torch.randn(2, 12, generator=rng), dim=-1)
    seed_everything(0)
    model = prior.Prior(prior.Sizes(12, width=48, layers=1))
    model.fitted(text.flatten(0, 1), image)
    source = (
        (model.hidden(i), model.told(t))
        for i, t in prior.pairs(text, image, size=32, generator=rng)
    )
    prior.learn(model, source, steps=200, generator=rng)
    found = prior.imagine(model.eval(), text[:, 0], generator=rng)
    assert found.shape == (2, 12)
    near = torch.cdist(found, image)
    assert torch.equal(near.argmin(1), torch.arange(2))
