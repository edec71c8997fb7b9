"""Four machines: each draws what it is asked for, and again with the same dice."""

import pytest
import torch

from minigen import (
    attributes,
    clip,
    gpt,
    image_tokens,
    latent,
    painter,
    prior,
    vqvae,
    ways,
)
from minigen.data import shapes
from minigen.repro import generator, seed_everything

CAPTIONS = ["a small red ring in the centre", "a red ring left of a blue square"]


@pytest.fixture(scope="module")
def machines():
    seed_everything(0)
    made = ways.Machines(
        pixels=painter.Painter(),
        packer=latent.Autoencoder(),
        sculptor=painter.Painter(latent.SIZES),
        tokenizer=vqvae.VQVAE(),
        writer=gpt.GPT(image_tokens.sizes(width=16, layers=1)),
        known=clip.Clip(),
        dreamer=prior.Prior(prior.Sizes(prior.VECTOR)),
        decoder=latent.of_vectors(prior.VECTOR),
    )
    for model in vars(made).values():
        model.eval()
    return made


@pytest.mark.parametrize("way", ways.WAYS)
def test_each_draws_a_picture_a_caption_and_repeats(machines, way):
    x = machines.draw(way, CAPTIONS, generator=generator(0))
    assert x.shape == (2, 3, 16, 16)
    assert 0 <= float(x.min()) <= float(x.max()) <= 1
    assert torch.equal(x, machines.draw(way, CAPTIONS, generator=generator(0)))
    assert not torch.equal(x, machines.draw(way, CAPTIONS, generator=generator(1)))
    assert machines.parts(way)


def test_an_unknown_way_is_named_with_those_that_there_are(machines):
    with pytest.raises(ValueError, match="pixels, latents, tokens, embedding"):
        machines.draw("oil", CAPTIONS, generator=generator(0))


def test_each_kind_of_caption_is_what_its_name_says():
    asked = ways.kinds(12, generator=generator(0))
    for name, part in asked.items():
        things = [
            {(one.colour, one.shape) for one in scene.things} for scene in part.scenes
        ]
        assert len(part.x) == len(part.captions) == 12
        assert all(
            len(scene.things) == 1 + (name == "two things") for scene in part.scenes
        )
        held_out = [bool(pairs & set(shapes.HELD_OUT)) for pairs in things]
        assert held_out == [name == "unseen pair"] * 12


def test_features_are_what_a_reader_answers_from():
    seed_everything(0)
    reader = attributes.Reader().eval()
    x = ways.kinds(2, generator=generator(0))["two things"].x
    seen = ways.features(reader, x)
    assert seen.shape == (2, 128)
    assert torch.equal(reader.layers[-1](seen), reader(x))
