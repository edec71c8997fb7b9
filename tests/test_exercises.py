"""Every checker accepts its chapter's own solution and refuses wrong answers."""

import importlib
import itertools
import re

import numpy as np
import pytest
import torch
import wrong_decoder_only
import wrong_detection
import wrong_ethics
import wrong_evaluation
import wrong_image_systems
import wrong_sampling
import wrong_text_to_image

from bookkit import notebooks, student, toc
from minigen import checks, diffusion, exercises
from minigen.checks import passes

SOLVED = {
    text.metadata["exercise"]: (path, solution.source, check.source)
    for path in toc.chapters()
    for text, solution, check in student.exercises(notebooks.read(path))
}


def solution(exercise):
    """Return the answer that the chapter's solution gives to its own check."""
    _, source, check = SOLVED[exercise]
    given = []
    names = {"np": np, "torch": torch, "check": lambda _, answer: given.append(answer)}
    exec(source, names)
    exec(check, names)
    return given[0]


def test_every_chapter_has_its_four_exercises_and_no_checker_is_left_over():
    for path in toc.chapters():
        ids = {name for name, (where, *_) in SOLVED.items() if where == path}
        assert len(ids) == 4, path.name
        assert ids == {f"{path.stem}.{n}" for n in exercises.checkers(path.stem)}


@pytest.mark.parametrize("exercise", SOLVED)
def test_the_solution_passes(exercise):
    verdict = passes(exercise, solution(exercise))
    assert verdict, verdict


@pytest.mark.parametrize("exercise", SOLVED)
@pytest.mark.parametrize("answer", [None, ..., 3, "x", lambda *_: None, lambda *_: ...])
def test_nothing_passes_by_being_empty(exercise, answer):
    assert not passes(exercise, answer)


@pytest.mark.parametrize("exercise", SOLVED)
def test_the_students_stub_does_not_pass(exercise):
    _, source, check = SOLVED[exercise]
    given = []
    names = {"np": np, "torch": torch, "check": lambda _, answer: given.append(answer)}
    exec(student.stub(source), names)
    exec(check, names)
    assert not passes(exercise, given[0])


def spoilt(answer, change):
    """Return an answer that is right but for what `change` does to its results."""
    return lambda *given, **named: change(answer(*given, **named))


def no_number(value):
    """Return NaN in the place of every number, in the shape that was asked for."""
    if isinstance(value, torch.Tensor):
        return torch.full(value.shape, torch.nan)  # and another type than asked for
    if isinstance(value, np.ndarray):
        return np.full(value.shape, np.nan)
    return tuple(map(no_number, value)) if isinstance(value, tuple) else float("nan")


def one_axis_more(value):
    """Return the right answer in the wrong shape."""
    if isinstance(value, torch.Tensor | np.ndarray):
        return value[None]
    return (
        tuple(map(one_axis_more, value)) if isinstance(value, tuple) else [value, value]
    )


def half_of_it(value):
    """Return half of the rows or of the letters, or a number as text."""
    if isinstance(value, tuple):
        return value[:1]
    many = np.ndim(value) or isinstance(value, str)
    return value[: len(value) // 2] if many else str(value)


@pytest.mark.parametrize("exercise", SOLVED)
@pytest.mark.parametrize("change", [no_number, one_axis_more, half_of_it])
def test_what_is_right_but_for_its_form_is_told_so(exercise, change):
    verdict = passes(exercise, spoilt(solution(exercise), change))
    assert not verdict
    assert "stopped with" not in verdict.text, "the checker itself gave up"
    assert "cannot be checked" not in verdict.text


def broken(*given, **named):
    return given[0] / "nothing"


def endless(*given, **named):
    while True:
        pass


@pytest.mark.parametrize("exercise", SOLVED)
def test_an_exception_is_told_with_its_line(exercise):
    verdict = passes(exercise, broken)
    assert not verdict
    assert '`return given[0] / "nothing"`' in verdict.text


@pytest.mark.parametrize("exercise", SOLVED)
def test_an_endless_loop_is_stopped_with_a_word(exercise, monkeypatch):
    monkeypatch.setattr(checks, "PATIENCE", 0.01)
    verdict = passes(exercise, endless)
    assert not verdict
    assert "was stopped. Does every loop come to an end?" in verdict.text


def softmax(logits, axis):
    with np.errstate(all="ignore"):  # what is wrong with it is the point
        return np.exp(logits) / np.exp(logits).sum(axis=axis, keepdims=True)


def naive(log_weights):
    with np.errstate(all="ignore"):  # what is wrong with it is the point
        return np.log(np.exp(log_weights).mean(1))


def along(code, a, b, share):
    length = (1 - share) * np.linalg.norm(a) + share * np.linalg.norm(b)
    return length * code / np.linalg.norm(code)


def arc(a, b, share):
    u, v = a / np.linalg.norm(a), b / np.linalg.norm(b)
    angle = np.arccos(u @ v)
    with np.errstate(all="ignore"):  # no number where the angle is zero
        turned = np.sin((1 - share) * angle) * u + np.sin(share * angle) * v
        turned = turned / np.sin(angle)
    return ((1 - share) * np.linalg.norm(a) + share * np.linalg.norm(b)) * turned


def tail_of(beta):
    return np.concatenate([[1.0], np.cumprod(beta)])


def turned_back(xt, v, now):
    return (1 - now) ** 0.5 * xt + now**0.5 * v


def mend(paste, *, inside=True, at_end=True, fresh=False):
    """Walk with DDIM and paste what is known, as a reader might half-way do it."""

    def walk(denoise, seen, known, alpha_bar, times, eps):
        xt = eps
        for t, s in itertools.pairwise(times):
            now, then = float(alpha_bar[t]), float(alpha_bar[s])
            if inside:
                noise = torch.randn_like(eps) if fresh else eps
                xt = torch.where(known, paste(seen, now, noise), xt)
            x0 = denoise(xt, t)
            noise = (xt - now**0.5 * x0) / (1 - now) ** 0.5
            xt = then**0.5 * x0 + (1 - then) ** 0.5 * noise
        return torch.where(known, seen, xt) if at_end else xt

    return walk


def buried(seen, now, eps):
    return now**0.5 * seen + (1 - now) ** 0.5 * eps


def upside_down(denoise, seen, known, alpha_bar, times, eps):
    return mend(buried)(denoise, seen, ~known, alpha_bar, times, eps)


def walked(steps):
    """DDIM with so many even steps, as an answer to the exercise on samplers."""
    return lambda denoise, xt, kept: diffusion.ddim(denoise, xt, kept, steps=steps)


def at_once(denoise, xt, alpha_bar):
    return denoise(xt, 1000)


def too_late(denoise, xt, alpha_bar):
    return diffusion.ddim(denoise, xt, alpha_bar, steps=5) / 0


def squares(W, v, x):
    """Return the squared slopes of v · tanh(W x), input by input."""
    return ((v * (1 - np.tanh(x @ W.T) ** 2)) @ W) ** 2


def sure(scores):
    return 0.5 * (1 + np.tanh(scores / 2))


def careless(function):
    """Let a wrong answer divide by zero and overflow without a warning."""

    def quiet(*given):
        with np.errstate(all="ignore"):
            return function(*given)

    return quiet


def greedy(piece, vocabulary, best, end=False):
    made = []
    while piece:
        fits = [
            t for t in vocabulary if (piece.endswith if end else piece.startswith)(t)
        ]
        made.append(best(fits, key=len))
        piece = piece[: -len(made[-1])] if end else piece[len(made[-1]) :]
    return made[::-1] if end else made


def multiplied(v, a, b, c, *, unit=True, shift=True, leave=True, add=False):
    v = torch.nn.functional.normalize(v, dim=1) if unit else v
    x, y, z = ((v @ v[n] + 1) / 2 if shift else v @ v[n] for n in (a, b, c))
    score = y + z - x if add else y * z / (x + 0.001)
    if leave:
        score[[a, b, c]] = -torch.inf
    return int(score.argmax())


def cut_down(table, size=32):
    left, strength, _ = torch.linalg.svd(table)
    return left[:, :size] * strength[:size].sqrt()


def looked_up(query, keys, values, scale=None, safe=True):
    scores = keys @ query / (scale or np.sqrt(len(query)))
    weights = np.exp(scores - scores.max() * safe)
    return weights @ values / weights.sum()


def seen(n, reach, *, first=True, ahead=False, more=1):
    back = torch.arange(n)[:, None] - torch.arange(n)
    near = (back < reach + more) & ((back >= 0) | ahead)
    near[:, 0] |= first
    return near


def summed(states, ask, answer, v, past=True, axis=-1, bend=torch.tanh, out=-torch.inf):
    scores = bend((states @ ask.T)[:, None] + (states @ answer.T)[None]) @ v
    if past:
        allowed = torch.ones_like(scores, dtype=torch.bool).tril()
        scores = scores.masked_fill(~allowed, out)
    return scores.softmax(axis)


def longest(words, *, latest):
    for length in range(len(words) - 1, 0, -1):
        places = [n for n in range(len(words) - length)
                  if words[n : n + length] == words[-length:]]  # fmt: skip
        if places:
            return words[places[-1 if latest else 0] + length]
    return words[-1]


def latest(words):
    places = [n for n, word in enumerate(words[:-1]) if word == words[-1]]
    return words[places[-1] + 1] if places else words[-1]


WRONG = [
    ("attention.lookup", lambda q, k, v: looked_up(q, k, v, 1), "without the scale"),
    ("attention.lookup", lambda q, k, v: looked_up(q, k, v, len(q)), "by d"),
    ("attention.lookup",
     lambda q, k, v: looked_up(q, k, v, np.sqrt(len(k))), "query's length"),
    ("attention.lookup",
     careless(lambda q, k, v: looked_up(q, k, v, safe=False)), "overflows"),
    ("attention.lookup",
     lambda q, k, v: looked_up(q, k, np.eye(len(k))), "one for each key"),
    ("attention.lookup", lambda q, k, v: v[(k @ q).argmax()], "best key alone"),
    ("attention.lookup", lambda q, k, v: v.mean(0), "weigh alike"),
    ("attention.window", lambda n, r: seen(n, r, first=False), "first word"),
    ("attention.window", lambda n, r: seen(n, r, ahead=True), "follows it"),
    ("attention.window", lambda n, r: seen(n, r, more=0), "too few"),
    ("attention.window", lambda n, r: seen(n, r).float(), "booleans"),
    ("attention.window", lambda n, r: seen(n, r).T, "Turned over"),
    ("attention.window", lambda n, r: seen(n, n), "however far back"),
    ("attention.window", lambda n, r: seen(n, r, more=2), "too many"),
    ("attention.additive",
     lambda s, W, U, v: summed(s, W, U, v, past=False), "mask"),
    ("attention.additive", lambda s, W, U, v: summed(s, U, W, v), "belongs to"),
    ("attention.additive",
     lambda s, W, U, v: summed(s, W, U, v, bend=lambda x: x), "bends"),
    ("attention.additive",
     lambda s, W, U, v: summed(s, W, U, v, out=0.0), "like any other"),
    ("attention.additive", lambda s, W, U, v: summed(s, W, U, v, axis=0), "last axis"),
    ("attention.additive", lambda s, W, U, v: (s @ W.T) @ (s @ U.T).T, "sum to one"),
    ("attention.remember", latest, "last alone"),
    ("attention.remember", lambda words: longest(words, latest=True), "original"),
    ("attention.remember", lambda words: words[-1], "What stood after"),
    ("attention.remember", lambda words: words[0], "What stood after"),
    ("attention.remember", lambda words: len(words), "return a word"),
    ("tokens_and_embeddings.text",
     lambda ts: "".join(t.decode("utf-8", "replace") for t in ts), "before"),
    ("tokens_and_embeddings.text", lambda ts: b"".join(ts), "gives bytes"),
    ("tokens_and_embeddings.text",
     lambda ts: b"".join(ts).decode("utf-8", "ignore"), "stump"),
    ("tokens_and_embeddings.text", lambda ts: b"".join(ts).decode(), "Unicode"),
    ("tokens_and_embeddings.text", lambda ts: b" ".join(ts).decode(), "letters"),
    ("tokens_and_embeddings.longest",
     lambda p, v: [bytes([b]) for b in p], "single bytes"),
    ("tokens_and_embeddings.longest", lambda p, v: greedy(p, v, min), "single bytes"),
    ("tokens_and_embeddings.longest",
     lambda p, v: greedy(p, v, max, end=True), "wrong end"),
    ("tokens_and_embeddings.longest", lambda p, v: greedy(p, v, max)[:1], "again"),
    ("tokens_and_embeddings.longest", lambda p, v: [p], "not in the vocabulary"),
    ("tokens_and_embeddings.longest", lambda p, v: p.decode(), "list of tokens"),
    ("tokens_and_embeddings.product",
     lambda *q: multiplied(*q, add=True), "sum of the likenesses"),
    ("tokens_and_embeddings.product",
     lambda *q: multiplied(*q, leave=False), "left out"),
    ("tokens_and_embeddings.product",
     lambda v, a, b, c: multiplied(v, b, a, c), "changed places"),
    ("tokens_and_embeddings.product",
     lambda *q: multiplied(*q, shift=False), "negative"),
    ("tokens_and_embeddings.product",
     lambda *q: multiplied(*q, unit=False), "different lengths"),
    ("tokens_and_embeddings.product", lambda v, a, b, c: a, "answered wrong"),
    ("tokens_and_embeddings.vectors", lambda near: near, "may have 50"),
    ("tokens_and_embeddings.vectors", lambda near: near.log()[:, :50], "finite"),
    ("tokens_and_embeddings.vectors", cut_down, "are asked for"),
    ("tokens_and_embeddings.vectors",
     lambda near: torch.eye(len(near))[:, :50], "all zeros"),
    ("tokens_and_embeddings.vectors",
     lambda near: torch.ones(len(near), 8), "are asked for"),
    ("tokens_and_embeddings.vectors", lambda near: near[0], "a vector for each"),
    ("predictive_vs_generative.bayes", np.exp, "divided by p(x)"),
    ("predictive_vs_generative.bayes", lambda j: softmax(j, 0), "columns"),
    ("predictive_vs_generative.bayes", lambda j: softmax(j, 1), "no number"),
    ("predictive_vs_generative.bayes", lambda j: softmax(j, 1)[0], "shape"),
    ("predictive_vs_generative.shrink",
     lambda c, a: (1 - a) * c + a * np.diag(np.diag(c)), "its own variance"),
    ("predictive_vs_generative.shrink",
     lambda c, a: a * c + (1 - a) * np.trace(c) / len(c) * np.eye(len(c)), "swapped"),
    ("predictive_vs_generative.shrink",
     lambda c, a: (1 - a) * c + a * np.eye(len(c)), "wrong"),
    ("predictive_vs_generative.shrink",
     lambda c, a: (1 - a) * c + a * np.trace(c) / len(c), "wrong"),
    ("predictive_vs_generative.temperature",
     lambda m, c, z, t: m + t * z @ np.linalg.cholesky(c).T, "sixteenth"),
    ("predictive_vs_generative.temperature",
     lambda m, c, z, t: m + np.sqrt(t) * z @ np.linalg.cholesky(c), "covariance"),
    ("predictive_vs_generative.temperature",
     lambda m, c, z, t: np.sqrt(t) * (m + z @ np.linalg.cholesky(c).T), "ure 0"),
    ("predictive_vs_generative.temperature",
     lambda m, c, z, t: m + np.sqrt(t) * z, "covariance"),
    ("predictive_vs_generative.odd",
     lambda known, x: x.sum((1, 2, 3)), "Turn the sign"),
    ("predictive_vs_generative.odd",
     lambda known, x: -torch.cdist(x.flatten(1), known.flatten(1)).amin(1), "sign"),
    ("predictive_vs_generative.odd", lambda known, x: x, "one number a picture"),
    ("predictive_vs_generative.odd",
     lambda known, x: torch.arange(len(x)).float(), "are asked for"),
    ("predictive_vs_generative.shrink",
     lambda c, a: (1 - a) * c + a * len(c) * np.eye(len(c)), "wrong"),
    ("predictive_vs_generative.shrink",
     lambda c, a: (1 - a) * c + a * np.median(np.diag(c)) * np.eye(len(c)), "wrong"),
    ("predictive_vs_generative.bayes", lambda j: softmax(j - j.max(), 1), "far apart"),
    ("predictive_vs_generative.bayes",
     lambda j: softmax(j - j.mean(1, keepdims=True), 1), "far apart"),
    ("predictive_vs_generative.temperature",
     lambda m, c, z, t: m + np.sqrt(min(t, 1)) * z @ np.linalg.cholesky(c).T, "wrong"),
    ("predictive_vs_generative.odd", lambda known, x: x[:, 0, 0, 0] / 0, "no numbers"),
    ("predictive_vs_generative.odd",
     lambda known, x: (x - known.mean(0)).square().sum((1, 2, 3)), "are asked for"),
    ("vae.price", lambda m, s: 0.5 * (m**2 + s**2 - 1) - np.log(s), "add up"),
    ("vae.price", lambda m, s: (0.5 * (m**2 + s**2 - 1) - np.log(s)).sum(1), "nats"),
    ("vae.price",
     lambda m, s: (0.5 * (m**2 + s**2 - 1) - np.log(s)).mean(1) / np.log(2), "mean"),
    ("vae.price",
     lambda m, s: (m**2 + s**2 - 1 - 2 * np.log(s)).sum(1) / np.log(2), "factor"),
    ("vae.price",
     lambda m, s: (0.5 * (m**2 + s - 1) - np.log(s)).sum(1) / np.log(2), "variance"),
    ("vae.price",
     lambda m, s: (0.5 * (m**2 + s**2 - 1) + np.log(s)).sum(1) / np.log(2), "sign"),
    ("vae.bound", lambda w: w.mean(1), "ELBO"),
    ("vae.bound", lambda w: np.log(np.exp(w - w.max()).sum(1)) + w.max(), "log K"),
    ("vae.bound", lambda w: w.max(1), "largest"),
    ("vae.bound", naive, "no number"),
    ("vae.bound", lambda w: naive(w - w.max()) + w.max(), "no number"),
    ("vae.walk", lambda a, b, t: (1 - t) * a + t * b, "cuts the corner"),
    ("vae.walk", lambda a, b, t: along((1 - t) * a + t * b, a, b, t), "pace"),
    ("vae.walk", arc, "angle is zero"),
    ("vae.walk", lambda a, b, t: arc(a, b, t) / 2, "wrong"),
    ("vae.prior", lambda c, n, g: c[g.integers(len(c), size=n)], "copies"),
    ("vae.prior", lambda c, n, g: g.normal(size=(n, c.shape[1])), "asked for"),
    ("vae.prior", lambda c, n, g: g.multivariate_normal(c.mean(0), np.cov(c.T), n),
     "asked for"),
    ("vae.prior", lambda c, n, g: g.normal(size=(n, 2)), "shape"),
    ("vae.prior", lambda c, n, g: np.full((n, c.shape[1]), np.nan), "no numbers"),
    ("diffusion.share_left", lambda b: np.cumprod(1 - b), "no step at all"),
    ("diffusion.share_left", tail_of, "what stays"),
    ("diffusion.share_left",
     lambda b: np.concatenate([[1.0], 1 - np.cumsum(b)]), "of what is left"),
    ("diffusion.share_left",
     lambda b: np.concatenate([[0.0], np.cumprod(1 - b)]), "wrong"),
    ("diffusion.share_left",
     lambda b: np.sqrt(np.concatenate([[1.0], np.cumprod(1 - b)])), "wrong"),
    ("diffusion.score_from_v",
     lambda xt, v, a: turned_back(xt, v, a) / (1 - a) ** 0.5, "sign is not"),
    ("diffusion.score_from_v", turned_back, "This is the noise"),
    ("diffusion.score_from_v",
     lambda xt, v, a: a**0.5 * xt - (1 - a) ** 0.5 * v, "the other half"),
    ("diffusion.score_from_v",
     lambda xt, v, a: -turned_back(xt, v, a) / (1 - a), "once too often"),
    ("diffusion.score_from_v", lambda xt, v, a: -v / (1 - a) ** 0.5, "wrong"),
    ("diffusion.mend", mend(buried, inside=False), "only at the end"),
    ("diffusion.mend", mend(buried, at_end=False), "exactly those"),
    ("diffusion.mend", upside_down, "wrong way round"),
    ("diffusion.mend", mend(lambda seen, now, eps: seen), "wrong"),
    ("diffusion.mend", mend(lambda seen, now, eps: now**0.5 * seen), "wrong"),
    ("diffusion.mend", mend(buried, fresh=True), "wrong"),
    ("diffusion.mend", lambda d, seen, *_: seen[0], "shape"),
    ("diffusion.sampler", walked(10), "asked for"),
    ("diffusion.sampler", walked(20), "more than 10"),
    ("diffusion.sampler", at_once, "asked for"),
    ("diffusion.sampler", too_late, "no number"),
    ("diffusion.sampler", lambda denoise, xt, kept: xt, "never asks"),
    ("diffusion.sampler", lambda denoise, xt, kept: xt[:5], "shape"),
    ("gan.critic",
     careless(lambda p, q, s: s * p / (s * p + (1 - s) * q)), "no number"),
    ("gan.critic", lambda p, q, s: s * p / (s * p + (1 - s) * q + 1e-300), "wrong"),
    ("gan.critic", lambda p, q, s: (1 - s) * q / (s * p + (1 - s) * q + 1e-300),
     "of *made*"),
    ("gan.critic", lambda p, q, s: np.where(p + q > 0, p / (p + q + 1e-300), 0.5),
     "how many"),
    ("gan.critic", lambda p, q, s: p > q, "wrong"),
    ("gan.loss", careless(lambda s: np.log1p(np.exp(-s)).mean()), "too large"),
    ("gan.loss", careless(lambda s: -np.log(sure(s)).mean()), "met a zero"),
    ("gan.loss", lambda s: np.logaddexp(0, -s), "one number"),
    ("gan.loss", lambda s: np.logaddexp(0, -s).sum(), "not right"),
    ("gan.loss", lambda s: -np.logaddexp(0, s).mean(), "slope fades"),
    ("gan.loss", lambda s: -np.logaddexp(0, -s).mean(), "Turn the sign"),
    ("gan.penalty", lambda W, v, x, g: g * squares(W, v, x).sum(1).mean(), "half"),
    ("gan.penalty", lambda W, v, x, g: g / 2 * squares(W, v, x).mean(), "added"),
    ("gan.penalty", lambda W, v, x, g: g / 2 * squares(W, v, x).sum(), "not right"),
    ("gan.penalty", lambda W, v, x, g: g / 2 * squares(W, v, x).sum(1), "one number"),
    ("gan.penalty",
     lambda W, v, x, g: g / 2 * np.sqrt(squares(W, v, x).sum(1)).mean(), "squared"),
    ("gan.penalty", lambda W, v, x, g: g / 2 * ((v @ W) ** 2).sum(), "bend"),
    ("gan.mend", lambda s, n, r: np.argsort(s)[-n:], "0% lie on the left"),
    ("gan.mend", lambda s, n, r: r.integers(len(s), size=n), "how often"),
    ("gan.mend",
     lambda s, n, r: r.choice(len(s), n, p=sure(s) / sure(s).sum()), "how often"),
    ("gan.mend", careless(
        lambda s, n, r: r.choice(len(s), n, p=np.exp(s) / np.exp(s).sum())), "NaN"),
    ("gan.mend", lambda s, n, r: s[:n], "whole numbers"),
    ("gan.mend", lambda s, n, r: np.arange(n) + 10**6, "not places"),
    *wrong_decoder_only.WRONG,
    *wrong_detection.WRONG,
    *wrong_ethics.WRONG,
    *wrong_evaluation.WRONG,
    *wrong_image_systems.WRONG,
    *wrong_sampling.WRONG,
    *wrong_text_to_image.WRONG,
]  # fmt: skip


@pytest.fixture
def expected(monkeypatch):
    """Note the numbers that checkers compare answers with."""
    kept = []

    def noting(value, wanted, *more, **named):
        kept.append(wanted)
        return checks.close(value, wanted, *more, **named)

    for path in toc.chapters():
        room = importlib.import_module(f"minigen.exercises.{path.stem}")
        if hasattr(room, "close"):
            monkeypatch.setattr(room, "close", noting)
    return kept


def leaked(text, wanted):
    """Return the numbers of a right answer that a hint has, in three digits or more."""
    said = {match for match in re.findall(r"\d+\.\d+", text) if len(match) > 4}
    numbers = checks.numbers(wanted).ravel()
    return said & {f"{abs(number):.{n}g}" for number in numbers for n in (3, 4, 5, 6)}


@pytest.mark.parametrize(("exercise", "answer", "hint"), WRONG)
def test_a_wrong_answer_gets_the_hint_that_helps(exercise, answer, hint, expected):
    verdict = passes(exercise, answer)
    assert not verdict
    assert hint in verdict.text
    said, *_ = verdict.text.partition(" It was in line")  # what follows is theirs
    _, source, _ = SOLVED[exercise]
    for line in source.splitlines():
        told = line.strip().removeprefix("return ")
        assert len(told) < 12 or told not in said, "a line of the solution"
    for wanted in expected[-1:]:
        assert not leaked(said, wanted), "a number of the solution"


def test_every_exercise_is_tried_with_several_wrong_answers():
    for exercise in SOLVED:
        assert sum(name == exercise for name, *_ in WRONG) >= 3, exercise
