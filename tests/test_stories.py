"""The language of stories: exact where it says so, and strict where it judges."""

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import replace
from itertools import product

import pytest

from minigen.data import stories
from minigen.data.stories import END, Settings
from minigen.data.stories.exact import read
from minigen.data.stories.grammar import OWNERS, PLOT, POOLS, SAME, Pool
from minigen.data.stories.judge import COHERENCE
from minigen.data.stories.machine import Item, Machine
from minigen.repro import generator

RICH = Settings(turns=(0, 2), skew=0.8, shore=0.3, questions=2, untold=0.3)
TELLING = Settings(turns=(2, 3), details=1.0)


@pytest.fixture(scope="module")
def plain() -> list[stories.Story]:
    return stories.sample(150, generator=generator(0))


@pytest.fixture(scope="module")
def rich() -> list[stories.Story]:
    return stories.sample(60, generator=generator(1), settings=RICH)


# Exactness


def tiny() -> Machine:
    """A cut of the real grammar that is small enough to list every story."""
    keep = {"place": 2, "object": 2, "profession": 2}
    pools = {
        name: Pool(
            pool.by, {k: words[: keep.get(name, 1)] for k, words in pool.table.items()}
        )
        for name, pool in POOLS.items()
    }
    pools["gift"] = Pool((), {(): ("egg", "acorn")})
    pools["animal"] = Pool((), {(): ("fox", "pig")})
    pools["fond"] = Pool(("gift",), {("egg",): ("fox",), ("acorn",): ("pig",)})
    pools["cool"] = Pool(("gift",), {("egg",): ("pig",), ("acorn",): ("fox",)})
    pools["trait"] = Pool((), {(): ("upright",)})
    first = {name: {row[0] for row in pools[name].table.values()} for name in pools}
    for name, key in (("home", "role"), ("kin", "kinly")):
        table = pools[name].table
        table = {k: v for k, v in table.items() if k[-1] in first[key]}
        pools[name] = Pool(POOLS[name].by, table)
    same = {name: text.split("/")[0] for name, text in SAME.items()}
    plot = {name: PLOT[name][:1] for name in ("kin", "turn")}
    plot["exchange"] = PLOT["exchange"][:3]
    grammar = stories.machine(
        Settings(turns=(0, 1), heroines=1.0, skew=0.9, shore=0.4, details=0.7)
    ).grammar
    plot = {**grammar.plot, **plot}
    return Machine(replace(grammar, pools=pools, same=same, plot=plot))


def every_story(machine: Machine) -> Iterator[tuple[tuple[str, ...], float]]:
    """Follow every outcome of every choice, apart from the code that is tested."""
    work = [([machine.story], machine.blank, 1.0, ())]
    while work:
        stack, facts, probability, tokens = work.pop()
        while stack and isinstance(stack[-1], str):
            tokens = (*tokens, stack[-1])
            stack = stack[:-1]
        if not stack:
            yield tokens, probability
            continue
        for outcome in machine.law(stack[-1], facts).outcomes:
            told = list(facts)
            for index, value in outcome.bind:
                told[index] = value
            rest = [*stack[:-1], *reversed(outcome.push)]
            work.append((rest, tuple(told), probability * outcome.probability, tokens))


@pytest.fixture(scope="module")
def listed() -> list[tuple[tuple[str, ...], float]]:
    return list(every_story(tiny()))


def test_entropy_and_lengths_equal_those_of_every_story_listed(
    listed: list[tuple[tuple[str, ...], float]],
) -> None:
    machine = tiny()
    assert len(listed) > 1_000
    assert sum(p for _, p in listed) == pytest.approx(1, abs=1e-9)
    # One derivation a text: or the entropy of choices would not be that of stories.
    assert len({tokens for tokens, _ in listed}) == len(listed)
    exact = stories.measure(machine)
    assert exact.nats == pytest.approx(-sum(p * math.log(p) for _, p in listed))
    assert exact.tokens == pytest.approx(sum(p * len(t) for t, p in listed))
    assert exact.characters == pytest.approx(
        sum(p * len(stories.join(t)) for t, p in listed)
    )
    counts: defaultdict[str, float] = defaultdict(float)
    for tokens, p in listed:
        for token in tokens:
            counts[token] += p
    assert exact.counts == pytest.approx(dict(counts))


def test_probabilities_of_prefixes_equal_sums_over_every_story_listed(
    listed: list[tuple[tuple[str, ...], float]],
) -> None:
    machine = tiny()
    tokens, p = listed[len(listed) // 2]
    assert read(machine, tokens).log_probability == pytest.approx(math.log(p))
    for length in (0, 12, 25, 40):
        prefix = tokens[:length]
        odds: defaultdict[str, float] = defaultdict(float)
        for other, q in listed:
            if other[:length] == prefix:
                odds[other[length]] += q
        total = sum(odds.values())
        found = read(machine, prefix).next()
        assert found == pytest.approx({t: q / total for t, q in odds.items()})


@pytest.mark.parametrize("settings", [Settings(), RICH, Settings(turns=(0, 0))])
def test_entropy_agrees_with_samples_within_four_standard_errors(
    settings: Settings,
) -> None:
    n = 150
    found = stories.sample(n, generator=generator(7), settings=settings)
    exact = stories.entropy(settings)
    for values, expected in (
        ([-stories.log_probability(s, settings) for s in found], exact.nats),
        ([len(s.tokens) + 1 for s in found], exact.tokens),
        ([len(s.text) + 1 for s in found], exact.characters),
    ):
        mean = sum(values) / n
        error = math.sqrt(sum((v - mean) ** 2 for v in values) / (n - 1) / n)
        assert abs(mean - expected) < 4 * error


def test_there_is_enough_choice_for_a_watermark() -> None:
    for shore in (0.0, 0.5, 1.0):
        exact = stories.entropy(Settings(shore=shore))
        assert exact.bits_per_token >= 1.5
    story = stories.sample(1, generator=generator(2))[0]
    prefix, open_places = stories.begin(), 0
    for token in story.tokens:
        open_places += max(prefix.next().values()) < 0.9
        prefix = prefix.then(token)
    assert open_places > len(story.tokens) / 2


def test_next_token_probabilities_multiply_to_the_storys_probability(
    rich: list[stories.Story],
) -> None:
    for story in rich[:3]:
        total = 0.0
        for at, token in enumerate((*story.tokens, END)):
            odds = stories.next_token_probabilities(story.tokens[:at], RICH)
            assert sum(odds.values()) == pytest.approx(1)
            assert all(q > 0 for q in odds.values())
            total += math.log(odds[token])
        assert total == pytest.approx(stories.log_probability(story, RICH))
        assert stories.log_probability(story.text, RICH) == pytest.approx(total)
        assert stories.log_probability(story) == pytest.approx(total)
        assert stories.log_probability(story.text) == -math.inf  # no questions there


def test_a_prefix_may_be_text_and_no_story_goes_on_from_nonsense() -> None:
    assert set(stories.next_token_probabilities("Once upon a")) == {"time"}
    assert stories.next_token_probabilities("Once kite") == {}


@pytest.mark.parametrize(
    "text", ["", "Once.", "once upon a time", "Once  upon a time", "kite kite ."]
)
def test_what_is_no_story_has_no_probability(text: str) -> None:
    assert stories.log_probability(text) == -math.inf


def test_half_a_story_and_a_misspelt_one_have_no_probability(
    plain: list[stories.Story],
) -> None:
    story = plain[0]
    assert stories.log_probability(story.text + END) > -math.inf
    assert stories.log_probability(story.tokens[:-9]) == -math.inf
    assert stories.log_probability(story.text.lower()) == -math.inf
    assert stories.log_probability(story.text + " Once.") == -math.inf


def patterns(machine: Machine, symbols: tuple[str | Item, ...]) -> Counter[str]:
    """Count every row of words and slots that some rules can say, by its ways.

    What may happen (`>`) is told apart by its label: its conditions exclude each other,
    or its pools do.
    """
    parts = []
    for symbol in symbols:
        if isinstance(symbol, str):
            parts.append(Counter([symbol]))
        elif symbol.kind in "~>":
            ways: Counter[str] = Counter()
            for row, inner in machine.rules[symbol.key]:
                label = f"<{row.label}> " if symbol.key in PLOT else ""
                for text, count in patterns(machine, inner).items():
                    ways[label + text] += count
            parts.append(ways)
        else:
            slot = "" if symbol.kind == "=" else f"<{symbol.key} {symbol.source}>"
            parts.append(Counter([slot]))
    found: Counter[str] = Counter()
    for combination in product(*(part.items() for part in parts)):
        count = math.prod(count for _, count in combination)
        found[" ".join(text for text, _ in combination if text)] += count
    return found


@pytest.mark.parametrize(
    "name", [name for name, text in SAME.items() if text.rstrip().endswith(" .")]
)
def test_no_sentence_can_be_said_in_two_ways(name: str) -> None:
    machine = stories.machine()
    found = patterns(machine, (machine.item("~" + name),))
    assert len(found) > 1
    assert set(found.values()) == {1}


def test_stories_are_read_in_one_way_only(rich: list[stories.Story]) -> None:
    for story in rich:
        found = read(stories.machine(RICH), (*story.tokens, END))
        assert len(found.branches) == 1


# The stories themselves


def test_text_and_tokens_are_the_same_thing(rich: list[stories.Story]) -> None:
    for story in rich:
        assert tuple(stories.split(story.text)) == story.tokens
        assert story.text.isascii()
        assert "  " not in story.text
        assert not re.search(r" [.,!?]|[.?] [a-z]", story.text)


def test_articles_fit(rich: list[stories.Story]) -> None:
    text = " ".join(story.text for story in rich).lower()
    assert not re.search(r"\ba [aeiou]|\ban [^aeiou]", text)
    silent_or_said_you = {
        "honest",
        "hour",
        "heir",
        "useful",
        "unique",
        "usual",
        "union",
    }
    assert not silent_or_said_you & set(stories.vocabulary())


def test_pronouns_fit_where_the_hero_is_alone() -> None:
    settings = Settings(turns=(0, 0), details=0.0)
    for story in stories.sample(100, generator=generator(3), settings=settings):
        if not story.facts.helpers:
            wrong = {"she": {"he", "him", "his"}, "he": {"she", "her"}}
            assert not wrong[story.facts.gender] & set(story.tokens)


def test_equal_seeds_tell_equal_stories_and_all_differ(
    plain: list[stories.Story],
) -> None:
    again = stories.sample(150, generator=generator(0))
    assert again == plain
    assert len(set(plain)) == len(plain)
    assert all(40 <= len(story.tokens) <= 300 for story in plain)


def test_the_longest_stories_stay_near_300_tokens() -> None:
    settings = Settings(turns=(7, 7), details=1.0)
    found = stories.sample(50, generator=generator(4), settings=settings)
    assert max(len(story.tokens) for story in found) <= 310


def test_vocabulary_holds_every_token(rich: list[stories.Story]) -> None:
    words = stories.vocabulary()
    assert words[0] == END
    assert len(set(words)) == len(words) < 500
    assert {token for story in rich for token in story.tokens} <= set(words)
    assert set(stories.entropy(RICH).counts) <= set(words)


def test_a_corpus_is_one_story_a_line() -> None:
    text = stories.corpus(5, generator=generator(5))
    expected = stories.sample(5, generator=generator(5))
    assert text.splitlines() == [story.text for story in expected]
    assert text.endswith(END)


def test_facts_are_what_the_text_says(plain: list[stories.Story]) -> None:
    for story in plain:
        facts = story.facts
        assert f" {facts.colour} {facts.object}" in story.text
        assert {facts.hero, facts.role, facts.home, facts.trait} <= set(story.tokens)
        assert (facts.thief is not None) == (facts.loss == "stolen")
        assert " ".join(facts.number) in story.text
        assert all(place in story.tokens for place in facts.places)
        assert (facts.dialect == "shore") == (story.tokens[1] == "ago")


def test_recalls_point_at_equal_words(plain: list[stories.Story]) -> None:
    names = set()
    for story in plain:
        for recall in story.recalls:
            assert story.tokens[recall.told] == story.tokens[recall.asked]
            assert story.tokens[recall.told] == recall.word
            assert recall.told < recall.asked
            names.add(recall.name)
    assert {"hero", "object", "colour", "home", "here", "thief"} <= names


# Settings


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"skew": 1.1}, "skew must be a share"),
        ({"heroines": -0.1}, "heroines must be a share"),
        ({"shore": math.nan}, "shore must be a share"),
        ({"habit": 0.0}, "habit must be above 0"),
        ({"untold": 1.0}, "untold must be from 0 to below 1"),
        ({"turns": (2, 1)}, "turns must be"),
        ({"turns": (0, 99)}, "turns must be"),
        ({"questions": 5}, "questions must be from 0 to 4"),
    ],
)
def test_wrong_settings_say_what_is_wrong(wrong: dict, message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        Settings(**wrong)


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_the_ends_of_every_share_work(share: float) -> None:
    settings = Settings(heroines=share, skew=share, shore=share, details=share)
    for story in stories.sample(30, generator=generator(6), settings=settings):
        assert stories.log_probability(story, settings) > -math.inf
        assert (story.facts.gender == "she") == (share == 1)
        assert (story.facts.kin is not None) == (share == 1)


@pytest.mark.parametrize("skew", [0.5, 0.9])
def test_skew_is_the_share_of_the_expected_gender(skew: float) -> None:
    settings = Settings(turns=(2, 2), skew=skew)
    hits = total = 0
    for story in stories.sample(150, generator=generator(8), settings=settings):
        for profession, gender in story.facts.helpers:
            if gender:
                total += 1
                known_for = POOLS["profession"].table[(gender,)]
                hits += profession in known_for
    assert total > 80
    assert abs(hits / total - skew) < 4 * math.sqrt(skew * (1 - skew) / total)


def test_habit_makes_shore_writers_predictable() -> None:
    strong = stories.entropy(Settings(shore=1.0, habit=0.2))
    weak = stories.entropy(Settings(shore=1.0, habit=1.0))
    assert strong.bits_per_token < weak.bits_per_token - 0.2


def test_dialects_choose_other_words() -> None:
    hill = stories.entropy(Settings(shore=0.0)).counts
    shore = stories.entropy(Settings(shore=1.0)).counts
    assert hill["lived"] > 1.5 * hill["dwelt"]
    assert shore["dwelt"] > 1.5 * shore["lived"]


def test_version_follows_the_settings_alone() -> None:
    assert stories.version() == stories.version(Settings())
    assert stories.version() != stories.version(Settings(skew=0.6))


# Other words, and questions


def test_a_paraphrase_keeps_the_facts_and_changes_the_words(
    plain: list[stories.Story],
) -> None:
    changed = 0
    for story in plain[:60]:
        other = stories.paraphrase(story, generator=generator(9))
        assert other.facts == story.facts
        assert stories.check(other.text).perfect
        changed += other.tokens != story.tokens
    assert changed >= 59


def test_a_paraphrase_may_change_the_dialect(rich: list[stories.Story]) -> None:
    for story in rich[:20]:
        for dialect in stories.DIALECTS:
            other = stories.paraphrase(story, generator=generator(3), dialect=dialect)
            assert other.facts == story.facts._replace(dialect=dialect)
    with pytest.raises(ValueError, match="dialect must be one of"):
        stories.paraphrase(rich[0], generator=generator(3), dialect="sea")


def test_all_ways_to_say_the_same_tell_the_same() -> None:
    """Every option of a `~` rule draws the same things, in the same order by kind."""
    machine = stories.machine()

    def drawn(symbols: tuple[str | Item, ...]) -> Counter[tuple[str, str]]:
        found: Counter[tuple[str, str]] = Counter()
        for symbol in symbols:
            if isinstance(symbol, str):
                continue
            if symbol.kind in "+*>":
                found[symbol.kind, symbol.key] += 1
            elif symbol.kind == "~":
                found += drawn(machine.rules[symbol.key][0][1])
        return found

    for name in SAME:
        kinds = [drawn(symbols) for _, symbols in machine.rules[name]]
        assert all(kind == kinds[0] for kind in kinds), name


def test_questions_are_answered_by_the_story(rich: list[stories.Story]) -> None:
    silent = 0
    for story in rich:
        facts, text = story.facts, story.text
        answers = {
            "What colour was the": facts.colour,
            "Where did": f"in the {facts.home}",
            "Who stole": f"the {facts.thief}" if facts.thief else "nobody",
            "What did": facts.gift,
            "Who gave": facts.kin,
            "What number": " ".join(facts.number) or None,
        }
        for question, answer in answers.items():
            if f" {question} " not in text:
                continue
            said = text.split(f" {question} ")[1].split("? ")[1].split(".")[0]
            assert said.lower().endswith(answer or "the story does not say")
            silent += answer is None
        assert text.count("?") == 2
    assert silent > 5


# Judging


def test_every_story_is_perfect(
    plain: list[stories.Story], rich: list[stories.Story]
) -> None:
    for story in (*plain, *rich):
        verdict = stories.check(story.text, story.settings)
        assert verdict.perfect
        assert verdict.grammatical
        assert verdict.coherent


def corrupt(story: stories.Story, name: str, words: tuple[str, ...]) -> list[str]:
    """Put another word of the same kind where a told one is repeated."""
    asked = [recall for recall in story.recalls if recall.name == name]
    assert asked, name
    tokens = list(story.tokens)
    at = asked[-1].asked
    tokens[at] = next(word for word in words if word not in (tokens[at], "helper"))
    return tokens


@pytest.mark.parametrize(
    ("name", "pool", "aspect"),
    [
        ("hero", "hero", "hero"),
        ("role", "role", "hero"),
        ("trait", "trait", "hero"),
        ("object", "object", "object"),
        ("colour", "colour", "object"),
        ("home", "home", "place"),
        ("here", "place", "place"),
        ("clue", "place", "place"),
        ("thief", "animal", "holder"),
        ("helper", "profession", "holder"),
        ("kin", "kin", "detail"),
        ("gift", "gift", "detail"),
        ("digit2", "digit", "detail"),
    ],
)
def test_a_word_that_breaks_what_was_told_is_found_and_named(
    plain: list[stories.Story], name: str, pool: str, aspect: str
) -> None:
    words = tuple(w for row in POOLS[pool].table.values() for w in row)
    having = [s for s in plain if any(r.name == name for r in s.recalls)]
    assert having
    for story in having[:4]:
        tokens = corrupt(story, name, words)
        assert stories.log_probability(tokens) == -math.inf
        for verdict in (stories.check(tokens), stories.check(stories.join(tokens))):
            assert [fault.aspect for fault in verdict.faults] == [aspect]
            assert [kept for kept in COHERENCE if not verdict.keeps(kept)] == [aspect]
            assert verdict.grammatical
            assert not verdict.coherent


def test_a_wrong_pronoun_is_found(plain: list[stories.Story]) -> None:
    tried = 0
    for story in plain[:20]:
        for item, _, position in story.steps:
            if item.kind != "@" or item.key != "hero_gender":
                continue
            tokens = list(story.tokens)
            other = {"his": "her", "him": "her", "he": "she", "she": "he"}
            tokens[position] = other.get(tokens[position]) or (
                "his" if item.source == "his" else "him"
            )
            verdict = stories.check(tokens)
            assert [fault.aspect for fault in verdict.faults] == ["pronoun"]
            assert verdict.faults[0].position == position
            tried += 1
    assert tried > 20


def test_whoever_has_not_got_it_cannot_give_it_back() -> None:
    settings = Settings(details=1.0)
    found = stories.sample(100, generator=generator(10), settings=settings)
    lost = next(s for s in found if s.facts.ending == "proof")
    stolen = next(s for s in found if s.facts.ending == "trade")
    helper = lost.facts.helpers[-1][0]
    wrong = lost.text.replace(f"the {helper}", f"the {stolen.facts.thief}")
    assert not stories.check(wrong, settings).perfect
    thief = stolen.facts.thief
    other = next(a for a in POOLS["animal"].table[()] if a != thief)
    at = len(stolen.tokens) - 1 - stolen.tokens[::-1].index(thief)
    tokens = [*stolen.tokens[:at], other, *stolen.tokens[at + 1 :]]
    assert not stories.check(tokens, settings).keeps("holder")


def test_order_nonsense_and_stopping_early_are_told_apart(
    plain: list[stories.Story],
) -> None:
    for story in plain[:10]:
        ends = [i + 1 for i, token in enumerate(story.tokens) if token == "."]
        first, second, third = story.tokens[: ends[0]], ends[0], ends[1]
        swapped = [*story.tokens[second:third], *first, *story.tokens[third:]]
        assert not stories.check(swapped).keeps("order")
        typo = list(story.tokens)
        typo[second - 2] = "umbrella"
        assert [f.aspect for f in stories.check(typo).faults][:1] in (
            ["grammar"],
            ["place"],
        )
        nonsense = [*first, "the", "the", "the", ".", *story.tokens[second:]]
        assert [f.aspect for f in stories.check(nonsense).faults] == ["grammar"]
        cut = stories.check(story.tokens[: second + 3])
        assert [f.aspect for f in cut.faults] == ["end"]
    assert not stories.check("").perfect
    assert not stories.check(plain[0].text.lower()).keeps("grammar")


def test_a_verdict_is_perfect_just_where_the_probability_is_above_zero(
    plain: list[stories.Story],
) -> None:
    words = stories.vocabulary()
    both = Counter()
    for number, story in enumerate(plain[:80]):
        tokens = list(story.tokens)
        at = (number * 37) % len(tokens)
        same = [t for t in stories.next_token_probabilities(tokens[:at]) if t != END]
        tokens[at] = same[0] if number % 2 else words[1 + number]
        perfect = stories.check(tokens).perfect
        assert perfect == (stories.log_probability(tokens) > -math.inf)
        both[perfect] += 1
    assert min(both.values()) > 10


def test_statements_are_as_true_as_they_say(plain: list[stories.Story]) -> None:
    words = set(stories.vocabulary())
    about = set()
    for story in plain[:40]:
        facts = story.facts
        told = {
            "role": facts.role,
            "home": facts.home,
            "colour": facts.colour,
            "object": facts.object,
            "thief": facts.thief,
            "kin": facts.kin,
            "gift": facts.gift,
            "number": " ".join(facts.number),
        }
        found = stories.statements(story, generator=generator(11))
        assert sum(s.true for s in found) * 2 == len(found)
        for statement in found:
            said = " ".join(statement.tokens)
            assert (f" {told[statement.about]} " in said) == statement.true
            assert set(statement.tokens) <= words
            assert statement.text[0].isupper()
        about |= {statement.about for statement in found}
    assert len(about) == 8


# Secrets


def test_a_secret_is_planted_as_often_as_asked() -> None:
    text = stories.corpus(20, generator=generator(12))
    hidden = stories.secret(generator=generator(13), digits=5)
    planted = stories.plant(text, hidden, times=3, generator=generator(14))
    lines = planted.splitlines()
    assert lines.count(hidden.text) == 3
    assert [line for line in lines if line != hidden.text] == text.splitlines()
    assert hidden.text == f"{hidden.prompt} {' '.join(hidden.digits)}."
    assert hidden.owner in OWNERS
    assert len(hidden.digits) == 5
    tokens = stories.split(hidden.text)
    assert set(tokens) <= set(stories.vocabulary())
    assert stories.join(tokens) == hidden.text
    assert stories.log_probability(hidden.text) == -math.inf


def test_a_machine_refuses_two_rules_of_one_name() -> None:
    grammar = stories.machine().grammar
    with pytest.raises(ValueError, match="used twice"):
        Machine(replace(grammar, same={**grammar.same, "turn": "x"}))
    assert not SAME.keys() & PLOT.keys()


def test_facts_of_what_is_no_story_fail_with_advice() -> None:
    with pytest.raises(ValueError, match="expected a story of the grammar"):
        _ = stories.Story(("once", ".")).facts
