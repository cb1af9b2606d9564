"""Interpolation on lines of points that may be traced."""

from __future__ import annotations

import jax.numpy as jnp
from jax import Array
from jaxtyping import Float


def monotone_cubic(
    x: Float[Array, " point"], y: Float[Array, " point"], at: Float[Array, "*batch"]
) -> Float[Array, "*batch"]:
    """y at `at`, by cubics that never leave the range of the two points around it, continuous in value and slope.

    Slopes at inner points are the weighted harmonic mean of those on either side, 0 at an extremum; at the ends that
    of the last interval. Beyond the ends the values there. Arguments: x — increasing.
    Source: Fritsch & Butland 1984.
    """
    step = jnp.diff(x)
    rise = jnp.diff(y) / step
    left, right = rise[:-1], rise[1:]
    same = left * right > 0.0
    safe_left, safe_right = jnp.where(same, left, 1.0), jnp.where(same, right, 1.0)
    one, two = 2.0 * step[1:] + step[:-1], step[1:] + 2.0 * step[:-1]
    inner = jnp.where(same, (one + two) / (one / safe_left + two / safe_right), 0.0)
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
