"""Tasks that only looking back can solve, and their readers."""

import itertools

import pytest
import torch

from minigen import readers, recall
from minigen.attention import Attention, causal_mask
from minigen.repro import generator, seed_everything
from minigen.words import COLOURS, EMPTY, PEOPLE, WORDS

ASKED = {"pairs": (recall.pair_questions, 63), "echoes": (recall.questions, 64)}


def test_every_word_is_there_once():
    assert len(set(WORDS)) == len(WORDS)
    assert {WORDS[n] for n in PEOPLE}.isdisjoint(WORDS[n] for n in COLOURS)
    assert WORDS[PEOPLE[-1]] == "Peter"
    assert WORDS[COLOURS[-1]] == "black"


def test_in_pairs_everybody_keeps_one_colour_a_text():
    texts, known = recall.pairs(50, 40, generator=generator(0))
    for text, gives in zip(texts.tolist(), known.tolist(), strict=True):
        owned = {}
        for place in range(0, 40, 2):
            name, what = text[place : place + 2]
            assert name in PEOPLE
            assert what in COLOURS
            assert gives[place + 1] == (name in owned)
            assert not gives[place]
            assert owned.setdefault(name, what) == what


def test_an_echo_continues_what_stood_before():
    texts, known = recall.echoes(50, 40, generator=generator(0))
    assert texts.min() > EMPTY
    for text, gives in zip(texts.tolist(), known.tolist(), strict=True):
        for place in [place for place, given in enumerate(gives) if given]:
            pairs = list(itertools.pairwise(text[:place]))
            assert (text[place - 1], text[place]) in pairs
    assert 0.4 < known.float().mean() < 0.7


@pytest.mark.parametrize("task", ASKED)
@pytest.mark.parametrize("distance", [2, 8, 30, 62])
def test_a_question_has_one_answer_so_far_back(task, distance):
    ask, length = ASKED[task]
    texts, answers = ask(40, distance, generator=generator(1))
    assert texts.shape == (40, length)
    for text, answer in zip(texts.tolist(), answers.tolist(), strict=True):
        places = [place for place, word in enumerate(text[:-1]) if word == text[-1]]
        assert places == [length - 1 - distance]
        assert text[places[0] + 1] == answer


@pytest.mark.parametrize(("ask", "distance"), [
    (recall.questions, 1), (recall.questions, 64), (recall.pair_questions, 3),
    (recall.pair_questions, 64),
])  # fmt: skip
def test_a_distance_that_cannot_be_is_refused(ask, distance):
    with pytest.raises(ValueError, match="distance"):
        ask(2, distance, generator=generator(0))


def test_heads_with_a_causal_mask_are_the_librarys_attention():
    library = Attention(24, heads=3, causal=True, rotary_positions=True)
    heads = readers.Heads(24, heads=3, rotary_positions=True)
    heads.load_state_dict(library.state_dict())
    x = torch.randn(2, 9, 24, generator=generator(0))
    assert torch.allclose(heads.look(x, causal_mask(9))[0], library(x)[0], atol=1e-6)


@pytest.mark.parametrize("make", [
    readers.Reader, readers.Recurrent, lambda: readers.Recurrent(attention=True),
])  # fmt: skip
@pytest.mark.parametrize("batch", [1, 3])
def test_no_reader_sees_what_follows(make, batch):
    seed_everything(0)
    model = make()
    texts = torch.randint(1, len(WORDS), (batch, 12), generator=generator(0))
    changed = texts.clone()
    changed[:, 8:] = texts[:, 8:].flip(1) % 100 + 1
    before, after = model(texts), model(changed)
    assert before.shape == (batch, 12, len(WORDS))
    assert torch.allclose(before[:, :8], after[:, :8], atol=1e-5)


def test_counts_know_what_stood_together_and_nothing_else():
    texts = torch.tensor([[1, 2, 3, 1, 2, 3, 1, 2, 4]])
    counts = readers.Counts(3, texts)
    ends = torch.tensor([[7, 1, 2], [7, 2, 3], [9, 9, 2], [9, 9, 9]])
    assert counts.guess(ends).tolist() == [3, 1, 3, 2]  # the last: of equals the higher


def test_counts_answer_within_their_window_alone():
    texts, _ = recall.pairs(4000, 64, generator=generator(0))
    counts = readers.Counts(4, texts)
    near, far = (recall.recall(counts, n, asked=recall.pair_questions)
                 for n in (2, 16))  # fmt: skip
    assert near > 0.95
    assert far < 0.3


def test_lessons_begin_with_short_texts_and_end_with_long_ones():
    made = recall.batches(recall.pairs, {8: 25, 16: 3}, generator=generator(0))
    sizes = [texts.shape for texts, _ in itertools.islice(made, 70)]
    assert sizes == [(recall.BATCH, 8)] * 25 + [(recall.BATCH, 16)] * 45
    assert sum(recall.GROWING.values()) == pytest.approx(1)
    assert sum(recall.ECHOED.values()) == pytest.approx(1)


def test_a_small_reader_learns_to_look_back():
    seed_everything(0)
    model = readers.Reader(width=32, heads=2)
    texts, known = recall.pairs(8, 16, generator=generator(0))
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    for _ in range(150):
        loss = recall.loss(model(texts[:, :-1]), texts, known)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert loss < 0.1


def test_what_the_page_shows_is_the_reader_under_a_mask():
    seed_everything(0)
    reader = readers.Reader()
    text = torch.tensor([[3, 4, 5, 3, 4, EMPTY, EMPTY]])
    logits, seen = reader.read(text)
    made = readers.Look(reader, layer=1, head=0)(text)
    assert torch.allclose(made[0, :, :7], seen[1][0, 0], atol=1e-6)
    assert torch.allclose(made[..., 7:], logits.softmax(-1), atol=1e-6)
    watched = readers.Watched(reader)
    head, back, both = torch.tensor([2]), torch.tensor([0]), torch.tensor([1])
    far = watched(text, head, back, torch.tensor([[9.0]]))
    assert torch.allclose(far[0, :5], made.new_tensor(
        torch.cat([seen[1][0, 0], logits[0].softmax(-1)], -1)[:5].tolist()), atol=1e-5
    )  # fmt: skip
    near = watched(text, head, back, torch.tensor([[1.0]]))[0, :, :7]
    assert torch.equal(near > 0, torch.ones(7, 7).triu(-1).tril() * (
        torch.arange(7) < 5) + torch.eye(7) > 0)  # fmt: skip
    ahead = watched(text, head, both, torch.tensor([[9.0]]))[0, :5, :7]
    assert (ahead[:, :5] > 0).all()
    assert ahead[:, 5:].abs().max() == 0
