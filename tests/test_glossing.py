"""Terms are linked at their first use, and what is no prose is left alone."""

import nbformat
import pytest

from bookkit import glossing, toc
from minigen import facts
from minigen.facts import Term


def term(id: str, name: str, *also: str) -> Term:
    return Term(id, name, "A thing.", also=also)


TERMS = (
    term("token", "token"),
    term("image-token", "image token"),
    term("gan", "generative adversarial network (GAN)"),
    term("memorisation", "memorisation", "memorised"),
    term("score", "score"),
)


def linked(*sources: str) -> list[str]:
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_markdown_cell(source) for source in sources]
    )
    glossing.link(notebook, TERMS)
    return [cell.source for cell in notebook.cells]


def test_only_the_first_use_is_linked_in_any_cell():
    assert linked("A token.", "Tokens, and a token.") == [
        "A [token](#term-token).",
        "Tokens, and a token.",
    ]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Image tokens.", "[Image tokens](#term-image-token)."),  # the longest name
        ("A GAN.", "A [GAN](#term-gan)."),
        ("It began; gan.", "It began; gan."),  # an abbreviation has capitals
        ("It memorised it.", "It [memorised](#term-memorisation) it."),
        ("Tokenizers, subtoken, token-free.", "Tokenizers, subtoken, token-free."),
        ("A high score.", "A high score."),  # an everyday word
    ],
)
def test_what_counts_as_a_use(text: str, shown: str):
    assert linked(text) == [shown]


@pytest.mark.parametrize(
    "text",
    [
        "# On a token",
        "(token)=",
        "`token` and ``a token``",
        "$token$ and $$\ntoken\n$$",
        "[a token](https://example.org/token)",
        "{term}`token`",
        "```python\ntoken\n```",
        "```{note}\nA token.\n```",
        '<b title="token">',
        "% a token",
    ],
)
def test_what_is_no_prose_is_left_alone(text: str):
    assert linked(text) == [text]


def test_a_link_by_hand_is_the_first_use():
    text = "A [piece](#term-token) and another token."
    assert linked(text) == [text]


@pytest.mark.parametrize("path", toc.chapters(), ids=lambda path: path.stem)
def test_chapters_and_glossary_are_in_step(path):
    """Each use that comes first has its link, and a term is where its row says."""
    notebook = nbformat.read(path, as_version=4)
    glossing.link(notebook, facts.terms())
    assert glossing.link(notebook, facts.terms()) == []
    text = "\n".join(c.source for c in notebook.cells if c.cell_type == "markdown")
    here = [row for row in facts.terms() if row.chapter == path.stem]
    assert [row.id for row in here if f"](#term-{row.id})" not in text] == []
