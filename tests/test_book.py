"""Looking up what has been read: hints equal a search by hand, and none peeks."""

import math

import pytest
import torch

from minigen import book, gpt
from minigen.book import Book, BookGPT, last_time
from minigen.repro import generator, seed_everything


def by_hand(tokens, place, length):
    """Return what followed the last tokens at a place when they last stood before."""
    if place < length - 1:
        return -1
    wanted = tokens[place - length + 1 : place + 1]
    for before in range(place - 1, length - 2, -1):
        if tokens[before - length + 1 : before + 1] == wanted:
            return tokens[before + 1]
    return -1


@pytest.mark.parametrize("length", [1, 2, 3, 5])
def test_hints_equal_a_search_by_hand(length):
    tokens = torch.randint(3, (150,), generator=generator(length))
    found = last_time(tokens, lengths=(length,))[:, 0].tolist()
    assert found[length:] == [
        by_hand(tokens.tolist(), t, length) for t in range(length, 150)
    ]


def test_no_hint_knows_what_comes():
    tokens = torch.randint(4, (90,), generator=generator(1))
    other = tokens.clone()
    other[61:] = 0
    assert torch.equal(last_time(tokens)[:61], last_time(other)[:61])


def test_a_book_and_a_text_are_read_as_one():
    known, first, second = torch.randint(4, (3, 60), generator=generator(2))
    known[-1] = 4  # no phrase goes on from the book into the text
    reader = Book(known, lengths=(1, 2, 3))
    both = reader.hints(torch.stack([first, second]))
    for text, found in zip((first, second), both, strict=True):
        whole = reader.reading(text)
        assert torch.equal(found, whole)
        joined = torch.cat([known, text]).tolist()
        expected = [by_hand(joined, t, 3) for t in range(62, 120)]
        assert found[2:, 2].tolist() == expected


def test_a_new_phrase_has_no_hint():
    assert (last_time(torch.arange(64)) == -1).all()
    again = torch.arange(20).repeat(2)
    assert torch.equal(last_time(again, lengths=(1,))[20:39, 0], again[21:])


def small(lengths=(1, 3), seed=0):
    seed_everything(seed)
    known = torch.randint(11, (300,), generator=generator(seed))
    sizes = gpt.Sizes(11, context=64, width=16, heads=2)
    model = BookGPT(sizes, Book(known, lengths=lengths))
    torch.nn.init.normal_(model.belief.weight)
    return model.eval()


def test_it_never_looks_ahead():
    model = small()
    tokens = torch.randint(11, (2, 40), generator=generator(3))
    other = tokens.clone()
    other[:, 25:] = 0
    same = torch.allclose(model(tokens)[:, :25], model(other)[:, :25], atol=1e-5)
    assert same


def test_the_cached_path_equals_the_uncached_one():
    model = small()
    tokens = torch.randint(11, (2, 40), generator=generator(4))
    parts, caches = [], None
    for piece in tokens.split([3, 1, 1, 20, 15], dim=1):
        logits, caches = model.cached(piece, caches)
        parts.append(logits)
    assert torch.allclose(torch.cat(parts, dim=1), model(tokens), atol=1e-4)
    once, twice = (
        gpt.generate(
            model, tokens[:, :5], steps=90, generator=generator(0), cached=cached
        )
        for cached in (True, False)
    )
    assert torch.equal(once, twice)


def test_what_stands_in_the_book_is_soon_repeated():
    known = torch.randint(50, (400,), generator=generator(5)).repeat(4)
    seed_everything(0)
    reader = Book(known, lengths=(2,))
    model = BookGPT(gpt.Sizes(50, context=64, width=16, heads=2), reader)
    batches = book.windows(reader, length=32, size=4, generator=generator(0))
    history = book.learn(model, batches, steps=60, progress=False)
    assert history.smoothed()[-1] < 0.6 * math.log(50)


def test_a_book_needs_a_phrase_and_a_token_after_it():
    Book(torch.arange(4), lengths=(3,))
    with pytest.raises(ValueError, match="longer text"):
        Book(torch.arange(3), lengths=(3,))
