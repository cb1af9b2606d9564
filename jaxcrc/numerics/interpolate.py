"""Interpolation on lines of points that may be traced."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
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


def even_cubic(
    values: Float[Array, "row point"], low: float, high: float, at: Float[Array, " place"]
) -> Float[Array, "row place"]:
    """Rows of values at even points from low to high, at places that all rows share: cubics, continuous in slope.

    Slopes are those of the parabola through four neighbours, and flat near the ends, where the values should be.
    Places beyond the ends take the value there. Error: h⁴/384 of the fourth derivative.
    """
    last = values.shape[1] - 1
    step = (high - low) / last
    inner = (8.0 * (values[:, 3:-1] - values[:, 1:-3]) - (values[:, 4:] - values[:, :-4])) / 12.0
    slope = jnp.pad(inner, ((0, 0), (2, 2)))
    place = jnp.clip((at - low) / step, 0.0, last)
    i = jnp.minimum(place.astype(int), last - 1)
    s = place - i
    return (
        values[:, i] * (1.0 + 2.0 * s) * (1.0 - s) ** 2
        + values[:, i + 1] * s**2 * (3.0 - 2.0 * s)
        + slope[:, i] * s * (1.0 - s) ** 2
        - slope[:, i + 1] * s**2 * (1.0 - s)
    )


def spline_coefficients(values: Float[np.ndarray, "point ..."]) -> Float[np.ndarray, "coefficient ..."]:
    """Coefficients of the cubic B-spline through values at evenly spaced points, flat at both ends: 2 more than those.

    Made on the host. Source: de Boor 1978, A Practical Guide to Splines.
    """
    size = len(values)
    matrix, ends = np.zeros((size + 2, size + 2)), (0, size + 1)
    for k, share in enumerate((1.0, 4.0, 1.0)):
        matrix[np.arange(1, size + 1), np.arange(size) + k] = share / 6.0
    matrix[ends, (0, size - 1)], matrix[ends, (2, size + 1)] = -1.0, 1.0
    padded = np.concatenate([np.zeros_like(values[:1]), values, np.zeros_like(values[:1])])
    return np.linalg.solve(matrix, padded.reshape(size + 2, -1)).reshape(padded.shape)


def spline_weights(x: Float[Array, "*batch"], low: float, high: float, n: int) -> Float[Array, "*batch coefficient"]:
    """Weights [..., n + 2] with which `spline_coefficients` of n values from low to high interpolate to x.

    Twice continuously differentiable. Validity: x outside [low, high] is taken as the nearer end.
    """
    step = (high - low) / (n - 1)
    place = (jnp.clip(x, low, high) - low) / step
    away = jnp.abs(place[..., None] - (jnp.arange(n + 2, dtype=place.dtype) - 1.0))
    near = 4.0 - 6.0 * away**2 + 3.0 * away**3
    return jnp.where(away < 1.0, near, jnp.maximum(2.0 - away, 0.0) ** 3) / 6.0
