"""A grammar with memory: sample it, read it, and sum over all that it can say.

A state is what is still to be said (a stack of words and items) and what was told so
far (the registers). Every item has a `Law`, the list of its outcomes, which depends on
a few registers alone. Sampling, exact probabilities and the exact entropy all use it.
"""

import math
from bisect import bisect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import Any, NamedTuple

from minigen.data.stories.grammar import END, Pool, Row

PRONOUNS = {"he": ("he", "him", "his"), "she": ("she", "her", "her")}
SIGILS = "~>*+@=^"

Facts = tuple[str | None, ...]


@dataclass(frozen=True, eq=False)
class Item:
    """One item of a rule: `kind` is its sigil, `key` names its rule, pool or register.

    `source` is the pool of a draw, the form of a pronoun or the value to remember.
    """

    kind: str
    key: str
    source: str = ""
    excluded: str = ""
    article: bool = False
    reads: tuple[int, ...] = ()


Symbol = str | Item
Stack = Any  # None, or (symbol, stack): a linked list that branches can share


class Outcome(NamedTuple):
    """One outcome of an item: what comes next, and what is remembered."""

    probability: float
    label: str
    push: tuple[Symbol, ...]
    bind: tuple[tuple[int, str | None], ...] = ()


class Law(NamedTuple):
    """All outcomes of an item, given the registers that it reads."""

    outcomes: tuple[Outcome, ...]
    cumulative: tuple[float, ...]
    by_word: dict[str, list[Outcome]] | None  # where every outcome starts with a word
    nats: float


@dataclass(frozen=True)
class Grammar:
    """Pools of words, ways to say the same, what may happen, and shares in [0, 1].

    `habit` is a shore writer's liking for a way to say it, against the next one.
    """

    pools: Mapping[str, Pool]
    register_pools: Mapping[str, str]
    same: Mapping[str, str]
    plot: Mapping[str, tuple[Row, ...]]
    shares: Mapping[str, float]
    habit: float


def dialect_weights(dialect: str | None, count: int, habit: float) -> list[float]:
    """Weigh `count` ways to say the same as writers of the dialect use them.

    Hill writers use n, n - 1, ..., 1 in n (n + 1) / 2; shore writers prefer the last,
    and each way before it `habit` times as much as the next.
    """
    if dialect == "shore":
        return [habit ** (count - 1 - rank) for rank in range(count)]
    return [float(count - rank) for rank in range(count)]


def article(word: str) -> str:
    """Return a or an, by the first letter (no word here is an exception to that)."""
    return "an" if word[0] in "aeiou" else "a"


def holds(condition: str, value: str | None) -> bool:
    """Tell whether `reg`, `!reg`, `reg=value` or `reg!=value` holds of its register."""
    name, equals, wanted = condition.partition("=")
    if equals:
        return (value == wanted) is not name.endswith("!")
    return (value is None) is name.startswith("!")


def register_of(condition: str) -> str:
    """Return the register that a condition is about."""
    return condition.partition("=")[0].strip("!")


def push(symbols: Sequence[Symbol], stack: Stack) -> Stack:
    """Put symbols on a linked stack, the first on top."""
    for symbol in reversed(symbols):
        stack = (symbol, stack)
    return stack


def bind(facts: Facts, updates: Sequence[tuple[int, str | None]]) -> Facts:
    """Return the registers with some of them set."""
    for index, value in updates:
        facts = (*facts[:index], value, *facts[index + 1 :])
    return facts


def make_law(outcomes: Sequence[Outcome]) -> Law:
    """Prepare outcomes for drawing, for reading and for the entropy."""
    by_word: dict[str, list[Outcome]] = {}
    for outcome in outcomes:
        first = outcome.push[0] if outcome.push else None
        if isinstance(first, str):
            by_word.setdefault(first, []).append(outcome)
    direct = sum(map(len, by_word.values())) == len(outcomes)
    cumulative = tuple(accumulate(o.probability for o in outcomes))
    nats = -sum(o.probability * math.log(o.probability) for o in outcomes)
    return Law(tuple(outcomes), cumulative, by_word if direct else None, nats)


def draw(law: Law, uniform: float) -> Outcome:
    """Return the outcome that a uniform number in [0, 1) falls on."""
    last = len(law.outcomes) - 1
    return law.outcomes[bisect(law.cumulative, uniform, 0, last)]


class Machine:
    """A grammar, parsed, with the law of every item in every situation."""

    def __init__(self, grammar: Grammar) -> None:
        self.grammar = grammar
        self.registers: dict[str, int] = {}
        self._items: dict[str, Item] = {}
        self._laws: dict[tuple[Item, Facts], Law] = {}
        self.rules: dict[str, list[tuple[Row, tuple[Symbol, ...]]]] = {}
        for name, text in grammar.same.items():
            rows = [Row(str(i), 1, "", t) for i, t in enumerate(text.split("/"))]
            self.rules[name] = [(row, self.parse(row.text)) for row in rows]
        clash = grammar.same.keys() & grammar.plot.keys()
        if clash:
            raise ValueError(f"rules need distinct names; used twice: {sorted(clash)}")
        for name, plot in grammar.plot.items():
            self.rules[name] = [(row, self.parse(row.text)) for row in plot]
        self.story = self.item(">story")
        self.blank: Facts = (None,) * len(self.registers)

    @property
    def items(self) -> list[Item]:
        """Return every item that a rule uses."""
        return list(self._items.values())

    def parse(self, text: str) -> tuple[Symbol, ...]:
        """Turn a rule's text into words and items."""
        words = (END if word == "<end>" else word for word in text.split())
        return tuple(self.item(w) if w[0] in SIGILS else w for w in words)

    def item(self, text: str) -> Item:
        """Return the item that a text like `+clue:place-here` stands for."""
        if text not in self._items:
            self._items[text] = self._parse_item(text)
        return self._items[text]

    def _parse_item(self, text: str) -> Item:
        kind, (key, _, source) = text[0], text[1:].partition(":")
        if kind == "^":
            return replace(self.item(text[1:]), article=True)
        if kind == "@":
            who, _, source = key.partition(".")
            key = f"{who}_gender" if source else who
            return Item(kind, key, source, reads=self._indices([key]))
        if kind in "~>":
            reads = ["dialect"]
            if key not in self.grammar.same:
                whens = [row.when for row in self.grammar.plot[key]]
                reads = sorted({register_of(c) for w in whens for c in w.split()})
            return Item(kind, key, reads=self._indices(reads))
        if kind == "=":
            self._indices([key])
            return Item(kind, key, source, reads=self._indices(source[1:].split()))
        source, _, excluded = (source or key).partition("-")
        if kind == "+":
            self._indices([key])
        reads = [*self.grammar.pools[source].by, *excluded.split()]
        key = key.partition("-")[0]
        return Item(kind, key, source, excluded, reads=self._indices(reads))

    def _indices(self, names: Sequence[str]) -> tuple[int, ...]:
        return tuple(self.registers.setdefault(n, len(self.registers)) for n in names)

    def law(self, item: Item, facts: Sequence[str | None]) -> Law:
        """Return the outcomes of an item, given what was told."""
        key = (item, tuple([facts[i] for i in item.reads]))
        law = self._laws.get(key)
        if law is None:
            names = list(self.registers)
            told = {names[i]: facts[i] for i in item.reads}
            law = self._laws[key] = make_law(self._outcomes(item, told))
        return law

    def _outcomes(self, item: Item, told: dict[str, str | None]) -> list[Outcome]:
        if item.kind in "~>":
            outcomes = self._rewrites(item, told)
        elif item.kind in "+*":
            outcomes = self._draws(item, told)
        elif item.kind == "@":
            value = told[item.key]
            if value and item.source:
                value = PRONOUNS[value][PRONOUNS["he"].index(item.source)]
            outcomes = [Outcome(1.0, value, (value,))] if value else []
        else:
            value = item.source or None
            if value and value.startswith("@"):
                value = told[value[1:]]
            update = (self.registers[item.key], value)
            outcomes = [Outcome(1.0, value or "", (), (update,))]
        if not item.article:
            return outcomes
        if item.kind == "@":
            plain = (self.item("@" + item.key),)
            return [o._replace(push=(article(o.label), *plain)) for o in outcomes]
        return [o._replace(push=(article(o.label), *o.push)) for o in outcomes]

    def _rewrites(self, item: Item, told: dict[str, str | None]) -> list[Outcome]:
        rules = self.rules[item.key]
        if item.key in self.grammar.same:
            habit = self.grammar.habit
            weights = dialect_weights(told["dialect"], len(rules), habit)
        else:
            weights = [self._weight(row, told) for row, _ in rules]
        total = sum(weights)
        return [
            Outcome(weight / total, row.label, symbols)
            for weight, (row, symbols) in zip(weights, rules, strict=True)
            if weight > 0
        ]

    def _weight(self, row: Row, told: dict[str, str | None]) -> float:
        if not all(holds(c, told[register_of(c)]) for c in row.when.split()):
            return 0.0
        if isinstance(row.weight, str):
            share = self.grammar.shares[row.weight.lstrip("!")]
            return 1 - share if row.weight.startswith("!") else share
        return row.weight

    def _draws(self, item: Item, told: dict[str, str | None]) -> list[Outcome]:
        pool = self.grammar.pools[item.source]
        words = pool.table.get(tuple(told[name] or "" for name in pool.by), ())
        if item.excluded:
            words = tuple(word for word in words if word != told[item.excluded])
        remember = item.kind == "+"
        return [
            Outcome(
                1 / len(words),
                word,
                (word,),
                ((self.registers[item.key], word),) if remember else (),
            )
            for word in words
        ]

    def generate(self, choose: Callable[[Item, Law], Outcome]) -> list[str]:
        """Tell a story, with its closing END, choosing wherever there is a choice."""
        stack: list[Symbol] = [self.story]
        facts = list(self.blank)
        tokens = []
        while stack:
            head = stack.pop()
            if isinstance(head, str):
                tokens.append(head)
                continue
            law = self.law(head, facts)
            outcome = choose(head, law) if len(law.outcomes) > 1 else law.outcomes[0]
            for index, value in outcome.bind:
                facts[index] = value
            stack.extend(reversed(outcome.push))
        return tokens
