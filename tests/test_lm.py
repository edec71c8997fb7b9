"""Language models on stories: words and back, and a gap that is zero for the truth."""

import math
from itertools import pairwise

import pytest
import torch

from minigen import gpt, lm, ngram, zoo
from minigen.data import stories
from minigen.repro import generator, seed_everything

WORDS = lm.Words.of_stories()


def told(n=12, seed=0):
    return stories.sample(n, generator=generator(seed))


def test_words_come_back_as_text():
    for story in told(5):
        assert WORDS.decode(WORDS.encode(story.text)) == story.text
    with pytest.raises(ValueError, match="no word 'spaceship'"):
        WORDS.encode("Once there lived a spaceship.")


def test_batches_hold_new_stories_of_like_length():
    batches = lm.fresh(WORDS, size=4, generator=generator(0))
    first, second = next(batches), next(batches)
    assert first.shape[0] == 4
    assert (first[:, 0] == 0).all()
    assert (first == -1).float().mean() < 0.1
    assert not torch.equal(first[0, :20], second[0, :20])
    for row in first:
        words = [WORDS.vocabulary[i] for i in row[row >= 0][1:]]
        assert math.isfinite(stories.log_probability(words))


class Oracle:
    """The grammar itself as a model: exact logits after every prefix."""

    def __call__(self, tokens):
        logits = torch.full((*tokens.shape, len(WORDS)), -30.0)
        for b, row in enumerate(tokens.tolist()):
            prefix = stories.begin()
            for t in range(len(row)):
                if t and prefix.branches:
                    prefix = prefix.then(WORDS.vocabulary[row[t]])
                for word, p in prefix.next().items():
                    logits[b, t, WORDS.index[word]] = math.log(p)
        return logits


def test_the_grammar_itself_has_no_gap():
    some = told(4)
    found = lm.gap(lm.story_nats(Oracle(), [WORDS.row(s) for s in some]), some)
    assert found.value == pytest.approx(0, abs=1e-3)


def test_the_gap_of_guessing_is_what_it_must_be():
    some = told(30)
    rows = [WORDS.row(s) for s in some]
    nats = lm.story_nats(lambda tokens: torch.zeros(*tokens.shape, len(WORDS)), rows)
    expected = (len(rows[3]) - 1) * math.log(len(WORDS))
    assert nats[3].item() == pytest.approx(expected, rel=1e-5)
    found = lm.gap(nats, some)
    share = math.log2(len(WORDS)) / stories.entropy().bits_per_token - 1
    assert found.low < share < found.high or found.value == pytest.approx(share, 0.05)


def test_real_stories_keep_everything_and_mixed_up_ones_do_not():
    texts = [s.tokens for s in told(6)]
    assert set(lm.kept(texts).values()) == {1.0}
    broken = [a[: len(a) // 2] + b[len(b) // 2 :] for a, b in pairwise(texts)]
    assert lm.kept(broken)["all"] < 0.5


def test_generated_rows_stop_at_their_end():
    ids = torch.tensor([[0, 3, 4, 0, 0], [0, 5, 6, 7, 8]])
    found = lm.said(WORDS, ids)
    assert [len(row) for row in found] == [2, 4]


def test_a_small_model_learns_that_stories_have_a_grammar(tmp_path, monkeypatch):
    monkeypatch.setenv("MINIGEN_ZOO", str(tmp_path))
    model = zoo.get("gpt.stories", budget=0.02, seed=1)
    some = told(20)
    found = lm.gap(lm.story_nats(model, [WORDS.row(s) for s in some]), some)
    seed_everything(0)
    raw = gpt.GPT(model.sizes)
    start = lm.gap(lm.story_nats(raw, [WORDS.row(s) for s in some]), some)
    assert found.value < start.value / 2
    assert sum(p.numel() for p in model.parameters()) < 500_000


def test_what_a_model_writes_is_what_generate_writes():
    seed_everything(0)
    model = gpt.GPT(gpt.Sizes(len(WORDS), context=40, width=32, layers=1, heads=2))
    ours = lm.write(model, 3, generator=generator(3), longest=12)
    theirs = gpt.generate(
        model, torch.zeros(3, 1, dtype=torch.long), steps=12, generator=generator(3),
        end=0,
    )  # fmt: skip
    assert torch.equal(ours, theirs)


def test_an_n_gram_writes_too():
    rows = [WORDS.row(story) for story in told(40)]
    model = ngram.NGram(len(WORDS), order=3).fit(ngram.stream(rows, order=3))
    written = lm.said(WORDS, lm.write(model, 4, generator=generator(0), longest=60))
    assert len(written) == 4
    nats = ngram.row_nats(model, rows[:3])
    assert [len(n) for n in nats] == [len(r) - 1 for r in rows[:3]]
    ids, state, slow = rows[0], None, []
    for now, after in pairwise(ids.tolist()):
        logits, state = model.step(torch.tensor([[now]]), state)
        slow.append(-logits[0, 0, after])
    assert torch.allclose(nats[0].float(), torch.stack(slow), atol=1e-4)


def test_kinds_are_what_the_grammar_did():
    story = told(1)[0]
    found = lm.kinds(story)
    assert len(found) == len(story.tokens) + 1
    assert set(found) == {"chosen", "fixed", "recalled"}
    hero = story.facts.hero
    later = [i for i, word in enumerate(story.tokens) if word == hero][1:]
    assert all(found[i] == "recalled" for i in later)
    prefix = stories.begin()
    for token, kind in zip((*story.tokens, stories.END), found, strict=True):
        odds = prefix.next()[token]
        assert kind == "recalled" or (odds > 0.999) == (kind == "fixed")
        prefix = prefix.then(token)


def test_bits_by_kind_are_means():
    some = told(3)
    nats = [torch.full((len(s.tokens) + 1,), math.log(2)) for s in some]
    assert lm.bits_by_kind(nats, some) == pytest.approx(
        {"chosen": 1, "fixed": 1, "recalled": 1}
    )


def test_xz_knows_what_it_was_shown():
    text = "".join(s.text for s in told(20))
    assert lm.xz_bits_per_byte(text, text[:2000]) < 0.5
    assert 1 < lm.xz_bits_per_byte("x", text[:2000]) < 8
