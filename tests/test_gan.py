"""The game against what is known of it in closed form, and the players at any size."""

import itertools
import math

import pytest
import torch
from torch import nn

from minigen import gan, metrics, repro, train, zoo
from minigen.train import TrainingDiverged

GRID = torch.linspace(-12, 12, 24_001, dtype=torch.float64)
WIDTH = float(GRID[1] - GRID[0])


def bell(mean, sd=1.0):
    return torch.exp(-0.5 * ((GRID - mean) / sd) ** 2) / (sd * math.sqrt(2 * math.pi))


def normal(n, seed, *, mean=0.0, sd=1.0, d=1):
    return mean + sd * torch.randn(n, d, generator=repro.generator(seed))


def value(d, p, q):
    """Return E_p log D + E_q log(1 − D) by adding up the grid."""
    # Far out one density is nothing beside the other, and D is rounded to 0 or 1.
    logs = [side.clamp(min=1e-300).log() for side in (d, 1 - d)]
    return float((p * logs[0] + q * logs[1]).sum() * WIDTH)


# Closed forms


def test_at_equilibrium_the_critic_says_one_half_and_the_game_is_worth_minus_log_4():
    p = bell(0.0)
    d = gan.optimal_critic(p, p)
    assert torch.allclose(d, torch.full_like(d, 0.5))
    assert value(d, p, p) == pytest.approx(-math.log(4), abs=1e-9)
    scores = torch.zeros(5)
    assert gan.critic_loss(scores, scores, kind="minimax") == pytest.approx(math.log(4))
    assert gan.critic_loss(scores, scores, kind="relativistic") == pytest.approx(
        math.log(2)
    )


def test_against_the_best_critic_the_game_is_worth_twice_js_less_log_4():
    p, q = bell(-1.0), bell(1.5, 0.7)
    d = gan.optimal_critic(p, q)
    js = gan.js_divergence(p, q, width=WIDTH)
    assert value(d, p, q) == pytest.approx(2 * js - math.log(4), abs=1e-6)
    assert value(0.9 * d, p, q) < value(d, p, q)
    assert value(d + 0.1 * (0.5 - d), p, q) < value(d, p, q)


def test_js_is_zero_for_equals_and_log_2_for_what_never_meets():
    p = bell(0.0)
    assert gan.js_divergence(p, p, width=WIDTH) == pytest.approx(0, abs=1e-12)
    left, right = p * (GRID < 0) * 2, p * (GRID > 0) * 2
    assert gan.js_divergence(left, right, width=WIDTH) == pytest.approx(
        math.log(2), abs=1e-3
    )


def test_a_trained_critic_comes_close_to_the_closed_form():
    repro.seed_everything(0)
    critic = gan.plain_network(1, 1, hidden=32)
    train.fit(
        critic,
        lambda real, fake: gan.critic_loss(
            critic(real).flatten(), critic(fake).flatten(), kind="minimax"
        ),
        train.batches(normal(20_000, 0, mean=-1.0), normal(20_000, 1, mean=1.0, sd=0.7),
                      size=256, generator=repro.generator(2)),
        steps=600, learning_rate=5e-3, progress=False,
    )  # fmt: skip
    x = torch.linspace(-2.5, 2.5, 101)
    at = torch.searchsorted(GRID, x.double())
    best = gan.optimal_critic(bell(-1.0), bell(1.0, 0.7))[at]
    with torch.no_grad():
        found = critic(x[:, None]).flatten().sigmoid()
    assert (found - best).abs().max() < 0.08
    assert (found - best).abs().mean() < 0.02


@pytest.mark.parametrize("kind", gan.LOSSES)
def test_both_losses_push_the_scores_apart_and_together(kind):
    real = torch.tensor([0.3, -0.2], requires_grad=True)
    fake = torch.tensor([0.1, 0.4], requires_grad=True)
    to_real, to_fake = torch.autograd.grad(
        gan.critic_loss(real, fake, kind=kind), (real, fake)
    )
    assert (to_real < 0).all()
    assert (to_fake > 0).all()
    (to_fake,) = torch.autograd.grad(gan.generator_loss(real, fake, kind=kind), fake)
    assert (to_fake < 0).all()


def test_the_minimax_slope_fades_where_the_other_does_not():
    fake = torch.tensor([-10.0], requires_grad=True)
    slopes = {}
    for kind in ("minimax", "non_saturating"):
        loss = gan.generator_loss(fake, fake, kind=kind)
        slopes[kind] = float(torch.autograd.grad(loss, fake)[0])
    fooled = 1 / (1 + math.exp(10))  # D(G(z)), which the critic is sure is made
    assert slopes["minimax"] == pytest.approx(-fooled, rel=1e-4)
    assert slopes["non_saturating"] == pytest.approx(-(1 - fooled), rel=1e-4)


def test_an_unknown_loss_is_named():
    for loss in (gan.critic_loss, gan.generator_loss):
        with pytest.raises(ValueError, match="relativistic"):
            loss(torch.zeros(2), torch.zeros(2), kind="hinge")


# Penalties


def test_the_penalty_of_a_linear_critic_is_gamma_half_of_its_squared_weights():
    critic = nn.Linear(6, 1)
    x = normal(9, 0, d=6)
    squared = critic.weight.square().sum()
    found = gan.slopes(critic, x)
    assert torch.allclose(found, squared.expand(9))
    penalty = gan.zero_centred_penalty(found, 3.0)
    assert penalty.item() == pytest.approx(1.5 * squared.item())
    penalty.backward()
    assert torch.allclose(critic.weight.grad, 3.0 * critic.weight)


def test_slopes_are_those_of_finite_differences():
    repro.seed_everything(0)
    critic = gan.plain_network(2, 1, hidden=8).double()
    x = normal(4, 1, d=2).double()
    step = 1e-5 * torch.eye(2, dtype=torch.float64)
    with torch.no_grad():
        rise = torch.stack([critic(x + e) - critic(x - e) for e in step], 1) / 2e-5
    assert torch.allclose(gan.slopes(critic, x), rise.square().sum((1, 2)), rtol=1e-5)


def test_the_wgan_penalty_of_a_linear_critic_has_a_closed_form_and_bears_flatness():
    critic = nn.Linear(3, 1)
    real, fake = normal(5, 0, d=3), normal(5, 1, d=3)
    found = gan.wgan_penalty(critic, real, fake, generator=repro.generator(0))
    assert found.item() == pytest.approx((critic.weight.norm().item() - 1) ** 2)
    nn.init.zeros_(critic.weight)
    flat = gan.wgan_penalty(critic, real, fake, generator=repro.generator(0))
    flat.backward()
    assert flat.item() == pytest.approx(1, abs=1e-5)
    assert critic.weight.grad.isfinite().all()


# The ring


def test_exact_points_cover_every_mode_and_collapsed_ones_cover_one():
    rng = repro.generator(0)
    centres = gan.ring_centres(8)
    points = gan.ring(2000, generator=rng)
    assert gan.modes_covered(points, centres) == 8
    shares = gan.mode_shares(points, centres)
    assert shares.sum() > 0.99
    assert shares.min() > 0.09
    assert gan.modes_covered(centres[:1].repeat(500, 1), centres) == 1
    assert gan.modes_covered(torch.zeros(500, 2), centres) == 0
    assert gan.modes_covered(centres[:3].repeat(5, 1), centres) == 3


def test_a_mode_counts_from_a_quarter_of_its_due():
    centres = gan.ring_centres(4)
    few = torch.cat([centres[:1].repeat(15, 1), centres[1:2].repeat(1, 1)])
    assert gan.modes_covered(few, centres) == 2  # 1/16 of all: a quarter of 1/4
    fewer = torch.cat([centres[:1].repeat(16, 1), centres[1:2]])
    assert gan.modes_covered(fewer, centres) == 1


def test_the_ring_has_the_radius_and_the_spread_it_was_asked_for():
    points = gan.ring(20_000, modes=5, radius=3.0, sd=0.2, generator=repro.generator(1))
    distance = torch.cdist(points, gan.ring_centres(5, radius=3.0)).min(1).values
    assert distance.square().mean().item() == pytest.approx(2 * 0.2**2, rel=0.03)


# The game


def players(hidden=16):
    repro.seed_everything(0)
    return gan.plain_network(2, 2, hidden=hidden), gan.plain_network(
        2, 1, hidden=hidden
    )


def play(generator, critic, *, steps=20, size=32, seed=0, **settings):
    rng = repro.generator(seed)
    points = gan.ring(256, generator=rng)
    source = train.batches(points, size=size, generator=rng)
    return gan.fit_pair(generator, critic, source, steps=steps, latent=2, rng=rng,
                        progress=False, **settings)  # fmt: skip


@pytest.mark.parametrize("loss", gan.LOSSES)
def test_every_loss_plays_and_repeats(loss):
    first, second = (
        play(*players(), loss=loss, r1=0.1, r2=0.1, wgan=1.0, average=0.9)
        for _ in range(2)
    )
    assert first.terms == second.terms
    assert all(len(values) == 20 for values in first.terms.values())
    assert all(value > 0 for value in first.terms["penalty"])
    assert "20 steps" in repr(first)


def test_a_step_is_what_the_plain_loop_does():
    generator, critic = players()
    play(generator, critic, steps=3, loss="non_saturating", r1=2.0, schedule="constant",
         learning_rate=1e-2)  # fmt: skip
    g, d = players()
    rng = repro.generator(0)
    source = train.batches(gan.ring(256, generator=rng), size=32, generator=rng)
    paint, judge = (
        torch.optim.Adam(side.parameters(), lr=1e-2, betas=(0.0, 0.99))
        for side in (g, d)
    )
    for _ in range(3):
        x = next(source).requires_grad_(True)
        fake = g(torch.randn(32, 2, generator=rng)).detach()
        real_score = d(x)
        (slope,) = torch.autograd.grad(real_score.sum(), x, create_graph=True)
        loss = -(real_score.sigmoid().log() + (1 - d(fake).sigmoid()).log()).mean()
        judge.zero_grad()
        (loss + slope.square().sum(1).mean()).backward()
        judge.step()
        loss = -d(g(torch.randn(32, 2, generator=rng))).sigmoid().log().mean()
        paint.zero_grad()
        loss.backward()
        paint.step()
    for ours, plain in ((generator, g), (critic, d)):
        for a, b in zip(ours.parameters(), plain.parameters(), strict=True):
            assert torch.allclose(a, b, atol=1e-6)


def test_the_average_follows_and_the_looks_see_it():
    generator, critic = players()
    seen = []

    def look(now, average):
        seen.append((now, average))
        return {"weight": float(average[0].weight.norm())}

    game = play(generator, critic, steps=10, every=4, average=0.5, evaluate=look)
    assert [step for step, _ in game.evaluations["weight"]] == [0, 4, 8, 10]
    assert all(now is generator and mean is game.average for now, mean in seen)
    assert not torch.equal(game.average[0].weight, generator[0].weight)
    assert torch.allclose(game.average[0].weight, generator[0].weight, atol=0.05)


def test_a_loss_that_is_no_number_stops_the_game_and_keeps_good_weights():
    generator, critic = players()
    points = gan.ring(64, generator=repro.generator(0))
    bad = torch.full((64, 2), math.nan)
    source = itertools.chain([points] * 5, itertools.repeat(bad))
    with pytest.raises(TrainingDiverged, match="critic's loss became nan") as stopped:
        gan.fit_pair(generator, critic, source, steps=20, latent=2,
                     rng=repro.generator(0), progress=False)  # fmt: skip
    assert stopped.value.step == 5
    assert len(stopped.value.history.terms["critic"]) == 5
    for weight in (*generator.parameters(), *critic.parameters()):
        assert weight.isfinite().all()
    generator, critic = players()
    with pytest.raises(TrainingDiverged):
        play(generator, critic, steps=200, learning_rate=1e30)
    for weight in (*generator.parameters(), *critic.parameters()):
        assert weight.isfinite().all()


def test_batches_that_end_and_scores_of_a_wrong_shape_are_told():
    generator, critic = players()
    with pytest.raises(ValueError, match="ended after 1 of 3"):
        gan.fit_pair(generator, critic, [torch.zeros(4, 2)], steps=3, latent=2,
                     rng=repro.generator(0), progress=False)  # fmt: skip
    with pytest.raises(ValueError, match="one score a sample"):
        play(generator, gan.plain_network(2, 3))


def test_the_cure_covers_the_ring_where_a_greedy_game_collapses():
    # A small copy of the chapter's experiment.
    covered = {}
    for name, settings in {
        "greedy": {"loss": "minimax", "critic_rate": 1e-4},
        "cured": {"loss": "relativistic", "r1": 0.1, "r2": 0.1},
    }.items():
        generator, critic = players(hidden=64)
        play(generator, critic, steps=800, size=128, average=0.99, **settings)
        points = generator(normal(2000, 5, d=2)).detach()
        covered[name] = gan.modes_covered(points, gan.ring_centres(8))
    assert covered["cured"] >= covered["greedy"] + 3


# Pictures


@pytest.mark.parametrize("shape", [(1, 8, 8), (3, 16, 16), (1, 28, 28), (3, 9, 7)])
@pytest.mark.parametrize("classes", [0, 5])
@pytest.mark.parametrize("n", [1, 3])
def test_sizes_come_from_the_picture(shape, classes, n):
    painter = gan.Generator(shape, classes=classes)
    critic = gan.Critic(shape, classes=classes)
    condition = (torch.arange(n) % 5,) if classes else ()
    asked = condition[0] if classes else n
    pictures = painter.sample(asked, generator=repro.generator(0))
    assert pictures.shape == (n, *shape)
    assert ((pictures >= 0) & (pictures <= 1)).all()
    assert critic(pictures, *condition).shape == (n,)
    assert gan.slopes(critic, pictures, *condition).shape == (n,)


def test_labels_are_asked_for_or_refused():
    painter = gan.Generator((1, 8, 8), classes=3)
    with pytest.raises(ValueError, match="needs a label"):
        painter(torch.zeros(2, painter.latent))
    with pytest.raises(ValueError, match="without classes"):
        gan.Generator((1, 8, 8))(torch.zeros(2, 32), torch.zeros(2).long())


def test_a_label_is_the_same_as_a_one_hot_input():
    critic = gan.Critic((1, 2, 2), classes=3)
    x, label = torch.rand(4, 1, 2, 2), torch.tensor([0, 2, 1, 1])
    wide = nn.Linear(7, 256)
    wide.weight.data = torch.cat(
        [critic.net.first.weight, critic.net.kind.weight.T], 1
    ).detach()
    wide.bias.data = critic.net.first.bias.detach()
    told = torch.cat([2 * x.flatten(1) - 1, nn.functional.one_hot(label, 3)], 1)
    act = nn.LeakyReLU(0.2)
    expected = critic.net.last(act(critic.net.second(act(wide(told))))).squeeze(1)
    assert torch.allclose(critic(x, label), expected, atol=1e-6)


@pytest.mark.parametrize("name", gan.RECIPES)
def test_the_zoo_trains_and_repeats(name, tmp_path, monkeypatch):
    monkeypatch.setenv("MINIGEN_ZOO", str(tmp_path))
    models = []
    for folder in ("a", "b"):
        monkeypatch.setenv("MINIGEN_ZOO", str(tmp_path / folder))
        models.append(zoo.get(f"gan.{name}", seed=1, budget=0.005))
    labels = torch.arange(10) if name == "conditional" else 10
    first, second = (m.sample(labels, generator=repro.generator(0)) for m in models)
    assert first.shape == (10, 1, 8, 8)
    assert torch.equal(first, second)


# Precision and recall


def by_loops(real, made, k=3):
    """Return precision and recall as the definition has it, row by row."""

    def balls(rows):
        return [sorted((a - b).norm().item() for b in rows)[k] for a in rows]

    def share(points, centres):
        reach = balls(centres)
        inside = [
            any((p - c).norm().item() <= r for c, r in zip(centres, reach, strict=True))
            for p in points
        ]
        return sum(inside) / len(inside)

    return share(made, real), share(real, made)


def test_precision_and_recall_equal_their_definition():
    real, made = normal(40, 0, d=3), normal(30, 1, d=3, mean=0.7)
    found = metrics.precision_recall(real, made)
    assert found == pytest.approx(by_loops(real.double(), made.double()))
    assert found[0] != found[1]
    found = metrics.precision_recall(real, made, nearest=1)
    assert found == pytest.approx(by_loops(real.double(), made.double(), k=1))


def test_one_source_gives_both_and_a_part_gives_precision_without_recall():
    real, same = normal(1000, 0, d=2), normal(1000, 1, d=2)
    precision, recall = metrics.precision_recall(real, same)
    assert precision > 0.95
    assert recall > 0.95
    part = same[same[:, 0] > 0]
    precision, recall = metrics.precision_recall(real, part)
    assert precision > 0.95
    assert 0.4 < recall < 0.65
    precision, recall = metrics.precision_recall(part, real)
    assert 0.4 < precision < 0.65
    assert recall > 0.95
    assert metrics.precision_recall(real, real) == (1, 1)
    assert metrics.precision_recall(real, same + 100) == (0, 0)


def test_precision_and_recall_need_rows():
    with pytest.raises(ValueError, match="more than nearest"):
        metrics.precision_recall(normal(3, 0), normal(30, 0))


def test_by_halves_a_perfect_generator_reaches_the_ceiling():
    real, same = normal(400, 0, d=3), normal(300, 1, d=3)
    ours, ceiling = metrics.precision_recall_by_halves(
        real, same, generator=repro.generator(0)
    )
    assert ours == pytest.approx(ceiling, abs=0.04)
    assert max(ceiling) < 1
    collapsed, _ = metrics.precision_recall_by_halves(
        real, 0.05 * same, generator=repro.generator(0)
    )
    assert collapsed[0] > 0.9
    assert collapsed[1] < 0.2
