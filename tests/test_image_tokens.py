"""Captions and image tokens in one line, and a GPT that writes on."""

import pytest
import torch

from minigen import gpt, image_tokens, tiles
from minigen.data import shapes
from minigen.repro import generator, seed_everything


def test_a_line_loses_nothing():
    words = shapes.encode(["a red ring left of a blue square", "a small white cross"])
    tokens = torch.randint(256, (2, 32), generator=generator(0))
    lines = image_tokens.line(words, tokens)
    assert lines.shape == (2, 40)
    back = image_tokens.split(lines)
    assert torch.equal(back[0], words)
    assert torch.equal(back[1], tokens)
    assert int(lines[:, 8:].min()) >= image_tokens.WORDS > int(lines[:, :8].max())


def test_a_line_of_another_length_is_named():
    with pytest.raises(ValueError, match="40 in all, not 23"):
        image_tokens.split(torch.zeros(1, 23, dtype=torch.long))


@pytest.mark.parametrize("count", [1, 3])
def test_only_image_tokens_are_drawn(count):
    seed_everything(0)
    model = gpt.GPT(image_tokens.sizes(codes=32, width=32, layers=1)).eval()
    with torch.no_grad():
        model.embed.weight[: image_tokens.WORDS] *= 50  # it would rather write words
    words = shapes.encode(["a red ring"] * count)
    drawn = image_tokens.draw(model, words, generator=generator(0))
    assert drawn.shape == (count, 32)
    assert int(drawn.min()) >= 0
    assert int(drawn.max()) < 32
    again = image_tokens.draw(model, words, generator=generator(0))
    assert torch.equal(drawn, again)


def test_it_learns_a_few_lines_by_heart():
    examples = tiles.examples(4, generator=generator(1), pairs=0.0)
    tokens = torch.randint(32, (4, 32), generator=generator(2))
    seed_everything(0)
    model = gpt.GPT(image_tokens.sizes(codes=32, width=48, layers=2))
    rows = image_tokens.batches(examples, tokens, size=8, generator=generator(0))
    gpt.learn(model, rows, steps=120, progress=False)
    drawn = image_tokens.draw(
        model.eval(), examples.words[:, 0], generator=generator(0), temperature=0.1
    )
    assert (drawn == tokens).float().mean() > 0.95
