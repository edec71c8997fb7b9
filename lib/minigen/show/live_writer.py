"""A language model that goes on with the reader's words, in the page (live-writer.js).

The model runs as ONNX, one token a call, with its keys and values as an input: so each
new token costs the same, and the page keeps them as `gpt.GPT.cached` does.
"""

import copy
import hashlib
import html
import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn
from torch.nn.functional import linear

from minigen.data import stories
from minigen.gpt import GPT
from minigen.lm import Words as Vocabulary
from minigen.show.figure import check_weight, check_words
from minigen.show.live import Live
from minigen.show.live_controls import Control
from minigen.show.live_export import export, packed
from minigen.show.live_knobs import Luck, knobs, turned
from minigen.show.live_odds import Bar, bars_markup, percent
from minigen.show.live_text import Words
from minigen.show.live_words import WORDS, WRITER

#: Words that have a bar of their own; the others share one.
ROWS = 10
LIMIT = 60_000
CASES = 2


class Step(nn.Module):
    """One token more: what `GPT.cached` does, with a memory of fixed size.

    `memory` holds the keys and the values of the places before `place`, and after those
    of the layers the numbers of the tokens themselves.
    """

    turns: Tensor

    def __init__(self, model: GPT) -> None:
        super().__init__()
        self.gpt: Any = copy.deepcopy(model).eval().requires_grad_(False)
        size = model.sizes
        self.shape = (2, size.layers + 1, size.heads, size.context,
                      size.width // size.heads)  # fmt: skip
        half = self.shape[-1] // 2
        speed = 10_000.0 ** (-torch.arange(half) / half)
        angle = torch.arange(size.context)[:, None] * speed
        self.register_buffer("turns", torch.stack([angle.cos(), angle.sin()]))

    def forward(
        self,
        token: Int64[Tensor, "1"],
        place: Int64[Tensor, "1"],
        memory: Float[Tensor, "2 more heads context dim"],
    ) -> tuple[Float[Tensor, "2 more heads dim"], Float[Tensor, "1 vocab"]]:
        """Return the new keys and values, and the logits of what follows."""
        embed, places = self.gpt.embed.weight, torch.arange(self.shape[3])
        here = places[:, None] == place  # [context, 1]
        seen = torch.where(here, token, memory[0, -1, 0, :, :1])
        seen = (seen == torch.arange(len(embed))).to(embed.dtype)  # [context, vocab]
        before = (places == place - 1).to(embed.dtype) @ seen @ embed
        x = self.gpt.embed(token) + self.gpt.before * before  # [1, width]
        kept, weights = [], memory.new_zeros(0)
        for i, block in enumerate(self.gpt.blocks):
            part, h = block.attention, _norm(x, block.norms[0].weight)
            q, k, v = (layer(h).view(self.shape[2], -1)
                       for layer in (part.query, part.key, part.value))  # fmt: skip
            q, k = (self._turned(_norm(z, part.norm.weight), place) for z in (q, k))
            keys = torch.where(here, k[:, None], memory[0, i])
            values = torch.where(here, v[:, None], memory[1, i])
            scores = (keys @ q[:, :, None])[..., 0] / self.shape[4] ** 0.5
            weights = scores.masked_fill(places > place, -1e9).softmax(-1)
            x = x + part.out((weights[:, None] @ values).view(1, -1))
            hidden = block.up(_norm(x, block.norms[1].weight)).relu()
            x = x + block.down(hidden * hidden)
            kept.append(torch.stack([k, v]))
        kept.append(torch.zeros_like(kept[0]) + token.to(embed.dtype))
        x = _norm(x, self.gpt.norm.weight)
        logits = linear(x * (x @ self.gpt.sure).exp()[:, None], embed)
        raised = self.gpt.trust(x) @ weights @ seen  # weights are [heads, context]
        return torch.stack(kept, dim=1), logits + raised

    def _turned(self, z: Tensor, place: Tensor) -> Tensor:
        cos, sin = self.turns[:, place]
        a, b = z.chunk(2, dim=-1)
        return torch.cat([a * cos - b * sin, a * sin + b * cos], dim=-1)

    @torch.no_grad()
    def read(self, tokens: list[int]) -> tuple[Tensor, Tensor]:
        """Return the memory and the logits after some tokens."""
        memory, logits = torch.zeros(self.shape), torch.zeros(1)
        for place, token in enumerate(tokens):
            new, logits = self(torch.tensor([token]), torch.tensor([place]), memory)
            memory[:, :, :, place] = new
        return memory, logits


def _norm(x: Tensor, weight: Tensor) -> Tensor:
    return x * (x.square().mean(-1, keepdim=True) + 1e-6).rsqrt() * weight


def writer(
    model: GPT,
    vocabulary: Vocabulary,
    *,
    prompt: str,
    name: str,
    alt: str,
    caption: str,
    luck: int = 0,
    **starts: Any,
) -> Live:
    """Let a reader write a beginning, and the model go on with it, token by token.

    Parameters
    ----------
    vocabulary: the words of the model; the page writes as `stories.join` does.
    prompt: the beginning that stands there at first.
    alt: what is shown; `{shown}` stands for the text and what the bars say.
    luck: the number of the first sequence of draws.
    starts: values of the knobs at first, such as temperature=0.7.
    """
    check_words(name, alt=alt, caption=caption)
    step = Step(model)
    places = min(64, model.sizes.context // 2)
    line = Words(vocabulary.vocabulary, prompt, places=places, begin=[0],
                 label=WRITER["prompt"])  # fmt: skip
    turning: Any = knobs(**starts)
    drawing: Any = Luck(luck, label=WRITER["luck"])
    first: Any = line
    controls: dict[str, Control] = {"prompt": first, **turning, "luck": drawing}
    numbers = line.numbers(prompt)
    _, logits = step.read(numbers)
    cases = []
    for n in range(CASES):
        before = numbers[: len(numbers) - 1 - n]
        feeds = {"token": torch.tensor([numbers[len(before)]]),
                 "place": torch.tensor([len(before)]),
                 "memory": step.read(before)[0]}  # fmt: skip
        with torch.no_grad():
            made = dict(zip(("next", "picture"), step(**feeds), strict=True))
        cases.append({"inputs": packed(feeds), "outputs": packed(made)})
    file = export(step, feeds, made, name)
    rows, said = _start(logits[0], numbers, vocabulary, starts)
    page = _page(name, alt.replace("{shown}", said), caption, controls,
                 {"kind": "writer", "rows": ROWS, "shape": list(step.shape),
                  "tokens": list(vocabulary.vocabulary), "words": WORDS | WRITER},
                 alt, stories.join([vocabulary.vocabulary[i] for i in numbers[1:]]),
                 rows)  # fmt: skip
    check_weight(page, LIMIT, name)
    mark = hashlib.sha256(np.round(logits.numpy().astype("f8"), 3).tobytes())
    last = packed({"picture": logits})["picture"]
    return Live(name, mark.hexdigest()[:8], page, caption, file,
                {"cases": cases, "last": last}, step)  # fmt: skip


def _start(
    logits: Tensor, seen: list[int], vocabulary: Vocabulary, starts: Mapping[str, float]
) -> tuple[list[Bar], str]:
    """Return the bars before anyone has touched anything, and what they say."""
    logits = logits.double()
    before = logits.softmax(-1)
    after = turned(logits, seen, **starts).softmax(-1)
    order = before.argsort(descending=True, stable=True)
    names = [shown(word) for word in vocabulary.vocabulary]
    rows = [
        Bar(names[i], float(before[i]), float(after[i])) for i in order[:ROWS].tolist()
    ]
    rest = order[ROWS:]
    rows.append(Bar(WORDS["others"].replace("{}", str(len(rest))),
                    float(before[rest].sum()), float(after[rest].sum())))  # fmt: skip
    first = int(after.argmax())
    text = stories.join([vocabulary.vocabulary[i] for i in seen[1:]])
    said = WRITER["said"].format(text, names[first], percent(float(after[first])))
    return rows, said


def shown(word: str) -> str:
    """Return what a bar calls a word; the end of a story has no sign of its own."""
    return WRITER["end"] if word == stories.END else word


def _page(
    name: str,
    said: str,
    caption: str,
    controls: Mapping[str, Control],
    output: dict[str, Any],
    alt: str,
    text: str,
    rows: list[Bar],
) -> str:
    buttons = "".join(
        f'<button type="button" data-write="{key}">{html.escape(WRITER[key])}</button>'
        for key in ("one", "on", "back", "again")
    )
    first = controls["prompt"].markup("prompt") + (
        f'<div class="live-control"><div class="live-parts live-writing">{buttons}'
        "</div></div>"
    )
    others = "".join(
        control.markup(key) for key, control in controls.items() if key != "prompt"
    )
    spec = {
        "name": name,
        "alt": alt,
        "controls": {key: {"kind": c.kind, "label": c.label, **c.spec()}
                     for key, c in controls.items()},
        "output": output,
        "loop": None,
        "words": WORDS,
    }  # fmt: skip
    data = json.dumps(spec, ensure_ascii=False, separators=(",", ":"))
    page = (
        f'<figure class="show-live" id="fig-{name}" style="margin-inline:0" '
        f'data-live="{html.escape(data)}" data-model="{name}"><div class="live-stage">'
        f'<div class="live-odds"><p class="live-text">{html.escape(text)}</p>'
        f'<div class="show live-bars" role="img" aria-label="{html.escape(said)}">'
        f"{bars_markup(rows)}</div>"
        '<div class="live-bars" role="img" hidden></div></div>'
        f'<div class="live-controls" hidden>{first}{others}</div></div>'
        '<p class="live-note" role="status"></p><p class="live-said" role="status"></p>'
        f'<figcaption class="tex2jax_process mathjax_process">{html.escape(caption)}'
        "</figcaption></figure>"
    )
    return page.replace("{id}", f"live-{name}")
