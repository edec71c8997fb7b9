"""Numbers for the scoreboard, each shown where it is measured and beside its limit."""

import html
import math
import re
from dataclasses import asdict, dataclass
from typing import Any

from IPython.display import display

RECORD_MIME = "application/vnd.minigen.record+json"
#: Under this type goes what differs between two equal runs (seconds, speeds): the
#: comparison of two runs skips it, and HTML with it.
VOLATILE_MIME = "application/vnd.minigen.volatile+json"

_GOAL = re.compile(r"\s*(<=|>=)\s*([-+.\deE]+)\s*")


@dataclass(frozen=True)
class Record:
    """One measured number; floor, ceiling and baseline are what to hold it against."""

    name: str
    value: float
    unit: str = ""
    floor: float | None = None
    ceiling: float | None = None
    baseline: float | None = None
    goal: str | None = None
    interval: tuple[float, float] | None = None
    volatile: bool = False

    @property
    def met(self) -> bool | None:
        """Whether the value keeps the goal; None without one."""
        if self.goal is None:
            return None
        sign, bound = parse_goal(self.goal)
        return self.value <= bound if sign == "<=" else self.value >= bound

    def _ipython_display_(self) -> None:
        """Say nothing more at the end of a cell: `record` has shown it."""

    def data(self) -> dict[str, Any]:
        """Return what the scoreboard stores, in nine significant figures.

        Two runs must agree in it, and the last bits of a sum depend on where its terms
        happen to lie in memory.
        """
        stored = {name: _rounded(value) for name, value in asdict(self).items()}
        return stored | {"met": self.met}


def parse_goal(goal: str) -> tuple[str, float]:
    """Read a goal such as "<= 1.1" or ">= 0.97"."""
    match = _GOAL.fullmatch(goal)
    if not match:
        raise ValueError(f'a goal reads like "<= 1.1" or ">= 0.97", not {goal!r}')
    return match[1], float(match[2])


def number(value: float, unit: str = "") -> str:
    """Write a number with three or four significant figures and its unit.

    A share is written with the unit "%" and a value between 0 and 1.
    """
    if unit == "%":
        return f"{100 * value:.1f} %"
    if value == int(value) and abs(value) < 1e6:
        text = f"{int(value):,}"
    else:
        text = f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
    return f"{text} {unit}".strip()


def record(
    name: str,
    value: float,
    *,
    unit: str = "",
    floor: float | None = None,
    ceiling: float | None = None,
    baseline: float | None = None,
    goal: str | None = None,
    interval: tuple[float, float] | None = None,
    volatile: bool = False,
    sentence: str | None = None,
) -> Record:
    """Show a number and put it on the scoreboard.

    Parameters
    ----------
    name: what is measured, in words and unique in the chapter ("test bits/dim").
    unit: "%" (with a value from 0 to 1), "bits/dim", "s", … or "" for a pure number.
    floor, ceiling, baseline: the limits to compare with; at least one is needed.
        A floor is the best that is possible where less is better, a ceiling where more
        is, a baseline what the naive method reaches.
    goal: "<= 1.1" or ">= 0.97" in the value's own scale; missing it fails the build.
    volatile: true for what two equal runs need not share (a duration, a speed).
    sentence: prose around the number, with {value}, {floor}, {ceiling}, {baseline},
        {low} and {high} where the numbers go.
    """
    if floor is None and ceiling is None and baseline is None:
        raise ValueError(
            f"record {name!r} needs something to be compared with: "
            "give floor=, ceiling= or baseline="
        )
    numbers = {
        "value": value, "floor": floor, "ceiling": ceiling, "baseline": baseline,
        "low": interval and interval[0], "high": interval and interval[1],
    }  # fmt: skip
    for what, given in numbers.items():
        if given is not None and not math.isfinite(given):
            raise ValueError(f"record {name!r}: {what} is {given}, not a finite number")
    if goal is not None:
        parse_goal(goal)
    made = Record(
        name,
        float(value),
        unit,
        floor=_optional(floor),
        ceiling=_optional(ceiling),
        baseline=_optional(baseline),
        goal=goal,
        interval=interval and (float(interval[0]), float(interval[1])),
        volatile=volatile,
    )
    text = _sentence(made, sentence, numbers)
    bundle: dict[str, Any] = {
        VOLATILE_MIME if volatile else RECORD_MIME: made.data(),
        "text/html": f'<p class="record">{_emphasised(text)}</p>',
    }
    if not volatile:
        bundle["text/plain"] = text.replace("**", "")
    display(bundle, raw=True)
    return made


def _rounded(value: Any) -> Any:
    if isinstance(value, tuple):
        return tuple(_rounded(one) for one in value)
    return float(f"{value:.9g}") if isinstance(value, float) else value


def _optional(value: float | None) -> float | None:
    return None if value is None else float(value)


def _sentence(made: Record, sentence: str | None, numbers: dict[str, Any]) -> str:
    shown = {
        what: "**" + number(given, made.unit) + "**"
        for what, given in numbers.items()
        if given is not None
    }
    if sentence is not None:
        try:
            return sentence.format(**shown)
        except KeyError as missing:
            raise ValueError(
                f"the sentence of record {made.name!r} asks for {{{missing.args[0]}}}, "
                f"which was not given; it may use {', '.join(sorted(shown))}"
            ) from None
    limits = [f"{what} {shown[what]}" for what in ("floor", "ceiling", "baseline")
              if what in shown]  # fmt: skip
    spread = f" (from {shown['low']} to {shown['high']})" if "low" in shown else ""
    name = made.name[:1].upper() + made.name[1:]
    return f"{name}: {shown['value']}{spread}; {', '.join(limits)}."


def _emphasised(text: str) -> str:
    return re.sub(r"\*\*(.+?)\*\*", r"<strong>\1</strong>", html.escape(text))


def show_volatile(text: str) -> None:
    """Show a line that may differ between two equal runs, such as a duration."""
    display(
        {VOLATILE_MIME: {"text": text},
         "text/html": f'<p class="volatile">{html.escape(text)}</p>'},
        raw=True,
    )  # fmt: skip
