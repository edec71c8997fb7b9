"""The facts of the book: what the data may say, what cards and pages make of it."""

import html.parser
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml
from pybtex.database import parse_file

from bookkit import BookError, systems
from bookkit import facts as pages
from bookkit.toc import problems as toc_problems
from minigen import facts
from minigen.references import BOOK, FactError, reference, references

BIBLIOGRAPHY = BOOK / "references.bib"


@pytest.fixture
def book(tmp_path: Path) -> Path:
    """Return a copy of the book's facts to break."""
    (tmp_path / "data").mkdir()
    for path in (BOOK / "data").glob("*.yml"):
        shutil.copy(path, tmp_path / "data")
    shutil.copy(BIBLIOGRAPHY, tmp_path)
    return tmp_path


def changed(book: Path, file: str, which: str, /, **values: object) -> None:
    """Rewrite one row of a copied file; None takes a field out."""
    path = book / "data" / file
    rows = yaml.safe_load(path.read_text("utf-8"))
    row = next(row for row in rows if row["id"] == which)
    for name, value in values.items():
        if value is None:
            del row[name]
        else:
            row[name] = value
    path.write_text(yaml.safe_dump(rows, allow_unicode=True), "utf-8")


class Parts(html.parser.HTMLParser):
    """Collect the tags, links and text of a piece of HTML."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [value or "" for name, value in attrs if name == "href"]

    def handle_data(self, data: str) -> None:
        self.text += data


# The bibliography


def test_the_bibliography_reads_as_pybtex_reads_it():
    oracle = parse_file(str(BIBLIOGRAPHY)).entries
    ours = references()
    assert set(ours) == set(oracle)
    for key, entry in oracle.items():
        assert ours[key].year == entry.fields["year"]
        assert len(ours[key].authors) == len(entry.persons["author"]), key
        bare = re.sub("[{}]", "", entry.fields["title"]).replace("'", "’")
        assert ours[key].title == bare.replace("`", "‘")


def test_no_source_stands_under_two_keys():
    titles = [r.title.lower() for r in references().values()]
    assert len(titles) == len(set(titles))
    arxiv = re.findall(r"eprint\s*=\s*\{(.*?)\}", BIBLIOGRAPHY.read_text("utf-8"))
    assert len(arxiv) == len(set(arxiv))
    assert all(re.fullmatch(r"\d{4}\.\d{4,5}", number) for number in arxiv)


def test_the_year_of_an_arxiv_paper_is_not_before_its_number():
    for entry in references().values():
        if match := re.search(r"abs/(\d\d)\d\d\.", entry.url):
            late = int(entry.year) - (2000 + int(match[1]))
            # A journal may print a paper years after, and an author may put one on
            # arXiv in the January after its conference.
            assert -1 <= late <= 4, entry.key


@pytest.mark.parametrize(
    ("key", "short"),
    [
        ("linzen2016issues", "Linzen 2016"),
        ("kingma2014auto", "Kingma and Welling 2014"),
        ("ho2020denoising", "Ho et al. 2020"),
        ("openai2023gpt4", "OpenAI 2023"),
        (
            "c2pa2026specification",
            "Coalition for Content Provenance and Authenticity 2026",
        ),
        ("oord2016wavenet", "van den Oord et al. 2016"),
    ],
)
def test_short_names(key: str, short: str):
    assert reference(key).short == short


def test_a_source_without_an_address_is_refused(book: Path):
    with (book / "references.bib").open("a", encoding="utf-8") as stream:
        stream.write(
            "@misc{nobody2020nothing,\n  author = {Body, No},\n"
            "  title = {Nothing},\n  year = {2020}\n}\n"
        )
    with pytest.raises(FactError, match="nobody2020nothing needs an eprint"):
        references(book)


def test_a_source_twice_is_refused(book: Path):
    text = BIBLIOGRAPHY.read_text("utf-8")
    (book / "references.bib").write_text(text + text, "utf-8")
    with pytest.raises(FactError, match="ng2001discriminative twice"):
        references(book)


# The rows


def test_the_data_keep_their_rules():
    assert pages.problems() == []
    assert toc_problems() == []
    assert len(facts.claims()) >= 33
    assert len(facts.systems()) >= 15
    assert len(facts.terms()) >= 70


def test_every_verdict_is_in_use():
    assert {row.verdict for row in facts.claims()} == set(facts.VERDICTS)


def test_each_row_says_when_and_how_it_was_checked():
    for row in [*facts.claims(), *facts.systems()]:
        assert re.fullmatch(r"20\d\d-(0[1-9]|1[0-2])", row.checked), row.id
        assert len(row.how) > 5, row.id


def test_claims_of_one_group_stand_together():
    groups = [row.group for row in facts.claims()]
    runs = [a for a, b in zip(groups, [None, *groups], strict=False) if a != b]
    assert len(runs) == len(set(runs))


@pytest.mark.parametrize("text", [*facts.terms(), *facts.claims()], ids=lambda r: r.id)
def test_texts_are_whole_sentences(text: facts.Term | facts.Claim):
    said = text.definition if isinstance(text, facts.Term) else text.why
    assert said[0].isupper() or said[0] in "“"
    assert said.endswith(".")
    assert "  " not in said


@pytest.mark.parametrize(
    ("file", "id", "values", "message"),
    [
        ("claims.yml", "king-man-woman", {"verdict": "wrong"}, "the verdict is one of"),
        ("claims.yml", "king-man-woman", {"sources": ["x1"]}, "the source 'x1' is not"),
        ("claims.yml", "king-man-woman", {"sources": None}, "needs a source"),
        ("claims.yml", "king-man-woman", {"why": ""}, "'why' is missing or empty"),
        ("claims.yml", "king-man-woman", {"sauce": "x"}, "there is no field 'sauce'"),
        ("claims.yml", "king-man-woman", {"sources": "a"}, "a list such as"),
        ("claims.yml", "king-man-woman", {"id": "King"}, "begins with an id"),
        ("claims.yml", "king-man-woman", {"id": "top-p-smallest-set"}, "twice"),
        ("systems.yml", "gpt-3", {"year": "2020?"}, "a year such as 2020"),
        ("systems.yml", "gpt-3", {"sources": None}, "'sources' is missing"),
        ("glossary.yml", "token", {"see": ["nothing"]}, "`see` names 'nothing'"),
        ("glossary.yml", "token", {"see": ["token"]}, "`see` names 'token'"),
    ],
)
def test_a_row_that_breaks_the_rules_is_refused_by_name(
    book: Path, file: str, id: str, values: dict[str, object], message: str
):
    changed(book, file, id, **values)
    read = {
        "claims.yml": facts.claims,
        "systems.yml": facts.systems,
        "glossary.yml": facts.terms,
    }[file]
    with pytest.raises(FactError, match=re.escape(message)) as caught:
        read(book)
    assert file in str(caught.value)


def test_a_bare_true_is_the_word(book: Path):
    changed(book, "claims.yml", "king-man-woman", verdict=True)
    row = next(r for r in facts.claims(book) if r.id == "king-man-woman")
    assert row.verdict == "true"


def test_without_the_repository_the_error_says_what_to_do(tmp_path: Path):
    with pytest.raises(FileNotFoundError, match="clone that and install it"):
        facts.claim("king-man-woman", book=tmp_path)


def test_a_row_may_not_name_a_chapter_or_section_that_is_not_there(monkeypatch):
    row = facts.claims()[0]
    for name, value in (("chapter", "alchemy"), ("shown_in", "no-such-label")):
        broken = facts.Claim(**{**vars(row), name: value})
        monkeypatch.setattr(facts, "claims", lambda broken=broken: (broken,))
        assert [value in text for text in pages.problems()] == [True]


# The cards


@pytest.mark.parametrize("row", facts.claims(), ids=lambda row: row.id)
def test_a_claim_card_says_all_in_both_forms(row: facts.Claim):
    bundle = facts.claim(row.id)._repr_mimebundle_()
    shown = Parts(bundle["text/html"])
    for text in (bundle["text/plain"], shown.text):
        assert row.claim in text
        assert row.why in text
        assert f"Verdict: {row.verdict}" in text
    assert shown.links == [reference(key).url for key in row.sources]


def test_cards_escape_what_looks_like_html(book: Path):
    changed(book, "claims.yml", "king-man-woman", why="<script>alert(1)</script> & so.")
    changed(book, "systems.yml", "gpt-3", made_of="<img src=x onerror=y>.")
    card = facts.claim("king-man-woman", book=book)
    assert Parts(card.html()).text.count("<script>alert(1)</script> & so.") == 1
    assert "script" not in Parts(card.html()).tags
    assert "img" not in Parts(facts.system("gpt-3", book=book).html()).tags


def test_a_system_card_gives_size_and_family():
    text = facts.system("dall-e-2").plain()
    assert "3.5 billion" in text
    assert "diffusion" in text


def test_a_list_of_sources_keeps_its_order_and_links_each():
    card = facts.sources("ho2020denoising", "kingma2014auto")
    assert Parts(card.html()).links == [
        "https://arxiv.org/abs/2006.11239",
        "https://arxiv.org/abs/1312.6114",
    ]
    assert card.plain().index("2006.11239") < card.plain().index("1312.6114")


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda: facts.claim("king-queen"), "there are king-man-woman"),
        (lambda: facts.system("gpt-9"), "there are gpt-3, gpt-4"),
        (lambda: facts.sources("nobody2000"), "add it there first"),
    ],
)
def test_asking_for_what_is_not_there_tells_what_is(ask, message: str):
    with pytest.raises(KeyError, match=message):
        ask()


# The pages


def numbers() -> list[dict[str, Any]]:
    """Return a record for every name on which a verdict rests."""
    return [
        {"chapter": row.chapter, "name": name, "value": 0.25, "unit": "%",
         "floor": None, "ceiling": 1.0, "baseline": 0.5, "goal": None}
        for row in facts.claims()
        for name in row.measured
    ]  # fmt: skip


def test_a_verdict_takes_its_numbers_from_the_scoreboard():
    row = next(row for row in facts.claims() if row.measured)
    page = pages.claims_page(numbers())
    name = row.measured[0]
    told = (
        f"- {name[0].upper()}{name[1:]}: **25.0 %**; ceiling\N{NO-BREAK SPACE}100.0 %"
    )
    assert told in page
    rows = [one for one in numbers() if one["name"] != name]
    with pytest.raises(BookError, match=re.escape(repr(name))):
        pages.claims_page(rows)


def test_the_timeline_has_every_system_once_with_what_the_filter_asks_for():
    shown = Parts(systems.timeline(facts.systems()))
    assert sorted(shown.links) == sorted(f"#system-{r.id}" for r in facts.systems())
    text = systems.timeline(facts.systems())
    for row in facts.systems():
        assert f'data-kind="{row.kind}" data-media="{" ".join(row.media)}"' in text


def test_a_kind_that_the_filter_does_not_know_is_refused(book: Path):
    changed(book, "systems.yml", "gpt-3", kind="by magic")
    with pytest.raises(FactError, match="kind may be token by token"):
        facts.systems(book)


def test_pages_give_each_row_its_address_and_link_to_no_other():
    text = "\n".join(pages.all_pages(numbers()).values())
    made = re.findall(r"^\(([^()]+)\)=$", text, re.MULTILINE)
    assert len(made) == len(set(made))
    wanted = {f"claim-{r.id}" for r in facts.claims()}
    wanted |= {f"system-{r.id}" for r in facts.systems()}
    wanted |= {f"term-{r.id}" for r in facts.terms()}
    assert wanted <= set(made)
    linked = set(re.findall(r"\]\(#([^)]+)\)", text))
    assert linked <= set(made) | pages.labels()


def test_hand_written_pages_link_to_rows_that_exist():
    made = set(
        re.findall(
            r"^\(([^()]+)\)=$", "\n".join(pages.all_pages(numbers()).values()), re.M
        )
    )
    for path in BOOK.glob("[!_]*.md"):
        linked = set(re.findall(r"\]\(#([^)]+)\)", path.read_text("utf-8")))
        assert linked <= made | pages.labels(), path.name


@pytest.mark.parametrize(
    "text", ["a *b* _c_ `d` [e](f) <b>g</b> $x$ # h | i {j} \\k ~l~ &amp; @m"]
)
def test_plain_text_stays_plain_in_myst(text: str):
    from myst_parser.config.main import MdParserConfig
    from myst_parser.parsers.mdit import create_md_parser

    extensions = {"dollarmath", "attrs_inline", "linkify", "deflist", "fieldlist"}
    from markdown_it.renderer import RendererHTML

    parser = create_md_parser(
        MdParserConfig(enable_extensions=extensions), RendererHTML
    )
    shown = Parts(parser.render(pages.plain(text)))
    assert shown.tags == ["p"]
    assert shown.text.strip() == text


def test_answers_are_neither_too_short_nor_too_long():
    text = (BOOK / "questions.md").read_text("utf-8")
    answers = re.split(r"^## ", text, flags=re.MULTILINE)[1:]
    assert len(answers) == 12
    for answer in answers:
        body = re.sub(r"^\(.*\)=$|\]\([^)]*\)", "", answer, flags=re.MULTILINE)
        assert 100 <= len(body.split("\n", 1)[1].split()) <= 155
        assert "](" in answer, "an answer links to where the book shows it"
