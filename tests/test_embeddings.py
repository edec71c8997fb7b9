"""Word vectors: the loss against what is known of it, and a planted analogy."""

import itertools
import math

import pytest
import torch

from minigen import embeddings, repro
from minigen.embeddings import SkipGram, Space, Words

TEXT = [["a", "b", "a", "c"], ["b", "c"], ["a", "a"]] * 3


def tiny(words=6, seed=0):
    """Return a table of neighbours and odds of noise, with a pair that never met."""
    made = torch.rand(words, words, generator=repro.generator(seed)).double() * 20
    near = made + made.T
    near[0, 1] = near[1, 0] = 0
    noise = near.sum(1) ** 0.75
    return near, (noise / noise.sum()).float()


def test_passages_are_words_in_small_letters():
    assert embeddings.passages("The King's hat, 3 hats!\n\n“Où?” 😀\n") == [
        ["the", "king's", "hat", "3", "hats"],
        ["où"],
    ]
    assert embeddings.passages("a b\nc\n\nd", end="\n\n") == [["a", "b", "c"], ["d"]]


def test_words_are_counted_and_the_rare_left_out():
    words = Words.of(TEXT, at_least=6)
    assert dict(zip(words.words, words.counts, strict=True)) == {
        "a": 12,
        "b": 6,
        "c": 6,
    }
    assert words.words[0] == "a"
    assert len(Words.of(TEXT, at_least=1, most=2)) == 2
    with pytest.raises(ValueError, match="1 words come at least 7 times"):
        Words.of(TEXT, at_least=7)


def test_noise_is_the_counts_to_a_power():
    words = Words.of(TEXT)
    counts = torch.tensor([12.0, 6.0, 6.0])
    assert torch.allclose(words.noise(1.0), counts / 24)
    assert torch.allclose(words.noise(), counts**0.75 / (counts**0.75).sum())


@pytest.mark.parametrize("window", [1, 2, 3, 50])
def test_neighbours_equal_a_plain_count(window):
    words = Words.of(TEXT)
    plain = torch.zeros(3, 3, dtype=torch.float64)
    for passage in TEXT:
        for (i, one), (j, other) in itertools.permutations(enumerate(passage), 2):
            if abs(i - j) <= window:
                plain[words.index[one], words.index[other]] += 1
    assert torch.equal(words.neighbours(TEXT, window=window), plain)


def test_common_words_count_less():
    words = Words.of(TEXT)
    full = words.neighbours(TEXT, window=2)
    thinned = words.neighbours(TEXT, window=2, keep=0.125)
    # a is half of the text, b and c a quarter each
    kept = torch.tensor([0.5, math.sqrt(0.5), math.sqrt(0.5)], dtype=torch.float64)
    assert torch.allclose(thinned, full * kept[:, None] * kept)
    assert torch.equal(words.neighbours(TEXT, window=2, keep=1.0), full)


def test_the_loss_is_the_papers_formula():
    torch.manual_seed(0)
    model = SkipGram(5, 3)
    word, other = torch.tensor([0, 4]), torch.tensor([1, 1])
    false = torch.tensor([[2, 3], [4, 0]])

    def log_sigmoid(w, c, sign):
        score = (model.center[w] @ model.context[c]).item()
        return -math.log1p(math.exp(-sign * score))

    expected = 0.0
    for row in range(2):
        w = int(word[row])
        expected -= log_sigmoid(w, int(other[row]), 1)
        expected -= sum(log_sigmoid(w, int(c), -1) for c in false[row])
    assert model.loss(word, other, false).item() == pytest.approx(expected / 2)


def test_the_table_is_the_average_of_the_examples():
    near, noise = tiny()
    torch.manual_seed(1)
    model = SkipGram(6, 3, scale=1.0)
    batches = embeddings.examples(
        near, noise, size=1000, negatives=4, generator=repro.generator(0)
    )
    losses = torch.stack(
        [model.loss(*batch).detach() for batch in itertools.islice(batches, 200)]
    )
    exact = embeddings.table_loss(model.scores, near, noise, negatives=4)
    assert abs(losses.mean() - exact) < 4 * losses.std() / math.sqrt(200)


def test_examples_are_drawn_as_often_as_counted():
    near, noise = tiny()
    batches = embeddings.examples(
        near, noise, size=200_000, negatives=1, generator=repro.generator(0)
    )
    word, other, false = next(batches)
    found = torch.bincount(word * 6 + other, minlength=36).view(6, 6) / 200_000
    assert found[0, 1] == 0
    assert torch.allclose(found.double(), near / near.sum(), atol=0.004)
    odds = torch.bincount(false.flatten(), minlength=6) / 200_000
    assert torch.allclose(odds, noise, atol=0.006)
    with pytest.raises(ValueError, match="no two words"):
        next(embeddings.examples(
            near * 0, noise, size=1, negatives=1, generator=repro.generator(0)
        ))  # fmt: skip


def test_no_scores_beat_the_best():
    near, noise = tiny()
    best = embeddings.best_scores(near, noise, negatives=3)
    assert best[0, 1] == -torch.inf
    least = embeddings.least_loss(near, noise, negatives=3)
    scores = best.clamp(min=-30).requires_grad_(True)
    loss = embeddings.table_loss(scores, near, noise, negatives=3)
    (slope,) = torch.autograd.grad(loss, scores)
    assert slope.abs().max() < 1e-8
    assert loss.item() == pytest.approx(least.item(), abs=1e-6)
    # The book's noise by counts: mutual information less log k.
    counts = near.sum(1) / near.sum()
    information = (near / near.sum() / counts[:, None] / counts).log()
    by_counts = embeddings.best_scores(near, counts, negatives=3)
    assert torch.allclose(by_counts, information - math.log(3))


def test_vectors_as_long_as_the_vocabulary_reach_the_floor():
    near, noise = tiny()
    near[0, 1] = near[1, 0] = 4
    torch.manual_seed(0)
    model = SkipGram(6, 6, scale=0.5)
    history = embeddings.fit_table(model, near, noise, steps=800, progress=False)
    k = embeddings.NEGATIVES
    floor = embeddings.least_loss(near, noise, negatives=k).item()
    assert floor <= history.loss[-1] + 1e-6
    assert history.loss[-1] == pytest.approx(floor, rel=1e-3)
    best = embeddings.best_scores(near, noise, negatives=k).float()
    assert torch.allclose(model.scores, best, atol=0.1)


def planted():
    """Return a space where gender and rank are directions: a parallelogram."""
    places = {
        "king": (1, 1, 0), "queen": (1, -1, 0), "man": (0.1, 1, 0),
        "woman": (0.1, -1, 0), "apple": (0, 0, 1),
    }  # fmt: skip
    return Space.of(tuple(places), torch.tensor(list(places.values())))


QUESTIONS = embeddings.pairs_of_pairs([("king", "queen"), ("man", "woman")])


def test_a_planted_analogy_is_found_even_without_leaving_words_out():
    space = planted()
    assert ("man", "woman", "king", "queen") in QUESTIONS
    for exclude in (True, False):
        assert embeddings.accuracy(
            QUESTIONS, space.analogies(QUESTIONS, exclude=exclude)
        ) == 1  # fmt: skip


def test_leaving_words_out_is_what_finds_a_weak_analogy():
    places = {
        "king": (1, 0.1),
        "queen": (1, -0.1),
        "man": (-1, 0.1),
        "woman": (-1, -0.1),
    }
    table = torch.tensor(list(places.values()))
    table[2:, 1] *= 0.01  # men and women differ by almost nothing
    space = Space.of(tuple(places), table)
    asked = [("man", "woman", "king", "queen")]
    assert space.analogies(asked, exclude=False) == ["king"]
    assert space.analogies(asked, exclude=True) == ["queen"]
    assert space.neighbours_of_last(asked) == ["queen"]


def test_neighbours_come_nearest_first_and_without_the_word():
    space = planted()
    names = [word for word, _ in space.nearest("man", 4)]
    assert names[0] == "king"
    assert "man" not in names
    assert [w for w, _ in space.nearest(space["man"], 1)] == ["man"]
    assert len(space.nearest("man", 99)) == 4
    assert "king" not in dict(space.nearest("man", without=["king"]))
    with pytest.raises(ValueError, match="no vector for 'emperor'"):
        space.nearest("emperor")


def test_the_plane_keeps_what_varies_most():
    space = planted()
    flat = space.plane(["king", "queen", "man", "woman"])
    assert flat.shape == (4, 2)
    full = space.vectors[:4]
    kept = torch.cdist(flat, flat)
    assert torch.allclose(kept, torch.cdist(full, full), atol=1e-6)
    assert space.plane().shape == (5, 2)


def test_every_pair_asks_every_other_both_ways():
    three = embeddings.pairs_of_pairs([("a", "b"), ("c", "d"), ("e", "f")])
    assert len(three) == len(set(three)) == 12
    assert ("b", "a", "d", "c") in three


@pytest.mark.parametrize(
    "text", ["🦜 🌍😀 " * 500, "to be or not to be " * 99, "12 3 ½"]
)
def test_a_text_without_words_is_named(text):
    with pytest.raises(ValueError, match=r"mine\.txt has \d different words"):
        embeddings.enough_words(text, name="mine.txt")


def test_a_text_with_words_enough_comes_back():
    text = " ".join(f"word{n}" for n in range(20))
    assert embeddings.enough_words(text, name="mine.txt") == text
