"""What can be set about `stories`, and what follows from it: the grammar to run."""

import hashlib
from dataclasses import asdict, dataclass
from functools import cache

from minigen.data.stories import grammar
from minigen.data.stories.grammar import END, OWNERS, Row
from minigen.data.stories.machine import PRONOUNS, Grammar, Machine

MOST_TURNS = 7
MOST_QUESTIONS = 4  # what every story tells: colour, home, role, thief


@dataclass(frozen=True)
class Settings:
    """What the stories are like; shares are probabilities in [0, 1].

    `turns`: least and most events between losing and finding, evenly likely.
    `heroines`: share of stories about a woman or girl.
    `skew`: probability that a helper's gender is the one her or his profession is
    known for (doctor, captain, judge, carpenter: he; nurse, teacher, dancer, weaver:
    she); 0.5 is even.
    `shore`: share of stories in the shore dialect, the others being from the hills.
    `habit`: how evenly shore writers use the ways to say a thing, in (0, 1]: each has
    `habit` times the odds of the next; lower is easier to predict.
    `details`: probability of each of three details that may go untold (who gave the
    treasure, its number, what the hero carries).
    `questions`: questions with answers after the end, 0 to 4.
    `untold`: odds, in [0, 1), of a question about a detail that went untold, against
    `1 - untold` for each question with an answer.
    """

    turns: tuple[int, int] = (1, 2)
    heroines: float = 0.5
    skew: float = 0.5
    shore: float = 0.5
    habit: float = 0.65
    details: float = 0.5
    questions: int = 0
    untold: float = 0.0

    def __post_init__(self) -> None:
        for name in ("heroines", "skew", "shore", "details"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(
                    f"{name} must be a share from 0 to 1, not {getattr(self, name)!r}"
                )
        if not 0 < self.habit <= 1:
            raise ValueError(f"habit must be above 0 and at most 1, not {self.habit!r}")
        if not 0 <= self.untold < 1:
            raise ValueError(f"untold must be from 0 to below 1, not {self.untold!r}")
        least, most = self.turns
        if not 0 <= least <= most <= MOST_TURNS:
            raise ValueError(
                f"turns must be (least, most) with 0 <= least <= most <= {MOST_TURNS}, "
                f"not {self.turns!r}"
            )
        if not 0 <= self.questions <= MOST_QUESTIONS:
            raise ValueError(
                f"questions must be from 0 to {MOST_QUESTIONS}, not {self.questions!r}"
            )


DEFAULT = Settings()


@cache
def machine(settings: Settings = DEFAULT) -> Machine:
    """Return the grammar for these settings, ready to run."""
    plot = dict(grammar.PLOT)
    least, most = settings.turns
    for turn in range(most + 1):
        # Evenly likely lengths: stop here with odds of 1 against all longer ones.
        stop = Row("stop", float(turn >= least), "", "")
        left = most - turn if turn >= least else 1
        more = Row("more", left, "", f">turn >turns{turn + 1}" if left else "")
        plot[f"turns{turn}"] = (stop, more)
    asked = " ".join([">question"] * settings.questions)
    plot["questions"] = (Row("questions", 1, "", asked),)
    shares = {
        name: getattr(settings, name)
        for name in ("heroines", "skew", "shore", "details", "untold")
    }
    return Machine(
        Grammar(
            pools=grammar.POOLS,
            register_pools=grammar.REGISTER_POOLS,
            same=grammar.SAME,
            plot=plot,
            shares=shares,
            habit=settings.habit,
        )
    )


def vocabulary() -> tuple[str, ...]:
    """Return all tokens under any settings, and those of secrets: END, then sorted."""
    most = machine(Settings(turns=(0, 1), questions=1, untold=0.5))
    words = {token for rows in most.rules.values() for _, row in rows for token in row}
    found = {token for token in words if isinstance(token, str)}
    for pool in grammar.POOLS.values():
        found.update(word for row in pool.table.values() for word in row)
    found.update(("a", "an", "secret", "of", "is"), OWNERS, *PRONOUNS.values())
    return (END, *sorted(found - {END}))


def version(settings: Settings = DEFAULT) -> str:
    """Return a hash of the grammar and settings: the same stories, the same hash."""
    data = (
        grammar.POOLS,
        grammar.REGISTER_POOLS,
        grammar.SAME,
        grammar.PLOT,
        sorted(asdict(settings).items()),
    )
    return hashlib.sha256(repr(data).encode()).hexdigest()[:12]
