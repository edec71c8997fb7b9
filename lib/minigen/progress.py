"""How far a long computation has come: live in a notebook, a bar in a terminal."""

import html
import sys
import time

from IPython.core.getipython import get_ipython
from IPython.display import display, update_display
from tqdm import tqdm

from minigen.record import VOLATILE_MIME, show_volatile

#: Seconds between two updates of a live display.
PAUSE = 0.5


def in_notebook() -> bool:
    """Tell whether a notebook's front end shows what is displayed."""
    return hasattr(get_ipython(), "kernel")


def say(text: str) -> None:
    """Tell the person at the screen something that is no result of the run."""
    if in_notebook():
        show_volatile(text)
    else:
        print(text, file=sys.stderr)


class Progress:
    """One line about a computation of `steps` steps, kept up to date inside `with`.

    In a notebook nothing goes to a stream and there is no text/plain: what is shown
    differs from run to run, and the comparison of two runs must not see it.
    """

    def __init__(self, label: str, steps: int, *, shown: bool = True) -> None:
        self.label, self.steps, self.done = label, steps, 0
        self._started = self._updated = time.perf_counter()
        self._live = shown and in_notebook()
        bar = shown and not self._live
        # disable=None keeps the bar out of pipes and files.
        self._bar = tqdm(total=steps, desc=label, disable=None) if bar else None
        self._shown: str | None = None

    def __enter__(self) -> "Progress":
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        if self._bar is not None:
            self._bar.close()
        elif self._live:
            stopped = "" if kind is None else " until it was stopped"
            text = f"{self.label}: {self.done:,} steps in {self.seconds:.1f} s{stopped}"
            self._show(text, html.escape(text))

    @property
    def seconds(self) -> float:
        """Seconds since the start."""
        return time.perf_counter() - self._started

    def update(self, step: int, note: str = "") -> None:
        """Say that `step` steps are done."""
        self.done = step
        if self._bar is not None:
            self._bar.update(step - self._bar.n)
            self._bar.set_postfix_str(note, refresh=False)
        elif self._live and time.perf_counter() - self._updated > PAUSE:
            self._updated = time.perf_counter()
            text = f"{self.label}: step {step:,} of {self.steps:,}, {note}"
            bar = f'<progress value="{step}" max="{self.steps}"></progress>'
            self._show(text, f"{html.escape(text)} {bar}")

    def _show(self, text: str, markup: str) -> None:
        bundle = {
            VOLATILE_MIME: {"text": text},
            "text/html": f'<p class="volatile">{markup}</p>',
        }
        if self._shown is None:
            self._shown = display(bundle, raw=True, display_id=True).display_id
        else:
            update_display(bundle, raw=True, display_id=self._shown)
