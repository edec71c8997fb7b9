"""The training loop against PyTorch's own pieces, and what it does when it breaks."""

import copy
import io
import math

import pytest
import torch
from IPython.core.interactiveshell import InteractiveShell
from torch import nn

from minigen import progress, record, repro, train

X = torch.linspace(-1, 1, 40).unsqueeze(1)  # [40, 1]
Y = 3 * X - 0.5


def line_model(seed: int = 0) -> nn.Linear:
    repro.seed_everything(seed)
    return nn.Linear(1, 1)


def mean_square(model: nn.Module):
    return lambda x, y: (model(x) - y).square().mean()


def run(model: nn.Module, *, steps: int = 30, **settings) -> train.History:
    source = train.batches(X, Y, size=8, generator=repro.generator(1))
    settings.setdefault("learning_rate", 0.1)
    return train.fit(
        model, mean_square(model), source, steps=steps, progress=False, **settings
    )


def test_fit_finds_the_line() -> None:
    model = line_model()
    history = run(model, steps=300)
    assert model.weight.item() == pytest.approx(3, abs=1e-3)
    assert model.bias.item() == pytest.approx(-0.5, abs=1e-3)
    assert len(history.loss) == 300
    assert history.loss[-1] < 1e-4 < history.loss[0]
    assert not model.training


def test_fit_takes_the_steps_that_a_plain_loop_takes() -> None:
    model, plain = line_model(), line_model()
    run(model, schedule="constant", clip=None, weight_decay=0.5)
    optimizer = torch.optim.AdamW(plain.parameters(), lr=0.1, weight_decay=0.5)
    source = train.batches(X, Y, size=8, generator=repro.generator(1))
    for _ in range(30):
        loss = mean_square(plain)(*next(source))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert torch.equal(model.weight, plain.weight)


def test_equal_seeds_give_equal_runs() -> None:
    first, second = run(line_model()), run(line_model())
    assert first.loss == second.loss
    assert run(line_model(seed=1)).loss != first.loss


def test_loose_parameters_can_be_trained() -> None:
    slope = torch.zeros((), requires_grad=True)
    offset = torch.zeros((), requires_grad=True)
    history = train.fit(
        [slope, offset],
        lambda x, y: (slope * x + offset - y).square().mean(),
        train.batches(X, Y, size=40, generator=repro.generator(0)),
        steps=300,
        learning_rate=0.1,
        average=0.9,
        progress=False,
    )
    assert slope.item() == pytest.approx(3, abs=1e-3)
    assert history.average[0].item() == pytest.approx(3, abs=1e-2)


def test_a_ready_optimizer_is_used_and_handed_back_as_it_was() -> None:
    model = line_model()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.2)
    history = run(model, learning_rate=None, optimizer=optimizer, steps=10)
    assert optimizer.param_groups[0]["lr"] == 0.2
    assert history.learning_rates[0] == 0.2
    assert history.learning_rates[-1] < 0.02


@pytest.mark.parametrize("both", [True, False])
def test_learning_rate_or_optimizer_but_not_both(both: bool) -> None:
    model = line_model()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.2) if both else None
    with pytest.raises(ValueError, match="both" if both else "neither"):
        run(model, learning_rate=0.1 if both else None, optimizer=optimizer)


def test_the_clip_bounds_a_step() -> None:
    model = line_model()
    before = copy.deepcopy(model)
    optimizer = torch.optim.SGD(model.parameters(), lr=1.0)
    history = run(model, steps=1, clip=0.01, learning_rate=None, optimizer=optimizer)
    moved = math.hypot(
        (model.weight - before.weight).item(), (model.bias - before.bias).item()
    )
    assert history.gradient_norms[0] > 0.01
    assert moved == pytest.approx(0.01, rel=1e-3)


def test_rate_rises_then_falls_along_the_cosine() -> None:
    rates = [train.rate_factor(s, steps=110, warmup=10) for s in range(110)]
    assert rates[0] == pytest.approx(1 / 11)
    assert max(rates) == rates[10] == 1.0
    assert rates[60] == pytest.approx(0.5)
    assert rates[-1] < 0.001
    assert rates[10:] == sorted(rates[10:], reverse=True)
    constant = [
        train.rate_factor(s, steps=9, warmup=2, schedule="constant") for s in range(9)
    ]
    assert constant[2:] == [1.0] * 7
    with pytest.raises(ValueError, match="'linear'"):
        train.rate_factor(5, steps=9, schedule="linear")


def test_average_is_the_recursion_of_its_definition() -> None:
    model = line_model()
    seen = [model.weight.item()]
    source = train.batches(X, Y, size=8, generator=repro.generator(1))

    def loss(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        seen.append(model.weight.item())
        return mean_square(model)(x, y)

    history = train.fit(
        model, loss, source, steps=5, learning_rate=0.1, average=0.3, progress=False
    )
    mean = seen[0]
    for step, weight in enumerate([*seen[2:], model.weight.item()]):
        decay = min(0.3, (1 + step) / (10 + step))
        mean = decay * mean + (1 - decay) * weight
    assert history.average.weight.item() == pytest.approx(mean, rel=1e-5)
    assert history.average is not model


def test_average_keeps_counters_and_frozen_weights() -> None:
    model = nn.Sequential(nn.BatchNorm1d(1), line_model())
    model[1].bias.requires_grad_(False)
    history = run(model, steps=7, average=0.9)
    assert history.average[0].num_batches_tracked == 7
    assert torch.equal(history.average[1].bias, model[1].bias)


def test_named_terms_are_recorded_and_only_the_loss_is_minimised() -> None:
    model = line_model()

    def loss(x: torch.Tensor, y: torch.Tensor) -> dict[str, torch.Tensor]:
        square = (model(x) - y).square().mean()
        return {"loss": square, "slope": model.weight.squeeze() * 1000}

    source = train.batches(X, Y, size=8, generator=repro.generator(1))
    history = train.fit(
        model, loss, source, steps=30, learning_rate=0.1, progress=False
    )
    assert history.loss == run(line_model()).loss
    assert len(history.terms["slope"]) == 30


def test_evaluation_sees_the_average_without_gradients_every_k_steps() -> None:
    model, seen = line_model(), []

    def evaluate(judged: nn.Module) -> dict[str, float]:
        assert not torch.is_grad_enabled()
        assert not judged.training
        seen.append(judged)
        return {"error": mean_square(judged)(X, Y)}

    history = run(model, steps=25, average=0.9, evaluate=evaluate, every=10)
    assert [step for step, _ in history.evaluations["error"]] == [10, 20, 25]
    assert all(judged is history.average for judged in seen)
    plain = run(line_model(), steps=3, evaluate=lambda judged: 7)
    assert plain.evaluations == {"held out": [(3, 7.0)]}


def test_a_nan_loss_stops_the_run_and_keeps_the_last_good_weights() -> None:
    model, weights = nn.Sequential(nn.BatchNorm1d(1), line_model()), []

    def loss(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        bad = len(weights) == 4
        weights.append(copy.deepcopy(model.state_dict()))
        return mean_square(model)(x * math.nan if bad else x, y)

    source = train.batches(X, Y, size=8, generator=repro.generator(1))
    with pytest.raises(train.TrainingDiverged, match=r"nan after 4 good steps") as told:
        train.fit(model, loss, source, steps=9, learning_rate=0.1, progress=False)
    assert told.value.step == len(told.value.history.loss) == 4
    assert torch.equal(model[1].weight, weights[3]["1.weight"])
    assert torch.isfinite(model[0].running_mean).all()  # the bad batch is forgotten


def test_an_infinite_gradient_stops_before_it_reaches_the_weights() -> None:
    value = torch.zeros((), requires_grad=True)
    source = train.batches(X, size=8, generator=repro.generator(1))
    with pytest.raises(train.TrainingDiverged, match="gradient became"):
        train.fit(
            [value],
            lambda x: value.sqrt() + x.mean(),
            source,
            steps=3,
            learning_rate=0.1,
            progress=False,
        )
    assert value.item() == 0


def test_a_broken_term_is_named() -> None:
    value = torch.ones((), requires_grad=True)
    source = train.batches(X, size=8, generator=repro.generator(1))
    with pytest.raises(train.TrainingDiverged, match=r"inf \(kl inf, data 1\)"):
        train.fit(
            [value],
            lambda x: {"loss": value * math.inf, "kl": value * math.inf, "data": value},
            source,
            steps=3,
            learning_rate=0.1,
            progress=False,
        )


@pytest.mark.parametrize(
    ("loss", "said"),
    [
        (lambda x, y: {"kl": x.mean()}, '"loss"'),
        (lambda x, y: x, r"\(8, 1\)"),
        (lambda x, y: 1.0, "float"),
    ],
)
def test_what_is_no_loss_is_named(loss, said: str) -> None:
    source = train.batches(X, Y, size=8, generator=repro.generator(1))
    with pytest.raises(ValueError, match=said):
        train.fit(
            line_model(), loss, source, steps=3, learning_rate=0.1, progress=False
        )


def test_batches_that_end_too_early_are_named() -> None:
    model = line_model()
    with pytest.raises(ValueError, match="after 2 of 5 steps"):
        train.fit(
            model,
            mean_square(model),
            [(X, Y)] * 2,
            steps=5,
            learning_rate=0.1,
            progress=False,
        )


def test_a_model_without_free_parameters_is_named() -> None:
    with pytest.raises(ValueError, match="nothing to train"):
        run(line_model().requires_grad_(False))


def test_every_order_holds_every_row_once_and_keeps_rows_together() -> None:
    source = train.batches(
        torch.arange(12), torch.arange(12) * 10, size=4, generator=repro.generator(0)
    )
    orders = [torch.cat([next(source)[0] for _ in range(3)]) for _ in range(2)]
    assert all(order.sort().values.tolist() == list(range(12)) for order in orders)
    assert not torch.equal(*orders)
    x, y = next(source)
    assert torch.equal(10 * x, y)


def test_batches_have_one_size() -> None:
    source = train.batches(torch.arange(10), size=4, generator=repro.generator(0))
    assert {len(next(source)) for _ in range(10)} == {4}
    few = train.batches(torch.arange(3), size=8, generator=repro.generator(0))
    assert len(next(few)) == 3


@pytest.mark.parametrize(
    ("tensors", "size"),
    [((torch.ones(3), torch.ones(4)), 2), ((torch.ones(3),), 0), ((torch.ones(0),), 1)],
)
def test_batches_say_at_once_what_is_wrong(tensors, size: int) -> None:
    with pytest.raises(ValueError, match="same number of rows"):
        train.batches(*tensors, size=size, generator=repro.generator(0))


def test_smoothing_is_a_mean_over_the_last_steps() -> None:
    history = train.History(terms={"loss": [4.0, 2.0, 0.0, 6.0]})
    assert history.smoothed(window=2) == [4, 3, 1, 3]
    assert history.smoothed() == history.loss


def test_a_history_draws_itself() -> None:
    history = train.History(
        terms={"loss": [4.0, 2.0, 1.0], "kl": [0.0, 0.1, 0.2]},
        evaluations={"held out": [(2, 2.5), (3, 1.5)]},
    )
    texts = {"name": "loss", "alt": "The loss falls.", "caption": "Training & test."}
    shown = history.plot(**texts, y="nats")
    before = shown._repr_mimebundle_()
    page = before["text/html"]
    assert all(name in page for name in ("training", "kl", "held out", "nats"))
    history.evaluations["held out"][1] = (3, 1.6)
    after = history.plot(**texts, y="nats")._repr_mimebundle_()
    assert after["text/plain"] != before["text/plain"]


def test_repr_tells_no_duration() -> None:
    history = train.History(terms={"loss": [2.0, 1.0]}, seconds=12.34)
    assert repr(history) == "History(2 steps, loss 2 → 1)"
    assert repr(train.History()) == "History(0 steps)"


@pytest.fixture
def notebook(monkeypatch: pytest.MonkeyPatch) -> list[tuple[dict, str | None]]:
    """Stand in for a notebook; give what it was shown, with the id of its place."""
    shown: list[tuple[dict, str | None]] = []
    shell = InteractiveShell()
    shell.kernel = object()

    def display(bundle, *, raw, display_id=None):
        shown.append((bundle, "a" if display_id else None))
        return type("Handle", (), {"display_id": "a"})

    monkeypatch.setattr(progress, "get_ipython", lambda: shell)
    monkeypatch.setattr(progress, "display", display)
    monkeypatch.setattr(
        progress, "update_display", lambda b, *, raw, display_id: display(b, raw=raw)
    )
    monkeypatch.setattr(record, "display", display)
    monkeypatch.setattr(progress, "PAUSE", 0.0)
    yield shown
    InteractiveShell.clear_instance()


def test_a_notebook_sees_one_line_that_no_comparison_reads(notebook, capfd) -> None:
    model = line_model()
    source = train.batches(X, Y, size=8, generator=repro.generator(1))
    train.fit(
        model, mean_square(model), source, steps=3, learning_rate=0.1, label="a <b>"
    )
    bundles = [bundle for bundle, _ in notebook]
    assert len(bundles) == 4
    assert [place for _, place in notebook].count("a") == 1
    assert all(set(b) == {record.VOLATILE_MIME, "text/html"} for b in bundles)
    assert "a &lt;b&gt;: 3 steps in" in bundles[-1]["text/html"]
    progress.say("trained again")
    assert set(notebook[-1][0]) == {record.VOLATILE_MIME, "text/html"}
    assert capfd.readouterr() == ("", "")


def test_a_stopped_run_says_so(notebook) -> None:
    def interrupted(x: torch.Tensor) -> torch.Tensor:
        if not next(count):
            raise KeyboardInterrupt
        return value * x.mean()

    count, value = iter([2, 1, 0]), torch.ones((), requires_grad=True)
    source = train.batches(X, size=8, generator=repro.generator(1))
    with pytest.raises(KeyboardInterrupt):
        train.fit([value], interrupted, source, steps=5, learning_rate=0.1, label="run")
    text = notebook[-1][0][record.VOLATILE_MIME]["text"]
    assert text.startswith("run: 2 steps")
    assert text.endswith("until it was stopped")


def test_a_terminal_gets_a_bar_on_stderr(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = io.StringIO()
    screen.isatty = lambda: True
    monkeypatch.setattr("sys.stderr", screen)
    with progress.Progress("run", 5) as line:
        line.update(5, "loss 1")
    progress.say("a word")
    assert "5/5" in screen.getvalue()
    assert "a word" in screen.getvalue()
