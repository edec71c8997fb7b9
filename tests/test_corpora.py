"""The reader's own text goes through the chapter's steps, or one sentence says why not.

What no text file can be (missing, empty, short, binary, another encoding) is refused
when it is read: see test_data.py.
"""

import math

import pytest
import torch

from minigen import book, compress, data, gpt, ngram
from minigen.repro import generator, seed_everything
from minigen.tokens import BytePairs


def judged(path):
    """Do with a text what the chapter does, in two steps; return the bits per byte."""
    text = data.text(path)
    pairs = BytePairs.train(text.train, size=512)
    train, test = (torch.tensor(pairs.encode(part)) for part in (text.train, text.test))
    counted = ngram.going_on(train, test, vocab=len(pairs), order=5)
    length = min(16, len(train) // 4)
    seed_everything(0)
    known = book.Book(train)
    model = book.BookGPT(gpt.Sizes(len(pairs), context=32, width=16, heads=2), known)
    batches = book.windows(known, length=length, size=2, generator=generator(0))
    book.learn(model, batches, steps=2, progress=False)
    hints = known.reading(test)
    paid = compress.text_nats(
        model, test, hints, length=length, stride=max(1, length // 2)
    )
    prompt = torch.tensor([pairs.encode(text.test[:60])])
    gpt.generate(model, prompt, steps=3, generator=generator(0))
    return [compress.bits_per_byte(each, text.test) for each in (counted, paid)]


def mixed(signs):
    """Return two thousand signs in any order, with no space among them."""
    order = torch.randint(len(signs), (2000,), generator=generator(1))
    return "".join(signs[i] for i in order.tolist())


@pytest.mark.parametrize(
    "text",
    [
        "One line, and no more. " * 60,
        mixed("🐍🦊🐻🐼🐨🦁🐸🐙"),
        mixed("猫は犬をみる"),
        "\n".join(str(i) for i in range(900)),
        " \n\t " * 500 + "a few words at the end of much white space " * 30,
    ],
    ids=["one line", "emoji only", "no spaces", "numbers", "white space"],
)
def test_odd_texts_can_be_read(tmp_path, text):
    file = tmp_path / "odd.txt"
    file.write_text(text, encoding="utf-8")
    assert all(math.isfinite(bits) and bits > 0 for bits in judged(file))


@pytest.mark.parametrize("text", ["x" * 1500, "🐍🦊🐻" * 400])
def test_a_text_that_is_one_word_again_and_again_has_too_few_tokens(tmp_path, text):
    file = tmp_path / "odd.txt"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=r"\d tokens"):
        judged(file)
