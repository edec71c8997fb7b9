"""Checkers of the exercises on tokens and embeddings."""

import numbers
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import normalize

from minigen import embeddings
from minigen.checks import NotYet, calls
from minigen.data import stories
from minigen.data.stories.grammar import ROLE_PAIRS
from minigen.exercises import Checker
from minigen.repro import generator

#: What exercise 4 asks for, and the most numbers that a vector may have.
SHARE, MOST = 0.9, 50


def text(text_of: Callable[..., Any]) -> str:
    """The text of tokens, some of which hold parts of a character."""
    plain = [b"The", b" str", b"ing", b"\n"]
    found = calls(text_of, plain)
    if isinstance(found, bytes | bytearray):
        raise NotYet("It gives bytes; a text is asked for.")
    if not isinstance(found, str):
        raise NotYet(f"It should give a text, not a {type(found).__name__}.")
    if found != "".join(token.decode() for token in plain):
        raise NotYet("Four tokens that are letters do not come back as their text.")
    parrot = "🦜 é".encode()
    whole = [parrot[:1], parrot[1:3], parrot[3:5], parrot[5:6], parrot[6:]]
    found = calls(text_of, whole)
    if "\ufffd" in found:
        raise NotYet(
            "A character whose bytes stand in several tokens comes back broken: when "
            "should the letters be made, before the tokens are joined or after?"
        )
    if found != parrot.decode():
        raise NotYet("A character whose bytes stand in several tokens does not return.")
    for stump in ([b"a", parrot[:2]], [b"\xff", b"\xfe", b" b"], [parrot[2:], b"c"]):
        wanted = b"".join(stump).decode("utf-8", "replace")
        if calls(text_of, stump) != wanted:
            raise NotYet(
                f"Of the tokens {stump} the part that is text should come back, and a "
                "� for each stump."
            )
    if calls(text_of, []) != "":
        raise NotYet("No tokens make an empty text.")
    return "right, half a parrot included."


_KNOWN = {bytes([byte]) for byte in range(256)} | {
    b"th", b"the", b"they", b"here", b"re", b"ey", b"eye", b"es", b"yes", b" the",
    b"her", b"aa", b"aaa",
}  # fmt: skip


def _longest(piece: bytes) -> list[bytes]:
    made = []
    while piece:
        made.append(max(filter(piece.startswith, _KNOWN), key=len))
        piece = piece[len(made[-1]) :]
    return made


def longest(cut: Callable[..., Any]) -> str:
    """Greedy from the left, always the longest token that fits."""
    for piece in (b"there", b"theyes", b" they", b"aaaaa", "eyé".encode(), b"x", b""):
        found = calls(cut, piece, set(_KNOWN))
        if isinstance(found, Iterator):
            found = list(found)
        if not isinstance(found, list | tuple):
            raise NotYet(
                f"It should give a list of tokens, not {type(found).__name__}."
            )
        found = list(found)
        if b"".join(map(_as_bytes, found)) != piece:
            raise NotYet(f"The tokens of {piece!r}, joined, should be {piece!r} again.")
        if unknown := [token for token in found if token not in _KNOWN]:
            raise NotYet(f"{unknown[0]!r} is not in the vocabulary that was given.")
        wanted = _longest(piece)
        if len(found) == len(piece) > len(wanted):
            raise NotYet(f"It cuts {piece!r} into single bytes; longer tokens fit.")
        if found != wanted:
            at = next(
                n for n, pair in enumerate(zip(found, wanted, strict=False))
                if pair[0] != pair[1]
            )  # fmt: skip
            raise NotYet(
                f"Of {piece!r} the token number {at + 1} is {found[at]!r}, and "
                "another one, that is longer, fits there too (or one before it was cut "
                "from the wrong end)."
            )
    return (
        "right. The merges may stay forgotten: on the chapter's unseen text this cut "
        "even needs slightly fewer tokens than they do."
    )


def _as_bytes(token: Any) -> bytes:
    if not isinstance(token, bytes):
        raise NotYet(f"Each token should be bytes, not {type(token).__name__}.")
    return token


def _answer(question: tuple[Tensor, int, int, int], slip: str = "") -> int:
    """Return the row with the best score, or what comes of a usual slip."""
    vectors, a, b, c = question
    unit = vectors if slip == "as_long" else normalize(vectors, dim=1)
    like = [unit @ unit[n] for n in (a, b, c)]
    if slip != "unshifted":
        like = [(one + 1) / 2 for one in like]
    if slip == "swapped":
        like[0], like[1] = like[1], like[0]
    if slip == "added":
        score = like[1] + like[2] - like[0]
    else:
        score = like[1] * like[2] / (like[0] + 0.001)
    if slip != "open":
        score[[a, b, c]] = -torch.inf
    return int(score.argmax())


#: What a slip would answer, and what to say of it.
_SLIPS = {
    "open": "The answer may be a word of the question; the three should be left out.",
    "added": "This is the sum of the likenesses; multiply and divide.",
    "swapped": "a and b have changed places: what is divided by?",
    "unshifted": "A cosine may be negative; cos′ lies between 0 and 1.",
    "as_long": "The rows have different lengths, and the answer depends on them; a "
    "cosine does not.",
}


def product(by_product: Callable[..., Any]) -> str:
    """The word with the largest product of likenesses, inputs left out."""
    draw = generator(3)
    asked: list[tuple[Tensor, int, int, int]] = []
    answers: list[int] = []
    for _ in range(30):
        vectors = torch.randn(40, 4, generator=draw)
        vectors *= torch.rand(40, 1, generator=draw) * 5 + 0.2
        a, b, c = torch.randperm(40, generator=draw)[:3].tolist()
        found = calls(by_product, vectors, a, b, c)
        if isinstance(found, Tensor | np.generic) and np.ndim(found) == 0:
            found = found.item()
        if isinstance(found, bool) or not isinstance(found, numbers.Integral):
            raise NotYet(
                "It should give the number of a row, an int, not "
                f"{type(found).__name__}."
            )
        asked.append((vectors, a, b, c))
        answers.append(int(found))
    if answers == [_answer(one) for one in asked]:
        return (
            "right. Now ask it the questions of the list `kin` about `vectors`: does "
            "it beat the sum?"
        )
    for slip, hint in _SLIPS.items():
        if answers == [_answer(one, slip) for one in asked]:
            raise NotYet(hint)
    pairs = zip(asked, answers, strict=True)
    wrong = sum(_answer(one) != found for one, found in pairs)
    raise NotYet(f"Of 30 questions about random vectors {wrong} are answered wrong.")


@cache
def _counted() -> tuple[embeddings.Words, Tensor]:
    told = embeddings.passages(stories.corpus(2000, generator=generator(11)))
    words = embeddings.Words.of(told)
    return words, words.neighbours(told, window=10, keep=1e-3)


def vectors(vectors_of: Callable[..., Any]) -> str:
    """Analogies of the ten pairs of people, all words allowed."""
    words, near = _counted()
    found = calls(vectors_of, near.clone(), seconds=25)
    made = torch.as_tensor(np.asarray(_detached(found), dtype=float))
    if made.ndim != 2 or len(made) != len(words):
        raise NotYet(
            f"It should give a vector for each of {len(words)} words, shape "
            f"({len(words)}, size), not {tuple(made.shape)}."
        )
    if made.shape[1] > MOST:
        raise NotYet(f"The vectors have {made.shape[1]} numbers; they may have {MOST}.")
    if not made.isfinite().all():
        raise NotYet(
            "Some entries are no finite numbers. Many pairs of words never met: what "
            "is the logarithm of zero?"
        )
    if not made.any(1).all():
        raise NotYet("Some vectors are all zeros and point nowhere.")
    questions = embeddings.pairs_of_pairs(list(ROLE_PAIRS))
    space = embeddings.Space.of(words.words, made)
    right = embeddings.accuracy(questions, space.analogies(questions, exclude=False))
    if right < SHARE:
        raise NotYet(
            f"{right:.0%} of the analogies come out right with all words allowed; "
            f"{SHARE:.0%} are asked for. (Many pairs of words never met. If their "
            "logarithm is made 0, never looks like as often as chance.)"
        )
    return f"{right:.0%} of the analogies, with all words allowed."


def _detached(value: Any) -> Any:
    return value.detach() if isinstance(value, Tensor) else value


CHECKERS: dict[str, Checker] = {
    "text": text,
    "longest": longest,
    "product": product,
    "vectors": vectors,
}
