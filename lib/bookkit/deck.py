"""Choose a chapter's slides from its own cells: nothing on a slide is written for it.

A figure, a player, a live model, a table or a quiz makes a slide. Its headline is the
question or the short line just before it, its moral the first words after it. So do a
section's formulas, the question that the chapter opens with, its objectives, claims,
numbers, exercises and summary, and the first of its questions with answers. All prose
goes into the speaker's notes.

What a cell's `slideshow.slide_type`, which JupyterLab edits, can say: `skip` keeps a
figure or a text's formulas off the slides, `slide` shows code.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from string import ascii_lowercase
from typing import Any

from bookkit import BookError, live, scores
from bookkit.words import Block, Voice, blocks, sentences, words
from minigen.record import RECORD_MIME, parse_goal

#: A headline, and what leads to it, in words; more is left to the notes.
LONGEST_HEADLINE, LONGEST_LEAD, LONGEST_MORAL = 24, 20, 34
#: A statement of fewer words says less than the heading of its section.
SHORTEST = 5
#: Fewer words are no moral, and lead to no formula.
FEWEST = 4
#: A drawing that is not so many times as wide as high stands beside its words.
WIDE = 1.8
#: As many words of a moral are welcome on a slide; a shorter one takes a sentence more.
WELCOME = 16
#: The most numbers on a slide: the last ones, for checks come before results.
MOST_NUMBERS = 6
_FIGURE = re.compile(r'<figure class="show-(figure|live|table)\b')
_WHOLE = re.compile(r"[.!?][)”’*_]*$")
_NUMBER = re.compile(r"^\d+ *[.·] *")
_CARD = re.compile(r'class="fact-card".*?Claim, checked:')
_PARAGRAPH = re.compile(r"<p\b[^>]*>(.*?)</p>", re.DOTALL)
_BOX = re.compile(r'viewBox="0 0 ([\d.]+) ([\d.]+)"')
#: The first question of a chapter, as minigen.show.questions says it, and an answer.
_ASKED = re.compile(
    r'<li id="question-[^"]*"><p>(.*?)</p><ol type="a">(.*?)</ol>', re.DOTALL
)
_ANSWER = re.compile(
    r'<summary[^>]*>(.*?)</summary><p class="(right|wrong)">.*?</strong>\s*(.*?)</p>',
    re.DOTALL,
)
_CAPTION = re.compile(r"<figcaption.*?</figcaption>", re.DOTALL)


@dataclass
class Slide:
    """One slide: its kind, what it is called, what it shows, and what is said to it."""

    kind: str
    title: str
    body: str
    kicker: str = ""
    lead: str = ""
    notes: str = ""


@dataclass(frozen=True)
class Place:
    """A piece of a chapter: a block of a text, or a code cell; and its section."""

    section: str
    cell: Any
    block: Block | None = None


def places(notebook: Any) -> list[Place]:
    """Return a chapter's pieces in their order, after its title."""
    found, section = [], ""
    for cell in notebook.cells:
        if cell.cell_type == "code":
            found.append(Place(section, cell))
            continue
        for block in blocks(cell.source):
            if block.kind == "heading":
                section = block.text if block.level > 1 else ""
            found.append(Place(section, cell, block))
    return found


def slides(notebook: Any, chapter: str, voice: Voice) -> list[Slide]:
    """Return the slides of an executed chapter."""
    sources = [c.source for c in notebook.cells if c.cell_type == "markdown"]
    voice.number(sources)
    pieces = places(notebook)
    made = [_title(pieces, voice)]
    for n, piece in enumerate(pieces):
        if piece.block is None:
            made += _of_code(pieces, n, chapter, voice)
        else:
            made += _of_block(pieces, n, voice)
        if piece.block and piece.block.kind != "heading":
            made[-1].notes += voice.block(piece.block) + "\n"
    return made


def _title(pieces: Sequence[Place], voice: Voice) -> Slide:
    heading = pieces[0].block
    if heading is None or heading.level != 1:
        raise BookError("a chapter opens with its title")
    promise = next(p.block for p in pieces if p.block and p.block.kind == "paragraph")
    return Slide("opening", voice.line(heading.text), voice.block(promise))


def _of_code(
    pieces: Sequence[Place], n: int, chapter: str, voice: Voice
) -> Iterator[Slide]:
    """Yield the slide of a figure, of code that a slide is asked for, or none."""
    cell, section = pieces[n].cell, pieces[n].section
    if _type(cell) == "skip":
        return
    for output in cell.get("outputs", []):
        markup = live.markup(output.get("data", {}), chapter)
        if _FIGURE.search(markup):
            yield _of_figure(pieces, n, markup, voice)
        elif asked := _ASKED.search(markup):
            yield _quiz(asked, voice.line(section))
    if _type(cell) == "slide" and not _shows(cell):
        lead, headline = _before(pieces, n, voice)
        title = voice.line(section)
        body = f"<pre><code>{escape(cell.source)}</code></pre>"
        yield Slide("code", headline or title, body, headline and title, lead)


def _of_figure(pieces: Sequence[Place], n: int, markup: str, voice: Voice) -> Slide:
    """Return the slide of a figure: headline, figure, caption, moral."""
    section = voice.line(pieces[n].section) or _title(pieces, voice).title
    lead, headline = _before(pieces, n, voice)
    kicker = headline and section
    still = "show-live" not in markup and "show-table" not in markup
    box = _BOX.search(markup) if still else None
    tall = box is not None and float(box[1]) < WIDE * float(box[2])
    # What follows the opening figure leads to the question of the next slide.
    moral = _after(pieces, n, voice) if pieces[n].section else ""
    if still or "show-table" in markup:
        caption = _CAPTION.search(markup)
        markup = _CAPTION.sub("", markup)
        said = (caption[0] if caption else "").replace("figcaption", "p")
        body = f'<div class="stage">{markup}</div><div class="said">{said}{moral}</div>'
    else:
        body = f'<div class="stage">{markup}</div>'
    kind = "beside" if tall else "figure" if still else "demo"
    return Slide(kind, headline or section, body, kicker, lead)


def _quiz(asked: re.Match[str], section: str) -> Slide:
    """Return a slide that asks a question of the chapter, its answer to come."""
    answers = _ANSWER.findall(asked[2])
    listed = "".join(f"<li>{text}</li>" for text, _, _ in answers)
    right = [(n, why) for n, (_, kind, why) in enumerate(answers) if kind == "right"]
    told = "".join(
        f'<p class="moral fragment"><strong>{ascii_lowercase[n]}.</strong> {why}</p>'
        for n, why in right
    )
    return Slide("quiz", asked[1], f'<ol type="a">{listed}</ol>{told}', section)


def _before(pieces: Sequence[Place], n: int, voice: Voice) -> tuple[str, str]:
    """Return what leads to a figure and its headline, from the words before it.

    The headline is the last question, or the only sentence there is.
    """
    block = pieces[n - 1].block
    if block is None or block.kind != "paragraph":
        return "", ""
    told = [s for s in sentences(block.text) if not s.startswith("(")]
    asked = [s for s in told if s.endswith("?")]
    alone = told if len(told) == 1 else []
    headline = (asked or alone or [""])[-1]
    if words(headline) > LONGEST_HEADLINE or not (asked or words(headline) >= SHORTEST):
        headline = ""
    lead = " ".join(told[: told.index(headline)] if headline else told[:-1] or told)
    shown = ""
    if lead and words(lead) <= LONGEST_LEAD and lead.endswith((".", "!", "?")):
        shown = voice.line(lead)
    return shown, voice.line(headline.removesuffix(":"))


def _after(pieces: Sequence[Place], n: int, voice: Voice) -> str:
    """Return the moral of a figure: the first words after it, if they are few.

    What leads to other code is not yet a moral, and a question is none.
    """
    block = pieces[n + 1].block if n + 1 < len(pieces) else None
    if block is None or block.kind != "paragraph":
        return ""
    next_code = pieces[n + 2].cell if n + 2 < len(pieces) else None
    told = sentences(block.text)
    if next_code is not None and next_code.cell_type == "code":
        told = [] if _shows(next_code) else told[:-1]
    moral: list[str] = []
    for sentence in told:
        longer = words(" ".join([*moral, sentence]))
        if longer > LONGEST_MORAL or not _WHOLE.search(sentence):
            break
        if moral and sentence.startswith("("):
            break
        moral.append(sentence)
        if longer >= WELCOME:
            break
    while moral and moral[-1].endswith("?"):
        moral.pop()
    if words(" ".join(moral)) < FEWEST:
        return ""
    return f'<p class="moral fragment">{voice.line(" ".join(moral))}</p>'


def _shows(cell: Any) -> bool:
    """Tell whether a cell shows a figure on a slide."""
    return _type(cell) != "skip" and any(
        _FIGURE.search(output.get("data", {}).get("text/html", ""))
        for output in cell.get("outputs", [])
    )


def _of_block(pieces: Sequence[Place], n: int, voice: Voice) -> Iterator[Slide]:
    """Yield the slides that begin with a block: at headings, and the first question."""
    block = pieces[n].block
    if block is None or block.kind != "heading" or block.level == 1:
        return
    section = _section(pieces, n)
    level_two = [p for p in pieces if p.block and p.block.level == 2]
    if pieces[n] is level_two[0]:
        yield from _question(pieces, n, voice)
        yield from _lists(block, section, voice)
    elif block.text.startswith("What you can do now"):
        yield from _lists(block, section, voice)
    elif block.text.startswith("Exercises"):
        yield from _numbers(pieces, voice)
        yield from _claims(pieces, voice)
        yield _exercises(pieces, voice)
    else:
        yield from _formulas(block, section, voice)


def _section(pieces: Sequence[Place], n: int) -> list[Place]:
    """Return the pieces from a heading to the next one."""
    end = n + 1
    while end < len(pieces):
        block = pieces[end].block
        if block and block.kind == "heading":
            break
        end += 1
    return list(pieces[n + 1 : end])


def _question(pieces: Sequence[Place], n: int, voice: Voice) -> Iterator[Slide]:
    """Yield the question that the chapter opens with: the last paragraph that asks."""
    asking = [
        p.block
        for p in pieces[:n]
        if p.block and p.block.kind == "paragraph" and "?" in p.block.text
    ]
    if asking:
        told = sentences(asking[-1].text)
        last = max(k for k, s in enumerate(told) if s.endswith("?"))
        first = last
        while first and told[first - 1].endswith("?"):
            first -= 1
        lead, ask = (" ".join(told[a:b]) for a, b in ((0, first), (first, last + 1)))
        body = f'<p class="ask">{voice.line(ask)}</p>'
        if lead:
            body = f"<p>{voice.line(lead)}</p>{body}"
        yield Slide("question", "To discuss", body)


def _lists(block: Block, section: Sequence[Place], voice: Voice) -> Iterator[Slide]:
    """Yield a section's first list, or its first paragraph where it has none."""
    texts = [p.block for p in section if p.block]
    shown = [b for b in texts if b.kind == "list"][:1] or texts[:1]
    if shown:
        body = "".join(voice.block(one) for one in shown)
        yield Slide("list", voice.line(block.text), body)


def _formulas(block: Block, section: Sequence[Place], voice: Voice) -> Iterator[Slide]:
    """Yield a section's formulas, each after the words that lead to it."""
    body, last = "", None
    for piece in section:
        one = piece.block
        left_out = _type(piece.cell) == "skip" or _exercise(piece.cell)
        if one and one.kind == "formula" and not left_out:
            if last and last.kind == "paragraph":
                told = sentences(last.text)
                lead = told[-2:] if words(told[-1]) < FEWEST else told[-1:]
                body += f"<p>{voice.line(' '.join(lead))}</p>"
            body += voice.block(one)
        last = one or last
    if body:
        yield Slide("formulas", voice.line(block.text), body)


def _claims(pieces: Sequence[Place], voice: Voice) -> Iterator[Slide]:
    """Yield the claims that the chapter checked, each with its verdict to come."""
    rows = ""
    for piece in pieces:
        for output in piece.cell.get("outputs", []):
            markup = output.get("data", {}).get("text/html", "")
            if _CARD.search(markup):
                claim, verdict = _PARAGRAPH.findall(markup)[:2]
                claim = claim.partition("</strong>")[2].strip()
                word, _, why = verdict.partition("</strong>")
                word = word.rpartition("Verdict:")[2].strip(" :")
                why = sentences(why.strip())[0]
                rows += (
                    f'<li><p>“{claim}”</p><p class="fragment"><strong>{word}</strong>'
                    f": {why}</p></li>"
                )
    if rows:
        yield Slide("claims", "Often said: true or false?", f"<ul>{rows}</ul>")


def _numbers(pieces: Sequence[Place], voice: Voice) -> Iterator[Slide]:
    """Yield the chapter's key numbers, those with a goal, beside their limits."""
    found = {}
    for piece in pieces:
        for output in piece.cell.get("outputs", []):
            row = output.get("data", {}).get(RECORD_MIME)
            if row and row.get("goal") and not _is_check(row):
                found[row["name"]] = row
    rows = list(found.values())[-MOST_NUMBERS:]
    if rows:
        table = "\n".join(scores.table(rows)).replace(" %", "\N{NO-BREAK SPACE}%")
        shown = voice.block(Block("table", table))
        yield Slide("numbers", "Measured in this chapter", shown)


def _is_check(row: dict[str, Any]) -> bool:
    """Tell whether a number only says that two ways of computing agree."""
    sign, bound = parse_goal(row["goal"])
    return sign == "<=" and not row["unit"] and bound <= 0.001


def _exercises(pieces: Sequence[Place], voice: Voice) -> Slide:
    names = {
        p.cell.id: p.block.text  # the last heading of its cell
        for p in pieces
        if p.block and p.block.kind == "heading" and _exercise(p.cell)
    }
    rows = [voice.line(_NUMBER.sub("", name)) for name in names.values()]
    items = "".join(f"<li>{row}</li>" for row in rows)
    return Slide("list", "Exercises", f"<ol>{items}</ol>")


def _exercise(cell: Any) -> bool:
    return "exercise" in cell.metadata.get("tags", [])


def _type(cell: Any) -> str:
    return str(cell.metadata.get("slideshow", {}).get("slide_type", ""))
