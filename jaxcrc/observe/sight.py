"""Projection matrices: what lines of sight, annuli and apertures see of a density known at radial nodes.

Each is the exact integral of the interpolant: a matrix [.., node] that multiplies the values at the nodes. With radii
as angles (r/d) a column is per unit distance. Annuli and apertures are differences and edge integrals of one function,
the column enclosed within a distance from the source on the sky, which is tabulated once for a set of nodes.

Rays start at the observer, who is at `distance` from the source: what lies behind the observer is not seen, areas are
those of the sky (times d²), and radii on it are arcs, angle × distance. Where nodes are angles, `distance` is 1 and a
matrix holds for any distance. An infinite distance is the plane of parallel rays.
Validity: up to 60 deg from the source.
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
from jaxcrc.observe.globe import FARTHEST, Globe
from jaxcrc.observe.psf import PSF, circle_rule, polygon_rule
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
def line_of_sight(nodes: RadialNodes, impact: Values, distance: float = np.inf) -> Float[np.ndarray, "impact node"]:
    """Column of the density along the whole line of sight at each impact parameter b [length].

    Σ(b) = ∫ n(√(b² + z²)) dz with z = b sinh u, from the observer on, where r = d.
    Arguments: impact — 0 < b < d [length]; distance — d of the source [length].
    Errors: ValueError for b ≤ 0, where the column of a cusp diverges, or b ≥ d.
    """
    impact = positive("impact parameter", impact)
    if not np.all(impact < distance):
        raise ValueError(f"impact parameter {impact.max()} must be below the distance of the source, {distance}")
    return _both_halves(lambda outer: _beyond(nodes, impact, lambda b, u: b * np.cosh(u), outer), nodes, distance)


def enclosed_column(
    nodes: RadialNodes, radius: Values, outer: float = np.inf, distance: float = np.inf
) -> Float[np.ndarray, "radius node"]:
    """Integral of the column over the sky within each radius [length³], of the density inside r < `outer`.

    Each half of a ray that meets a sphere r gives C = ∫ 2πrd ln[(d + r)/(d cos θ + √(r² − b²))] n dr, b = d sin θ, and
    C = ∫ 2πrd artanh(r/d) n dr where r < b. For d → ∞ that is 2πr² [1 − √(1 − b²/r²)]: sphere within cylinder.
    Arguments: radius — arcs > 0 on the sky [length]; outer — where the density is cut off [length]; distance — d of the
    source [length].
    Errors: ValueError for a radius ≤ 0, or a right angle and more.
    """
    radius = positive("radius", radius)
    if not np.all(radius < 0.5 * np.pi * distance):
        raise ValueError(f"radius {radius.max()} must be below a right angle, {0.5 * np.pi * distance}")
    globe = Globe(distance)
    impact, cosine = globe.impact(radius), globe.cosine(radius)[:, None, None]
    lag = 0.5 * globe.chord(radius)[:, None, None] ** 2

    def outside(b: np.ndarray, u: np.ndarray) -> np.ndarray:
        if np.isinf(distance):
            return 2.0 * np.pi * b**3 * np.cosh(u) ** 2 * np.sinh(u) * 2.0 / (1.0 + np.exp(2.0 * u))  # 1 − tanh u
        excess = np.log1p((lag / distance + b * np.exp(-u)) / (distance * cosine + b * np.sinh(u)))
        return 2.0 * np.pi * distance * b**2 * np.cosh(u) * np.sinh(u) * excess

    def inside(r: np.ndarray) -> np.ndarray:
        share = r / distance
        return 2.0 * np.pi * r**2 * np.where(share > 1e-6, np.arctanh(share) / np.maximum(share, 1e-6), 1.0)

    def half(end: float) -> np.ndarray:
        return _within(nodes, impact, end, inside) + _beyond(nodes, impact, outside, end)

    return _both_halves(half, nodes, distance, outer)


def _both_halves(
    half: Callable[[float], np.ndarray], nodes: RadialNodes, distance: float, outer: float = np.inf
) -> np.ndarray:
    """What lies behind the source and before it, of a density that ends at `outer`: before it, rays end at us."""
    outer = min(outer, float(nodes.breaks[-1]))
    behind = half(outer)
    return behind + (behind if distance >= outer else half(distance))


def _beyond(
    nodes: RadialNodes, impact: np.ndarray, kernel: Callable[[np.ndarray, np.ndarray], np.ndarray], outer: float
) -> Float[np.ndarray, "impact node"]:
    """Integral over u of kernel(b, u) times each basis function at r = b cosh u, for r between b and `outer`."""
    b = impact[:, None, None]
    longest = np.arccosh(max(min(nodes.breaks[1], outer) / impact.min(), 1.0))
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


def _within(
    nodes: RadialNodes, impact: np.ndarray, outer: float, kernel: Callable[[np.ndarray], np.ndarray]
) -> Float[np.ndarray, "impact node"]:
    """Integral of kernel(r) times each basis function over r < b, r < `outer`."""
    low = nodes.breaks[:-1]
    high = np.clip(np.minimum(impact, outer)[:, None], low, nodes.breaks[1:])
    inner, inner_weight = gauss_intervals(0.0, high[:, :1], _RADIAL_ORDER)
    log_radius, log_weight = gauss_intervals(np.log(low[1:]), np.log(high[:, 1:]), _RADIAL_ORDER)
    radius = np.concatenate([inner, np.exp(log_radius)], axis=1)
    weight = np.concatenate([inner_weight, log_weight * np.exp(log_radius)], axis=1)
    value = panel_basis(nodes, np.arange(low.size)[:, None], radius)
    seen = np.where(weight > 0.0, kernel(np.minimum(radius, impact[:, None, None])), 0.0)
    return np.einsum("bpq,bpqj->bpj", seen * weight, value).reshape(impact.size, -1)


@dataclass(frozen=True, eq=False)
class _Table:
    """Mean column within b, C(b)/πb², at Gauss nodes of t in each panel: ln b = ln high − ln(high/low) t².

    In t the column is smooth: the density's panels leave (high − b)^{3/2} below their breaks, and t takes its root.
    Lengths b are arcs on the globe.
    """

    breaks: np.ndarray
    mean: np.ndarray  # [panel × order, node]
    globe: Globe

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
def _table(nodes: RadialNodes, distance: float, outer: float = np.inf) -> _Table:
    globe = Globe(distance)
    innermost, outermost = nodes.breaks[1], min(outer, nodes.breaks[-1])
    lowest = min(innermost, outermost, distance) * 10.0**-_TABLE_DECADES
    graded = np.geomspace(lowest, innermost, 1 + int(np.log(innermost / lowest) / np.log(PANEL_RATIO)))
    radii = np.concatenate([graded, nodes.breaks[1:], [outermost]])
    breaks = np.unique(globe.arc(radii[radii <= outermost]))
    t, _ = gauss_intervals(0.0, 1.0, _TABLE_ORDER)
    b = breaks[1:, None] * (breaks[:-1] / breaks[1:])[:, None] ** t**2
    column = enclosed_column(nodes, b.ravel(), outer, distance)
    return _Table(breaks, column / (np.pi * b.reshape(-1, 1) ** 2), globe)


@plain_numbers
def annulus_means(
    nodes: RadialNodes,
    r_min: Values,
    r_max: Values,
    psf: PSF | None = None,
    offset: float = 0.0,
    distance: float = np.inf,
) -> Float[np.ndarray, "bin node"]:
    """Mean column over each annulus, after the PSF [length × density].

    P = [C(r_max) − C(r_min)] / 2πd²[cos θ_min − cos θ_max], C the column enclosed within a radius once the PSF has
    spread it, θ = r/d.
    Arguments: r_min, r_max — edges; r_min may be 0 [length]; psf — None for perfect resolution; offset — of their
    centre from the source [length]; distance — of the source [length].
    Errors: ValueError for edges that are negative, not increasing or beyond the nodes or 60 deg.
    """
    inner, outer = _edges(nodes, r_min, r_max, distance)
    _check_reach(nodes, "annulus", offset, float(outer.max()), distance)
    enclosed = _enclosed(_table(nodes, distance), psf, np.concatenate([inner, outer]), offset)
    return (enclosed[inner.size :] - enclosed[: inner.size]) / Globe(distance).ring(inner, outer)[:, None]


@plain_numbers
def aperture_mean(
    nodes: RadialNodes, radius: float, offset: float, psf: PSF | None = None, distance: float = np.inf
) -> Float[np.ndarray, "1 node"]:
    """Mean column over a circle of `radius` whose centre is `offset` from the source, after the PSF [length × density].

    Errors: ValueError for a radius that is not positive, a negative offset, or a circle beyond the nodes or 60 deg.
    """
    _edges(nodes, 0.0, radius, distance)
    _check_reach(nodes, "aperture", offset, radius, distance)
    table = _table(nodes, distance)
    rule = circle_rule(psf, radius, offset, table.breaks, table.globe)
    return table.contract(rule, 1) / table.globe.ring(0.0, radius)


@plain_numbers
def box_mean(
    nodes: RadialNodes, box: tuple[float, float, float, float], psf: PSF | None = None
) -> Float[np.ndarray, "1 node"]:
    """Mean column over a box in the plane of parallel rays, after the PSF [length × density].

    Arguments: box — left, right, bottom and top as seen from the source, along the box's own axes [length].
    Errors: ValueError for a box without area, or beyond the nodes.
    """
    left, right, bottom, top = map(float, box)
    if not (left < right and bottom < top and np.hypot(max(-left, right), max(-bottom, top)) <= nodes.breaks[-1]):
        raise ValueError(f"box {box} must have left < right, bottom < top and lie within the nodes, {nodes.breaks[-1]}")
    corners = np.array([(left, bottom), (right, bottom), (right, top), (left, top)])
    return polygon_mean(nodes, corners, (right - left) * (top - bottom), psf)


def polygon_mean(
    nodes: RadialNodes,
    corners: Float[np.ndarray, "corner 2"],
    area: float,
    psf: PSF | None = None,
    distance: float = np.inf,
) -> Float[np.ndarray, "1 node"]:
    """Mean column over what great circles enclose, after the PSF [length × density].

    Arguments: corners — as seen from the source, counter-clockwise on the map where great circles are straight lines,
    d tan(r/d) [length]; area — on the sky [length²]; distance — of the source [length].
    """
    table = _table(nodes, distance)
    return table.contract(polygon_rule(psf, corners, table.breaks, table.globe), 1) / area


def annulus_line_averages(
    nodes: RadialNodes,
    r_min: Values,
    r_max: Values,
    gas_radius: float,
    psf: PSF | None = None,
    distance: float = np.inf,
) -> Float[np.ndarray, "bin node"]:
    """Gas-weighted mean density along the sight lines of each annulus, for gas uniform inside `gas_radius` [density].

    ∫∫ n dl dA over ∫∫ dl dA, both inside the sphere and both seen through the PSF: the estimator flux ÷ gas of ring
    analyses. Arguments: gas_radius — of the gas on the sky [length].
    Source: Aharonian, Yang & de Oña Wilhelmi 2019.
    Errors: ValueError as for `annulus_means`, and where an annulus meets no gas.
    """
    inner, outer = _edges(nodes, r_min, r_max, distance)
    if not 0.0 < gas_radius <= min(nodes.breaks[-1], FARTHEST * distance):
        raise ValueError(f"gas radius {gas_radius} must be positive and within the nodes, {nodes.breaks[-1]}")
    sphere = float(Globe(distance).impact(gas_radius))
    seen = _enclosed(_table(nodes, distance, sphere), psf, np.concatenate([inner, outer]))
    seen = seen[inner.size :] - seen[: inner.size]
    gas = seen.sum(axis=1)
    share = gas / (4.0 / 3.0 * np.pi * sphere**3)
    if not np.all(share > _LEAST_GAS):
        raise ValueError(f"annulus from {inner[share <= _LEAST_GAS][0]} meets no gas: the gas ends at {gas_radius}")
    return seen / gas[:, None]


def _enclosed(
    table: _Table, psf: PSF | None, radius: np.ndarray, offset: float = 0.0
) -> Float[np.ndarray, "edge node"]:
    """Column within each circle, none for a radius of 0."""
    size = radius[radius > 0.0]
    enclosed = np.zeros((radius.size, table.mean.shape[1]))
    rule = circle_rule(psf, size, offset, table.breaks, table.globe)
    enclosed[radius > 0.0] = table.contract(rule, size.size)
    return enclosed


def _check_reach(nodes: RadialNodes, what: str, offset: float, radius: float, distance: float) -> None:
    end = min(float(nodes.breaks[-1]), FARTHEST * distance)
    if not 0.0 <= offset <= end - radius:
        raise ValueError(f"{what} offset {offset} must be ≥ 0 and all of it within the nodes and 60 deg, {end}")


def _edges(nodes: RadialNodes, r_min: Values, r_max: Values, distance: float) -> tuple[np.ndarray, np.ndarray]:
    inner, outer = np.broadcast_arrays(*np.atleast_1d(np.asarray(r_min, float), np.asarray(r_max, float)))
    lowest, end = nodes.breaks[1] * 10.0**-_TABLE_DECADES, min(float(nodes.breaks[-1]), FARTHEST * distance)
    for low, high in zip(inner, outer, strict=True):
        if not (0.0 <= low < high <= end):
            raise ValueError(f"radii [{low}, {high}] must increase from 0 or more to {end} at most")
        if (low or high) < lowest:
            raise ValueError(f"radius {low or high} is too close to the centre; choose nodes of a smaller scale")
    return inner, outer
