"""The classifier of the first chapter, and what it is sure of."""

import pytest
import torch

from minigen import data, predict, repro, train, zoo


@pytest.fixture(scope="module")
def judged(tmp_path_factory):
    """Return the digits and a classifier that was trained on them for a second."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MINIGEN_ZOO", str(tmp_path_factory.mktemp("zoo")))
        yield data.images("digits"), zoo.get("predict.classifier", budget=0.3)


def test_the_classifier_has_the_shape_that_is_asked_for():
    model = predict.classifier((3, 5, 4), classes=7, hidden=11)
    assert model(torch.zeros(2, 3, 5, 4)).shape == (2, 7)
    assert sum(p.numel() for p in model.parameters()) == 60 * 11 + 11 + 11 * 7 + 7


def test_the_posterior_is_a_distribution_and_right_on_unseen_digits(judged):
    digits, model = judged
    odds = predict.posterior(model, digits.test_x)
    torch.testing.assert_close(odds.sum(1), torch.ones(len(odds)))
    assert not odds.requires_grad
    assert (odds.argmax(1) == digits.test_y).float().mean() > 0.93


def test_climbing_makes_the_model_sure_of_any_label_and_then_rests(judged):
    _, model = judged
    labels = torch.arange(10)
    start = torch.rand(10, 1, 8, 8, generator=repro.generator(0))
    before = start.clone()
    made = predict.climb(model, labels, start, enough=0.9)
    odds = predict.posterior(model, made).gather(1, labels[:, None])
    assert (odds > 0.9).all()
    assert torch.equal(start, before)
    assert 0 <= made.min() <= made.max() <= 1
    assert torch.equal(predict.climb(model, labels, made, enough=0.9), made)


def test_a_step_goes_uphill_and_its_largest_pixel_moves_by_the_rate(judged):
    _, model = judged
    start = torch.full((1, 1, 8, 8), 0.5)
    label = torch.tensor([4])
    one = predict.climb(model, label, start, steps=1, rate=0.02)
    assert (one - start).abs().max() == pytest.approx(0.02)
    gain = predict.posterior(model, one)[0, 4] - predict.posterior(model, start)[0, 4]
    assert gain > 0


def test_pictures_climb_alone_and_together_in_the_same_way(judged):
    _, model = judged
    start = torch.rand(3, 1, 8, 8, generator=repro.generator(1))
    labels = torch.tensor([2, 7, 1])
    together = predict.climb(model, labels, start, steps=5)
    for place in range(3):
        alone = predict.climb(
            model, labels[place : place + 1], start[place : place + 1], steps=5
        )
        torch.testing.assert_close(alone[0], together[place])


def test_the_network_can_learn_a_handful_by_heart():
    torch.manual_seed(0)
    digits = data.images("digits")
    x, y = digits.train_x[:10], torch.arange(10)
    model = predict.classifier((1, 8, 8), classes=10)
    train.fit(
        model,
        lambda x, y: torch.nn.functional.cross_entropy(model(x), y),
        train.batches(x, y, size=10, generator=repro.generator(0)),
        steps=200,
        learning_rate=1e-2,
    )
    assert (predict.posterior(model, x).argmax(1) == y).all()
