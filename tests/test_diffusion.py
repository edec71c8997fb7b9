"""Diffusion against closed forms: forward, predictions, samplers, training, flow."""

import itertools
import math

import pytest
import torch

from minigen import data, diffusion, repro
from minigen import train as training
from minigen.layers import Sizes, UNet

STEPS = diffusion.STEPS
SCHEDULES = {"linear": diffusion.linear, "cosine": diffusion.cosine}


@pytest.fixture(params=SCHEDULES)
def alpha_bar(request):
    return SCHEDULES[request.param]()


@pytest.mark.parametrize("name", SCHEDULES)
@pytest.mark.parametrize("steps", [50, 1000])
def test_a_schedule_falls_from_the_picture_to_noise(name, steps):
    kept = SCHEDULES[name](steps)
    assert kept.shape == (steps + 1,)
    assert kept[0] == 1
    assert (kept[1:] < kept[:-1]).all()
    assert 0 < kept[-1] < 1e-3


def test_schedules_have_the_papers_values():
    beta = torch.linspace(1e-4, 0.02, 1000, dtype=torch.float64)
    assert torch.allclose(diffusion.linear()[1:], (1 - beta).cumprod(0))
    f = math.cos((0.5 + 0.008) / 1.008 * math.pi / 2) ** 2
    start = math.cos(0.008 / 1.008 * math.pi / 2) ** 2
    assert diffusion.cosine()[500].item() == pytest.approx(f / start)


def test_a_leaning_schedule_is_the_cosine_at_other_steps():
    alpha_bar = diffusion.leaning(0.4)
    assert alpha_bar[0] == 1
    assert alpha_bar[-1] == diffusion.cosine()[-1]
    assert (alpha_bar.diff() < 0).all()
    middle = round(STEPS / (1 + math.exp(-0.4)))  # half of the steps lie on each side
    assert alpha_bar[STEPS // 2].item() == pytest.approx(
        diffusion.cosine()[middle].item(), abs=1e-3
    )


def test_times_run_from_the_last_step_to_zero():
    assert diffusion.times(4) == [1000, 750, 500, 250, 0]
    assert diffusion.times(1000) == list(range(1000, -1, -1))
    assert diffusion.times(3, of=10) == [10, 7, 3, 0]
    for steps in (0, 1001):
        with pytest.raises(ValueError, match="from 1 to 1000"):
            diffusion.times(steps)


def test_the_forward_process_in_one_jump_is_that_step_by_step(alpha_bar):
    """Mean and variance of the chain, followed exactly, are those of the jump."""
    mean, variance = 1.0, 0.0
    for t in range(1, STEPS + 1):
        alpha = float(alpha_bar[t] / alpha_bar[t - 1])
        mean, variance = math.sqrt(alpha) * mean, alpha * variance + 1 - alpha
        if t in (1, 10, 500, 1000):
            at, zero, one = torch.tensor([t]), torch.zeros(1, 1), torch.ones(1, 1)
            jumped = diffusion.noised(one, at, zero, alpha_bar).item()
            spread = diffusion.noised(zero, at, one, alpha_bar).item()
            assert jumped == pytest.approx(mean, rel=1e-4)
            assert spread**2 == pytest.approx(variance, rel=1e-4)


def test_drawn_step_by_step_the_numbers_are_spread_as_by_the_jump():
    alpha_bar, rng = diffusion.cosine(20), repro.generator(0)
    x = torch.full((20_000,), 0.7, dtype=torch.float64)
    for t in range(1, 13):
        alpha = alpha_bar[t] / alpha_bar[t - 1]
        fresh = torch.randn(x.shape, generator=rng, dtype=x.dtype)
        x = alpha.sqrt() * x + (1 - alpha).sqrt() * fresh
    assert x.mean().item() == pytest.approx(0.7 * alpha_bar[12].sqrt().item(), abs=0.02)
    assert x.var().item() == pytest.approx(1 - alpha_bar[12].item(), abs=0.02)


def test_noised_takes_a_step_for_each_picture(alpha_bar):
    x0, eps = torch.randn(3, 2, 4, 4), torch.randn(3, 2, 4, 4)
    t = torch.tensor([0, 1, 1000])
    together = diffusion.noised(x0, t, eps, alpha_bar)
    for i in range(3):
        alone = diffusion.noised(x0[[i]], t[[i]], eps[[i]], alpha_bar)
        assert torch.equal(together[[i]], alone)
    assert torch.equal(together[0], x0[0])


@pytest.mark.parametrize("t", [1, 100, 500, 900])
def test_every_prediction_can_be_read_as_every_other(alpha_bar, t):
    x0 = torch.randn(5, 3, dtype=torch.float64)
    eps = torch.randn(5, 3, dtype=torch.float64)
    at = torch.full((5,), t)
    signal, noise = diffusion.shares(at, alpha_bar, like=x0)
    xt = diffusion.noised(x0, at, eps, alpha_bar)
    v = diffusion.v_of(x0, eps, signal, noise)
    pairs = [
        (diffusion.x0_from_v(xt, v, signal, noise), x0),
        (diffusion.eps_from_v(xt, v, signal, noise), eps),
        (diffusion.x0_from_eps(xt, eps, signal, noise), x0),
        (diffusion.eps_from_x0(xt, x0, signal, noise), eps),
    ]
    for found, expected in pairs:
        assert torch.allclose(found, expected, atol=1e-9)


# On a Gaussian everything has a closed form: the expected x0 is a straight line in xt,
# so that every step of a sampler maps a Gaussian to a Gaussian by a known rule.
MEAN, SD = 0.6, 0.5


def exact(alpha_bar):
    return diffusion.mixture_denoiser(alpha_bar, mean=[MEAN], sd=[SD], weight=[1.0])


def recursion(alpha_bar, steps, eta):
    """Follow mean and variance from N(0, 1) at step T to step 0."""
    mean, variance = 0.0, 1.0
    way = diffusion.times(steps, of=len(alpha_bar) - 1)
    for t, s in itertools.pairwise(way):
        now, then = float(alpha_bar[t]), float(alpha_bar[s])
        gain = math.sqrt(now) * SD**2 / (now * SD**2 + 1 - now)
        offset = MEAN - gain * math.sqrt(now) * MEAN  # x0 = gain xt + offset
        sigma = eta * math.sqrt((1 - then) / (1 - now) * (1 - now / then))
        along = math.sqrt(max(0, 1 - then - sigma**2)) / math.sqrt(1 - now)
        slope = math.sqrt(then) * gain + along * (1 - math.sqrt(now) * gain)
        shift = (math.sqrt(then) - along * math.sqrt(now)) * offset
        mean, variance = slope * mean + shift, slope**2 * variance + sigma**2
    return mean, variance


@pytest.mark.parametrize("steps", [1, 2, 5, 50, 1000])
def test_ddim_on_a_gaussian_follows_the_recursion(alpha_bar, steps):
    """Without noise a sampler is a straight line: two points tell all of it."""
    start = torch.tensor([0.0, 1.0], dtype=torch.float64)
    end = diffusion.ddim(exact(alpha_bar), start, alpha_bar, steps=steps)
    mean, variance = recursion(alpha_bar, steps, eta=0)
    assert end[0].item() == pytest.approx(mean, abs=1e-8)
    assert (end[1] - end[0]).item() ** 2 == pytest.approx(variance, abs=1e-8)


@pytest.mark.parametrize("steps", [1, 2, 5, 50])
def test_ddpm_on_a_gaussian_follows_the_recursion(alpha_bar, steps):
    count = 40_000
    start = torch.randn(count, generator=repro.generator(0), dtype=torch.float64)
    end = diffusion.ddpm(
        exact(alpha_bar), start, alpha_bar, steps=steps, generator=repro.generator(1)
    )
    mean, variance = recursion(alpha_bar, steps, eta=1)
    assert end.mean().item() == pytest.approx(mean, abs=4 * math.sqrt(1 / count))
    assert end.var().item() == pytest.approx(variance, abs=0.01)


@pytest.mark.parametrize("eta", [0, 1])
def test_more_steps_come_closer_to_the_truth(alpha_bar, eta):
    errors = []
    for steps in (2, 10, 100, 1000):
        mean, variance = recursion(alpha_bar, steps, eta)
        errors.append(abs(mean - MEAN) + abs(math.sqrt(variance) - SD))
    assert errors == sorted(errors, reverse=True)
    assert errors[-1] < 0.01


def test_ddim_with_eta_one_is_ddpm(alpha_bar):
    start = torch.randn(50, generator=repro.generator(0), dtype=torch.float64)
    for steps in (1, 7, 1000):
        one = diffusion.ddim(
            exact(alpha_bar), start, alpha_bar,
            steps=steps, eta=1.0, generator=repro.generator(2),
        )  # fmt: skip
        other = diffusion.ddpm(
            exact(alpha_bar), start, alpha_bar, steps=steps,
            generator=repro.generator(2),
        )  # fmt: skip
        assert torch.allclose(one, other, atol=1e-9)


@pytest.mark.parametrize("sampler", [diffusion.ddpm, diffusion.ddim])
def test_the_last_step_gives_the_expected_picture_itself(alpha_bar, sampler):
    """Whatever came before: no noise is added on the way from the last step to 0."""
    believed = torch.tensor([0.25, -0.75])
    seen = []
    end = sampler(
        lambda xt, t: believed, torch.randn(2), alpha_bar, steps=10,
        generator=repro.generator(0), watch=lambda t, xt, x0: seen.append(t),
    )  # fmt: skip
    assert torch.allclose(end, believed, atol=1e-6)
    assert seen == diffusion.times(10)


def test_ddim_with_noise_asks_for_a_generator(alpha_bar):
    with pytest.raises(ValueError, match="generator="):
        diffusion.ddim(exact(alpha_bar), torch.randn(2), alpha_bar, eta=0.5)


def test_samplers_take_the_device_step_from_a_seed(alpha_bar):
    start = torch.randn(4)
    runs = [
        diffusion.ddpm(
            exact(alpha_bar), start, alpha_bar, steps=5, generator=repro.generator(3)
        )
        for _ in range(2)
    ]
    assert torch.equal(*runs)


@pytest.mark.parametrize("t", [1, 30, 500, 990])
def test_the_exact_denoiser_gives_the_score_of_the_mixture(alpha_bar, t):
    mean, sd, weight = [-1.0, 0.8], [0.2, 0.4], [0.3, 0.7]
    denoise = diffusion.mixture_denoiser(alpha_bar, mean=mean, sd=sd, weight=weight)
    xt = torch.linspace(-3, 3, 61, dtype=torch.float64, requires_grad=True)
    signal, noise = diffusion._levels(alpha_bar, t)
    parts = torch.distributions.MixtureSameFamily(
        torch.distributions.Categorical(torch.tensor(weight, dtype=torch.float64)),
        torch.distributions.Normal(
            signal * torch.tensor(mean, dtype=torch.float64),
            (signal**2 * torch.tensor(sd, dtype=torch.float64) ** 2 + noise**2).sqrt(),
        ),
    )
    (slope,) = torch.autograd.grad(parts.log_prob(xt).sum(), xt)
    found = diffusion.score(xt.detach(), denoise(xt.detach(), t), alpha_bar, t)
    assert torch.allclose(found, slope, rtol=1e-6, atol=1e-6)


class Told(torch.nn.Module):
    """A network that answers with its label and counts how it is asked."""

    null, asked = 9, 0

    def forward(self, xt, t, y):
        self.asked += 1
        return y.to(xt.dtype).view(-1, 1, 1, 1).expand_as(xt) / 10


def test_guidance_goes_past_the_label_and_away_from_none():
    alpha_bar, xt = diffusion.cosine(), torch.zeros(2, 1, 2, 2)
    y = torch.tensor([1, 3])
    noise = math.sqrt(1 - float(alpha_bar[200]))
    for guidance in (0.0, 0.5, 1.0, 3.0):
        net = Told()
        found = diffusion.denoiser(net, y, alpha_bar, guidance=guidance)(xt, 200)
        v = 0.9 + guidance * (y / 10 - 0.9)
        expected = (-noise * v).clamp(-1, 1).view(-1, 1, 1, 1).expand_as(xt)
        assert torch.allclose(found, expected.float(), atol=1e-6)
        assert net.asked == 1


SMALL = Sizes((1, 8, 8), classes=10, width=8, condition=16)


def test_the_loss_of_a_perfect_answer_is_zero_and_labels_are_hidden():
    alpha_bar, x0 = diffusion.cosine(), torch.randn(400, 1, 2, 2)
    seen = []

    class Oracle(torch.nn.Module):
        null = 10

        def forward(self, xt, t, y):
            seen.append(y)
            signal, noise = diffusion.shares(t.long(), alpha_bar, like=xt)
            eps = (xt - signal * x0) / noise
            return diffusion.v_of(x0, eps, signal, noise)

    found = diffusion.loss(
        Oracle(), x0, torch.ones(400).long(), alpha_bar=alpha_bar,
        generator=repro.generator(0), drop=0.25,
    )  # fmt: skip
    assert found.item() == pytest.approx(0, abs=1e-6)
    assert set(seen[0].tolist()) == {1, 10}
    assert (seen[0] == 10).float().mean().item() == pytest.approx(0.25, abs=0.08)


@pytest.mark.parametrize("null", [0, torch.tensor([4, 5, 6])])
@pytest.mark.parametrize("dtype", [torch.long, torch.float])
def test_a_caption_or_a_vector_is_hidden_whole(null, dtype):
    seen = []

    class Listener(torch.nn.Module):
        def forward(self, xt, t, y):
            seen.append(y)
            return xt

    net = Listener()
    net.null = null
    diffusion.loss(
        net, torch.zeros(300, 1, 2, 2), torch.ones(300, 3, dtype=dtype),
        alpha_bar=diffusion.cosine(), generator=repro.generator(0), drop=0.3,
    )  # fmt: skip
    (y,) = seen
    untold = (y == null).all(1)
    assert y.dtype == dtype
    assert ((y == 1).all(1) | untold).all()
    assert untold.float().mean().item() == pytest.approx(0.3, abs=0.08)


def test_two_pictures_are_learned_by_heart():
    torch.manual_seed(0)
    net = UNet(SMALL)
    x = (torch.rand(2, 1, 8, 8, generator=repro.generator(0)) > 0.5).float()
    y = torch.tensor([0, 1])
    history = diffusion.train(
        net, x.repeat(16, 1, 1, 1), y.repeat(16), steps=200, seed=0, size=32,
        learning_rate=5e-3, average=0.95,
    )  # fmt: skip
    drawn = diffusion.sample(
        history.average, y.repeat(3), generator=repro.generator(1), steps=20
    )
    assert (drawn - x.repeat(3, 1, 1, 1)).abs().mean() < 0.1


def test_a_loss_that_is_no_number_leaves_the_last_good_weights():
    torch.manual_seed(0)
    net, alpha_bar, rng = UNet(SMALL), diffusion.cosine(), repro.generator(0)
    x0, y, done = torch.rand(8, 1, 8, 8), torch.zeros(8).long(), []

    def loss(x0, y):
        done.append({k: v.detach().clone() for k, v in net.state_dict().items()})
        spoilt = x0 * math.nan if len(done) == 4 else x0
        return diffusion.loss(net, spoilt, y, alpha_bar=alpha_bar, generator=rng)

    batches = training.batches(x0, y, size=4, generator=repro.generator(1))
    with pytest.raises(training.TrainingDiverged, match="after 3 good steps") as told:
        training.fit(net, loss, batches, steps=10, learning_rate=1e-3)
    assert len(told.value.history.loss) == 3
    for name, weights in net.state_dict().items():
        assert weights.isfinite().all()
        assert torch.equal(weights, done[2][name])


@pytest.mark.parametrize("shape", [(1, 8, 8), (3, 16, 16), (1, 28, 28)])
def test_samples_are_pictures_and_a_seed_repeats_them(shape):
    net = UNet(Sizes(shape, classes=3, width=8, condition=16)).eval()
    drawn = [
        diffusion.sample(
            net, torch.tensor([0, 2, 1]), generator=repro.generator(5), steps=3,
            guidance=2.0, batch=2,
        )
        for _ in range(2)
    ]  # fmt: skip
    assert drawn[0].shape == (3, *shape)
    assert 0 <= drawn[0].min() <= drawn[0].max() <= 1
    assert torch.equal(*drawn)


def test_the_recipe_trains_and_fits_the_data():
    recipe = diffusion.RECIPES["unet"](dataset="digits", width=8)
    net = recipe.build()
    before = net.first.weight.detach().clone()
    recipe.train(net, seed=0, budget=0.002)  # three steps
    images = data.images("digits")
    assert net.null == len(images.classes)
    assert not torch.equal(net.first.weight, before)


@pytest.mark.parametrize("side", [3, 8, 16, 28, 64, 128])
def test_the_recipes_model_fits_into_a_page(side, monkeypatch):
    """A page can hold 2 MB; parameters have four bytes each."""
    x, y = torch.zeros(1, 3, side, side), torch.zeros(1).long()
    of = data.ImageSet("zeros", x, y, x, y, tuple("0123456789"), 2)
    monkeypatch.setattr(data, "images", lambda name: of)
    net = diffusion.RECIPES["unet"](dataset="zeros").build()
    assert sum(p.numel() for p in net.parameters()) < 480_000


def test_pictures_undo_the_scale():
    x = torch.rand(2, 1, 3, 3)
    assert torch.allclose(diffusion.pictures(diffusion.scaled_pictures(x)), x)
    assert diffusion.pictures(torch.tensor([-7.0, 7.0])).tolist() == [0, 1]


@pytest.mark.parametrize("guidance", [1.0, 2.5])
def test_the_pages_step_is_the_guided_sampler(guidance):
    torch.manual_seed(0)
    net, alpha_bar = UNet(SMALL).eval(), diffusion.cosine()
    torch.nn.init.normal_(net.last.weight, std=0.1)
    start, label = torch.randn(1, 1, 8, 8), torch.tensor([3])
    denoise = diffusion.denoiser(net, label, alpha_bar, guidance=guidance)
    seen = []
    end = diffusion.ddim(
        denoise, start, alpha_bar, steps=5, watch=lambda t, xt, x0: seen.append(x0)
    )
    step, x, strength = diffusion.Step(net), start, torch.tensor([[guidance]])
    table = diffusion.Step.table(alpha_bar, 5)
    for row in range(5):
        told = {key: torch.tensor([[values[row]]]) for key, values in table.items()}
        with torch.no_grad():
            x, shown = step(x=x, label=label, guidance=strength, **told)
        assert shown.shape == (1, 1, 8, 17)
        expected = diffusion.pictures(seen[row])
        assert torch.allclose(shown[..., 9:], expected, atol=1e-4)
    assert torch.allclose(x, end, atol=1e-4)


# Flow matching.


def exact_velocity(x, t):
    """Return E[eps − x0 | xt] on the straight line, for the Gaussian above."""
    s = t.clamp(min=1e-12)
    variance = (1 - s) ** 2 * SD**2 + s**2
    away = x - (1 - s) * MEAN
    return s / variance * away - (MEAN + (1 - s) * SD**2 / variance * away)


def test_the_flow_of_a_gaussian_reaches_it_with_enough_steps():
    start = torch.tensor([0.0, 1.0], dtype=torch.float64)
    errors = []
    for steps in (2, 10, 100, 1000):
        end = diffusion.euler(exact_velocity, start, steps=steps)
        errors.append(abs(end[0] - MEAN) + abs(end[1] - end[0] - SD))
    assert errors == sorted(errors, reverse=True)
    assert errors[-1] < 0.005


def test_no_velocity_is_closer_than_the_exact_one():
    x0 = MEAN + SD * torch.randn(20_000, generator=repro.generator(0))

    def found(velocity):
        return diffusion.flow_loss(velocity, x0, generator=repro.generator(1)).item()

    best = found(exact_velocity)
    assert best > 0.1  # many pairs share a point: even the best guess errs
    for wrong in (0.9, 1.1):
        assert found(lambda x, t, w=wrong: w * exact_velocity(x, t)) > best
    assert found(lambda x, t: exact_velocity(x, t) + 0.1) > best


def test_eulers_steps_along_straight_lines_are_ddim():
    """The same journey: only the scale of xt and the spacing of steps differ."""
    steps = 20
    t = torch.linspace(0, 1, steps + 1, dtype=torch.float64)
    size = ((1 - t) ** 2 + t**2).sqrt()  # the flow's xt over diffusion's
    alpha_bar = ((1 - t) / size) ** 2
    alpha_bar[-1] = 1e-30
    denoise = exact(alpha_bar)
    start = torch.linspace(-2, 2, 9, dtype=torch.float64)

    def velocity(x, now):
        step = round(float(now[0]) * steps)
        x0 = denoise(x / size[step], step)
        return (x - (1 - now) * x0) / now - x0

    flowed = diffusion.euler(velocity, start, steps=steps)
    assert torch.allclose(flowed, diffusion.ddim(denoise, start, alpha_bar), atol=1e-8)
