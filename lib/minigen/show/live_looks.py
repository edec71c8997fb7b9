"""Where the words of the reader's own sentence look, as a live model's output."""

import html
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from minigen.show.live_odds import percent
from minigen.show.live_text import Words
from minigen.show.live_words import WORDS

#: Looks from this share on are written under the word, as in live-looks.js.
WRITTEN = 0.02
#: Words that are named as the likeliest to come next.
NAMED = 3


@dataclass(frozen=True)
class Looks:
    """A sentence whose words show, when pointed at, where they look.

    The model must give [1, places, places + vocabulary]: for each place the weights of
    its look at every place, and the odds of the word that comes next.

    Parameters
    ----------
    text: the name of the control, and the `show.Words` itself, whose words are shown.
    at: the word that is chosen at first, counted from the end.
    """

    text: tuple[str, Words]
    at: int = 1
    kind = "looks"

    def check(self, output: Tensor, name: str) -> None:
        words = self.text[1]
        shape = [1, words.places, words.places + len(words.vocabulary)]
        if list(output.shape) != shape:
            raise ValueError(
                f"live model {name!r} must give looks and odds of shape {shape}, not "
                f"{list(output.shape)}"
            )
        sums = output[0, :, words.places :].sum(-1)
        inside = bool(((output >= -1e-4) & (output <= 1 + 1e-4)).all())
        if not inside or not torch.allclose(sums, torch.ones_like(sums), atol=1e-3):
            raise ValueError(
                f"live model {name!r} must give weights from 0 to 1, and odds that sum "
                "to one in each row"
            )

    def markup(self, output: Tensor, alt: str) -> str:
        words = self.text[1]
        numbers = words.numbers(words.start)
        place = max(0, len(numbers) - self.at)
        shown = " ".join(
            tile(words.vocabulary[number], float(output[0, place, n]), n == place)
            for n, number in enumerate(numbers)
        )
        said = html.escape(self.said(output, place))
        return (
            f'<div class="live-looks"><div class="show live-sentence" role="img" '
            f'aria-label="{html.escape(alt)} {said}">{shown}</div>'
            f'<div class="live-sentence" role="toolbar" aria-label="{WORDS["words"]}" '
            f'hidden></div><p class="live-look">{said}</p></div>'
        )

    def said(self, output: Tensor, place: int) -> str:
        """Return where a word looks and what it expects, as live-looks.js says it."""
        words = self.text[1]
        numbers = words.numbers(words.start)
        names = [words.vocabulary[number] for number in numbers]
        weights = output[0, place, : words.places]
        first = int(weights[: len(names)].argmax())
        odds = output[0, place, words.places :]
        order = odds.argsort(descending=True, stable=True)[:NAMED].tolist()
        next_words = ", ".join(
            f"“{words.vocabulary[n]}” {percent(float(odds[n]))}" for n in order
        )
        looks = WORDS["looks"].format(
            names[place], names[first], percent(float(weights[first]))
        )
        return f"{looks} {WORDS['expects'].format(next_words)}"

    def spec(self, output: Tensor) -> dict[str, Any]:
        return {"kind": self.kind, "text": self.text[0], "at": self.at,
                "words": {key: WORDS[key] for key in ("looks", "expects")}}  # fmt: skip


def tile(word: str, weight: float, chosen: bool) -> str:
    """Return a word of the still, tinted by how much is looked at it."""
    written = percent(weight) if weight >= WRITTEN else ""
    return (
        f'<span class="live-word{" live-chosen" * chosen}" style="--w:{weight:.3f}">'
        f"<b>{html.escape(word)}</b> <small>{written}</small></span>"
    )
