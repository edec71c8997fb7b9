"""Make an exam and its answers, for teachers alone.

Sums are drawn and computed (`sums.py`), beliefs come from the misconceptions, designs
from `book/teaching/_exam.yml`. The two sheets go into the teacher's archive and nowhere
else.
"""

import argparse
import sys
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from bookkit import one_sentence, sums, teaching
from bookkit.paths import BUILD, PAGES, relative, write_whole
from minigen.facts import claims

DESIGNS = PAGES / "teaching" / "_exam.yml"
#: How many questions of each kind an exam has, and the points of each question.
SUMS, BELIEFS, WORKED = 6, 4, 2
SUM_POINTS, BELIEF_POINTS, DESIGN_POINTS = 5, 5, 10


def sheets(seed: int) -> dict[str, str]:
    """Return the sheet of questions and that of answers, by name."""
    dice = np.random.default_rng(seed)
    asked = [*_sums(dice), *_beliefs(dice), *_designs(dice)]
    total = sum(points for points, *_ in asked)
    told = f"Exam {seed}. {total} points, 150 minutes. Write down how you came to it."
    questions, answers = [f"# How Generative AI Works\n\n{told}"], []
    for number, (points, question, answer) in enumerate(asked, 1):
        questions.append(f"**{number}** ({points} points). {question}")
        answers.append(f"**{number}** ({points} points). {answer}")
    head = (
        f"# How Generative AI Works: answers\n\nExam {seed}, {total} points, half of "
        "them to pass. Another right way to the answer has full points."
    )
    return {
        "questions.md": "\n\n".join(questions) + "\n",
        "answers.md": "\n\n".join([head, *answers]) + "\n",
    }


def _sums(dice: np.random.Generator) -> list[tuple[int, str, str]]:
    drawn = [sums.ALL[n](dice) for n in dice.permutation(len(sums.ALL))]
    chosen = list({each.chapter: each for each in drawn}.values())[:SUMS]
    return [
        (SUM_POINTS, each.question, f"{each.answer}. *Way:* {each.way}")
        for each in chosen
    ]


def _beliefs(dice: np.random.Generator) -> list[tuple[int, str, str]]:
    known = {row.id: row for row in claims()}
    rows = teaching.misconceptions()
    drawn = [rows[n] for n in dice.permutation(len(rows))]
    made = []
    for row in list({each.chapter: each for each in drawn}.values())[:BELIEFS]:
        said, holds = row.misconception, row.holds
        if row.claim:
            said, holds = known[row.claim].claim, known[row.claim].why
        question = (
            f"Somebody says: “{said}” What is right in it, what is wrong, and which "
            "experiment of the course shows it?"
        )
        where = teaching.section(row.shown_in)
        answer = (
            f"{holds} *Experiment:* {where.title} ({row.chapter}). Two points for what "
            "holds, two for the experiment, one for what is right in the sentence."
        )
        made.append((BELIEF_POINTS, question, answer))
    return made


def _designs(dice: np.random.Generator) -> list[tuple[int, str, str]]:
    rows = designs()
    made = []
    for n in dice.permutation(len(rows))[:WORKED]:
        each = DESIGN_POINTS // len(rows[n]["points"])
        points = "; ".join(rows[n]["points"])
        question = " ".join(rows[n]["question"].split())
        made.append((DESIGN_POINTS, question, f"{each} points for each: {points}."))
    return made


def designs() -> list[dict[str, Any]]:
    """Return the designs that may be asked for."""
    found: list[dict[str, Any]] = yaml.safe_load(DESIGNS.read_text(encoding="utf-8"))
    return found


def write(seed: int, target: Path = BUILD / "exam") -> Path:
    """Write both sheets into a folder."""
    for name, text in sheets(seed).items():
        write_whole(target / name, text)
    return target


@one_sentence
def main(arguments: list[str] | None = None) -> int:
    """Write an exam from the command line; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m bookkit.exam", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="draws another exam")
    options = parser.parse_args(arguments)
    print(f"exam: {relative(write(options.seed))}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
