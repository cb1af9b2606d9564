"""Shapes of the arrays that rooms exchange, and the declaration of a parameter."""

from __future__ import annotations

import math
from typing import Any

import equinox as eqx
import jax.numpy as jnp
from jax import Array
from jaxtyping import Float, Int

Scalar = Float[Array, ""]
Energy = Float[Array, " energy"]
Photon = Float[Array, " photon"]
Node = Float[Array, " node"]
Position = Float[Array, "node 3"]
Bits = Int[Array, ""]


def as_parameter(value: Any) -> Any:
    """An inexact array: keeps the dtype of floating input, turns Python numbers into JAX's default float."""
    array = jnp.asarray(value)
    return array if jnp.issubdtype(array.dtype, jnp.inexact) else array.astype(float)


def param(unit: str, doc: str, low: float = -math.inf, high: float = math.inf, **kwargs: Any) -> Any:
    """A field that a prior may name: a float array with a unit (as people quote it) and a line of explanation.

    Arguments: unit, doc; low, high — the range [unit] in which the model is meant to hold: a prior may not leave it.
    """
    metadata = {"unit": unit, "doc": doc, "low": low, "high": high}
    return eqx.field(converter=as_parameter, metadata=metadata, **kwargs)
