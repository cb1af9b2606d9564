"""Gauss–Legendre panels with their Lagrange basis, and interpolation on Chebyshev nodes."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

Values = float | int | Sequence[Any] | np.ndarray  # what numpy reads as an array of floats


@lru_cache(maxsize=64)
def _gauss_legendre(order: int) -> tuple[np.ndarray, np.ndarray]:
    """Nodes and weights of the Gauss–Legendre rule on [-1, 1]."""
    return np.polynomial.legendre.leggauss(order)


def gauss_intervals(
    low: Values, high: Values, order: int
) -> tuple[Float[np.ndarray, "*interval {order}"], Float[np.ndarray, "*interval {order}"]]:
    """Gauss–Legendre nodes and weights on each interval [low, high], both [..., order]."""
    unit, weight = _gauss_legendre(order)
    low, high = np.broadcast_arrays(np.asarray(low, float), np.asarray(high, float))
    half = 0.5 * (high - low)[..., None]
    return 0.5 * (high + low)[..., None] + half * unit, half * weight


def gauss_panels(breaks: Values, order: int) -> tuple[Float[np.ndarray, " node"], Float[np.ndarray, " node"]]:
    """Nodes and weights of a composite Gauss–Legendre rule, `order` nodes between each two neighbouring breaks.

    Errors: ValueError when there are fewer than two breaks or they do not increase.
    """
    breaks = np.asarray(breaks, float)
    if breaks.ndim != 1 or breaks.size < 2 or not np.all(np.diff(breaks) > 0.0):
        raise ValueError(f"panel breaks {breaks} must be at least two increasing numbers")
    node, weight = gauss_intervals(breaks[:-1], breaks[1:], order)
    return node.ravel(), weight.ravel()


@lru_cache(maxsize=64)
def _legendre_to_lagrange(order: int) -> np.ndarray:
    """Matrix [degree, node] that turns Legendre polynomials into the Lagrange basis of the Gauss–Legendre nodes."""
    node, weight = _gauss_legendre(order)
    degree = np.arange(order)[:, None]
    return (degree + 0.5) * weight * np.polynomial.legendre.legvander(node, order - 1).T


def lagrange_basis(x: Values, order: int) -> Float[np.ndarray, "*point {order}"]:
    """Lagrange basis of the `order` Gauss–Legendre nodes of [-1, 1] at x: the values [..., order].

    L_j(x) = w_j Σ_k (k + 1/2) P_k(x_j) P_k(x), by the discrete orthogonality of the rule; x may be a node.
    """
    return np.polynomial.legendre.legvander(np.asarray(x, float), order - 1) @ _legendre_to_lagrange(order)


def _unit_chebyshev_nodes(n: int) -> np.ndarray:
    return -np.cos(np.pi * (np.arange(n) + 0.5) / n)


def _check_range(low: float, high: float, n: int) -> None:
    if not (np.isfinite(low) and np.isfinite(high) and low < high):
        raise ValueError(f"the interpolation range [{low}, {high}] must be finite and increasing")
    if n < 2:
        raise ValueError(f"{n} Chebyshev nodes cannot interpolate; take at least 2")


def chebyshev_nodes(low: float, high: float, n: int) -> Float[np.ndarray, " {n}"]:
    """The n Chebyshev nodes of the first kind on [low, high], increasing; the ends are not among them.

    Errors: ValueError for an empty range or fewer than two nodes.
    """
    _check_range(low, high, n)
    return 0.5 * (low + high) + 0.5 * (high - low) * _unit_chebyshev_nodes(n)


def chebyshev_weights(x: Float[Array, "*batch"], low: float, high: float, n: int) -> Float[Array, "*batch {n}"]:
    """Weights [..., n] with which values at `chebyshev_nodes(low, high, n)` interpolate to x.

    w_k(x) = (2/n) Σ_m' T_m(x_k) T_m(x), the term m = 0 halved: a constant matrix times polynomials, so that value and
    gradient are finite everywhere, at a node too. Source: discrete orthogonality of T_m (Mason & Handscomb 2003,
    Chebyshev Polynomials, section 6.3).
    Validity: x outside [low, high] is taken as the nearer end, and its gradient is zero.
    Errors: ValueError for an empty range or fewer than two nodes.
    """
    _check_range(low, high, n)
    degree = np.arange(n)[:, None]
    matrix = (2.0 / n) * np.cos(degree * np.arccos(_unit_chebyshev_nodes(n)))
    matrix[0] *= 0.5
    unit = jnp.clip((2.0 * x - (low + high)) / (high - low), -1.0, 1.0)
    polynomial = [jnp.ones_like(unit), unit]
    for _ in range(n - 2):
        polynomial.append(2.0 * unit * polynomial[-1] - polynomial[-2])
    # Full precision: the default product of single-precision matrices on a GPU keeps only 10 bits.
    return jnp.matmul(
        jnp.stack(polynomial, axis=-1), jnp.asarray(matrix, unit.dtype), precision=jax.lax.Precision.HIGHEST
    )
