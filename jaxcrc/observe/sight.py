"""Projection matrices: what lines of sight, annuli and apertures see of a density known at radial nodes.

Each is the exact integral of the interpolant: a matrix [.., node] that multiplies the values at the nodes. With radii
as angles (r/d) a column is per unit distance. Annuli and apertures are differences and edge integrals of one function,
the column enclosed within an impact parameter, which is tabulated once for a set of nodes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from jaxtyping import Float
from scipy.sparse import csr_array

from jaxcrc._types import plain_numbers
from jaxcrc.numerics.quadrature import Values, gauss_intervals, gauss_panels, lagrange_basis
from jaxcrc.observe.circle import Rule
from jaxcrc.observe.psf import PSF, ball_light, box_rule, circle_rule
from jaxcrc.observe.radial import PANEL_RATIO, panel_basis, positive
from jaxcrc.observe.radial import RadialNodes as RadialNodes
from jaxcrc.observe.radial import basis as basis
from jaxcrc.observe.radial import radial_nodes as radial_nodes

_SIGHT_ORDER = 24
_RADIAL_ORDER = 16
_PIECE = 1.5  # longest stretch in u = arccosh(r/b) that one Gauss rule takes on the innermost panel
_TABLE_ORDER = 20
_LEAST_GAS = 1e-10  # share of the gas in an annulus below which the quotient is noise
_TABLE_DECADES = 6  # how far below the innermost panel the table of enclosed columns goes


@plain_numbers
def line_of_sight(nodes: RadialNodes, impact: Values) -> Float[np.ndarray, "impact node"]:
    """Column of the density along the whole line of sight at each impact parameter b [length].

    Σ(b) = ∫ n(√(b² + z²)) dz with z = b sinh u. Arguments: impact — b > 0 [length].
    Errors: ValueError for b ≤ 0, where the column of a cusp diverges.
    """
    impact = positive("impact parameter", impact)
    return _beyond(nodes, impact, lambda b, u: 2.0 * b * np.cosh(u), np.inf)


def enclosed_column(nodes: RadialNodes, impact: Values, outer: float = np.inf) -> Float[np.ndarray, "impact node"]:
    """Integral of the column over the disc of each impact parameter b [length³], of the density inside r < `outer`.

    C(b) = ∫_0^b 2πb'Σ(b') db' = ∫_0^b 4πr² n dr + ∫_b^∞ 4πr² [1 − √(1 − b²/r²)] n dr: sphere within cylinder.
    Arguments: impact — b > 0 [length]; outer — radius where the density is cut off [length].
    Errors: ValueError for b ≤ 0.
    """
    impact = positive("impact parameter", impact)

    def outside_sphere(b: np.ndarray, u: np.ndarray) -> np.ndarray:
        return 4.0 * np.pi * b**3 * np.cosh(u) ** 2 * np.sinh(u) * 2.0 / (1.0 + np.exp(2.0 * u))  # 1 − tanh u

    return _within(nodes, impact, outer) + _beyond(nodes, impact, outside_sphere, outer)


def _beyond(
    nodes: RadialNodes, impact: np.ndarray, kernel: Callable[[np.ndarray, np.ndarray], np.ndarray], outer: float
) -> Float[np.ndarray, "impact node"]:
    """Integral over u of kernel(b, u) times each basis function at r = b cosh u, for r between b and `outer`."""
    b = impact[:, None, None]
    longest = np.arccosh(max(nodes.breaks[1] / impact.min(), 1.0))
    blocks = []
    for panel, pieces in ((np.zeros(1, int), 1 + int(longest / _PIECE)), (np.arange(1, nodes.breaks.size - 1), 1)):
        low = np.maximum(nodes.breaks[panel][:, None], b)
        high = np.maximum(np.minimum(nodes.breaks[panel + 1], outer)[:, None], low)
        start, length = np.arccosh(low / b), np.arccosh(high / b) - np.arccosh(low / b)
        unit, weight = gauss_panels(np.linspace(0.0, 1.0, pieces + 1), _SIGHT_ORDER)
        u = start + length * unit
        value = panel_basis(nodes, panel[:, None], b * np.cosh(u))
        blocks.append(np.einsum("bpq,bpqj->bpj", length * weight * kernel(b, u), value).reshape(impact.size, -1))
    return np.concatenate(blocks, axis=1)


def _within(nodes: RadialNodes, impact: np.ndarray, outer: float) -> Float[np.ndarray, "impact node"]:
    """Integral of 4πr² times each basis function over r < b, r < `outer`."""
    low = nodes.breaks[:-1]
    high = np.clip(np.minimum(impact, outer)[:, None], low, nodes.breaks[1:])
    inner, inner_weight = gauss_intervals(0.0, high[:, :1], _RADIAL_ORDER)
    log_radius, log_weight = gauss_intervals(np.log(low[1:]), np.log(high[:, 1:]), _RADIAL_ORDER)
    radius = np.concatenate([inner, np.exp(log_radius)], axis=1)
    weight = np.concatenate([inner_weight, log_weight * np.exp(log_radius)], axis=1)
    value = panel_basis(nodes, np.arange(low.size)[:, None], radius)
    return np.einsum("bpq,bpqj->bpj", 4.0 * np.pi * radius**2 * weight, value).reshape(impact.size, -1)


@dataclass(frozen=True, eq=False)
class _Table:
    """Mean column within b, C(b)/πb², at Gauss nodes of t in each panel: ln b = ln high − ln(high/low) t².

    In t the column is smooth: the density's panels leave (high − b)^{3/2} below their breaks, and t takes its root.
    """

    breaks: np.ndarray
    mean: np.ndarray  # [panel × order, node]

    def contract(self, rule: Rule, rows: int) -> Float[np.ndarray, "row node"]:
        """Sum of weight × C(distance) over the points of each row."""
        row, distance, weight = rule
        b = np.clip(distance, self.breaks[0], self.breaks[-1])
        panel = np.clip(np.searchsorted(self.breaks, b) - 1, 0, self.breaks.size - 2)
        low, high = self.breaks[panel], self.breaks[panel + 1]
        t = np.sqrt(np.log(high / b) / np.log(high / low))
        value = lagrange_basis(2.0 * t - 1.0, _TABLE_ORDER) * (weight * np.pi * np.minimum(distance, b) ** 2)[:, None]
        panels = self.breaks.size - 1
        group = csr_array((np.ones(row.size), (row * panels + panel, np.arange(row.size))), (rows * panels, row.size))
        return (group @ value).reshape(rows, -1) @ self.mean


@lru_cache(maxsize=8)
def _table(nodes: RadialNodes, outer: float = np.inf) -> _Table:
    innermost, outermost = nodes.breaks[1], min(outer, nodes.breaks[-1])
    lowest = min(innermost, outermost) * 10.0**-_TABLE_DECADES
    graded = np.geomspace(lowest, innermost, 1 + int(np.log(innermost / lowest) / np.log(PANEL_RATIO)))
    breaks = np.unique(np.concatenate([graded, nodes.breaks[1:], [outermost]]))
    breaks = breaks[breaks <= outermost]
    t, _ = gauss_intervals(0.0, 1.0, _TABLE_ORDER)
    b = breaks[1:, None] * (breaks[:-1] / breaks[1:])[:, None] ** t**2
    column = enclosed_column(nodes, b.ravel(), outer)
    return _Table(breaks, column / (np.pi * b.reshape(-1, 1) ** 2))


@plain_numbers
def annulus_means(
    nodes: RadialNodes, r_min: Values, r_max: Values, psf: PSF | None = None, offset: float = 0.0
) -> Float[np.ndarray, "bin node"]:
    """Mean column over each annulus, after the PSF [length × density].

    P = [C(r_max) − C(r_min)] / π(r_max² − r_min²), C the column enclosed within a radius once the PSF has spread it.
    Arguments: r_min, r_max — edges; r_min may be 0 [length]; psf — None for perfect resolution; offset — of their
    centre from the source [length].
    Errors: ValueError for edges that are negative, not increasing or beyond the nodes.
    """
    inner, outer = _edges(nodes, r_min, r_max)
    if not 0.0 <= offset <= nodes.breaks[-1] - outer.max():
        raise ValueError(f"annulus offset {offset} must be ≥ 0 and the annuli within the nodes, {nodes.breaks[-1]}")
    enclosed = _enclosed(_table(nodes), psf, np.concatenate([inner, outer]), offset)
    return (enclosed[inner.size :] - enclosed[: inner.size]) / (np.pi * (outer - inner) * (outer + inner))[:, None]


@plain_numbers
def aperture_mean(
    nodes: RadialNodes, radius: float, offset: float, psf: PSF | None = None
) -> Float[np.ndarray, "1 node"]:
    """Mean column over a circle of `radius` whose centre is `offset` from the source, after the PSF [length × density].

    Errors: ValueError for a radius that is not positive, a negative offset, or a circle beyond the nodes.
    """
    _edges(nodes, 0.0, radius)
    if not 0.0 <= offset <= nodes.breaks[-1] - radius:
        raise ValueError(f"aperture offset {offset} must be ≥ 0 and the circle within the nodes, {nodes.breaks[-1]}")
    table = _table(nodes)
    return table.contract(circle_rule(psf, radius, offset, table.breaks), 1) / (np.pi * radius**2)


@plain_numbers
def box_mean(
    nodes: RadialNodes, box: tuple[float, float, float, float], psf: PSF | None = None
) -> Float[np.ndarray, "1 node"]:
    """Mean column over a box, after the PSF [length × density].

    Arguments: box — left, right, bottom and top as seen from the source, along the box's own axes [length].
    Errors: ValueError for a box without area, or beyond the nodes.
    """
    left, right, bottom, top = map(float, box)
    if not (left < right and bottom < top and np.hypot(max(-left, right), max(-bottom, top)) <= nodes.breaks[-1]):
        raise ValueError(f"box {box} must have left < right, bottom < top and lie within the nodes, {nodes.breaks[-1]}")
    table = _table(nodes)
    return table.contract(box_rule(psf, box, table.breaks), 1) / ((right - left) * (top - bottom))


def annulus_line_averages(
    nodes: RadialNodes, r_min: Values, r_max: Values, gas_radius: float, psf: PSF | None = None
) -> Float[np.ndarray, "bin node"]:
    """Gas-weighted mean density along the sight lines of each annulus, for gas uniform inside `gas_radius` [density].

    ∫∫ n dl dA over ∫∫ dl dA, both inside the sphere and both seen through the PSF: the estimator flux ÷ gas of ring
    analyses. Source: Aharonian, Yang & de Oña Wilhelmi 2019.
    Errors: ValueError as for `annulus_means`, and where an annulus meets no gas.
    """
    inner, outer = _edges(nodes, r_min, r_max)
    if not 0.0 < gas_radius <= nodes.breaks[-1]:
        raise ValueError(f"gas radius {gas_radius} must be positive and within the nodes, {nodes.breaks[-1]}")
    edge = np.concatenate([inner, outer])
    table = _table(nodes, float(gas_radius))
    seen = _enclosed(table, psf, edge)
    row, distance, weight = circle_rule(psf, edge, 0.0, table.breaks)
    gas = np.bincount(row, weight * ball_light(distance / gas_radius), edge.size)
    share = gas[inner.size :] - gas[: inner.size]
    if not np.all(share > _LEAST_GAS):
        raise ValueError(f"annulus from {inner[share <= _LEAST_GAS][0]} meets no gas: the gas ends at {gas_radius}")
    return (seen[inner.size :] - seen[: inner.size]) / (4.0 / 3.0 * np.pi * gas_radius**3 * share[:, None])


def _enclosed(
    table: _Table, psf: PSF | None, radius: np.ndarray, offset: float = 0.0
) -> Float[np.ndarray, "edge node"]:
    """Column within each circle, none for a radius of 0."""
    size = radius[radius > 0.0]
    enclosed = np.zeros((radius.size, table.mean.shape[1]))
    enclosed[radius > 0.0] = table.contract(circle_rule(psf, size, offset, table.breaks), size.size)
    return enclosed


def _edges(nodes: RadialNodes, r_min: Values, r_max: Values) -> tuple[np.ndarray, np.ndarray]:
    inner, outer = np.broadcast_arrays(*np.atleast_1d(np.asarray(r_min, float), np.asarray(r_max, float)))
    lowest = nodes.breaks[1] * 10.0**-_TABLE_DECADES
    for low, high in zip(inner, outer, strict=True):
        if not (0.0 <= low < high <= nodes.breaks[-1]):
            raise ValueError(f"radii [{low}, {high}] must increase from 0 or more to {nodes.breaks[-1]} at most")
        if (low or high) < lowest:
            raise ValueError(f"radius {low or high} is too close to the centre; choose nodes of a smaller scale")
    return inner, outer
