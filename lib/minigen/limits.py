"""A time limit for somebody else's function, an endless loop included.

What counts is work, which is the processor's time: on a busy machine the clock runs on
while nothing is done, and a right answer would be stopped with the wrong ones.
"""

import contextlib
import ctypes
import signal
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

#: How many times as long a function may take by the clock, so that one that only waits
#: comes to an end too.
WAITING = 6
#: The shortest time after which to look again, in seconds.
_SOON = 0.01


class TimeIsUp(BaseException):
    """Raised inside a function that ran too long; `except Exception` lets it pass."""


class OtherProcess:
    """What is called here and works in another process."""

    def worked(self) -> float:
        """Return the seconds of work so far of that process."""
        raise NotImplementedError


def work_of(answer: object) -> Callable[[], float]:
    """Return what tells the seconds of work so far, wherever an answer runs."""
    return answer.worked if isinstance(answer, OtherProcess) else time.process_time


def limited(
    call: Callable[[], Any],
    *,
    seconds: float,
    worked: Callable[[], float] = time.process_time,
) -> Any:
    """Return what `call()` returns; raise TimeIsUp after so many seconds of work.

    `worked()` tells the seconds of work so far; see `work_of`. WAITING times as many
    seconds by the clock are the end in any case.

    On the main thread of a Unix process an alarm interrupts the call. Elsewhere it runs
    on a thread of its own, which is told to stop. Neither reaches into one long
    operation of compiled code: that ends first.
    """
    left = _countdown(seconds, worked)
    on_main = threading.current_thread() is threading.main_thread()
    if on_main and hasattr(signal, "setitimer"):
        with _alarm(left):
            return call()
    return _on_thread(call, left)


def _countdown(seconds: float, worked: Callable[[], float]) -> Callable[[], float]:
    """Return a function that says how long to wait at least; 0 when time is up."""
    started, before = time.monotonic(), worked()

    def left() -> float:
        passed, done = time.monotonic() - started, worked() - before
        # Threads side by side, PyTorch's or others, do more work than time passes.
        more = min(seconds - min(passed, done), WAITING * seconds - passed)
        return max(more, _SOON) if more > 0 else 0

    return left


@contextlib.contextmanager
def _alarm(left: Callable[[], float]) -> Iterator[None]:
    def ring(number: int, frame: object) -> None:
        if not (more := left()):
            raise TimeIsUp
        signal.setitimer(signal.ITIMER_REAL, more)

    started = time.monotonic()
    before = signal.signal(signal.SIGALRM, ring)
    around, _ = signal.setitimer(signal.ITIMER_REAL, left() or _SOON)
    try:
        yield
    finally:
        signal.signal(signal.SIGALRM, signal.SIG_IGN)  # so that it is not set again
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, signal.SIG_DFL if before is None else before)
        if around:  # a limit around this one goes on from where it was
            around -= time.monotonic() - started
            signal.setitimer(signal.ITIMER_REAL, max(around, _SOON))


def _on_thread(call: Callable[[], Any], left: Callable[[], float]) -> Any:
    outcome: dict[str, Any] = {}

    def run() -> None:
        try:
            outcome["value"] = call()
        except BaseException as error:
            outcome["error"] = error

    worker = threading.Thread(target=run, daemon=True)
    worker.start()
    while worker.is_alive() and (more := left()):
        worker.join(more)
    if worker.is_alive():
        stop, told = ctypes.py_object(TimeIsUp), ctypes.c_ulong(worker.ident or 0)
        ctypes.pythonapi.PyThreadState_SetAsyncExc(told, stop)
        worker.join(1.0)
        raise TimeIsUp
    if "error" in outcome:
        raise outcome["error"]
    return outcome["value"]
