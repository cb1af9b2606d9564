"""Arguments of the closed-form kernels, kept where values and derivatives stay finite."""

from __future__ import annotations

import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike
from jaxtyping import Bool, Float


def align(*values: ArrayLike) -> list[Array]:
    """The arguments as float arrays of their common dtype; Python numbers take the precision of the arrays."""
    dtype = jnp.result_type(float, *values)
    return [jnp.asarray(value, dtype) for value in values]


def floor(x: Array) -> float:
    """What is told from zero, in any unit of this module: fourth root of the smallest number, 1e-77 or 3e-10."""
    return float(jnp.finfo(x.dtype).tiny) ** 0.25


def within(radius: Array) -> Array:
    """The radius, held where its square over R_d² cannot overflow: the density is zero long before."""
    return jnp.minimum(radius, 1.0 / floor(radius))


def squared(time: Array, kappa: Array) -> tuple[Bool[Array, "..."], Float[Array, "..."]]:
    """Whether nothing has been released yet, and R_d² = 4κt [pc²] with that case, underflow and overflow taken out."""
    square = 4.0 * kappa * time
    idle, least = square <= 0.0, floor(square)
    return idle, jnp.where(idle, 1.0, jnp.clip(square, least, least**-2))
