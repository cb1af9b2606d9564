"""The one gate of what has a unit in tables, regions and options: numbers, texts and quantities to plain numbers.

A dataclass sends its fields through their gates in `pass_gates`, when it is made.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import partial
from numbers import Integral, Real
from typing import Any, NamedTuple, TypeVar

import numpy as np
from astropy.units import UnitBase

from fitting.tables.sphere import Vector
from jaxcrc.units import Quantity, in_unit, is_quantity, to_float

Gate = Callable[[Any], Any]
Made = TypeVar("Made")
PSF_WIDTH = {"gaussian": "sigma", "tophat": "radius"}
"""The shapes of a point-spread function, and what their widths are called."""


class Span(NamedTuple):
    """A unit, and between what numbers in it lie: from `low` on, or `above` it."""

    unit: str
    low: float = -math.inf
    high: float = math.inf
    above: bool = False

    def words(self) -> str:
        """The range as people read it."""
        first = f"{'above' if self.above else 'from'} {self.low:g}" if math.isfinite(self.low) else ""
        last = f"to {self.high:g}" if math.isfinite(self.high) else ""
        return " ".join(part for part in (first, last, self.unit) if part)


ANGLE = Span("deg", 0.0, 180.0, above=True)
TURN = Span("deg", -360.0, 360.0)
DISTANCE = Span("kpc", 0.0, 1e8, above=True)


def gated(gates: Mapping[str, Gate]) -> Callable[[type[Made]], type[Made]]:
    """A decorator of a dataclass that passes gates: whatever checks annotations lets its fields reach them."""

    def decorate(cls: type[Made]) -> type[Made]:
        annotations = vars(cls)["__init__"].__annotations__
        annotations.update(dict.fromkeys(gates.keys() & annotations.keys(), Any))
        return cls

    return decorate


def pass_gates(thing: Any, gates: Mapping[str, Gate], error: Callable[[str, str], ValueError]) -> None:
    """Send the fields of a frozen dataclass that it has, and that are given, through their gates.

    Errors: `error`, of the field's name and what is wrong.
    """
    for name, gate in gates.items():
        if (value := getattr(thing, name, None)) is not None:
            try:
                object.__setattr__(thing, name, gate(value))
            except (TypeError, ValueError) as problem:
                raise error(name, str(problem)) from None


def one(span: Span) -> Gate:
    """A gate of one number."""
    return partial(_one, span=span)


def _one(value: Any, span: Span) -> float:
    if not isinstance(value, Real | str | Quantity) and np.ndim(value):
        raise ValueError(f"{value!r} is not one number; give one {span.words()}".rstrip())
    number = to_float(value if isinstance(value, Real | str | Quantity) else np.asarray(value).item(), span.unit)
    if not (number > span.low if span.above else number >= span.low) or not number <= span.high or math.isinf(number):
        raise ValueError(f"{value!r} is out of range; give a finite number {span.words()}".rstrip())
    return number


def many(unit: str | UnitBase) -> Gate:
    """A gate of arrays: the checks of a table say what is wrong with their numbers."""
    return lambda value: in_unit(value, unit) if is_quantity(value) else np.asarray(value, float)


def whole(low: int, high: int) -> Gate:
    """A gate of a whole number."""
    return partial(_whole, low=low, high=high)


def _whole(value: Any, low: int, high: int) -> int:
    if isinstance(value, bool) or not isinstance(value, Integral) or not low <= int(value) <= high:
        raise ValueError(f"{value!r} is out of range; give a whole number from {low} to {high}")
    return int(value)


def word(value: Any) -> str:
    """A name."""
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is no name; give a text")
    return value


def words(value: Any) -> tuple[str, ...]:
    """Several names."""
    if isinstance(value, str) or not isinstance(value, list | tuple):
        raise ValueError(f"{value!r} is no list of names; give one, such as ('{value}',)")
    return tuple(map(word, value))


def named(gate: Gate) -> Gate:
    """A gate of what has names: {name: value}."""
    return partial(_named, gate=gate)


def _named(value: Any, gate: Gate) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise ValueError(f"{value!r} is no dictionary; give {{name: value}}")
    found = {}
    for name, part in value.items():
        try:
            found[name] = gate(part)
        except (TypeError, ValueError) as problem:
            raise ValueError(f"{name}: {problem}") from None
    return found


def position(value: Any) -> Vector:
    """A position on the sky (RA, Dec) [deg]."""
    ra, dec = _pair(value, "a position (RA, Dec) [deg]")
    return _one(ra, Span("deg", 0.0, 360.0)), _one(dec, Span("deg", -90.0, 90.0))


def rising(value: Any) -> Vector:
    """Two plain numbers, the lowest first."""
    low, high = (_one(end, Span("")) for end in _pair(value, "two numbers"))
    if low > high:
        raise ValueError(f"{low:g} is above {high:g}; give the lowest first")
    return low, high


def _pair(value: Any, what: str) -> tuple[Any, Any]:
    if isinstance(value, str) or not np.iterable(value) or len(pair := list(value)) != 2:
        raise ValueError(f"{value!r} is not {what}; give such a pair")
    return pair[0], pair[1]


def psf(value: Any) -> tuple[tuple[str, float], ...]:
    """Point-spread functions, (shape, width [deg]) for each energy."""
    if isinstance(value, str) or not np.iterable(value):
        value = (value,)
    return tuple(_psf(entry) for entry in value)


def _psf(entry: Any) -> tuple[str, float]:
    shape, width = _pair(entry, "a shape and a width [deg], such as ('gaussian', 0.1), for each energy")
    if not isinstance(shape, str) or shape not in PSF_WIDTH:
        raise ValueError(f"unknown shape {shape!r}; give one of {', '.join(PSF_WIDTH)}")
    return shape, _one(width, ANGLE)


REGION: dict[str, Gate] = {
    "centre": position,
    "r_min": many("deg"),
    "r_max": many("deg"),
    **dict.fromkeys(("radius", "width", "height"), one(ANGLE)),
    "angle": one(TURN),
}
"""What the fields of regions go through."""
