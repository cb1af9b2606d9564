"""Words and numbers as people write them, and files that appear whole or not at all."""

from __future__ import annotations

import difflib
import math
import os
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

PART = ".part"
RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
UNKNOWN, MINUS = "unknown", "−"
ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|.)?")
UNSEEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")


class Caution(UserWarning):
    """A warning for whoever fits, not for whoever programs: the command line shows it as a sentence."""


def suggest(word: object, known: Iterable[str]) -> str:
    """'did you mean 'x'?' for the nearest known name, or the list of what is known."""
    names = list(known)
    close = difflib.get_close_matches(str(word), names, n=1, cutoff=0.5)
    return f"did you mean '{close[0]}'?" if close else f"known: {', '.join(names)}"


def listed(names: Iterable[str]) -> str:
    """'a, b and c'."""
    *most, last = names
    return f"{', '.join(most)} and {last}" if most else last


def plain(text: object) -> str:
    """Text as it may be shown anywhere: without what would steer a terminal or hide a part of it (escape sequences,
    control characters, marks of direction). Line breaks and tabs stay."""
    return UNSEEN.sub("", ESCAPES.sub("", str(text)))


def sentence(text: object, longest: int = 600) -> str:
    """Plain text in one line, with its middle left out where it is very long."""
    line = " ".join(plain(text).split())
    return line if len(line) <= longest else f"{line[: longest // 2]} […] {line[-longest // 2 :]}"


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """A place to write to: it becomes `path` when all is written, and vanishes where an error comes between."""
    part = part_of(path)
    try:
        yield part
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def part_of(path: Path) -> Path:
    """Where a file is written before it becomes `path`."""
    return path.with_name(f".{path.name}.{os.getpid()}{PART}")


def energy(value: float) -> str:
    """An energy given in GeV, in the unit that keeps it short."""
    if not math.isfinite(value):
        return "infinity"
    scale, unit = next((s, u) for s, u in ((1e6, "PeV"), (1e3, "TeV"), (1.0, "GeV"), (0.0, "MeV")) if value >= s)
    return f"{value / (scale or 1e-3):.3g} {unit}"


def number(value: float, digits: int = 3) -> str:
    """A number with a power of ten where it is far from one, or 'unknown' for NaN."""
    if not math.isfinite(value):
        return UNKNOWN
    if value == 0.0 or 1e-3 <= abs(value) < 1e5:
        form = ".0f" if abs(value) >= 10.0**digits else f".{digits}g"
        return f"{value:{form}}".replace("-", MINUS)
    exponent = math.floor(math.log10(abs(value)))
    return f"{value / 10.0**exponent:.{digits - 1}f} × 10{str(exponent).translate(RAISED)}".replace("-", MINUS)


def short(value: float) -> str:
    """A number in few characters, for narrow columns."""
    if not math.isfinite(value):
        return UNKNOWN
    mantissa, _, exponent = f"{value:.3g}".partition("e")
    return (f"{mantissa}e{int(exponent)}" if exponent else mantissa).replace("-", MINUS)


def interval(low: float, high: float) -> str:
    """Two ends of an interval, with a common power of ten where they share one."""
    if not (math.isfinite(low) and math.isfinite(high)):
        return UNKNOWN
    exponent = math.floor(math.log10(max(abs(low), abs(high), 1e-300)))
    if -3 <= exponent < 5 or min(abs(low), abs(high)) < 0.01 * 10.0**exponent:
        return f"{number(low)} to {number(high)}"
    scale = 10.0**exponent
    return f"({low / scale:.2g} to {high / scale:.2g}) × 10{str(exponent).translate(RAISED)}"


def with_error(value: float, error: float) -> str:
    """value ± error, rounded to two digits of the error."""
    if not (math.isfinite(value) and math.isfinite(error) and error > 0.0):
        return number(value)
    places = max(0, 1 - math.floor(math.log10(error)))
    return f"{value:.{places}f} ± {error:.{places}f}".replace("-", MINUS)


def percent(fraction: float) -> str:
    """A fraction as a percentage that never rounds to 0 or 100 unless it is."""
    if math.isnan(fraction):
        return UNKNOWN
    if 0.0 < fraction < 0.001:
        return "less than 0.1 %"
    if 0.999 < fraction < 1.0:
        return "more than 99.9 %"
    return f"{100.0 * fraction:.3g} %"
