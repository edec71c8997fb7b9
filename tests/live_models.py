"""Small models for the tests of live models, and pages that show them."""

import functools
import html
import shutil
from pathlib import Path

import nbformat
import numpy as np
import torch
from torch import nn
from torch.nn.functional import binary_cross_entropy_with_logits, silu

from bookkit import assets, live
from minigen import data, show
from minigen.repro import generator

SCRIPTS = (
    "live-controls.js", "live-text.js", "live-outputs.js", "live-model.js",
    "live-decode.js", "live-odds.js", "live-rows.js", "live-looks.js", "live-writer.js",
    "live-caption.js", "live-painter.js", "live.js",
)  # fmt: skip
ROOM = Path(show.__file__).parent


class Autoencoder(nn.Module):
    """Two numbers for a digit; only the way back goes onto the page."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.Sequential(nn.Flatten(), nn.Linear(64, 64), nn.SiLU(),
                                     nn.Linear(64, 2))  # fmt: skip
        self.decoder = nn.Sequential(nn.Linear(2, 128), nn.SiLU(), nn.Linear(128, 64))

    def logits(self, z):
        return self.decoder(z).reshape(-1, 1, 8, 8)

    def forward(self, z):
        return self.logits(z).sigmoid()


class GuidedStep(nn.Module):
    """One step of a guided sampler: the network twice, as diffusion has it."""

    def __init__(self, width: int = 64, blocks: int = 3) -> None:
        super().__init__()
        self.into = nn.Conv2d(1, width, 3, padding=1)
        self.blocks = nn.ModuleList(
            nn.Conv2d(width, width, 3, padding=1) for _ in range(2 * blocks)
        )
        self.norms = nn.ModuleList(nn.GroupNorm(8, width) for _ in self.blocks)
        self.label = nn.Embedding(11, width)
        self.time = nn.Linear(1, width)
        self.out = nn.Conv2d(width, 1, 3, padding=1)

    def net(self, x, t, label):
        about = self.time(t) + self.label(label)  # [1, width]
        h = self.into(x)
        for norm, block in zip(self.norms, self.blocks, strict=True):
            h = h + block(silu(norm(h) + about[..., None, None]))
        return self.out(h)

    def forward(self, x, t, t_next, label, guidance):
        nobody = torch.full_like(label, 10)
        plain, told = self.net(x, t, nobody), self.net(x, t, label)
        slope = plain + guidance[..., None, None] * (told - plain)
        x = torch.tanh(x + (t_next - t)[..., None, None] * slope)
        return x, x * 0.5 + 0.5


class Colours(nn.Module):
    """Four numbers to a coloured picture that is not a square."""

    def __init__(self) -> None:
        super().__init__()
        self.net = nn.Sequential(nn.Linear(4, 32), nn.Tanh(), nn.Linear(32, 3 * 6 * 9))

    def forward(self, z):
        return (3 * self.net(z)).sigmoid().reshape(1, 3, 6, 9)


def decoder() -> show.Live:
    """A decoder trained for a second, behind a map of the digits that it was given."""
    torch.manual_seed(0)
    digits = data.images("digits")
    model = Autoencoder()
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    draw = generator(0)
    for _ in range(300):
        x = digits.train_x[torch.randint(len(digits.train_x), (64,), generator=draw)]
        loss = binary_cross_entropy_with_logits(model.logits(model.encoder(x)), x)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    with torch.no_grad():
        z = model.encoder(digits.train_x[:400])
    return show.live(
        model,
        name="decoder",
        alt="A digit that the decoder draws.",
        caption="Drag the mark: neighbours on the map \\(z\\) look alike.",
        controls={
            "z": show.Plane(
                dict(points=z, labels=digits.train_y[:400]),
                start=(-1.0, 1.0), label="Place on the map",
            )
        },
    )  # fmt: skip


def sampler_loop() -> show.Loop:
    grids = {n: np.linspace(1, 0, n + 1) for n in (5, 25)}
    tables = {n: {"t": grid[:-1], "t_next": grid[1:]} for n, grid in grids.items()}
    return show.Loop(state="x", start="noise", tables=tables, default=25)


def sampler_controls() -> dict[str, show.Noise | show.Choice | show.Slider]:
    return {
        "noise": show.Noise((1, 8, 8), seed=7, label="Noise"),
        "label": show.Choice([str(n) for n in range(10)], start="3", label="Digit"),
        "guidance": show.Slider(0, 4, 1.5, 0.5, "Guidance"),
    }


def sampler() -> show.Live:
    """A guided loop from noise, of the size of a real one, with random weights."""
    torch.manual_seed(1)
    return show.live(
        GuidedStep(),
        name="sampler",
        alt="What {noise} becomes as a {label}.",
        caption="Ask for a digit.",
        controls=sampler_controls(),
        loop=sampler_loop(),
    )


def walk() -> show.Live:
    """A walk in colours, with a figure of its own for paper."""
    torch.manual_seed(2)
    model, points = Colours(), torch.randn(4, 4, generator=generator(3))
    with torch.no_grad():
        still = show.sheet(torch.cat([model(point[None]) for point in points]))
    return show.live(
        model,
        name="walk",
        alt="A coloured picture.",
        caption="Walk.",
        controls={"z": show.Walk(points, "Way", names=["a", "b", "c", "d"])},
        still=still,
    )


@functools.cache
def all_models() -> tuple[show.Live, ...]:
    """Return the three, trained and exported once."""
    return decoder(), sampler(), walk()


def notebook(models) -> nbformat.NotebookNode:
    """Return an executed chapter of live models."""
    cells = []
    for model in models:
        bundle = dict(model._repr_mimebundle_())
        output = nbformat.v4.new_output("execute_result", bundle, execution_count=1)
        cells.append(nbformat.v4.new_code_cell("x", outputs=[output]))
    return nbformat.v4.new_notebook(cells=cells)


def write_page(folder: Path, models, chapter: str = "tiny") -> None:
    """Write a page with these models, and all it needs, as the site has it."""
    static = folder / "_static"
    static.mkdir(parents=True)
    modules = assets.install()
    assets.copy(modules, static)
    for path in [*ROOM.glob("*.css"), *ROOM.glob("*.js")]:
        shutil.copy(path, static)
    made = notebook(models)
    live.place(made, chapter, static)
    figures = "".join(found["text/html"] for found in live.outputs(made))
    (folder / "index.html").write_text(page(figures, chapter), encoding="utf-8")


def page(figures: str, title: str) -> str:
    """Return a page with these figures, whose scripts and styles are in _static."""
    scripts = "".join(f'<script defer src="_static/{n}"></script>' for n in SCRIPTS)
    styles = "".join(
        f'<link rel="stylesheet" href="_static/{name}">'
        for name in ("figures.css", "live.css", "live-painter.css")
    )
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>t</title>'
        '<link rel="icon" href="data:,">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"{styles}<style>body {{ margin: 0; font-family: sans-serif; padding: 20px }}"
        "[data-theme=dark] body { background: #121212; color: #e6e6e3 }"
        "[hidden] { display: none !important }</style>"  # themes do this
        f"{scripts}</head><body><main><h1>{html.escape(title)}</h1>{figures}</main>"
        "</body></html>"
    )
