"""Shapes of the arrays that rooms exchange, and the declaration of a parameter."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING
from functools import partial, wraps
from typing import Any, NamedTuple, ParamSpec, TypeAlias, TypeVar

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.core import Tracer
from jax.typing import ArrayLike
from jaxtyping import Float, Int

from jaxcrc.units import Quantity, has_unit, in_unit, is_quantity, to_float

Scalar = Float[Array, ""]
Energy = Float[Array, " energy"]
Photon = Float[Array, " photon"]
Node = Float[Array, " node"]
Position = Float[Array, "node 3"]
Bits = Int[Array, ""]


class Front(NamedTuple):
    """Where something jumps or bends sharply: radii [pc], of each momentum or all, and over how much of them at least.

    A width of None is that of what diffuses from an edge, which nodes that close in on the edge follow; 0 is a step.
    """

    radius: Scalar | Energy
    width: Scalar | None = None


Given: TypeAlias = "ArrayLike | Sequence[float | str | Quantity] | str | Quantity"
"""A number in the declared unit, or anything that says its own unit."""

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")

LARGEST, LARGEST_DEX = 1e12, 60.0
"""Beyond these no number, and no logarithm, means anything in a unit that parameters have; below, nothing overflows."""


def as_parameter(value: ArrayLike) -> Array:
    """An inexact array: keeps the dtype of floating input, turns Python numbers into JAX's default float."""
    array = jnp.asarray(value)
    return array if jnp.issubdtype(array.dtype, jnp.inexact) else array.astype(float)


def plain_numbers(function: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
    """A function of plain numbers, which arrays would take from a quantity without a word about its unit.

    Errors: TypeError where an argument is, or holds, an Astropy quantity.
    """

    @wraps(function)
    def checked(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Result:
        for value in (*args, *kwargs.values()):
            if (found := _quantity_in(value)) is not None:
                what = f"{function.__name__} was given a quantity in '{found.unit}'"
                raise TypeError(
                    f"{what}: give plain numbers in the unit that its documentation names, such as "
                    "quantity.to_value(unit)"
                )
        return function(*args, **kwargs)

    return checked


def _quantity_in(value: object) -> Quantity | None:
    if isinstance(value, Quantity):
        return value
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list | tuple) else ()
    return next((found for part in parts if (found := _quantity_in(part)) is not None), None)


def is_plain(value: object) -> bool:
    """Whether a value is a number, or numbers, without a unit."""
    return not isinstance(value, bool) and not is_quantity(value)


def read(value: Given, about: Mapping[str, Any], logarithm: bool = False, ranged: bool = True) -> Array:
    """A parameter's value as it is kept: in its unit, of a `log10_` its logarithm, inside its range.

    Arguments: value — a number in that unit, or with a unit of its own: "30 kyr", 2000 * u.pc; about — what `facts`
    says; logarithm — whether the number is to be taken the logarithm of, as it is of what has a unit of its own;
    ranged — whether the range counts, as it does not where a prior decides.
    Errors: ValueError for another dimension, and outside the range, where the value is known.
    """
    unit = str(about["unit"])
    inner = unit.removeprefix("dex(").removesuffix(")") if unit.startswith("dex(") else ""
    kept = "" if unit.startswith("dex") or unit == "table unit" else unit
    if is_quantity(value):
        logarithm = logarithm or bool(inner and has_unit(value))
        value = in_unit(value, inner if logarithm else kept)
    elif isinstance(value, bool):
        raise ValueError(f"{value!r} is no number")
    if isinstance(value, Tracer):
        value = jnp.log10(value) if logarithm else value
    elif ranged or logarithm or not isinstance(value, Array):
        # By NumPy: where JAX counts in single precision, 3e49 has a logarithm only before it is JAX's.
        number = np.asarray(value)
        value = number if isinstance(value, Sequence) else value
        if logarithm:
            if not np.all(number > 0.0):
                raise ValueError(f"{about['doc']}: {_shown(number)} must be positive")
            value = number = np.asarray(np.log10(number))
        if ranged:
            check_range(number, about)
    return as_parameter(value)


def check_range(number: np.ndarray, about: Mapping[str, Any]) -> None:
    """Errors: ValueError for a value that is not finite, or outside the range of the model."""
    low, high, unit = about["least"], about["most"], about["unit"]
    if not np.all(np.isfinite(number)):
        raise ValueError(f"{about['doc']}: {_shown(number)} is not a finite number")
    if not np.all((number >= low) & (number <= high)):
        raise ValueError(
            f"{about['doc']}: {_shown(number)} lies outside the range of the model, {low:g} to {high:g} {unit}".rstrip()
        )


def _shown(number: np.ndarray) -> str:
    return f"{float(number):g}" if number.ndim == 0 else str(number)


def largest(unit: str) -> float:
    """Where numbers in a unit end; those in the unit of a table never do."""
    return math.inf if unit == "table unit" else LARGEST_DEX if unit.startswith("dex") else LARGEST


def facts(
    unit: str,
    doc: str,
    low: float = -math.inf,
    high: float = math.inf,
    least: float | None = None,
    most: float | None = None,
) -> dict[str, str | float]:
    """What is known of a parameter: unit, explanation and ranges, as `param` takes them."""
    end = largest(unit)
    ends = {"least": max(low, -end) if least is None else least, "most": min(high, end) if most is None else most}
    return {"unit": unit, "doc": doc, "low": low, "high": high, **ends}


def gate(about: Mapping[str, Any]) -> Callable[[Given], Array]:
    """What all that a parameter is given goes through: `read`."""
    return partial(read, about=about)


def param(unit: str, doc: str, default: Any = MISSING, **ends: float) -> Any:
    """A field that a prior may name: a float array with a unit (as people quote it) and a line of explanation.

    It is given by its name: two logarithms in a row would invite to swap them. Of what has a unit of its own, an
    Astropy quantity or a string, it takes the value in its unit, a `log10_` the logarithm.
    Arguments: unit, doc, default; ends — as `facts` takes them: low, high, the range [unit] in which the model is meant
    to hold, which no prior may leave; least, most, the range that a number given must lie in, within the former and
    finite, so that nothing overflows.
    """
    about = facts(unit, doc, **ends)
    return eqx.field(converter=gate(about), metadata=about, kw_only=True, default=default)


def choice(doc: str, quantity: str | None = None, **kwargs: Any) -> Any:
    """A field that is chosen, not fitted, given by its name.

    Arguments: doc — a line of explanation; quantity — its unit, where it is a number with one.
    """
    metadata = {"doc": doc} | ({} if quantity is None else {"quantity": quantity})
    if quantity is not None:
        kwargs["converter"] = partial(to_float, unit=quantity)
    return eqx.field(static=True, metadata=metadata, kw_only=True, **kwargs)


def switch(name: str, doc: str, default: bool) -> Any:
    """A `choice` between true and false. Errors: ValueError naming it for anything else."""

    def as_switch(value: object) -> bool:
        if not isinstance(value, bool):
            raise ValueError(f"{name} = {value!r}: write true or false")
        return value

    return choice(doc, default=default, converter=as_switch)
