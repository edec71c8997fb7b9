"""A time limit for somebody else's function, an endless loop included."""

import contextlib
import ctypes
import signal
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any


class TimeIsUp(BaseException):
    """Raised inside a function that ran too long; `except Exception` lets it pass."""


def limited(call: Callable[[], Any], *, seconds: float) -> Any:
    """Return what `call()` returns; raise TimeIsUp after so many seconds.

    On the main thread of a Unix process an alarm interrupts it. Elsewhere it runs on a
    thread of its own, which is told to stop. Neither reaches into one long operation
    of compiled code: that ends first.
    """
    on_main = threading.current_thread() is threading.main_thread()
    if on_main and hasattr(signal, "setitimer"):
        with _alarm(seconds):
            return call()
    return _on_thread(call, seconds)


@contextlib.contextmanager
def _alarm(seconds: float) -> Iterator[None]:
    def ring(number: int, frame: object) -> None:
        raise TimeIsUp

    started = time.monotonic()
    before = signal.signal(signal.SIGALRM, ring)
    left, _ = signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, signal.SIG_DFL if before is None else before)
        if left:  # a limit around this one goes on from where it was
            left -= time.monotonic() - started
            signal.setitimer(signal.ITIMER_REAL, max(left, 1e-3))


def _on_thread(call: Callable[[], Any], seconds: float) -> Any:
    outcome: dict[str, Any] = {}

    def run() -> None:
        try:
            outcome["value"] = call()
        except BaseException as error:
            outcome["error"] = error

    worker = threading.Thread(target=run, daemon=True)
    worker.start()
    worker.join(seconds)
    if worker.is_alive():
        stop, told = ctypes.py_object(TimeIsUp), ctypes.c_ulong(worker.ident or 0)
        ctypes.pythonapi.PyThreadState_SetAsyncExc(told, stop)
        worker.join(1.0)
        raise TimeIsUp
    if "error" in outcome:
        raise outcome["error"]
    return outcome["value"]
