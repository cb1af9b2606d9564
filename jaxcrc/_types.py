"""Shapes of the arrays that rooms exchange, and the declaration of a parameter."""

import math
from typing import Any

import equinox as eqx
import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike
from jaxtyping import Float, Int

Scalar = Float[Array, ""]
Energy = Float[Array, " energy"]
Photon = Float[Array, " photon"]
Node = Float[Array, " node"]
Position = Float[Array, "node 3"]
Bits = Int[Array, ""]


def as_parameter(value: ArrayLike) -> Array:
    """An inexact array: keeps the dtype of floating input, turns Python numbers into JAX's default float."""
    array = jnp.asarray(value)
    return array if jnp.issubdtype(array.dtype, jnp.inexact) else array.astype(float)


def facts(unit: str, doc: str, low: float = -math.inf, high: float = math.inf) -> dict[str, str | float]:
    """What is known of a parameter: unit, explanation and range, as `param` takes them."""
    return {"unit": unit, "doc": doc, "low": low, "high": high}


def param(unit: str, doc: str, low: float = -math.inf, high: float = math.inf, **kwargs: Any) -> Any:
    """A field that a prior may name: a float array with a unit (as people quote it) and a line of explanation.

    It is given by its name: two logarithms in a row would invite to swap them.
    Arguments: unit, doc; low, high — the range [unit] in which the model is meant to hold: a prior may not leave it.
    """
    return eqx.field(converter=as_parameter, metadata=facts(unit, doc, low, high), kw_only=True, **kwargs)


def choice(doc: str, quantity: str | None = None, **kwargs: Any) -> Any:
    """A field that is chosen, not fitted, given by its name.

    Arguments: doc — a line of explanation; quantity — its unit, where it is a number with one.
    """
    metadata = {"doc": doc} | ({} if quantity is None else {"quantity": quantity})
    return eqx.field(static=True, metadata=metadata, kw_only=True, **kwargs)


def switch(name: str, doc: str, default: bool) -> Any:
    """A `choice` between true and false. Errors: ValueError naming it for anything else."""

    def as_switch(value: object) -> bool:
        if not isinstance(value, bool):
            raise ValueError(f"{name} = {value!r}: write true or false")
        return value

    return choice(doc, default=default, converter=as_switch)
