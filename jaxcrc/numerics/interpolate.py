"""Interpolation on lines of points that may be traced."""

from __future__ import annotations

import jax.numpy as jnp
from jax import Array
from jaxtyping import Float


def hermite(x: Float[Array, "point"], y: Float[Array, "point"], at: Float[Array, "*batch"]) -> Float[Array, "*batch"]:
    """y at `at`, by cubics through the points with slopes from the parabola through each three neighbours.

    Continuous in value and slope; beyond the ends the values there. Arguments: x — increasing.
    Source: Catmull & Rom 1974, on uneven points.
    """
    step = jnp.diff(x)
    rise = jnp.diff(y) / step
    inner = (rise[:-1] * step[1:] + rise[1:] * step[:-1]) / (step[1:] + step[:-1])
    slope = jnp.concatenate([rise[:1], inner, rise[-1:]])
    at = jnp.clip(at, x[0], x[-1])
    i = jnp.clip(jnp.searchsorted(x, at, side="right") - 1, 0, x.size - 2)
    h = step[i]
    s = (at - x[i]) / h
    return (
        y[i] * (1.0 + 2.0 * s) * (1.0 - s) ** 2
        + y[i + 1] * s**2 * (3.0 - 2.0 * s)
        + h * (slope[i] * s * (1.0 - s) ** 2 - slope[i + 1] * s**2 * (1.0 - s))
    )
