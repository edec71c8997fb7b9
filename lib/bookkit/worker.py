"""The process in which a submission runs, and nothing of the grader does.

It is started by `submission.py`, gives up what it may do, and forks for each answer.
The fork speaks with the grader through two pipes, a JSON value a line: it is given the
notebook's cells, is asked for the answer, and calls it. It never sees a test or an
expected value. Whatever happens to it, the grader notices only that an answer is
missing, wrong or late.
"""

import ast
import builtins
import importlib
import json
import linecache
import os
import socket
import sys
import traceback
from collections.abc import Callable, Iterator
from typing import Any

import torch

from bookkit import offline, slices, wire
from minigen.repro import seed_everything

importlib.import_module("scipy.stats")  # slow to come, and many answers ask for it

#: What one answer may take: seconds of processor time, bytes of memory of its own, the
#: longest file, and (where a submission has its own user) processes and threads.
SECONDS, MEMORY, FILE, PROCESSES = 600, 6 << 30, 64 << 20, 256


def confine(user: int) -> None:
    """Give up what this process may do: its user, if it has been given one, first."""
    import resource

    limits = {
        resource.RLIMIT_CPU: SECONDS, resource.RLIMIT_DATA: MEMORY,
        resource.RLIMIT_FSIZE: FILE, resource.RLIMIT_CORE: 0,
    }  # fmt: skip
    if user:
        limits[resource.RLIMIT_NPROC] = PROCESSES
        os.setgroups([])
        os.setresgid(user, user, user)
        os.setresuid(user, user, user)
    for what, most in limits.items():
        hard = resource.getrlimit(what)[1]
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(what, (most, most))


class Worker:
    """A notebook's cells, and one answer of it."""

    def __init__(self, lines: Any, say: Callable[[Any], None]) -> None:
        self.lines, self.say = lines, say
        self.value: Any = None
        self.seeded = False
        #: The tensors of the last call that ask for a gradient.
        self.tensors: list[torch.Tensor] = []

    def serve(self) -> None:
        """Answer until the other side hangs up."""
        self.cells = json.loads(next(self.lines))["cells"]
        self.statements, self.broken = slices.statements(self.cells)
        self.say({"process": os.getpid()})
        for line in self.lines:
            message = json.loads(line)
            try:
                if "answer" in message:
                    reply = self.answer(**message["answer"])
                elif "slope" in message:
                    reply = self.slope(**message["slope"])
                else:
                    reply = self.call(**message["run"])
            except BaseException as error:  # whatever a submission raises is an answer
                reply = {"error": self.told(error)}
            self.say(reply)

    def answer(self, name: str, before: int) -> dict[str, Any]:
        """Run what an answer needs, and return it, or that it is a function."""
        wanted = slices.needed(self.statements, name, before)
        if not any(name in each.binds for each in wanted):
            self._raise_syntax(name, before)
        names: dict[str, Any] = {"__name__": "__main__"}
        for each in wanted:
            file = slices.name_of(each.cell)
            linecache.cache[file] = _lines(self.cells[each.cell], file)
            exec(compile(ast.Module([each.tree], []), file, "exec"), names)
        self.value = value = names[name]
        return {"callable": True} if callable(value) else {"value": wire.encode(value)}

    def _raise_syntax(self, name: str, before: int) -> None:
        """Say why there is no such name: a cell that is not Python, perhaps."""
        for number, error in reversed(self.broken.items()):
            if number < before and name in self.cells[number]:
                raise error
        raise NameError(f"name '{name}' is not defined")

    def call(self, arguments: Any, named: Any) -> dict[str, Any]:
        """Call an answer; say what it gives and which arguments it changed."""
        if not self.seeded:  # as `minigen.checks` does before a checker
            seed_everything(0)
            self.seeded = True
        self.tensors = []
        given = [wire.decode(each, self.find) for each in arguments]
        words = {key: wire.decode(each, self.find) for key, each in named.items()}
        everything = [*given, *words.values()]
        before = [_as_text(each) for each in everything]
        value = self.value(*given, **words)
        changed = {
            str(place): wire.encode(each)
            for place, each in enumerate(everything)
            if _as_text(each) != before[place]
        }
        return {"value": wire.encode(value, self.keep), "changed": changed}

    def keep(self, value: Any) -> int:
        """Keep a tensor until its gradient is asked for."""
        self.tensors.append(value)
        return len(self.tensors) - 1

    def find(self, kind: str, key: int, value: Any) -> Any:
        """Return a function of the other side, or a tensor that asks for a gradient."""
        if kind == "function":
            return lambda *given, **words: self.back(key, given, words)
        return self.tensors[self.keep(value.requires_grad_(True))]

    def back(self, key: int, given: Any, words: Any) -> Any:
        """Call a function of the grader from within an answer."""
        arguments = [wire.encode(each) for each in given]
        named = {name: wire.encode(each) for name, each in words.items()}
        self.say({"call": key, "arguments": arguments, "named": named})
        reply = json.loads(next(self.lines))
        if "error" in reply:
            kind, text = reply["error"]
            raise type(kind, (Exception,), {})(text)
        return wire.decode(reply["value"])

    def slope(self, key: int, inputs: int, gradient: Any) -> dict[str, Any]:
        """Return the gradient of a kept result with respect to the kept inputs."""
        slopes = torch.autograd.grad(
            self.tensors[key], self.tensors[:inputs], wire.decode(gradient),
            retain_graph=True, allow_unused=True,
        )  # fmt: skip
        return {"value": [wire.encode(each) for each in slopes]}

    def told(self, error: BaseException) -> dict[str, Any]:
        """Say what went wrong and in which line of the notebook."""
        report = {"kind": type(error).__name__, "text": str(error)[:500]}
        frames = traceback.walk_tb(error.__traceback__)
        places = [(f.f_code.co_filename, number) for f, number in frames]
        if isinstance(error, SyntaxError):
            places = [(error.filename or "", error.lineno or 0)]
        for file, number in reversed(places):
            if file.startswith("<cell "):
                line = linecache.getline(file, number).strip()
                return report | {"file": file, "line": number, "source": line[:200]}
        return report


def _quiet(*_: Any, **__: Any) -> None:
    """Take the place of `display`."""


def _as_text(value: Any) -> str:
    """Return what is compared to see a change; reading an iterator would be one."""
    return "" if isinstance(value, Iterator) else json.dumps(wire.encode(value))


def _lines(source: str, file: str) -> tuple[int, None, list[str], str]:
    return len(source), None, source.splitlines(keepends=True), file


def serve(reading: int, writing: int) -> None:
    """Serve a grader on two pipes until it hangs up."""
    lines = os.fdopen(reading, "r", encoding="utf-8")
    out = os.fdopen(writing, "w", encoding="utf-8")

    def say(message: Any) -> None:
        out.write(json.dumps(message) + "\n")
        out.flush()

    Worker(lines, say).serve()


def main() -> int:
    """Fork whenever the grader sends two pipes; return when it hangs up."""
    control, user = socket.socket(fileno=int(sys.argv[1])), int(sys.argv[2])
    vars(builtins).setdefault("display", _quiet)
    confine(user)
    offline.refuse()
    while True:
        _, pipes, *_ = socket.recv_fds(control, 1, 2)
        if len(pipes) != 2:
            return 0
        if os.fork() == 0:
            control.close()
            try:
                serve(*pipes)
            finally:
                os._exit(0)
        for pipe in pipes:
            os.close(pipe)


if __name__ == "__main__":
    sys.exit(main())
