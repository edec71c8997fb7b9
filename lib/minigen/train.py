"""The one training loop of the book, and the minibatches that go into it.

Read `fit` first: a batch, a loss, its gradient, a step; the rest is what keeps a run
honest (a record of everything) and safe (it stops at the first loss that is no number).
"""

import contextlib
import copy
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from minigen.progress import Progress

#: What can be trained: a model, or loose parameters for a first experiment.
Trainable = nn.Module | Sequence[Tensor]


@dataclass(repr=False)
class History:
    """What happened in a run: a value for every step, and the averaged weights."""

    #: The loss, and each further term that the loss function named, one value a step.
    terms: dict[str, list[float]] = field(default_factory=lambda: {"loss": []})
    #: What `evaluate` returned, by name, as pairs (steps done, value).
    evaluations: dict[str, list[tuple[int, float]]] = field(default_factory=dict)
    #: Length of the gradient before clipping.
    gradient_norms: list[float] = field(default_factory=list)
    learning_rates: list[float] = field(default_factory=list)
    #: A copy of what was trained, with the moving average of its weights.
    average: Any = None
    seconds: float = 0.0

    @property
    def loss(self) -> list[float]:
        """The loss at every step."""
        return self.terms["loss"]

    def smoothed(self, name: str = "loss", *, window: int | None = None) -> list[float]:
        """Return the mean of a term over the last `window` steps (a fiftieth)."""
        values = self.terms[name]
        window = window or max(1, len(values) // 50)
        sums = [0.0]
        for value in values:
            sums.append(sums[-1] + value)
        starts = [max(0, end - window) for end in range(1, len(sums))]
        return [
            (sums[end] - sums[start]) / (end - start)
            for end, start in enumerate(starts, 1)
        ]

    def plot(self, *, name: str, alt: str, caption: str, **settings: Any) -> Any:
        """Show the terms (smoothed) and the evaluations over the steps.

        The settings go to `show.curves`.
        """
        from minigen import show  # a model that is only trained needs no figures

        steps = range(1, len(self.loss) + 1)
        series: dict[str, Any] = {
            "training" if term == "loss" else term: (list(steps), self.smoothed(term))
            for term in self.terms
        }
        for what, pairs in self.evaluations.items():
            series[what] = ([step for step, _ in pairs], [value for _, value in pairs])
        fig, ax = show.axes()
        show.curves(ax, series, **{"x": "step", "y": "loss", **settings})
        return show.figure(fig, name=name, alt=alt, caption=caption)

    def __repr__(self) -> str:
        # No duration: a cell may end with a call to fit, and equal runs must look it.
        if not self.loss:
            return "History(0 steps)"
        first, last = self.loss[0], self.smoothed()[-1]
        return f"History({len(self.loss):,} steps, loss {first:.4g} → {last:.4g})"


class TrainingDiverged(ArithmeticError):
    """A loss or a gradient was no number; the last good weights are back in place."""

    def __init__(self, what: str, step: int, history: History) -> None:
        super().__init__(
            f"{what} after {step:,} good steps: the run stopped and the weights are "
            "back at the last that gave a finite loss; try a lower learning rate, a "
            "longer warm-up or a smaller clip"
        )
        #: Steps done before it happened.
        self.step = step
        self.history = history


def fit(
    model: Trainable,
    loss_fn: Callable[..., Tensor | Mapping[str, Tensor]],
    batches: Iterable[Any],
    *,
    steps: int,
    learning_rate: float | None = None,
    weight_decay: float = 0.0,
    optimizer: torch.optim.Optimizer | None = None,
    warmup: int = 0,
    schedule: str = "cosine",
    clip: float | None = 1.0,
    average: float | None = None,
    evaluate: Callable[[Any], float | Mapping[str, float]] | None = None,
    every: int = 100,
    label: str = "training",
    progress: bool = True,
) -> History:
    """Train `model` in place for `steps` steps and return what happened.

    Parameters
    ----------
    loss_fn: takes a batch (a tuple as its arguments) and returns the loss, or a dict
        with "loss" and further terms that are recorded and not minimised.
    batches: gives a batch a step, for example `train.batches(x, y, ...)`.
    learning_rate, weight_decay: for AdamW (1711.05101); or give a ready `optimizer`.
    warmup, schedule: see `rate_factor`.
    clip: the longest gradient that is let through (1211.5063); None for no limit.
    average: the decay of a moving average of the weights, such as 0.999; it is in
        `History.average` afterwards, and what `evaluate` sees.
    evaluate: called with the model every `every` steps and after the last.

    A loss that is no number raises TrainingDiverged and keeps the last good weights.
    """
    weights = _weights(model)
    parameters = [tensor for tensor in weights if tensor.requires_grad]
    optimizer = _optimizer(parameters, learning_rate, weight_decay, optimizer)
    averaged = None if average is None else copy.deepcopy(model)
    history = History(average=averaged)
    good = [tensor.detach().clone() for tensor in weights]
    source = iter(batches)
    with _rates(optimizer) as set_rate, Progress(label, steps, shown=progress) as line:
        _set_training(model, True)
        for step in range(steps):
            rate = set_rate(
                rate_factor(step, steps=steps, warmup=warmup, schedule=schedule)
            )
            terms = _terms(loss_fn, _next(source, step, steps, weights[0].device))
            numbers = {name: float(value.detach()) for name, value in terms.items()}
            if not math.isfinite(numbers["loss"]):
                _copy(good, weights)
                raise TrainingDiverged(_broken(numbers), step, history)
            _copy(weights, good)

            optimizer.zero_grad()
            terms["loss"].backward()
            norm = float(nn.utils.clip_grad_norm_(parameters, clip or math.inf))
            if not math.isfinite(norm):
                raise TrainingDiverged(f"the gradient became {norm}", step, history)
            optimizer.step()

            if average is not None:
                _move_average(_weights(averaged), weights, decay=average, step=step)
            _note(history, numbers, norm=norm, rate=rate)
            line.update(step + 1, f"loss {numbers['loss']:.4g}")
            if evaluate and ((step + 1) % every == 0 or step + 1 == steps):
                judged = model if averaged is None else averaged
                _evaluate(evaluate, judged, history, step=step + 1)
                _set_training(model, True)
        history.seconds = line.seconds
    _set_training(model, False)
    _set_training(averaged, False)
    return history


def rate_factor(
    step: int, *, steps: int, warmup: int = 0, schedule: str = "cosine"
) -> float:
    """Return the share of the full learning rate at a step (counted from 0).

    It rises in a straight line over the `warmup` steps; then it stays ("constant") or
    falls along half a cosine to 0 at the end ("cosine", 1608.03983).
    """
    if step < warmup:
        return (step + 1) / (warmup + 1)
    if schedule == "constant":
        return 1.0
    if schedule == "cosine":
        done = (step - warmup) / max(1, steps - warmup)
        return 0.5 * (1 + math.cos(math.pi * min(1.0, done)))
    raise ValueError(f"schedule must be 'cosine' or 'constant', not {schedule!r}")


def batches(*tensors: Tensor, size: int, generator: torch.Generator) -> Iterator[Any]:
    """Give minibatches without end, in a new random order each time through the data.

    Rows of several tensors stay together and come as a tuple; those of one come alone.
    Every batch has `size` rows (or all of them, where there are fewer): what is left
    over at the end of an order waits for the next.
    """
    lengths = {len(tensor) for tensor in tensors}
    if len(lengths) != 1 or lengths == {0} or size < 1:
        raise ValueError(
            "batches needs tensors with the same number of rows, at least one, and a "
            f"size from 1 up, not {[len(tensor) for tensor in tensors]} rows and "
            f"size={size}"
        )
    return _endless(tensors, min(size, *lengths), generator)


def _endless(
    tensors: tuple[Tensor, ...], size: int, generator: torch.Generator
) -> Iterator[Any]:
    while True:
        order = torch.randperm(len(tensors[0]), generator=generator)
        for rows in order.split(size):
            if len(rows) == size:
                picked = tuple(tensor[rows] for tensor in tensors)
                yield picked if len(picked) > 1 else picked[0]


def _weights(model: Any) -> list[Tensor]:
    if isinstance(model, nn.Module):
        return [*model.parameters(), *model.buffers()]
    return list(model)


def _optimizer(
    parameters: list[Tensor],
    learning_rate: float | None,
    weight_decay: float,
    optimizer: torch.optim.Optimizer | None,
) -> torch.optim.Optimizer:
    if (learning_rate is None) == (optimizer is None):
        raise ValueError(
            "fit needs either learning_rate= (for AdamW) or a ready optimizer=, and "
            f"got {'neither' if optimizer is None else 'both'}"
        )
    if not parameters:
        raise ValueError(
            "fit found nothing to train: no parameter of the model asks for a gradient "
            "(requires_grad)"
        )
    if optimizer is not None:
        return optimizer
    rate = learning_rate or 0.0
    return torch.optim.AdamW(parameters, lr=rate, weight_decay=weight_decay)


@contextlib.contextmanager
def _rates(
    optimizer: torch.optim.Optimizer,
) -> Iterator[Callable[[float], float]]:
    peaks = [group["lr"] for group in optimizer.param_groups]

    def set_rate(factor: float) -> float:
        for group, peak in zip(optimizer.param_groups, peaks, strict=True):
            group["lr"] = peak * factor
        return peaks[0] * factor

    try:
        yield set_rate
    finally:
        set_rate(1.0)  # whoever lent the optimiser finds it as it was


def _next(source: Iterator[Any], step: int, steps: int, device: torch.device) -> tuple:
    try:
        batch = next(source)
    except StopIteration:
        raise ValueError(
            f"the batches ended after {step:,} of {steps:,} steps; give an endless "
            "iterator such as train.batches(...)"
        ) from None
    parts = batch if isinstance(batch, tuple | list) else (batch,)
    return tuple(p.to(device) if isinstance(p, Tensor) else p for p in parts)


def _terms(loss_fn: Callable[..., Any], batch: tuple) -> dict[str, Tensor]:
    loss = loss_fn(*batch)
    terms = dict(loss) if isinstance(loss, Mapping) else {"loss": loss}
    if "loss" not in terms:
        raise ValueError(
            f'a dict of terms needs the key "loss" for what is minimised; it has '
            f"{', '.join(map(repr, terms))}"
        )
    for name, value in terms.items():
        if not isinstance(value, Tensor) or value.numel() != 1:
            found = tuple(value.shape) if isinstance(value, Tensor) else type(value)
            raise ValueError(
                f"the term {name!r} must be a tensor with one number, not {found}; "
                "take the mean over the batch"
            )
    return terms


def _broken(numbers: dict[str, float]) -> str:
    terms = [f"{name} {value:.4g}" for name, value in numbers.items() if name != "loss"]
    return f"the loss became {numbers['loss']}" + (
        f" ({', '.join(terms)})" * bool(terms)
    )


def _note(
    history: History, numbers: dict[str, float], *, norm: float, rate: float
) -> None:
    for name, value in numbers.items():
        history.terms.setdefault(name, []).append(value)
    history.gradient_norms.append(norm)
    history.learning_rates.append(rate)


def _evaluate(
    evaluate: Callable[[Any], Any], model: Any, history: History, *, step: int
) -> None:
    _set_training(model, False)
    with torch.no_grad():
        found = evaluate(model)
    named = found if isinstance(found, Mapping) else {"held out": found}
    for name, value in named.items():
        history.evaluations.setdefault(name, []).append((step, float(value)))


@torch.no_grad()
def _move_average(
    average: list[Tensor], weights: list[Tensor], *, decay: float, step: int
) -> None:
    # Early weights are poor, so the average starts short and grows to its full length.
    decay = min(decay, (1 + step) / (10 + step))
    for mean, value in zip(average, weights, strict=True):
        if value.is_floating_point() and value.requires_grad:
            mean.lerp_(value, 1 - decay)
        else:
            mean.copy_(value)


@torch.no_grad()
def _copy(source: list[Tensor], target: list[Tensor]) -> None:
    for value, place in zip(source, target, strict=True):
        place.copy_(value)


def _set_training(model: Any, on: bool) -> None:
    if isinstance(model, nn.Module):
        model.train(on)
