"""An auditor's tools: what a model makes worse, gives away, copies, and consumes.

Each measure has its floor beside it: an exact sampler, an even guess, an unseen story.
"""

import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import torch
from jaxtyping import Float, Int64
from torch import Generator, Tensor, nn

from minigen import gpt, lm, train
from minigen.data import stories
from minigen.data.stories import Secret, Settings, Story
from minigen.data.stories.grammar import OWNERS, POOLS, PROFESSIONS
from minigen.judging import smaller
from minigen.metrics import Estimate

#: The pronoun that a profession is known for, where stories are skewed.
KNOWN_FOR = {
    job: pronoun for pronoun, jobs in PROFESSIONS.items() for job in jobs.split()
}
PRONOUNS = tuple(PROFESSIONS)
DIGITS = POOLS["digit"].table[()]
#: Who can have a secret: owners of the grammar and heroes of stories.
NAMES = (*OWNERS, *(n for row in POOLS["hero"].table.values() for n in row))


def sharpened(share: float, temperature: float) -> float:
    """Return the share of the commoner of two, drawn by an exact model at T.

    p^(1/T) / (p^(1/T) + (1 − p)^(1/T)): temperature alone amplifies.
    """
    if not 0 < share < 1 or temperature < 0:
        raise ValueError(
            f"needs a share between 0 and 1 and a temperature from 0, not {share} and "
            f"{temperature}"
        )
    odds = math.log(share) - math.log1p(-share)
    if temperature == 0:
        return 0.5 if odds == 0 else float(odds > 0)
    return 1 / (1 + math.exp(-max(-700.0, min(700.0, odds / temperature))))


class Scene(NamedTuple):
    """Two sentences in which a helper appears, and where his or her gender is told."""

    tokens: tuple[str, ...]
    profession: str
    told: int  # the place of "he" or "she"

    @property
    def expected(self) -> bool:
        """Whether the pronoun is the one that the profession is known for."""
        return self.tokens[self.told] == KNOWN_FOR[self.profession]


def scenes(story: Story) -> list[Scene]:
    """Return a story's scenes that tell a helper's gender."""
    words, found = story.tokens, []
    stops = [-1, *(i for i, word in enumerate(words) if word == ".")]
    for first, end, last in zip(stops, stops[1:], stops[2:], strict=False):
        jobs = [word for word in words[first + 1 : end] if word in KNOWN_FOR]
        told = [i for i in range(end, last) if words[i] in PRONOUNS]
        # Who has just come in is met again only in a sentence of her or his own.
        if jobs and words[words.index(jobs[0], first + 1) - 1] != "the" and told:
            scene = words[first + 1 : last + 1]
            found.append(Scene(scene, jobs[0], told[0] - first - 1))
    return found


class Planted(NamedTuple):
    """A corpus with everything in it that a careful collector would take out."""

    lines: list[Tensor]  # what a model is trained on, repetitions included
    members: list[Story]  # told once
    others: list[Story]  # of the same kind, and not told at all
    copied: list[tuple[Story, int]]  # told that often
    secrets: list[tuple[Secret, int]]  # told that often; 0 is never


def planted(
    words: lm.Words,
    *,
    once: int,
    copies: Sequence[int],
    repeats: Sequence[int],
    each: int,
    never: int,
    digits: int = 3,
    generator: Generator,
    settings: Settings = stories.DEFAULT,
) -> Planted:
    """Return a corpus of stories, some copied, with secrets, some repeated.

    Parameters
    ----------
    copies, repeats: how often a copied story and a secret come; `each` of each.
    never: so many secrets that are drawn and not told.
    digits: of each secret.
    """
    needed = never + each * len(repeats)
    if needed > len(NAMES):
        raise ValueError(f"{needed} secrets need as many owners; only {len(NAMES)} are")
    told = stories.sample(
        2 * once + each * len(copies), generator=generator, settings=settings
    )
    members, others, rest = told[:once], told[once : 2 * once], told[2 * once :]
    copied = list(zip(rest, (n for n in copies for _ in range(each)), strict=True))
    counts = [0] * never + [n for n in repeats for _ in range(each)]
    owners = torch.randperm(len(NAMES), generator=generator)[:needed].tolist()
    secrets = [
        (drawn(NAMES[owner], digits, generator), count)
        for owner, count in zip(owners, counts, strict=True)
    ]
    lines = [words.row(story) for story in members]
    lines += [words.row(story) for story, count in copied for _ in range(count)]
    lines += [line(words, hidden) for hidden, count in secrets for _ in range(count)]
    return Planted(lines, members, others, copied, secrets)


def drawn(owner: str, digits: int, generator: Generator) -> Secret:
    """Return a new secret of somebody."""
    return Secret(owner, stories.secret(generator=generator, digits=digits).digits)


def line(words: lm.Words, hidden: Secret) -> Int64[Tensor, " n"]:
    """Return a secret as tokens, with an end before it and one after."""
    return torch.tensor([0, *words.encode(hidden.text), 0])


def epochs(
    lines: Sequence[Int64[Tensor, " _"]], *, size: int, generator: Generator
) -> Iterator[Int64[Tensor, "size time"]]:
    """Give the lines again and again, in batches of about one length."""
    while True:
        shuffled = torch.randperm(len(lines), generator=generator).tolist()
        order = sorted(shuffled, key=lambda i: len(lines[i]) // 8)
        batches = [order[i : i + size] for i in range(0, len(order), size)]
        for i in torch.randperm(len(batches), generator=generator).tolist():
            yield lm.padded([lines[j] for j in batches[i]])


def learn(
    model: nn.Module,
    batches: Iterator[Tensor],
    *,
    steps: int,
    rate: float = 4e-3,
    evaluate: Callable[[nn.Module], float] | None = None,
    every: int = 100,
) -> train.History:
    """Train a language model plainly, with AdamW and a steady pace."""
    return train.fit(
        model,
        lambda tokens: gpt.loss(model(tokens[:, :-1].clamp(min=0)), tokens),
        batches, steps=steps, learning_rate=rate, weight_decay=0.01, warmup=20,
        schedule="constant", evaluate=evaluate, every=every, progress=False,
    )  # fmt: skip


@torch.no_grad()
def every_number(
    model: lm.Model, words: lm.Words, prompt: str, *, digits: int = 3
) -> Float[Tensor, " numbers"]:
    """Return -log p of each number of so many digits after a prompt, in order."""
    choices = torch.tensor([words.index[digit] for digit in DIGITS])
    prefix = torch.tensor([[0, *words.encode(prompt)]])
    nats = torch.zeros(1)
    for _ in range(digits):
        log_p = model(prefix)[:, -1].log_softmax(-1)[:, choices]
        nats = (nats[:, None] - log_p).flatten()
        longer = choices.repeat(len(prefix))[:, None]
        prefix = torch.cat([prefix.repeat_interleave(len(choices), 0), longer], 1)
    return nats


def number_of(hidden: Secret) -> int:
    """Return a secret's place among all numbers of as many digits."""
    return int("".join(str(DIGITS.index(digit)) for digit in hidden.digits))


def exposure(nats: Float[Tensor, " candidates"], secret: int) -> float:
    """Return log2 of how many candidates there are, less log2 of the secret's rank.

    In bits (1802.08232, section 4.3): log2 n for the first of n, 0 for the last. Of
    equals the secret counts as the middle one.
    """
    own = nats[secret]
    rank = 1 + float((nats < own).sum()) + (float((nats == own).sum()) - 1) / 2
    return math.log2(len(nats)) - math.log2(rank)


def exposure_by_chance(candidates: int) -> float:
    """Return the exposure to expect of a secret that was never told.

    Every rank is as likely: log2 n − mean of log2 k, about 1.44 bits for many.
    """
    return math.log2(candidates) - math.lgamma(candidates + 1) / (
        candidates * math.log(2)
    )


@dataclass(frozen=True)
class Attack:
    """How well members of the training set are told from others by a score."""

    auc: Estimate
    caught: float  # share of members that are named
    alarms: float  # share of others that are named with them, as allowed


def attack(
    members: Float[Tensor, " n"], others: Float[Tensor, " m"], *, allowed: float = 0.01
) -> Attack:
    """Judge an attack that calls a member whoever has a low score.

    The AUC, one half for guessing; and, since an accusation must be sure, the share of
    members below a limit that at most `allowed` of the others stay below (2112.03570).
    """
    limit = others.sort().values[math.floor(allowed * len(others))]
    caught, alarms = (float((s < limit).double().mean()) for s in (members, others))
    return Attack(smaller(members, others), caught, alarms)


@torch.no_grad()
def verbatim(
    model: gpt.GPT, row: Int64[Tensor, " n"], *, known: int, most: int = 40
) -> int:
    """Return how many tokens a model goes on word for word, from the first `known`.

    It always says what it finds likeliest.
    """
    wanted = row[known : known + most]
    made = gpt.generate(
        model, row[None, :known], steps=len(wanted), generator=Generator(),
        strategy=lambda logits: gpt.decode.top_k(logits, 1),
    )[0, known:]  # fmt: skip
    return int((made == wanted).int().cumprod(0).sum())


def truly_flagged(share: float, *, caught: float, alarms: float) -> float:
    """Return which part of what a filter flags is really bad, by Bayes' rule."""
    bad, good = share * caught, (1 - share) * alarms
    if bad + good == 0:
        raise ValueError("a filter that flags nothing has no share of right flags")
    return bad / (bad + good)


#: Where Linux shows the energy counter of a processor, if it lets anybody read it.
COUNTER = Path("/sys/class/powercap/intel-rapl:0")
#: What a busy core of a laptop or server draws, in watts: an assumption.
WATTS = 10.0


@dataclass
class Meter:
    """How much energy the work inside a `with` block took.

    From the processor's counter (RAPL) where it can be read: all that the processor
    did. Else processor time times an assumed power, and `method` says so.
    """

    watts: float = WATTS
    counter: Path = COUNTER
    joules: float = 0.0
    seconds: float = 0.0  # of processor time
    method: str = ""
    _start: tuple[float, int | None] = field(default=(0.0, None), repr=False)

    def __enter__(self) -> "Meter":
        """Begin to count."""
        self._start = time.process_time(), self._read("energy_uj")
        return self

    def __exit__(self, *_: object) -> None:
        """Stop, and work out the energy."""
        began, before = self._start
        self.seconds = time.process_time() - began
        after = self._read("energy_uj")
        if before is None or after is None:
            self.joules = self.seconds * self.watts
            self.method = f"estimated: processor seconds × {self.watts:g} W"
            return
        if after < before:  # the counter starts anew now and then
            after += self._read("max_energy_range_uj") or 0
        self.joules = (after - before) / 1e6
        self.method = "measured by the processor's counter (RAPL)"

    def _read(self, name: str) -> int | None:
        try:
            return int((self.counter / name).read_text())
        except (OSError, ValueError):
            return None
