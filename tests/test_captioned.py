"""Pictures under whole sentences."""

import pytest
import torch

from minigen.show.captioned import captioned


def test_every_picture_needs_its_sentence():
    given = {"name": "x", "alt": "Two pictures.", "caption": "Two."}
    shown = captioned(torch.rand(2, 3, 4, 4), ["a red ring", "a cross"], **given)
    assert "Two." in shown._repr_mimebundle_()["text/html"]
    with pytest.raises(ValueError, match="as many sentences"):
        captioned(torch.rand(2, 3, 4, 4), ["a red ring"], **given)
