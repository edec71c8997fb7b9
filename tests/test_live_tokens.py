"""The live tokenizer: JavaScript equals Python, by mouse, finger and keys."""

import json
import random
import sys
import unicodedata

import pytest
from browsers import findings, in_jupyterlab, needs_browser
from test_player_browser import ROOM
from test_tokens import CORPUS, any_text

from minigen import show
from minigen.show import style
from minigen.show.live_tokens import MOST, numbers_of
from minigen.show.live_words import TOKENS
from minigen.tokens import BytePairs

pytest.importorskip("playwright.sync_api", reason="needs playwright")
pytestmark = needs_browser

PAIRS = BytePairs.train(CORPUS, size=600)
TEXT = "The string is returned.\nnaïve 😀  !"
EXAMPLES = {"Letters": "strawberry", "Signs": "<b>x</b> & 'y'"}
FIGURE = {"name": "own", "alt": "A text cut.", "caption": "Type.", "text": TEXT}


def made():
    return show.tokenizer(PAIRS, examples=EXAMPLES, **FIGURE)


@pytest.fixture(scope="module")
def address(tmp_path_factory) -> str:
    folder = tmp_path_factory.mktemp("tokens")
    styles = "".join(
        f"<style>{(ROOM / name).read_text('utf-8')}</style>"
        for name in ("figures.css", "live.css", "live-tokens.css")
    )
    script = (ROOM / "live-tokens.js").read_text("utf-8")
    page = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>t</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"{styles}<style>[data-theme=dark] body {{ background: #121212; "
        f"color: #e6e6e3 }}</style></head><body><main><h1>t</h1>{made().html}</main>"
        f"<script>{script}</script></body></html>"
    )
    (folder / "page.html").write_text(page, encoding="utf-8")
    return (folder / "page.html").as_uri()


@pytest.fixture
def visit(browser, address):
    contexts, errors = [], []

    def opened(**machine):
        contexts.append(browser.new_context(**machine))
        page = contexts[-1].new_page()
        page.set_default_timeout(10_000)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda message: errors.append(message.text))
        page.goto(address)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert not errors


def tiles(page) -> list[str]:
    return page.locator(".tokens-list li").all_text_contents()


def as_seen(text: str, merges: int | None = None) -> list[str]:
    pairs = BytePairs(PAIRS.merges[:merges])
    drawn = [pairs.text_of(token) for token in pairs.encode(text)]
    return [one.translate(str.maketrans(TOKENS["signs"])) for one in drawn]


def texts_of_all_kinds() -> list[str]:
    rng = random.Random(5)
    known = [
        chr(code)
        for code in range(sys.maxunicode + 1)
        if unicodedata.category(chr(code)) not in ("Cn", "Cs")
    ]
    # Each character that this Python knows, between letters, digits, signs and spaces.
    every = [
        "".join(f"a{one}1{one}.{one} " for one in known[at : at + 500])
        for at in range(0, len(known), 7500)
    ]
    around = [chr(code) for code in range(0x250)] + ["\u2028", "\ufeff", "\u3000", "_"]
    mixed = ["".join(rng.choices(around, k=200)) for _ in range(60)]
    rare = ["".join(rng.choices(known, k=60)) for _ in range(200)]
    return [*every, *mixed, *rare, *(any_known(rng) for _ in range(300)), CORPUS[:9000]]


def any_known(rng: random.Random) -> str:
    # What Python does not know yet, the browser may: then its kind can differ.
    text = any_text(rng)
    return "".join(one for one in text if unicodedata.category(one) != "Cn")


@pytest.mark.parametrize("merges", [0, 100, None])
def test_javascript_cuts_as_python_does(visit, merges):
    page, texts = visit(), texts_of_all_kinds()
    pairs = BytePairs(PAIRS.merges[:merges])
    found = page.evaluate(
        """([texts, merges]) => {
        const {pairs} = document.querySelector("#fig-own").tokens;
        return texts.map(text => pairs.encode(text, merges ?? pairs.count));
        }""",
        [texts, merges],
    )
    assert found == [pairs.encode(text) for text in texts]


def test_javascript_writes_tokens_as_python_does(visit):
    page = visit()
    every = list(range(len(PAIRS)))
    call = "document.querySelector('#fig-own').tokens.pairs"
    assert page.evaluate(f"ids => ids.map(id => {call}.textOf(id))", every) == [
        PAIRS.text_of(token) for token in every
    ]
    rng = random.Random(3)
    rows = [rng.choices(every, k=30) for _ in range(200)]
    assert page.evaluate(f"rows => rows.map(row => {call}.decode(row))", rows) == [
        PAIRS.decode(row) for row in rows
    ]
    assert page.evaluate(f"{call}.sizeOf({call}.count)") == len(PAIRS)
    assert page.evaluate(f"{call}.sizeOf(0)") == 256


def test_merges_that_make_the_same_bytes_are_one_token(visit):
    twice = ((b"a", b"b"), (b"b", b"a"), (b"ab", b"a"), (b"a", b"ba"), (b"aba", b"a"))
    pairs, text = BytePairs(twice), "aba abaa aaba baba babaa"
    assert len(pairs) == 256 + len(twice) - 1
    found = visit().evaluate(
        """([merges, text]) => {
        const pairs = new minigenLive.BytePairs(merges);
        return [pairs.encode(text), pairs.sizeOf(pairs.count)];
        }""",
        [numbers_of(pairs), text],
    )
    assert found == [pairs.encode(text), len(pairs)]


def test_the_start_is_cut_and_counted(visit):
    page = visit()
    assert not page.locator(".live-still").is_visible()
    assert tiles(page) == as_seen(TEXT)
    count, size = len(PAIRS.encode(TEXT)), len(TEXT.encode())
    told = page.locator(".tokens-count").text_content()
    assert told == (
        f"{count} tokens for {size} bytes ({len(TEXT)} characters): "
        f"{size / count:.2f} bytes a token."
    )
    value = page.locator("[data-control=merges] .live-value").text_content()
    assert value == "the first 344, a vocabulary of 600 tokens"


def test_what_is_typed_is_cut_and_said(visit):
    page = visit()
    page.locator("textarea").fill("")
    assert page.locator(".tokens-count").text_content() == TOKENS["empty"]
    assert tiles(page) == []
    page.locator("textarea").press_sequentially("the  string")
    assert tiles(page) == as_seen("the  string")
    page.wait_for_function("document.querySelector('.live-said').textContent")
    said = page.locator(".live-said").text_content()
    assert said == page.locator(".tokens-count").text_content()
    label = page.locator(".tokens-list li").nth(1).get_attribute("aria-label")
    assert label == "space"


def test_a_readers_text_is_never_html(visit):
    page = visit()
    text = "<img src=x onerror=alert(1)> $& {} <b>"
    page.locator("textarea").fill(text)
    assert "".join(tiles(page)) == text.replace(" ", "␣")
    assert page.locator(".tokens-list :not(li)").count() == 0
    page.locator("button", has_text="Signs").click()
    assert page.locator("textarea").input_value() == EXAMPLES["Signs"]
    page.locator(".tokens-list li").first.click()
    assert "<" in page.locator(".tokens-about").text_content()
    assert page.locator(".tokens-about *").count() == 0


def test_the_slider_takes_merges_away(visit):
    page = visit()
    slider = page.locator("[data-control=merges] input")
    slider.focus()
    page.keyboard.press("ArrowLeft")
    assert tiles(page) == as_seen(TEXT, 343)
    page.keyboard.press("Home")
    assert tiles(page) == as_seen(TEXT, 0)
    said = slider.get_attribute("aria-valuetext")
    assert said == "the first 0, a vocabulary of 256 tokens"


def test_keys_go_from_token_to_token(visit):
    page = visit()
    page.locator("button", has_text="Letters").click()
    page.keyboard.press("Tab")  # the next button
    for _ in range(3):
        page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.getAttribute('role')") == "listbox"
    about = page.locator(".tokens-about")
    chosen = page.locator("[aria-selected=true]")
    assert chosen.text_content() == as_seen("strawberry")[0]
    page.keyboard.press("ArrowRight")
    token = PAIRS.encode("strawberry")[1]
    assert chosen.text_content() == as_seen("strawberry")[1]
    assert about.text_content().startswith(f"Token {token} is ")
    page.keyboard.press("End")
    assert chosen.text_content() == as_seen("strawberry")[-1]
    page.keyboard.press("ArrowRight")
    assert chosen.count() == 1
    page.keyboard.press("Home")
    active = page.evaluate(
        "document.activeElement.getAttribute('aria-activedescendant')"
    )
    assert page.locator(f"#{active}").get_attribute("aria-selected") == "true"


def test_a_token_tells_its_merges(visit):
    page = visit()
    page.locator("textarea").fill("the")
    page.mouse.move(0, 0)
    page.locator(".tokens-list li").first.hover()
    told = page.locator(".tokens-about").text_content()
    first, second = (
        PAIRS.merges.index(pair) + 1 for pair in ((b"h", b"e"), (b"t", b"he"))
    )
    assert f"h + e (merge {first}), t + he (merge {second})" in told
    assert "74 68 65" in told
    page.locator("textarea").fill("é\u0001")
    page.locator(".tokens-list li").last.click()
    assert "single byte" in page.locator(".tokens-about").text_content()


def test_numbers_show_what_a_model_sees(visit):
    page = visit()
    button = page.locator("button", has_text=TOKENS["numbers"])
    button.click()
    assert tiles(page) == [str(token) for token in PAIRS.encode(TEXT)]
    assert button.get_attribute("aria-pressed") == "true"
    button.click()
    assert tiles(page) == as_seen(TEXT)


PHONE = dict(viewport={"width": 360, "height": 700}, has_touch=True, is_mobile=True)


def test_a_telephone_has_room_for_it_and_a_finger_chooses(visit):
    page = visit(**PHONE)
    page.locator("textarea").fill("word " * 150 + "x" * 200)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    for part in page.locator(":is(button, .live-parts input, textarea)").all():
        assert part.bounding_box()["height"] >= 44
    page.locator(".tokens-list li").nth(2).tap()
    assert page.locator("[aria-selected=true]").count() == 1


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_everyone_can_use_it(visit, theme):
    page = visit()
    page.locator(".tokens-list").focus()
    assert findings(page, theme) == []


def test_without_scripts_and_on_paper_the_still_shows(visit):
    page = visit(java_script_enabled=False)
    assert page.locator(".live-still svg").first.is_visible()
    assert not page.locator("textarea").is_visible()
    page = visit()
    page.emulate_media(media="print")
    assert page.locator(".live-still svg").first.is_visible()
    assert not page.locator("textarea").is_visible()


def test_jupyterlab_shows_the_same(visit):
    shown, page = made(), visit()
    in_jupyterlab(page, shown)
    page.locator("textarea").fill("the string")
    assert tiles(page) == as_seen("the string")
    assert "figcaption" not in shown.widget.children[0].markup
    bundle = shown._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in bundle
    assert bundle["text/html"] == shown.html


def test_its_colours_are_those_of_drawings():
    sheet = (ROOM / "live-tokens.css").read_text("utf-8")
    light, dark = sheet.split("@media screen")
    for role in style.ROLES:
        if role.name in ("green", "plum"):
            assert f"--tokens-{role.name}: {role.light}" in light
            assert f"--tokens-{role.name}: {role.dark}" in dark


def test_the_same_tokenizer_has_the_same_mark():
    assert made().fingerprint == made().fingerprint
    other = show.tokenizer(BytePairs(PAIRS.merges[:9]), **FIGURE)
    assert other.fingerprint != made().fingerprint
    assert json.dumps(made()._repr_mimebundle_()["text/plain"])


@pytest.mark.parametrize("text", ["", "x" * (MOST + 1), "😀" * (MOST // 2 + 1)])
def test_a_text_that_the_box_cannot_hold_is_refused(text):
    with pytest.raises(ValueError, match=r"characters|sentence"):
        show.tokenizer(PAIRS, **FIGURE | {"text": text})
