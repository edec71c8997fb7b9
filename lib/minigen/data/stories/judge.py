"""Judge a text that claims to be a story: is it readable, and is it coherent?

`check` reads on where the grammar would stop. At a word that cannot stand there it
asks which rule was broken (another name, another gender, another place, ...), notes
that, and goes on with what the story told. One wrong word in a sentence is read over;
a sentence that cannot be read at all is skipped.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

from minigen.data.stories.exact import Branch, Prefix
from minigen.data.stories.grammar import END, GENDERS, POOLS, REGISTER_POOLS
from minigen.data.stories.machine import (
    PRONOUNS,
    Item,
    Machine,
    Outcome,
    Symbol,
    article,
    bind,
    holds,
    push,
    register_of,
)
from minigen.data.stories.settings import DEFAULT, Settings, machine
from minigen.data.stories.story import join, split

# What a broken promise is about, by the register that holds it.
ASPECTS = {
    **dict.fromkeys(("hero", "role", "trait"), "hero"),
    **dict.fromkeys(("object", "colour"), "object"),
    **dict.fromkeys(("home", "here", "clue"), "place"),
    **dict.fromkeys(("thief", "helper"), "holder"),
    **dict.fromkeys(("hero_gender", "kin_gender", "helper_gender"), "pronoun"),
}  # and "detail" for the rest: relative, gift, bag, number
# The same for what can only happen if something else has happened.
EVENT_ASPECTS = {
    "climax": "holder",
    "exchange": "holder",
    "handover": "detail",
    "closing": "detail",
    "culprit": "holder",
    "question": "detail",
    "turn": "order",
    "arrive": "place",
}
COHERENCE = ("hero", "object", "pronoun", "place", "holder", "detail")
MOST_BRANCHES = 500  # of one reading: a bound on its time


class Fault(NamedTuple):
    """One broken rule: what it is about, where, what should and what does stand there.

    Aspects beside those of COHERENCE: "order" (a readable sentence that cannot stand
    here), "grammar" (an unreadable one), "end" (the story stops too early).
    """

    aspect: str
    position: int
    expected: str
    found: str


@dataclass(frozen=True)
class Verdict:
    """All broken rules of a text, in order."""

    faults: tuple[Fault, ...]

    def keeps(self, aspect: str) -> bool:
        """Tell whether nothing is wrong in one aspect."""
        return all(fault.aspect != aspect for fault in self.faults)

    @property
    def grammatical(self) -> bool:
        """Whether every sentence can be read, stands in order, and the story ends."""
        return all(map(self.keeps, ("grammar", "order", "end")))

    @property
    def coherent(self) -> bool:
        """Whether whatever was told stays so: hero, object, pronouns, places, ..."""
        return all(map(self.keeps, COHERENCE))

    @property
    def perfect(self) -> bool:
        """Whether this is a story of the grammar."""
        return not self.faults


def check(text: str | Sequence[str], settings: Settings = DEFAULT) -> Verdict:
    """Return which rules a text breaks; `settings` give the turns and questions.

    The shares in the settings play no part: a rare story is as coherent as any.
    """
    neutral = Settings(
        turns=settings.turns,
        questions=settings.questions,
        untold=0.5 if settings.questions else 0.0,
    )
    tokens = split(text) if isinstance(text, str) else list(text)
    reading = _Reading(machine(neutral), tokens)
    if isinstance(text, str) and join(tokens) != text:
        at = next(i for i in range(len(text) + 1) if _differs(text, join(tokens), i))
        fault = Fault("grammar", 0, "spaces and capitals as in a story", text[at:][:20])
        reading.faults.append(fault)
    return Verdict(tuple(reading.faults))


def _differs(text: str, other: str, at: int) -> bool:
    return text[at : at + 1] != other[at : at + 1] or at == len(text)


class _Reading:
    """A tolerant reading of tokens, which collects the faults it meets."""

    def __init__(self, grammar: Machine, tokens: Sequence[str]) -> None:
        self.grammar = grammar
        self.faults: list[Fault] = []
        self.tokens = [*tokens, END] if tokens[-1:] != [END] else list(tokens)
        branches = Prefix.empty(grammar).branches
        at = 0
        while at < len(self.tokens):
            at, branches = self._sentence(at, branches)

    def _sentence(
        self, start: int, before: tuple[Branch, ...]
    ) -> tuple[int, tuple[Branch, ...]]:
        """Read one sentence, and return where the next begins and what may follow."""
        read, branches, faults = self._try(start, before)
        if branches:
            self.faults += faults
            return read, branches
        found = self.tokens[read]
        if found == END:
            self.faults.append(Fault("end", read, self._next(before), "the end"))
            return len(self.tokens), before
        elsewhere = self._anywhere(before[0])
        end, branches, faults = self._try(start, elsewhere)
        if branches:
            expected = self._next(before)
            self.faults.append(Fault("order", start, expected, self.tokens[start]))
            self.faults += faults
            return end, branches
        end, branches, faults = self._try(start, before, typos=1)
        if branches:
            self.faults += faults
            return end, branches
        self.faults.append(Fault("grammar", read, "a readable sentence", found))
        return self._sentence_end(start), (*before, *elsewhere)

    def _try(
        self, start: int, branches: tuple[Branch, ...], typos: int = 0
    ) -> tuple[int, tuple[Branch, ...], list[Fault]]:
        """Read up to a sentence's end; without branches, the position it failed at."""
        faults: list[Fault] = []
        end = self._sentence_end(start)
        for at in range(start, end):
            token = self.tokens[at]
            after = Prefix(self.grammar, branches).then(token).branches
            if not after:
                after, fewest = self._forgive(at, branches)
                faults += fewest
            if not after and typos and at + 1 < end:
                typos -= 1
                faults.append(Fault("grammar", at, self._next(branches), token))
                prefix = Prefix(self.grammar, branches)
                after = sum((prefix.then(t).branches for t in prefix.next()), ())
            if not after:
                return at, (), faults
            branches = after[:MOST_BRANCHES]
        return end, branches, faults

    def _sentence_end(self, start: int) -> int:
        for at in range(start, len(self.tokens)):
            if self.tokens[at] in (".", "?", END):
                return at + 1
        return len(self.tokens)

    def _next(self, branches: tuple[Branch, ...]) -> str:
        odds = Prefix(self.grammar, branches).next()
        return max(odds, key=lambda token: odds[token]) if odds else "nothing"

    def _anywhere(self, branch: Branch) -> tuple[Branch, ...]:
        """Return the beginnings of all sentences, with what this branch knows."""
        found = []
        for symbols in sentence_starts(self.grammar):
            found.append(branch._replace(stack=push(symbols, None), weight=1.0))
        return tuple(found)

    def _forgive(
        self, at: int, branches: tuple[Branch, ...]
    ) -> tuple[tuple[Branch, ...], list[Fault]]:
        """Read one token at the price of the fewest faults."""
        best: list[Branch] = []
        fewest: list[Fault] | None = None
        for branch, faults in self._forgiven(at, branches):
            if fewest is None or len(faults) < len(fewest):
                best, fewest = [], faults
            if [f.aspect for f in faults] == [f.aspect for f in fewest]:
                best.append(branch)
        return tuple(best), fewest or []

    def _forgiven(
        self, at: int, branches: tuple[Branch, ...]
    ) -> Iterator[tuple[Branch, list[Fault]]]:
        token = self.tokens[at]
        work: list[tuple[Branch, list[Fault]]] = [(branch, []) for branch in branches]
        while work:
            branch, faults = work.pop()
            if branch.stack is None or len(faults) > 2:
                continue
            head, rest = branch.stack
            if isinstance(head, str):
                if head == token:
                    yield branch._replace(stack=rest), faults
                continue
            for outcome, aspect, expected in self._outcomes(head, branch, token):
                fault = [Fault(aspect, at, expected, token)] if aspect else []
                after = branch._replace(
                    weight=branch.weight * outcome.probability,
                    stack=push(outcome.push, rest),
                    facts=bind(branch.facts, outcome.bind),
                )
                work.append((after, faults + fault))

    def _outcomes(
        self, item: Item, branch: Branch, token: str
    ) -> Iterator[tuple[Outcome, str, str]]:
        """Yield an item's outcomes, and the forgivable ones with their aspect."""
        law = self.grammar.law(item, branch.facts)
        for outcome in law.outcomes:
            yield outcome, "", ""
        if item.kind == "@":
            yield from self._recall(item, token, law.outcomes)
        elif item.kind == "+" and item.excluded and token in _words(item):
            index = self.grammar.registers[item.key]
            aspect = ASPECTS.get(item.key, "detail")
            if all(outcome.label != token for outcome in law.outcomes):
                outcome = Outcome(1.0, token, (token,), ((index, token),))
                yield outcome, aspect, f"another {item.source}"
        elif item.kind == ">" and item.key in EVENT_ASPECTS:
            names = {self.grammar.registers[n]: n for n in self.grammar.registers}
            told = {names[i]: branch.facts[i] for i in item.reads}
            for row, symbols in self.grammar.rules[item.key]:
                failed = [
                    c for c in row.when.split() if not holds(c, told[register_of(c)])
                ]
                if failed:
                    outcome = Outcome(1.0, row.label, symbols)
                    yield outcome, EVENT_ASPECTS[item.key], f"no {row.label} here"

    def _recall(
        self, item: Item, token: str, expected: Sequence[Outcome]
    ) -> Iterator[tuple[Outcome, str, str]]:
        aspect = ASPECTS.get(item.key, "detail")
        index = self.grammar.registers[item.key]
        word = expected[0].label if expected else ""
        if item.source:
            for gender in GENDERS:
                if token in PRONOUNS[gender] and token != word:
                    known = () if expected else ((index, gender),)
                    outcome = Outcome(1.0, token, (token,), known)
                    yield outcome, aspect if expected else "", word
        elif item.article:
            for other in sorted(_words(item)):
                if article(other) == token and expected:
                    plain = Outcome(1.0, other, (token, other))
                    yield plain, aspect if other != word else "", word
        elif token in _words(item) and token != word:
            known = () if expected else ((index, token),)
            yield Outcome(1.0, token, (token,), known), aspect if expected else "", word


def _words(item: Item) -> frozenset[str]:
    pool = POOLS[REGISTER_POOLS.get(item.key, item.key)]
    return frozenset(word for row in pool.table.values() for word in row)


@cache
def sentence_starts(grammar: Machine) -> tuple[tuple[Symbol, ...], ...]:
    """Return what may be left to say where a sentence begins, of all stories."""
    ((_, story),) = grammar.rules["story"]
    found: list[tuple[Symbol, ...]] = [story[at:] for at in range(len(story))]
    for at, symbol in enumerate(story):
        key = symbol.key if isinstance(symbol, Item) else ""
        later = story[at + 1 :]
        if key.startswith("turns"):
            most = sum(name.startswith("turns") for name in grammar.rules) - 1
            for turn in range(1, most + 1):
                found.append((grammar.item(f">turns{turn}"), *later))
            tell = (grammar.item(">tell"), grammar.item("=last:ask"))
            found.append((*tell, grammar.item(f">turns{most}"), *later))
        if key == "climax":
            found.append((grammar.item(">exchange"), *later))
            found.append((grammar.item(">handover"), *later))
    return tuple(found)
