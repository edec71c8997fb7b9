"""The finishing touches to pages: tables for telephones, units beside their numbers."""

import pytest
from bs4 import BeautifulSoup

from bookkit import finer


def table(*rows: str) -> str:
    lines = []
    for number, row in enumerate(rows):
        kind = "td" if number else "th"
        cells = "".join(f"<{kind}><p>{text}</p></{kind}>" for text in row.split("|"))
        lines.append(f"<tr>{cells}</tr>")
    head, *body = lines
    return (
        f'<table class="table"><thead>{head}</thead><tbody>{"".join(body)}</tbody>'
        "</table>"
    )


SCORES = table("what|value|floor|goal", "error|3 %||at most 4 %: met", "loss|1|0|")


def test_wide_tables_name_each_cell_by_its_column():
    page = BeautifulSoup(finer.refined(SCORES), "html.parser")
    assert page.table["class"] == ["table", "stacks"]
    named = [cell.get("data-label") for cell in page.find_all("td")]
    assert named == ["what", "value", None, "goal", "what", "value", "floor", None]
    assert len(page.select("td[data-empty]")) == 2


def test_tables_that_stack_are_still_tables_to_a_screen_reader():
    page = BeautifulSoup(finer.refined(SCORES), "html.parser")
    roles = {"table": "table", "thead": "rowgroup", "tbody": "rowgroup", "tr": "row",
             "th": "columnheader", "td": "cell"}  # fmt: skip
    for name, role in roles.items():
        assert {element["role"] for element in page.find_all(name)} == {role}


@pytest.mark.parametrize(
    ("text", "wide"),
    [
        (table("a|b", "extraordinarily|incomprehensible"), False),
        (table("symbol|meaning|code", "x|a picture|x"), False),
        (table("kind|who gives it|here", "reinforcement|nobody|autoencoders,"), True),
        (table("a|b|c|d", "1|2|3|4"), True),
        (table("a|b|c", "<mjx-container><i>p (x) = p (y) p (x, y) p (z) p (z, x)"
               "</i></mjx-container>|picture|number"), True),
        (table("a|b|c|d", "1|2"), False),
    ],
)  # fmt: skip
def test_only_tables_too_wide_for_a_telephone_stack(text, wide):
    assert ("stacks" in finer.refined(text)) == wide
    assert wide or finer.refined(text) == text


def test_names_of_columns_are_text():
    rows = table('"a" &lt;b&gt;|b|c|d', "1|2|3|4")
    page = BeautifulSoup(finer.refined(rows), "html.parser")
    assert page.td["data-label"] == '"a" <b>'


def test_units_stay_beside_their_numbers_in_prose_alone():
    page = (
        "<!doctype html><head><title>9 %</title></head><body>"
        '<p title="5 %">Sure to 99 % in 3 s, and 5 %. At 4 steps</p>'
        "<pre>7 % 3</pre><code>1 % 2</code><script>8 % 3 < 4</script>"
    )
    made = finer.refined(page)
    said = "Sure to 99 % in 3 s, and 5 %. At 4 steps"
    held = "Sure to 99_% in 3_s, and 5_%. At 4 steps".replace("_", "\N{NO-BREAK SPACE}")
    assert made == page.replace(said, held)


def test_a_formula_keeps_its_comma_and_its_bracket():
    one = '<span class="math nohighlight"><mjx-container>x</mjx-container></span>'
    made = finer.refined(f"<p>{one}, and {one} or ({one}).</p>")
    held = '<span class="unbroken">'
    assert made == f"<p>{held}{one},</span> and {one} or {held}({one}).</span></p>"
    assert finer.refined(f"({one} is") == f"{held}({one}</span> is"
