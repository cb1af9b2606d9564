"""Smooth positive functions as tables: ln f, a polynomial of ln x on each of many panels."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jaxtyping import Float

from jaxcrc.numerics.quadrature import _unit_chebyshev_nodes


class Lookup(NamedTuple):
    """Chebyshev coefficients of ln f on even panels of ln x."""

    low: float
    width: float  # of a panel
    coefficient: Float[np.ndarray, "panel degree"]


def tabulate(function: Callable[[np.ndarray], np.ndarray], low: float, high: float, panels: int, order: int) -> Lookup:
    """The table of a function from x = low to high, `order` values on each panel; made on the host."""
    start, width = np.log(low), (np.log(high) - np.log(low)) / panels
    unit = _unit_chebyshev_nodes(order)
    node = start + width * (np.arange(panels)[:, None] + 0.5 * (1.0 + unit))
    value = np.log(function(np.exp(node).ravel())).reshape(node.shape)
    degree = np.arange(order)
    transform = (2.0 - (degree == 0)) / order * np.cos(degree * np.arccos(unit)[:, None])
    return Lookup(float(start), float(width), value @ transform)


@jax.jit
def look_up(table: Lookup, x: Float[Array, "*batch"]) -> Float[Array, "*batch"]:
    """f(x), in the dtype of x. Validity: beyond the table's ends f keeps the value of the end."""
    panels, order = table.coefficient.shape
    place = jnp.clip((jnp.log(x) - table.low) / table.width, 0.0, panels)
    panel = jnp.minimum(place.astype(int), panels - 1)
    unit = 2.0 * (place - panel) - 1.0
    rows = jnp.asarray(table.coefficient.T, x.dtype)[:, panel]
    last, before = jnp.zeros_like(unit), jnp.zeros_like(unit)
    for degree in range(order - 1, 0, -1):
        last, before = rows[degree] + 2.0 * unit * last - before, last
    return jnp.exp(rows[0] + unit * last - before)
