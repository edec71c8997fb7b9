"""A user of its own for each submission, where the grader may give it one.

Two processes of one user may stop, read and change each other. So a grader that runs as
root, as in a container, runs each submission as a user whom nothing belongs to.
"""

import contextlib
import os
import signal
import sys
import time
from pathlib import Path

from bookkit.paths import ROOT

#: Users of submissions are counted from here: far above those of any machine.
_FIRST = 1_000_000


def separate() -> bool:
    """Tell whether a submission can be run as a user of its own.

    That takes root, and a Python that others may read. Without, the submission runs as
    whoever grades, and may do to their processes and files what they may do.
    """
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        return False
    places = {Path(sys.executable).resolve(), ROOT, *map(Path, sys.path)}
    stdlib = Path(os.__file__).resolve()
    return all(
        folder.stat().st_mode & 0o001
        for place in (*places, stdlib)
        if place.exists()
        for folder in (place.resolve(), *place.resolve().parents)
        if folder.is_dir()
    )


def new_user() -> int:
    """Return the number of a user for a submission of this process; 0 is our own."""
    return _FIRST + os.getpid() if separate() else 0


def end_all_of(user: int) -> None:
    """Kill every process of a submission's user, those that it hid included."""
    for _ in range(20 if user else 0):
        found = running(user)
        for process in found:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        if not found:
            return
        time.sleep(0.05)


def running(user: int) -> list[int]:
    """Return the processes of a user, without those that only wait to be buried."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            state = (process / "stat").read_text().rpartition(")")[2].split()[0]
            if process.stat().st_uid == user and state != "Z":
                found.append(int(process.name))
    return found
