"""The eyes of the ruler: a classifier of a dataset, frozen, whose layers are features.

The one for the digits is committed and made by `python -m minigen.features`; for any
other dataset one is trained once and kept in the user's cache.
"""

import contextlib
import hashlib
import math
import os
import tempfile
from pathlib import Path

import pooch
import torch
from jaxtyping import Float, Int64
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn import functional as F

from minigen import data, repro
from minigen.data import ImageSet

STEPS = 1500
#: For other datasets, whose pictures may be twelve times as large: a minute or so.
QUICK_STEPS = 500
SEED = 0
#: How many of the features, the last ones, are the layer that the classes are read off.
LAST = 64
DIGITS = Path(__file__).parent / "weights" / "digits_features.safetensors"
#: A change of the network or of its training moves this on: no old copy is read then.
_VERSION = "1"


class Classifier(nn.Module):
    """A small convolutional classifier with every layer bounded by tanh."""

    def __init__(self, channels: int, classes: int, *, width: int = 32) -> None:
        super().__init__()
        self.edges = nn.Conv2d(channels, width, 3, padding=1)
        self.parts = nn.Conv2d(width, width, 3, padding=1, stride=2)
        self.places = nn.Conv2d(width, 2 * width, 3, padding=1, stride=2)
        self.whole = nn.Linear(8 * width, LAST)
        self.classes = nn.Linear(LAST, classes)

    def _layers(self, images: Tensor) -> tuple[Tensor, Tensor]:
        x = torch.tanh(self.edges(2 * images - 1))
        x = torch.tanh(self.places(torch.tanh(self.parts(x))))
        places = F.adaptive_avg_pool2d(x, 2).flatten(1)  # [batch, 2·width·2·2]
        return places, torch.tanh(self.whole(places))

    def forward(
        self, images: Float[Tensor, "batch channel height width"]
    ) -> Float[Tensor, "batch classes"]:
        """Return the logit of every class."""
        return self.classes(self._layers(images)[1])

    @torch.no_grad()
    def features(
        self, images: Float[Tensor, "batch channel height width"]
    ) -> Float[Tensor, "batch feature"]:
        """Return the last two layers as one vector of length at most 1, half to each.

        The earlier layer sees strokes and how sharp they are; the last one, which is
        the last `LAST` features, sees little but the class.
        """
        return torch.cat(
            [
                torch.cat([x / math.sqrt(2 * x.shape[1]) for x in layers], dim=1)
                for part in images.split(1000)
                for layers in [self._layers(part)]
            ]
        )


def train(
    images: Float[Tensor, "batch channel height width"],
    labels: Int64[Tensor, " batch"],
    *,
    classes: int,
    steps: int = STEPS,
    seed: int = SEED,
) -> Classifier:
    """Return a classifier trained on pictures that are turned and moved a little.

    Distortion and smoothed labels keep it from knowing its training pictures by heart:
    else their features would differ from those of pictures that it has never seen.
    """
    with torch.random.fork_rng(devices=[]):  # layers initialise from the global seed
        torch.manual_seed(seed)
        net = Classifier(images.shape[1], classes)
    rng = repro.generator(seed)
    optimizer = torch.optim.AdamW(net.parameters(), weight_decay=1e-2)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, max_lr=3e-3, total_steps=steps
    )
    for _ in range(steps):
        batch = torch.randint(len(images), (128,), generator=rng)
        loss = F.cross_entropy(
            net(distorted(images[batch], rng)), labels[batch], label_smoothing=0.1
        )
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    return net.eval().requires_grad_(False)


def distorted(
    images: Float[Tensor, "batch channel height width"], generator: torch.Generator
) -> Float[Tensor, "batch channel height width"]:
    """Return the pictures turned (by 11° at most), scaled, moved and a little noisy."""
    n = len(images)
    uniform = 2 * torch.rand(n, 5, generator=generator) - 1
    turn, scale = 0.2 * uniform[:, 0], 1 + 0.1 * uniform[:, 1:3]
    sin, cos, move = turn.sin(), turn.cos(), 0.12 * uniform[:, 3:]
    rows = (cos * scale[:, 0], -sin, move[:, 0], sin, cos * scale[:, 1], move[:, 1])
    grid = F.affine_grid(
        torch.stack(rows, 1).view(n, 2, 3), list(images.shape), align_corners=False
    )
    noise = 0.03 * torch.randn(images.shape, generator=generator)
    return (F.grid_sample(images, grid, align_corners=False) + noise).clamp(0, 1)


def classifier_for(images: ImageSet, *, budget: float = 1.0) -> Classifier:
    """Return the frozen classifier of a dataset: committed, cached, or trained now.

    What is trained now is kept below MINIGEN_DATA, or else in the user's cache, under
    a name made of the data and the number of steps (fewer at a budget below 1).
    """
    key = fingerprint(images)
    if key == _metadata(DIGITS).get("data"):
        return load(DIGITS)
    steps = repro.scaled(QUICK_STEPS, min(1.0, budget), least=20)
    cache = Path(os.environ.get("MINIGEN_DATA") or pooch.os_cache("minigen"))
    path = cache.expanduser() / "features" / f"{key[:24]}-{steps}.safetensors"
    if path.is_file():
        try:
            return load(path)
        except (SafetensorError, RuntimeError, KeyError):
            path.unlink()  # damaged: it is only a copy of what can be trained again
    net = train(images.train_x, images.train_y, classes=len(images.classes),
                steps=steps)  # fmt: skip
    with contextlib.suppress(OSError):  # a cache that cannot be written is no obstacle
        save(net, path, images)
    return net


def fingerprint(images: ImageSet) -> str:
    """Return a SHA-256 of the training data and of how a classifier is made of it."""
    digest = hashlib.sha256(f"{_VERSION} {SEED} {[*images.train_x.shape]}".encode())
    digest.update(images.train_x.contiguous().numpy().tobytes())
    digest.update(images.train_y.contiguous().numpy().tobytes())
    return digest.hexdigest()


def accuracy_on_test(net: Classifier, images: ImageSet) -> float:
    """Return the share of the test pictures that the classifier names rightly."""
    with torch.no_grad():
        return (net(images.test_x).argmax(1) == images.test_y).float().mean().item()


def save(net: Classifier, path: Path, images: ImageSet) -> None:
    """Write a classifier as safetensors, whole or not at all, with what made it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    metadata = {
        "data": fingerprint(images),
        "name": images.name,
        "test_accuracy": f"{accuracy_on_test(net, images):.4f}",
    }
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        part = Path(folder) / path.name
        save_file(net.state_dict(), part, metadata=metadata)
        part.chmod(0o644)
        part.replace(path)


def load(path: Path) -> Classifier:
    """Read a classifier that `save` wrote."""
    with safe_open(path, framework="pt") as stored:
        state = {name: stored.get_tensor(name) for name in stored.keys()}  # noqa: SIM118
    classes, channels = len(state["classes.bias"]), state["edges.weight"].shape[1]
    net = Classifier(channels, classes, width=len(state["edges.bias"]))
    net.load_state_dict(state)
    return net.eval().requires_grad_(False)


def _metadata(path: Path) -> dict[str, str]:
    if not path.is_file():
        return {}
    with safe_open(path, framework="pt") as stored:
        return stored.metadata() or {}


def main() -> None:
    """Train the digits' classifier anew: every number that rests on it will move."""
    images = data.images("digits")
    net = train(images.train_x, images.train_y, classes=len(images.classes))
    save(net, DIGITS, images)
    print(f"{DIGITS}: {accuracy_on_test(net, images):.1%} of the test digits right")


if __name__ == "__main__":
    main()
