"""Shapes of the arrays that rooms exchange, and the declaration of a parameter."""

from __future__ import annotations

from typing import Any

import equinox as eqx
import jax.numpy as jnp
from jax import Array
from jaxtyping import Float, Int

Scalar = Float[Array, ""]
Energy = Float[Array, "energy"]
Photon = Float[Array, "photon"]
Node = Float[Array, "node"]
Position = Float[Array, "node 3"]
Bits = Int[Array, ""]


def as_parameter(value: Any) -> Array:
    """An inexact array: keeps the dtype of floating input, turns Python numbers into JAX's default float."""
    array = jnp.asarray(value)
    return array if jnp.issubdtype(array.dtype, jnp.inexact) else array.astype(float)


def param(unit: str, doc: str, **kwargs: Any) -> Any:
    """A field that a prior may name: a float array with a unit (as people quote it) and a line of explanation."""
    return eqx.field(converter=as_parameter, metadata={"unit": unit, "doc": doc}, **kwargs)
