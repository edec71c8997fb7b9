"""How much does the VAE depend on luck, and what does β buy?

Three seeds of the chapter's model: bits, codes in use, and its samples by the ruler.
Then every β from scratch, shorter, with three seeds each: the two terms of the bound on
unseen pictures, the codes in use, and the samples.
"""

import torch

from minigen import data, repro, vae
from minigen.ruler import Ruler

SETTINGS = {
    "dataset": "digits",
    "latents": 16,
    "steps": 1500,
    "seeds": [0, 1, 2],
    "importance_samples": 256,
    "samples": 2000,
    "betas": [0.05, 0.25, 1.0, 2.0, 4.0, 8.0],
    "beta_steps": 600,
}


def run(settings, budget, report):
    """Return what each seed reached, and each β with each seed."""
    pictures = data.images(settings["dataset"])
    ruler = Ruler.for_dataset(pictures, budget=budget)
    seeds, betas = settings["seeds"], settings["betas"]
    if budget < 0.2:
        seeds, betas = seeds[:2], betas[::3]
    found = {"seeds": [], "beta": []}
    for seed in seeds:
        model = trained(pictures, 1.0, settings["steps"], seed, budget, settings)
        row = judged(model, pictures, ruler, seed, budget, settings)
        found["seeds"].append({"seed": seed, **row})
        report(f"seed {seed}: {row}")
    for beta in betas:
        for seed in seeds:
            model = trained(
                pictures, beta, settings["beta_steps"], seed, budget, settings
            )
            row = terms(model, pictures, ruler, seed, budget, settings)
            found["beta"].append({"beta": beta, "seed": seed, **row})
            report(f"beta {beta}, seed {seed}: {row}")
    return found


def trained(pictures, beta, steps, seed, budget, settings):
    """Return a model made as the zoo makes it."""
    repro.seed_everything(seed)
    model = vae.VAE(
        pictures.train_x.shape[1:], levels=pictures.levels, latents=settings["latents"]
    )
    vae.train(
        model, pictures.train_x, steps=repro.scaled(steps, budget, least=20),
        generator=repro.generator(seed), beta=beta, progress=False,
    )  # fmt: skip
    return model.eval()


def drawn(model, ruler, seed, budget, settings, pixels):
    """Return samples of the model and their distance by the ruler."""
    count = repro.scaled(settings["samples"], budget, least=200)
    made = vae.sample(model, count, generator=repro.generator(seed), pixels=pixels)
    return made, ruler.distance(made, generator=repro.generator(seed)).ratio


def judged(model, pictures, ruler, seed, budget, settings):
    """Return all measurements of one model of full length."""
    x = pictures.test_x
    weights = vae.log_weights(
        model, x, generator=repro.generator(seed),
        samples=repro.scaled(settings["importance_samples"], budget, least=4),
    )  # fmt: skip
    samples, ratio = drawn(model, ruler, seed, budget, settings, "drawn")
    _, smooth = drawn(model, ruler, seed, budget, settings, "mean")
    copies = ruler.copies(samples)
    return {
        "elbo": vae.bits_per_dim(weights.mean(1), x).mean().item(),
        "iwae": vae.bits_per_dim(vae.log_mean(weights), x).mean().item(),
        "ratio": ratio,
        "ratio_mean_pixels": smooth,
        "nearer": copies.nearer,
        "nearer_if_fresh": copies.nearer_if_fresh,
        "close": copies.close,
        "active": vae.active_units(model, x),
    }


@torch.no_grad()
def terms(model, pictures, ruler, seed, budget, settings):
    """Return both terms on unseen pictures in bits a pixel, and the samples' ratio."""
    x, rng = pictures.test_x, repro.generator(seed)
    found = [vae.elbo(model, x, generator=rng) for _ in range(4)]
    cost = torch.stack([-one.reconstruction for one in found]).mean(0)
    return {
        "reconstruction": vae.bits_per_dim(-cost, x).mean().item(),
        "kl": vae.bits_per_dim(-found[0].kl, x).mean().item(),
        "active": vae.active_units(model, x),
        "ratio": drawn(model, ruler, seed, budget, settings, "drawn")[1],
    }
