"""What the grammar of `stories` says exactly: next words, probabilities, entropy."""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from minigen.data.stories.machine import (
    Facts,
    Item,
    Machine,
    Outcome,
    Stack,
    Symbol,
    article,
    bind,
    push,
)


class Step(NamedTuple):
    """One outcome on the way through a story, and how many words stood before it."""

    item: Item
    outcome: Outcome
    position: int


class Branch(NamedTuple):
    """One way to have read a prefix; `path` is a linked list of steps, last first."""

    weight: float
    stack: Stack
    facts: Facts
    path: Any  # None, or (step, path)


@dataclass(frozen=True)
class Prefix:
    """The beginning of a story, and all that can follow (nothing, if it is none).

    `branches` are the ways through the rules that give these words, weighted by their
    probability given the words; the rules keep them few, and one at the end.
    """

    machine: Machine
    branches: tuple[Branch, ...]
    length: int = 0
    log_probability: float = 0.0

    @classmethod
    def empty(cls, machine: Machine) -> "Prefix":
        """Return the beginning of every story."""
        return cls(machine, (Branch(1.0, (machine.story, None), machine.blank, None),))

    def then(self, token: str) -> "Prefix":
        """Return this beginning and one more word."""
        found = []
        work = list(self.branches)
        while work:
            weight, stack, facts, path = work.pop()
            if stack is None:
                continue
            head, rest = stack
            if isinstance(head, str):
                if head == token:
                    found.append(Branch(weight, rest, facts, path))
                continue
            law = self.machine.law(head, facts)
            outcomes: Sequence[Outcome] = law.outcomes
            if law.by_word is not None:
                outcomes = law.by_word.get(token, ())
            for outcome in outcomes:
                work.append(
                    Branch(
                        weight * outcome.probability,
                        push(outcome.push, rest),
                        bind(facts, outcome.bind),
                        (Step(head, outcome, self.length), path),
                    )
                )
        total = sum(branch.weight for branch in found)
        return Prefix(
            self.machine,
            tuple(b._replace(weight=b.weight / total) for b in found),
            self.length + 1,
            self.log_probability + math.log(total) if total else -math.inf,
        )

    def next(self) -> dict[str, float]:
        """Return the exact probability of every word that can come next."""
        odds: defaultdict[str, float] = defaultdict(float)
        work = [(b.weight, b.stack, b.facts) for b in self.branches]
        while work:
            weight, stack, facts = work.pop()
            if stack is None:
                continue
            head, rest = stack
            if isinstance(head, str):
                odds[head] += weight
                continue
            law = self.machine.law(head, facts)
            if law.by_word is not None:
                for word, outcomes in law.by_word.items():
                    odds[word] += weight * sum(o.probability for o in outcomes)
                continue
            for outcome in law.outcomes:
                after = push(outcome.push, rest), bind(facts, outcome.bind)
                work.append((weight * outcome.probability, *after))
        return dict(odds)

    def steps(self) -> list[Step]:
        """Return the steps of the likeliest way to read this, in order."""
        if not self.branches:
            return []
        found = []
        path = max(self.branches, key=lambda branch: branch.weight).path
        while path is not None:
            step, path = path
            found.append(step)
        return found[::-1]


def read(machine: Machine, tokens: Sequence[str]) -> Prefix:
    """Read words from the start of a story, as far as they can be one."""
    prefix = Prefix.empty(machine)
    for token in tokens:
        prefix = prefix.then(token)
        if not prefix.branches:
            break
    return prefix


class Expectation:
    """Exact sums over all stories: the entropy, and how often each word occurs.

    The entropy of a story is the expected entropy of the choices that are made on its
    way. Words of a pool are alike: whichever was told, the same may happen next. So it
    is enough to follow one word of each pool, and to count it as all of them evenly.
    """

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.nats = 0.0
        self.counts: defaultdict[str, float] = defaultdict(float)
        self._drawn = {item.key for item in machine.items if item.kind == "+"}
        self._reads: dict[Item, frozenset[int] | None] = {}
        self._said: dict[tuple[Item, Facts], tuple[float, dict[str, float]]] = {}
        self._follow((machine.story,), {machine.blank: 1.0})

    def _follow(
        self, symbols: Sequence[Symbol], states: Mapping[Facts, float]
    ) -> Mapping[Facts, float]:
        """Add up what the symbols say, and return the states after them."""
        for symbol in symbols:
            if isinstance(symbol, str):
                self.counts[symbol] += sum(states.values())
                continue
            reads = self._reads_without_effect(symbol)
            groups: defaultdict[Facts, dict[Facts, float]] = defaultdict(dict)
            for facts, weight in states.items():
                key = tuple([facts[i] for i in (reads or symbol.reads)])
                groups[key][facts] = weight
            if reads is None:
                states = self._follow_item(symbol, groups.values())
                continue
            for group in groups.values():
                total = sum(group.values())
                nats, counts = self._say(symbol, next(iter(group)))
                self.nats += total * nats
                for word, count in counts.items():
                    self.counts[word] += total * count
        return states

    def _follow_item(
        self, item: Item, groups: Iterable[Mapping[Facts, float]]
    ) -> Mapping[Facts, float]:
        """Follow an item that sets something, for groups of states it treats alike."""
        after: defaultdict[Facts, float] = defaultdict(float)
        for group in groups:
            total = sum(group.values())
            facts = next(iter(group))
            law = self.machine.law(item, facts)
            self.nats += total * law.nats
            outcomes: Sequence[Outcome] = law.outcomes
            if item.kind == "+":
                for word, share in self._even_shares(item, facts).items():
                    self.counts[word] += total * share
                outcomes = [outcomes[0]._replace(probability=1.0, push=())]
            for outcome in outcomes:
                then: defaultdict[Facts, float] = defaultdict(float)
                for told, weight in group.items():
                    then[bind(told, outcome.bind)] += weight * outcome.probability
                for told, weight in self._follow(outcome.push, then).items():
                    after[told] += weight
        return after

    def _reads_without_effect(self, item: Item) -> frozenset[int] | None:
        """Return all registers that an item's words depend on; None if it sets one."""
        if item not in self._reads:
            found: frozenset[int] | None = frozenset(item.reads)
            inner: list[Symbol] = []
            if item.kind in "~>":
                inner = [s for _, row in self.machine.rules[item.key] for s in row]
            for symbol in inner:
                if isinstance(symbol, str):
                    continue
                reads = self._reads_without_effect(symbol)
                found = None if found is None or reads is None else found | reads
            self._reads[item] = None if item.kind in "+=" else found
        return self._reads[item]

    def _say(self, item: Item, facts: Facts) -> tuple[float, dict[str, float]]:
        """Return the entropy of an item that sets nothing, and its expected words."""
        reads = self._reads_without_effect(item) or ()
        key = (item, tuple([facts[i] for i in reads]))
        if key not in self._said:
            law = self.machine.law(item, facts)
            nats = law.nats
            counts: defaultdict[str, float] = defaultdict(float)
            if item.kind == "*" or item.key in self._drawn:
                counts.update(self._even_shares(item, facts))
            else:
                for outcome in law.outcomes:
                    for symbol in outcome.push:
                        if isinstance(symbol, str):
                            counts[symbol] += outcome.probability
                            continue
                        more, words = self._say(symbol, facts)
                        nats += outcome.probability * more
                        for word, count in words.items():
                            counts[word] += outcome.probability * count
            self._said[key] = (nats, counts)
        return self._said[key]

    def _even_shares(self, item: Item, facts: Facts) -> dict[str, float]:
        """Share one draw or recall evenly between all words that may stand here."""
        grammar, registers = self.machine.grammar, self.machine.registers
        pool = grammar.pools[grammar.register_pools.get(item.key, item.key)]
        words = [
            word
            for key, row in pool.table.items()
            if all(
                name in self._drawn or facts[registers[name]] == value
                for name, value in zip(pool.by, key, strict=True)
            )
            for word in row
        ]
        shares: defaultdict[str, float] = defaultdict(float)
        for word in words:
            shares[word] += 1 / len(words)
            if item.article:
                shares[article(word)] += 1 / len(words)
        return shares
