"""A submission as the grader sees it: answers that are called in another process.

The checkers of exercises run here, in a process that holds no line of the submission;
the submission runs in `worker.py`, under limits, and gets the arguments of each call
and nothing else. What comes back is data (`wire.py`). So a submission can be wrong, or
late, or end itself; it cannot reach the checker, the tests or the score, unless the
operating system lets one process of a user into another: see `users.py`.
"""

import atexit
import contextlib
import json
import linecache
import os
import re
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch

from bookkit import users, wire
from bookkit.paths import ROOT
from minigen.limits import OtherProcess, TimeIsUp, limited

#: Seconds for the worker to start, and seconds of work for what an answer needs.
START_SECONDS, LOAD_SECONDS = 120, 60
#: The longest message that is taken from a submission, in bytes.
_LONGEST = 256 << 20


class Ended(Exception):
    """The submission's process is gone."""


class Line:
    """A line to the process that runs one answer: messages there, and replies."""

    def __init__(self, reading: int, writing: int) -> None:
        self.reading, self.writing = reading, writing
        self.process, self.open = 0, True
        self.buffer = bytearray()

    def ask(self, message: Any, functions: Sequence[Callable[..., Any]] = ()) -> Any:
        """Send a message and return the reply; meanwhile the other side may call us."""
        if not self.open:
            raise Ended("your code had been stopped before")
        try:
            self.send(message)
            while "call" in (reply := self.receive()):
                self.send(_called(functions, reply))
        except BaseException:  # time is up, too: what comes now answers nothing
            self.close()
            raise
        if "error" in reply:
            raise _as_there(reply["error"])
        return reply

    def send(self, message: Any) -> None:
        rest = memoryview(json.dumps(message).encode() + b"\n")
        try:
            while rest:
                rest = rest[os.write(self.writing, rest[: 1 << 16]) :]
        except BrokenPipeError:
            raise Ended("your code ended the program that runs it") from None

    def receive(self, seconds: float | None = None) -> Any:
        end = None if seconds is None else time.monotonic() + seconds
        while (line_end := self.buffer.find(b"\n")) < 0:
            if len(self.buffer) > _LONGEST:
                raise Ended("what your code returns is too large")
            if end and time.monotonic() > end:
                raise Ended(f"no answer came within {seconds:g} seconds")
            if select.select([self.reading], [], [], 0.2)[0]:
                more = os.read(self.reading, 1 << 20)
                if not more:
                    raise Ended("your code ended the program that runs it")
                self.buffer += more
        line = bytes(self.buffer[:line_end])
        del self.buffer[: line_end + 1]
        reply = json.loads(line)
        if not isinstance(reply, dict):
            raise ValueError("not a reply")
        return reply

    def worked(self) -> float:
        """Return the seconds of the processor that the other side has had.

        Python has no name for the clock of another process; this is Linux's. Elsewhere,
        and when the process is gone, it is time itself that counts.
        """
        try:
            return time.clock_gettime(~self.process << 3 | 2)
        except OSError:
            return time.monotonic()

    def close(self) -> None:
        """Hang up, and end the process at the other end."""
        if self.open:
            self.open = False
            os.close(self.reading)
            os.close(self.writing)
            if self.process:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(self.process, signal.SIGKILL)


class Submission:
    """The cells of a notebook that somebody handed in, run elsewhere.

    A process is started once, and forks for each answer: what becomes of one answer
    is nothing to the next.
    """

    def __init__(self, cells: list[str], *, user: int = 0) -> None:
        self.cells, self.user = cells, user
        self.server: subprocess.Popen[bytes] | None = None
        self.lines: list[Line] = []
        atexit.register(self.close)

    def answer(self, exercise: str, name: str) -> Any:
        """Return what the notebook calls `name` where it checks the exercise.

        A function is returned as one that is called there. What goes wrong on the way
        is raised when the answer is called: then the checker tells it.
        """
        wanted = {"name": name, "before": self._place(exercise)}
        line = self._fork()
        try:
            reply = limited(
                lambda: line.ask({"answer": wanted}),
                seconds=LOAD_SECONDS,
                worked=line.worked,
            )
            return Remote(line) if "callable" in reply else wire.decode(reply["value"])
        except TimeIsUp:
            line.close()
            return _raising(Ended(f"it was still running after {LOAD_SECONDS} seconds"))
        except Exception as error:
            return _raising(error)

    def _place(self, exercise: str) -> int:
        """Return the cell that checks an exercise; past the last one without it."""
        call = re.compile(rf"""check\(\s*["']{re.escape(exercise)}["']""")
        places = (n for n, cell in enumerate(self.cells) if call.search(cell))
        return next(places, len(self.cells))

    def _fork(self) -> Line:
        """Return a line to a fresh process; a submission may have ended the server."""
        for last in (False, True):
            try:
                if self.server is None:
                    self._start()
                return self._line()
            except (OSError, Ended):
                if last:
                    raise
                self._end_server()
        raise AssertionError

    def _line(self) -> Line:
        theirs_in, ours_out = os.pipe()
        ours_in, theirs_out = os.pipe()
        line = Line(ours_in, ours_out)
        self.lines.append(line)
        try:
            socket.send_fds(self.control, [b"f"], [theirs_in, theirs_out])
        finally:
            os.close(theirs_in)
            os.close(theirs_out)
        line.send({"cells": self.cells})
        line.process = int(line.receive(START_SECONDS)["process"])
        return line

    def _start(self) -> None:
        self.folder = tempfile.mkdtemp(prefix="submission-")
        if self.user:
            os.chown(self.folder, self.user, self.user)
        self.control, theirs = socket.socketpair()
        self.server = subprocess.Popen(
            [sys.executable, "-P", "-m", "bookkit.worker",
             str(theirs.fileno()), str(self.user)],
            cwd=self.folder, env=_environment(self.folder), start_new_session=True,
            pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        theirs.close()

    def _end_server(self) -> None:
        if self.server is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.server.pid, signal.SIGKILL)
        self.server.wait()
        users.end_all_of(self.user)
        self.control.close()
        shutil.rmtree(self.folder, ignore_errors=True)
        self.server = None

    def close(self) -> None:
        """End the submission and all that it started; forget its files."""
        for line in self.lines:
            line.close()
        self._end_server()
        atexit.unregister(self.close)

    def __enter__(self) -> "Submission":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Remote(OtherProcess):
    """A submission's function: called like one of ours, and run where it belongs."""

    def __init__(self, line: Line) -> None:
        self.line = line

    def worked(self) -> float:
        return self.line.worked()

    def __call__(self, *given: Any, **named: Any) -> Any:
        functions: list[Any] = []
        inputs: list[Any] = []

        def keep(value: Any) -> int:
            kept = inputs if isinstance(value, torch.Tensor) else functions
            kept.append(value)
            return len(kept) - 1

        run = {
            "arguments": [wire.encode(each, keep) for each in given],
            "named": {name: wire.encode(each, keep) for name, each in named.items()},
        }
        reply = self.line.ask({"run": run}, functions)
        everything = [*given, *named.values()]
        for place, new in reply.get("changed", {}).items():
            _put_back(everything[int(place)], wire.decode(new))

        def find(kind: str, key: int, value: Any) -> Any:
            if kind != "gradient":
                return wire.Foreign()
            if not inputs:
                return value.requires_grad_(True)
            return _Elsewhere.apply(value, self.line, key, *inputs)

        return wire.decode(reply["value"], find)


def _environment(folder: str) -> dict[str, str]:
    """Return what a submission is told of the outside: nothing that is anyone's."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
    return kept | {
        "PYTHONPATH": os.pathsep.join([str(ROOT / "lib"), *filter(None, sys.path)]),
        "HOME": folder, "TMPDIR": folder, "MPLBACKEND": "agg",
        "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "PYTHONHASHSEED": "0",
    }  # fmt: skip


class _Elsewhere(torch.autograd.Function):
    """A tensor that was computed there; its gradient is asked for there."""

    @staticmethod
    def forward(
        ctx: Any, value: torch.Tensor, line: Line, key: int, *inputs: Any
    ) -> torch.Tensor:
        ctx.line, ctx.key, ctx.inputs = line, key, len(inputs)
        return value.view_as(value)

    @staticmethod
    def backward(ctx: Any, *slopes: Any) -> Any:
        slope = wire.encode(slopes[0])
        wanted = {"key": ctx.key, "inputs": ctx.inputs, "gradient": slope}
        reply = ctx.line.ask({"slope": wanted})
        return (None, None, None, *wire.decode({"tuple": reply["value"]}))


def _raising(error: BaseException) -> Callable[..., Any]:
    """Return an answer that says, when it is called, why there is none."""

    def answer(*_: Any, **__: Any) -> Any:
        raise error

    return answer


def _called(functions: Sequence[Callable[..., Any]], message: Any) -> Any:
    """Call one of the checker's own functions on behalf of the submission."""
    try:
        given = [wire.decode(each) for each in message["arguments"]]
        named = {name: wire.decode(each) for name, each in message["named"].items()}
        return {"value": wire.encode(functions[message["call"]](*given, **named))}
    except Exception as error:
        return {"error": [type(error).__name__, str(error)]}


def _put_back(ours: Any, theirs: Any) -> None:
    """Change an argument as the submission changed its copy."""
    if isinstance(ours, torch.Tensor):
        with torch.no_grad():
            ours.copy_(theirs) if ours.shape == theirs.shape else ours.fill_(0)
    elif isinstance(ours, np.ndarray):
        ours[...] = theirs if ours.shape == theirs.shape else 0
    elif isinstance(ours, list):
        ours[:] = theirs
    elif isinstance(ours, dict | set):
        ours.clear()
        ours.update(theirs)
    elif isinstance(ours, np.random.Generator):
        ours.bit_generator.state = theirs.bit_generator.state
    elif isinstance(ours, torch.Generator):
        ours.set_state(theirs.get_state())


def _as_there(told: Any) -> Exception:
    """Return an error as it was raised there, with its line for `minigen.checks`."""
    kind, text = str(told["kind"]), str(told["text"])
    wrong = kind in ("SyntaxError", "IndentationError", "TabError")  # it never ran
    base = SyntaxError if wrong else Exception
    error = type(kind if kind.isidentifier() else "Error", (base,), {})(text)
    file, line = str(told.get("file", "")), int(told.get("line", 0))
    if not (file.startswith("<cell ") and 0 < line < 10_000) or wrong:
        return error
    above, source = "\n" * (line - 1), str(told.get("source", "")).replace("\n", " ")
    shown = (above + source + "\n").splitlines(keepends=True)
    linecache.cache[file] = len(source), None, shown, file
    try:
        exec(compile(above + "raise error", file, "exec"), {"error": error})
    except Exception as raised:
        return raised
    return error
