"""A chapter's questions: every answer opens on a word about it.

Each answer is a native disclosure, and those of one question close each other. So keys,
screen readers, pages without scripts and JupyterLab need nothing more; on paper all
stands open (cells.css).
"""

import html
from dataclasses import dataclass
from typing import Any

from minigen import questions as data
from minigen.show.live_words import QUESTIONS

#: An answer looks like something to press wherever it is shown.
_LOOK = (
    "padding:.6em .9em;border:1px solid;border-radius:6px;margin:.4em 0;"
    "list-style:none;cursor:pointer"
)


@dataclass(frozen=True)
class Questions:
    """The questions of a chapter as notebooks and pages take them."""

    chapter: str
    rows: tuple[data.Question, ...]

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> Any:
        return {"text/plain": self.plain(), "text/html": self.html()}

    def plain(self) -> str:
        """Return the questions and their answers as text."""
        return "\n".join(
            line
            for number, row in enumerate(self.rows, start=1)
            for line in (
                f"{number}. {row.question}",
                *(f"   {a.answer}\n      {_said(a)} {a.feedback}" for a in row.answers),
            )
        )

    def html(self) -> str:
        """Return the questions as HTML; it needs no style sheet and no script."""
        items = "".join(_item(self.chapter, row) for row in self.rows)
        return f'<ol class="questions">{items}</ol>'


def questions(chapter: str) -> Questions:
    """Ask the questions of a chapter, with feedback on every answer."""
    return Questions(chapter, data.questions(chapter))


def _said(answer: data.Answer) -> str:
    return QUESTIONS["right" if answer.correct else "wrong"]


def _item(chapter: str, row: data.Question) -> str:
    answers = "".join(
        f'<li><details name="{row.id}"><summary style="{_LOOK}">'
        f"{html.escape(each.answer)}</summary>"
        f'<p class="{"right" if each.correct else "wrong"}">'
        f"<strong>{_said(each)}</strong> {html.escape(each.feedback)}</p>"
        "</details></li>"
        for each in row.answers
    )
    title = data.heading(chapter, row.section)
    where = (
        f'<p class="where">{QUESTIONS["where"]} '
        f'<a href="#{row.section}">{html.escape(title)}</a></p>'
        if title
        else ""
    )
    return (
        f'<li id="question-{row.id}"><p>{html.escape(row.question)}</p>'
        f'<ol type="a">{answers}</ol>{where}</li>'
    )
