"""Tokenizers: equal to the well-known library, and without loss on any text."""

import random

import pytest

from minigen import data
from minigen.tokens import BYTES, BytePairs, Characters, merged

CORPUS = data.text("python_docs").train[:60_000]


def library(text: str, size: int):
    """Train the `tokenizers` library's byte-level byte pairs on the same pieces."""
    from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

    from minigen.tokens import PIECES

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(PIECES.pattern), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=size,
        min_frequency=2,
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator([text], trainer)
    return tokenizer


@pytest.mark.parametrize("size", [256, 300, 1000])
def test_byte_pairs_equal_the_library(size):
    ours, theirs = BytePairs.train(CORPUS, size=size), library(CORPUS, size)
    assert len(ours) == theirs.get_vocab_size() == size
    unseen = data.text("python_docs").test[:20_000] + " naïve 😀\t\n\n  x_1 ½ ९"
    assert ours.encode(unseen) == theirs.encode(unseen).ids


def test_byte_pairs_equal_the_library_where_letters_repeat():
    # Merges that make the same bytes in two ways, and ties, are frequent here.
    rng = random.Random(0)
    text = " ".join("".join(rng.choices("ab", k=rng.randint(1, 9))) for _ in range(900))
    ours, theirs = BytePairs.train(text, size=420), library(text, 420)
    assert len(ours) == theirs.get_vocab_size()
    assert ours.encode(text) == theirs.encode(text).ids


def any_text(rng: random.Random) -> str:
    ranges = [(0, 0x7F), (0, 0x7FF), (0, 0xD7FF), (0xE000, 0x10FFFF), (9, 13), (32, 32)]
    return "".join(
        chr(rng.randint(*rng.choice(ranges))) for _ in range(rng.randint(0, 60))
    )


def test_byte_pairs_lose_nothing_of_any_text():
    tokenizer, rng = BytePairs.train(CORPUS, size=400), random.Random(1)
    for _ in range(500):
        text = any_text(rng)
        assert tokenizer.decode(tokenizer.encode(text)) == text


def test_each_byte_is_a_token_once():
    assert sorted(BYTES) == [bytes([i]) for i in range(256)]


def test_learning_ends_when_no_pair_comes_twice():
    assert len(BytePairs.train("abcdef", size=1000)) == 256
    assert BytePairs.train("ab ab", size=1000).merges == ((b"a", b"b"),)


def test_a_pair_is_merged_from_left_to_right():
    assert merged((b"a", b"a", b"a"), (b"a", b"a")) == (b"aa", b"a")


def test_half_a_character_is_seen_as_its_bytes():
    tokenizer = BytePairs.train(CORPUS, size=300)
    assert "".join(map(tokenizer.text_of, tokenizer.encode("é"))) in ("é", "⟨c3⟩⟨a9⟩")
    assert tokenizer.decode(tokenizer.encode("é")[:1]) == "\ufffd"


def test_characters_return_their_text():
    tokenizer = Characters.train(CORPUS)
    assert tokenizer.decode(tokenizer.encode(CORPUS)) == CORPUS
    assert len(tokenizer) == len(set(CORPUS))


def test_a_character_never_seen_is_named():
    with pytest.raises(ValueError, match="no '😀' \\(at character 2\\)"):
        Characters.train("abc").encode("ab😀")


@pytest.mark.parametrize(
    "kind", [Characters.train, lambda text: BytePairs.train(text, size=300)]
)
def test_an_empty_text_and_an_unknown_token_are_refused(kind):
    with pytest.raises(ValueError, match="empty"):
        kind("")
    with pytest.raises(ValueError, match="no token has the number"):
        kind("abc").decode([10_000])


def test_a_size_below_the_bytes_is_refused():
    with pytest.raises(ValueError, match="bytes alone"):
        BytePairs.train("abc", size=100)
