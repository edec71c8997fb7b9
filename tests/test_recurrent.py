"""A recurrent model read in pieces says what it says of the whole."""

import torch

from minigen import recurrent
from minigen.repro import generator, seed_everything


def test_pieces_carry_on_what_was_read():
    seed_everything(0)
    model = recurrent.Recurrent(9, width=12)
    tokens = torch.randint(9, (70,), generator=generator(0))
    whole, pieces = (recurrent.nats(model, tokens, piece=n) for n in (100, 16))
    assert len(whole) == 69
    assert torch.allclose(whole, pieces, atol=1e-5)
    logits = model(tokens[None, :-1])[0]
    expected = torch.nn.functional.cross_entropy(logits, tokens[1:], reduction="none")
    assert torch.allclose(whole, expected.double(), atol=1e-5)
