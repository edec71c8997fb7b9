"""Several models trained at once, each by a process of its own.

A second core speeds up one small network little. Two networks side by side need half
the time.
"""

import contextlib
import io
import multiprocessing
import sys
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor, as_completed

import torch

from minigen import zoo
from minigen.progress import Progress, say


def train(
    names: Iterable[str],
    *,
    seed: int = 0,
    budget: float = 1.0,
    cores: int | None = None,
) -> None:
    """Train those of the zoo's models that are missing, one for each core at a time.

    Name a model after those that it is trained with. `cores` is as many as PyTorch has
    threads. With one core nothing is done: `zoo.get` will train each model when it is
    asked for, and so it will those whose training fails here, and say why.
    """
    missing = [
        name
        for name in dict.fromkeys(names)  # each once, in their order
        if not zoo.is_there(name, seed=seed, budget=budget)
    ]
    workers = min(len(missing), cores or torch.get_num_threads())
    if workers < 2:
        return
    say(f"Training {len(missing)} models, {workers} at a time: {', '.join(missing)}.")
    pool = ProcessPoolExecutor(
        workers, multiprocessing.get_context("spawn"), initializer=_alone
    )
    try:
        jobs = {pool.submit(_train, name, seed, budget): name for name in missing}
        with Progress("models", len(missing)) as line:
            for done, job in enumerate(as_completed(jobs), 1):
                with contextlib.suppress(Exception):
                    job.result()
                line.update(done, f"the last was {jobs[job]}")
    finally:
        pool.shutdown(cancel_futures=True)


def _alone() -> None:
    """Let a process have one thread, and say nothing: nobody would see where."""
    torch.set_num_threads(1)
    sys.stdout = sys.stderr = io.StringIO()


def _train(name: str, seed: int, budget: float) -> None:
    zoo.get(name, seed=seed, budget=budget)
