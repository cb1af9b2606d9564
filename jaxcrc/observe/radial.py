"""Radial nodes on which a round density is known, and the interpolant between them.

Between the nodes the density is the Lagrange interpolant of its panel, in ln r; on the innermost panel [0, r_0] that of
r·n(r) in r, so that a cusp 1/r and a flat centre are both exact. Lengths are in any one unit.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from jaxcrc._types import plain_numbers
from jaxcrc.numerics.quadrature import Values, gauss_panels, lagrange_basis

# 11 nodes on panels of ratio 2.1, and on [0, 1.5 smallest scale], keep a Gaussian and an erfc(r)/r profile to 1e-6.
PANEL_RATIO = 2.1
INNERMOST = 1.5


@dataclass(frozen=True, eq=False)
class RadialNodes:
    """Radii where a density is known [length]: `order` Gauss–Legendre nodes on each panel between two breaks."""

    radius: Float[np.ndarray, " node"]
    breaks: Float[np.ndarray, " edge"]
    order: int


@plain_numbers
def radial_nodes(
    smallest: float, field_radius: float, reach: float = 105.0, breaks: Values = (), per_panel: int = 11
) -> RadialNodes:
    """Nodes for profiles whose scales are `smallest` or longer, seen out to `field_radius` [both length].

    Arguments: reach — outermost radius in field radii: 3.5 times the longest diffusion radius; breaks — radii where the
    density may jump or kink [length]; per_panel — nodes on a panel.
    Validity: a ball of radius R that diffuses by R_d takes breaks R·(0.7, 0.9, 1, 1.1, 1.3) for R_d/R down to 0.02,
    2e-6 of the peak; R alone leaves 2e-4 at R_d/R = 0.1 and 2e-3 at 0.03.
    Errors: ValueError for scales that are not positive, or a break outside the nodes.
    """
    outermost = reach * field_radius
    if not 0.0 < INNERMOST * smallest < outermost < np.inf:
        raise ValueError(
            f"smallest scale {smallest} must be positive and well below reach × field radius = {outermost}"
        )
    fixed = np.unique(np.asarray(breaks, float))
    if fixed.size and not (fixed[0] > 0.0 and fixed[-1] < outermost):
        raise ValueError(f"breaks {fixed.tolist()} must lie between 0 and reach × field radius = {outermost}")
    innermost = min([INNERMOST * smallest, *fixed])
    fixed = np.concatenate([[innermost], fixed[fixed > innermost], [outermost]])
    count = np.ceil(np.log(fixed[1:] / fixed[:-1]) / np.log(PANEL_RATIO) - 1e-9).astype(int)
    graded = [np.geomspace(low, high, n + 1)[1:] for low, high, n in zip(fixed[:-1], fixed[1:], count, strict=True)]
    edges = np.concatenate([[0.0, innermost], *graded])
    inner, _ = gauss_panels(edges[:2], per_panel)
    outer, _ = gauss_panels(np.log(edges[1:]), per_panel)
    return RadialNodes(np.concatenate([inner, np.exp(outer)]), edges, per_panel)


def panel_basis(nodes: RadialNodes, panel: np.ndarray, radius: np.ndarray) -> Float[np.ndarray, "*point order"]:
    """Basis functions of `panel` at `radius`, which lies in it; the two broadcast."""
    low, high, innermost = nodes.breaks[panel], nodes.breaks[panel + 1], panel == 0
    start = np.where(innermost, 0.5 * high, low)
    logarithmic = np.log(radius / start) / np.log(high / start)
    value = lagrange_basis(2.0 * np.where(innermost, radius / high, logarithmic) - 1.0, nodes.order)
    node = nodes.radius.reshape(-1, nodes.order)[panel]
    return value * np.where(innermost[..., None], node / radius[..., None], 1.0)


def basis(nodes: RadialNodes, radius: Values) -> Float[np.ndarray, "point node"]:
    """Weights that interpolate values at the nodes to `radius` [length]; zero beyond the outermost panel.

    Errors: ValueError for a radius that is not positive.
    """
    radius = positive("radius", radius)
    panel = np.searchsorted(nodes.breaks, radius, side="right") - 1
    inside = np.flatnonzero(radius < nodes.breaks[-1])
    weights = np.zeros((radius.size, nodes.breaks.size - 1, nodes.order))
    weights[inside, panel[inside]] = panel_basis(nodes, panel[inside], radius[inside])
    return weights.reshape(radius.size, -1)


def positive(name: str, value: Values) -> np.ndarray:
    """The value as an array of at least one dimension. Errors: ValueError naming it unless all of it is above zero."""
    value = np.atleast_1d(np.asarray(value, float))
    if not np.all(value > 0.0):
        raise ValueError(f"{name} {value.min()} must be positive: a cusp has no finite value at the centre")
    return value
