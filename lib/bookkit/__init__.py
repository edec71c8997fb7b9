"""What turns chapters into a site, student notebooks, slides and a scoreboard."""

import functools
import sys
from collections.abc import Callable
from typing import ParamSpec

_Given = ParamSpec("_Given")


class BookError(Exception):
    """A failure that the reader of the terminal can act on: one clear sentence."""


def one_sentence(main: Callable[_Given, int]) -> Callable[_Given, int]:
    """Let a command that fails say why in one sentence, and return 1.

    A mistake in the book's own code keeps its traceback.
    """

    @functools.wraps(main)
    def command(*arguments: _Given.args, **named: _Given.kwargs) -> int:
        try:
            return main(*arguments, **named)
        except (BookError, OSError) as error:
            print(f"error: {error}", file=sys.stderr)
            return 1

    return command
