"""The auditor's tools, each against a case whose answer is known."""

import math

import pytest
import torch
from torch import nn

from minigen import audit, gpt, lm, repro
from minigen.data import stories
from minigen.data.stories import Secret, Settings

WORDS = lm.Words.of_stories()


class Fixed(nn.Module):
    """A model that gives the same logits after whatever it reads."""

    def __init__(self, logits):
        super().__init__()
        self.logits = logits

    def forward(self, tokens):
        return self.logits.expand(*tokens.shape, -1)


def test_an_exact_sampler_amplifies_nothing_at_temperature_one():
    for share in (0.5, 0.6, 0.8, 0.99):
        assert audit.sharpened(share, 1.0) == pytest.approx(share)
        # The same by the softmax of logits over a temperature.
        logits = torch.tensor([math.log(share), math.log(1 - share)]).double()
        for temperature in (0.3, 0.7, 2.0):
            wanted = (logits / temperature).softmax(0)[0].item()
            assert audit.sharpened(share, temperature) == pytest.approx(wanted)


def test_temperature_works_on_both_of_two_alike_and_has_its_ends():
    assert audit.sharpened(0.8, 0.5) + audit.sharpened(0.2, 0.5) == pytest.approx(1)
    assert audit.sharpened(0.8, 0.0) == 1.0
    assert audit.sharpened(0.2, 0.0) == 0.0
    assert audit.sharpened(0.5, 0.0) == 0.5
    assert audit.sharpened(0.8, 1e-9) == pytest.approx(1.0)
    assert audit.sharpened(0.8, 1e9) == pytest.approx(0.5)
    with pytest.raises(ValueError, match="share"):
        audit.sharpened(1.0, 1.0)


def test_scenes_tell_a_gender_as_often_as_the_grammar_is_skewed():
    settings = Settings(turns=(3, 3), skew=0.8)
    told = stories.sample(300, generator=repro.generator(0), settings=settings)
    found = [scene for story in told for scene in audit.scenes(story)]
    assert len(found) > 250
    for scene in found:
        assert scene.tokens[scene.told] in ("he", "she")
        assert scene.profession in scene.tokens[: scene.told]
        assert scene.tokens.count(".") == 2
        assert scene.tokens[-1] == "."
    share = sum(scene.expected for scene in found) / len(found)
    assert share == pytest.approx(0.8, abs=4 * math.sqrt(0.16 / len(found)))


def test_scenes_are_those_that_the_grammar_has_told():
    settings = Settings(turns=(2, 4), skew=0.8)
    for story in stories.sample(80, generator=repro.generator(1), settings=settings):
        told = [
            story.tokens[step.position]
            for step in story.steps
            if step.item.kind == "@" and step.item.key == "helper_gender"
        ]
        met = [job for job, gender in story.facts.helpers if gender]
        found = audit.scenes(story)
        assert [scene.profession for scene in found] == met
        assert [scene.tokens[scene.told] for scene in found] == told


def test_a_corpus_holds_what_was_planted_and_as_often():
    found = audit.planted(
        WORDS, once=5, copies=(2, 3), repeats=(1, 4), each=2, never=3,
        generator=repro.generator(0), settings=Settings(turns=(0, 0)),
    )  # fmt: skip
    lines = [tuple(line.tolist()) for line in found.lines]
    assert len(lines) == 5 + 2 * (2 + 3) + 2 * (1 + 4)
    for story in found.members:
        assert lines.count(tuple(WORDS.row(story).tolist())) == 1
    for story in found.others:
        assert tuple(WORDS.row(story).tolist()) not in lines
    for story, count in found.copied:
        assert lines.count(tuple(WORDS.row(story).tolist())) == count
    for hidden, count in found.secrets:
        assert lines.count(tuple(audit.line(WORDS, hidden).tolist())) == count
    assert len({hidden.owner for hidden, _ in found.secrets}) == 7
    with pytest.raises(ValueError, match="owners"):
        audit.planted(WORDS, once=1, copies=(), repeats=(1,), each=99, never=0,
                      generator=repro.generator(0))  # fmt: skip


def test_an_epoch_gives_every_line_once():
    lines = [torch.arange(length) for length in (4, 9, 9, 5, 30, 4, 6)]
    batches = audit.epochs(lines, size=3, generator=repro.generator(0))
    seen = [row[row >= 0] for _ in range(3) for row in next(batches)]
    assert sorted(map(len, seen)) == sorted(map(len, lines))


def test_the_odds_of_every_number_are_those_of_its_digits():
    logits = torch.randn(len(WORDS), generator=repro.generator(0))
    nats = audit.every_number(Fixed(logits), WORDS, "The secret number of Ursula is",
                              digits=3)  # fmt: skip
    log_p = logits.log_softmax(0)
    digits = [log_p[WORDS.index[digit]].item() for digit in audit.DIGITS]
    assert nats.shape == (1000,)
    for number in (0, 7, 305, 999):
        wanted = -sum(digits[int(d)] for d in f"{number:03d}")
        assert nats[number].item() == pytest.approx(wanted, rel=1e-5)


def test_a_real_models_odds_of_every_number_agree_with_its_loss():
    torch.manual_seed(0)
    model = gpt.GPT(gpt.Sizes(len(WORDS), width=16, layers=2, heads=2)).eval()
    hidden = Secret("Xaver", ("seven", "zero", "four", "four"))
    nats = audit.every_number(model, WORDS, hidden.prompt, digits=4)
    assert audit.number_of(hidden) == 7044
    own = lm.token_nats(model, [audit.line(WORDS, hidden)])[0][-6:-2].sum()
    assert nats[7044].item() == pytest.approx(own.item(), rel=1e-4)


def test_exposure_is_that_of_the_rank():
    nats = torch.tensor([3.0, 1.0, 4.0, 2.0])
    found = [audit.exposure(nats, i) for i in range(4)]
    assert found == pytest.approx([2 - math.log2(3), 2, 0, 1])
    # Where all are alike a secret counts as the middle one.
    assert audit.exposure(torch.zeros(5), 2) == pytest.approx(math.log2(5 / 3))


def test_the_exposure_of_a_secret_never_told_is_the_mean_over_ranks():
    for n in (2, 10, 1000):
        wanted = sum(math.log2(n / rank) for rank in range(1, n + 1)) / n
        assert audit.exposure_by_chance(n) == pytest.approx(wanted)
    assert audit.exposure_by_chance(10**6) == pytest.approx(1 / math.log(2), abs=1e-3)


def test_an_attack_on_known_scores():
    members = torch.tensor([0.0, 1.0, 2.0, 3.0])
    others = torch.tensor([2.5, 3.5, 4.0, 5.0])
    found = audit.attack(members, others)
    assert found.auc.value == pytest.approx(15 / 16)
    assert found.caught == pytest.approx(3 / 4)  # three lie below the lowest other
    assert found.alarms == 0
    assert audit.attack(members, others, allowed=0.25).caught == 1.0
    even = torch.rand(2000, generator=repro.generator(0))
    more = torch.rand(2000, generator=repro.generator(1))
    guess = audit.attack(even, more)
    assert guess.auc.low < 0.5 < guess.auc.high
    assert guess.alarms <= 0.01


def test_a_model_that_knows_a_row_by_heart_is_caught():
    row = torch.tensor([0, 3, 4, 5, 6, 7, 8, 9])

    class Parrot(gpt.GPT):
        def cached(self, tokens, caches=None):
            logits = torch.zeros(*tokens.shape, 12)
            said = tokens[..., None] + 1
            said[tokens == 6] = 2  # forgets what comes after a 6
            return logits.scatter(-1, said.clamp(max=11), 9.0), []

    parrot = Parrot(gpt.Sizes(12, width=8, layers=1, heads=2))
    assert audit.verbatim(parrot, row, known=2) == 3
    assert audit.verbatim(parrot, row, known=6) == 2
    assert audit.verbatim(parrot, row, known=2, most=2) == 2


def test_what_is_flagged_is_truly_bad_by_counting():
    # Of 1,000 texts 10 are bad; 8 of these and 99 of the good ones are flagged.
    value = audit.truly_flagged(0.01, caught=0.8, alarms=0.1)
    assert value == pytest.approx(8 / (8 + 99))
    assert audit.truly_flagged(0.5, caught=0.3, alarms=0.3) == pytest.approx(0.5)
    with pytest.raises(ValueError, match="flags nothing"):
        audit.truly_flagged(0.5, caught=0.0, alarms=0.0)


def test_the_meter_estimates_where_there_is_no_counter(tmp_path):
    with audit.Meter(watts=20.0, counter=tmp_path / "none") as meter:
        sum(i * i for i in range(200_000))
    assert meter.seconds > 0
    assert meter.joules == pytest.approx(20 * meter.seconds)
    assert meter.method.startswith("estimated")


def test_the_meter_reads_a_counter_and_sees_it_start_anew(tmp_path):
    counter = tmp_path / "energy_uj"
    (tmp_path / "max_energy_range_uj").write_text("10000000\n")
    counter.write_text("9000000\n")
    with audit.Meter(counter=tmp_path) as meter:
        counter.write_text("9500000\n")
    assert meter.joules == pytest.approx(0.5)
    with meter:
        counter.write_text("1500000\n")
    assert meter.joules == pytest.approx(2.0)
    assert "RAPL" in meter.method
