"""The watermark: its bias and its test, against enumeration and exact distributions."""

import itertools
import math

import pytest
import torch
from scipy import stats

from minigen import lm, repro, watermark
from minigen.data import stories
from minigen.watermark import Mark

WORDS = lm.Words.of_stories()


def human(n, seed=0):
    return [WORDS.row(s) for s in stories.sample(n, generator=repro.generator(seed))]


@pytest.mark.parametrize(("share", "strength"), [(0.5, 2.0), (0.25, 0.7), (0.5, 0.0)])
def test_the_lean_is_what_all_colourings_together_say(share, strength):
    odds = torch.tensor([[0.5, 0.25, 0.2, 0.05], [1.0, 0, 0, 0], [0.25] * 4])
    exact = torch.zeros(3, dtype=torch.float64)
    for green in itertools.product([False, True], repeat=4):
        chosen = torch.tensor(green)
        leaned = (odds.log().nan_to_num(neginf=-1e9) + strength * chosen).softmax(-1)
        weight = math.prod(share if g else 1 - share for g in green)
        exact += weight * (leaned * chosen).sum(-1)
    found = watermark.expected_green(
        odds, share=share, strength=strength, draws=20_000,
        generator=repro.generator(0),
    )  # fmt: skip
    assert found.tolist() == pytest.approx(exact.tolist(), abs=0.01)
    assert found[1] == pytest.approx(share, abs=0.01)  # no choice, no mark


def test_a_marked_writer_is_as_green_as_expected():
    vocab, length, rng = 30, 400, repro.generator(0)
    logits = torch.randn(vocab, vocab, generator=rng)
    greens, wanted = [], []
    for key in range(60):
        mark = Mark(vocab, key=key, strength=1.5)
        token, row = torch.tensor([0]), [0]
        for _ in range(length):
            odds = mark.lean(logits[token], token).softmax(-1)
            wanted.append(float((odds * mark.table[token]).sum()))
            token = torch.multinomial(odds[0], 1, generator=rng)
            row.append(int(token))
        greens.append(mark.count(torch.tensor(row), once=False)[0] / length)
    # By its own odds exactly (a martingale), and over keys near the enumeration.
    error = 0.5 / math.sqrt(60 * length)
    assert sum(greens) / 60 == pytest.approx(sum(wanted) / len(wanted), abs=4 * error)
    expected = watermark.expected_green(
        logits.softmax(-1), strength=1.5, draws=200, generator=rng
    )
    assert sum(greens) / 60 == pytest.approx(float(expected.mean()), abs=0.04)


def test_the_expected_z_of_known_colours_is_the_mean_z():
    mark, rows = Mark(len(WORDS), key=2), [row[1:].tolist() for row in human(6)]
    stream = torch.tensor([0, *itertools.chain(*rows)])
    colours = mark.table[stream[:-1], stream[1:]].double()
    texts = list(watermark.pieces(rows, length=70))
    assert watermark.expected_z(colours, rows, length=70) == pytest.approx(
        sum(map(mark.z, texts)) / len(texts)
    )


def test_a_strength_of_nought_leaves_no_mark():
    logits = torch.randn(5, 9, generator=repro.generator(0))
    mark = Mark(9, strength=0.0)
    assert torch.equal(mark.lean(logits, torch.arange(5)), logits)


def test_over_keys_the_score_of_an_unmarked_text_is_a_standard_one():
    # 300 keys, one text each: mean 0 ± 4/√300, variance 1 ± 4 √(2/300). A shift of
    # 0.35 or a spread of 1.3 would be found with a power over 98 %.
    z = torch.tensor([Mark(len(WORDS), key=k).z(row)
                      for k, row in enumerate(human(300))])  # fmt: skip
    assert abs(float(z.mean())) < 4 / math.sqrt(300)
    assert abs(float(z.var()) - 1) < 4 * math.sqrt(2 / 300)
    assert stats.kstest(z.numpy(), "norm").pvalue > 1e-4


def test_counting_pairs_again_makes_the_score_wild_and_counting_once_does_not():
    row = torch.tensor([0, *[1, 2, 3] * 30])
    z = {once: torch.tensor([Mark(4, key=k).z(row, once=once) for k in range(400)])
         for once in (True, False)}  # fmt: skip
    assert float(z[True].var()) == pytest.approx(1, abs=0.3)
    assert float(z[False].var()) > 15  # about 90 / 4 copies of each coin


@pytest.mark.parametrize("once", [True, False])
def test_many_keys_and_rows_at_once_are_each_one_by_itself(once):
    rows, keys = human(5), [3, 11]
    found = watermark.over_keys(rows, keys, vocab=len(WORDS), share=0.3, once=once)
    for key, line in zip(keys, found.tolist(), strict=True):
        mark = Mark(len(WORDS), key=key, share=0.3)
        wanted = [mark.z(row, once=once) for row in rows]
        assert line == pytest.approx(wanted)


def test_the_count_and_the_p_value_by_hand():
    mark = Mark(5, key=3)
    row = torch.tensor([0, 1, 2, 1, 2, 4])  # pairs 01, 12, 21, 12, 24
    pairs = [(0, 1), (1, 2), (2, 1), (2, 4)]
    green = sum(bool(mark.table[a, b]) for a, b in pairs)
    assert mark.count(row) == (green, 4)
    assert mark.count(row, once=False)[1] == 5
    assert mark.z(row) == pytest.approx((green - 2) / 1)
    exact = sum(math.comb(4, k) for k in range(green, 5)) / 16
    assert mark.p_value(row) == pytest.approx(exact)
    assert mark.z(torch.tensor([0])) == 0


def test_the_same_key_colours_alike_and_another_otherwise():
    one, same, other = Mark(40, key=1), Mark(40, key=1), Mark(40, key=2)
    assert torch.equal(one.table, same.table)
    assert 0.4 < (one.table == other.table).double().mean() < 0.6
    assert Mark(200, share=0.25).table.double().mean() == pytest.approx(0.25, abs=0.01)


def test_the_strictest_writer_tells_stories_and_is_greener_than_chance():
    mark = Mark(len(WORDS), key=7)
    told = [watermark.strictest(mark, WORDS.index, generator=repro.generator(s))
            for s in range(5)]  # fmt: skip
    for tokens in told:
        words = [WORDS.vocabulary[i] for i in tokens[1:-1]]
        assert stories.log_probability(words) > -math.inf
    assert sum(mark.z(torch.tensor(tokens)) for tokens in told) / 5 > 3


def test_a_stream_is_cut_into_texts_that_go_on_from_one_another():
    texts = list(watermark.pieces([[1, 2, 0], [3, 0], [4, 5, 6, 0]], length=4))
    assert [t.tolist() for t in texts] == [[0, 1, 2, 0, 3], [3, 0, 4, 5, 6]]


def test_bad_marks_are_refused():
    with pytest.raises(ValueError, match="share of green words"):
        Mark(5, share=1.0)
    with pytest.raises(ValueError, match="strength"):
        Mark(5, strength=-1.0)
