"""What a circle holds of a round source, as sums over the light enclosed around the source.

Everything rests on one identity. Let C(b) be the light of a round source inside a circle of radius b around it, before
the PSF. After the PSF, a centred circle of radius B holds ∫ p(b; B) C(b) db, where p = −∂E/∂b and E(B; b) is the
fraction of a point at distance b that lands inside B (partial integration of ∫ E dC). And a circle off the centre holds
∮ C(b) dφ / 2π along its edge, φ being the position angle seen from the source (Green's theorem), as does a box. On the
sphere the same holds, radii and distances being arcs; a PSF is narrow, and spread over the plane that touches it.

A rule is (row, distance, weight): circle i holds Σ weight × C(distance) over the points whose row is i.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Int
from scipy.special import i1e

from jaxcrc.numerics.quadrature import gauss_intervals
from jaxcrc.observe.globe import Globe

Rule = tuple[Int[np.ndarray, " point"], Float[np.ndarray, " point"], Float[np.ndarray, " point"]]

WINDOW = 9.0  # a Gaussian is cut at this many sigma: 3e-18
ORDER = 12
_HALVINGS = 40
_PLANE = Globe()


def gaussian_edge(sigma: float, radius: np.ndarray, kinks: np.ndarray) -> Rule:
    """p(b; B) = (B/σ²) exp(−(b² + B²)/2σ²) I_1(bB/σ²)."""
    breaks = radius[:, None] + sigma * np.linspace(-WINDOW, WINDOW, 7)
    start, stop = np.maximum(breaks[:, :1], 0.0), breaks[:, -1:]
    row, distance, weight = _panel_rule(np.clip(np.concatenate([breaks, kinks], axis=1), start, stop))
    edge = radius[row]
    density = edge / sigma**2 * np.exp(-0.5 * ((distance - edge) / sigma) ** 2) * i1e(distance * edge / sigma**2)
    return row, distance, weight * density


def top_hat_edge(width: float, radius: np.ndarray, kinks: np.ndarray) -> Rule:
    """p(b; B) db = (2/π) (B/b)² sin²χ dχ with b² = (B − w)² + 4Bw sin²(χ/2): the chord common to the two circles."""
    row, angle, weight, squared = _angle_rule(radius, np.full_like(radius, width), kinks)
    return row, np.sqrt(squared), weight * (2.0 / np.pi) * radius[row] ** 2 / squared * np.sin(angle) ** 2


def boundary_rule(radius: np.ndarray, offset: np.ndarray, kinks: np.ndarray, globe: Globe = _PLANE) -> Rule:
    """∮ C dφ / 2π along the edge of a circle: dφ = (cos o − cos R cos b)/sin²b dχ, → (b² + R² − o²)/(2b²) dχ."""
    row, _, weight, squared = _angle_rule(radius, offset, kinks, globe)
    excess = globe.impact(0.5 * (radius + offset)) * globe.impact(0.5 * (radius - offset))
    turn = 0.5 * globe.cosine(radius)[row] + 2.0 * excess[row] / squared
    turn = turn / (1.0 - 0.25 * squared / globe.distance**2)
    return row, globe.arc_of_chord(np.sqrt(squared)), weight * turn / np.pi


def polygon_edge(corners: np.ndarray, kinks: np.ndarray, globe: Globe = _PLANE) -> Rule:
    """∮ C dφ / 2π along the sides of a polygon, all in row 0.

    On the map around the source where great circles are straight, a side at the distance h is at h/cos ψ, and dφ = dψ.
    Arguments: corners — [corner, 2] on that map, in the order in which position angles grow around the inside.
    """
    step = np.roll(corners, -1, axis=0) - corners
    along = step / np.hypot(*step.T)[:, None]
    distance = corners[:, 0] * along[:, 1] - corners[:, 1] * along[:, 0]
    ends = np.sum(np.stack([corners, corners + step], axis=1) * along[:, None, :], axis=-1)
    away = np.abs(distance) > 1e-15 * np.max(np.abs(corners))  # a side through the source turns by no angle
    h, ends = np.abs(distance[away])[:, None], ends[away]
    start, stop = np.arctan2(ends[:, :1], h), np.arctan2(ends[:, 1:], h)
    crossing = np.arccos(np.minimum(h / globe.map(kinks)[None, :], 1.0))
    edge, angle, weight = _panel_rule(np.clip(np.concatenate([start, stop, crossing, -crossing], axis=1), start, stop))
    sign = np.sign(distance[away])[edge]
    arc = globe.unmap(h[edge, 0] / np.cos(angle))
    return np.zeros(edge.size, int), arc, sign * weight * (0.5 / np.pi)


def _angle_rule(
    radius: np.ndarray, other: np.ndarray, kinks: np.ndarray, globe: Globe = _PLANE
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Rule over χ in [0, π] for the chord b² = (R − o)² + 4Ro sin²(χ/2): row, χ, weight, b².

    On the sphere R − o is a chord, and R and o are impact parameters. Breaks lie where b meets a kink, and halve
    towards χ = 0, where 1/b² has a peak of width |R − o|/√(Ro).
    """
    nearest = globe.chord(np.abs(radius - other))[:, None]
    mean = np.sqrt(globe.impact(radius) * globe.impact(other))[:, None]
    safe_mean, kinks = np.where(mean > 0.0, mean, 1.0), globe.chord(kinks)
    root = np.sqrt(np.maximum((kinks - nearest) * (kinks + nearest), 0.0))
    crossing = 2.0 * np.arcsin(np.minimum(0.5 * root / safe_mean, 1.0))
    narrowest = np.maximum(nearest, kinks[:, :1]) / safe_mean
    halved = np.maximum(np.pi * 0.5 ** np.arange(_HALVINGS), np.minimum(narrowest, 0.25 * np.pi))
    row, angle, weight = _panel_rule(np.concatenate([np.zeros_like(nearest), halved, crossing], axis=1))
    return row, angle, weight, nearest[row, 0] ** 2 + (2.0 * mean[row, 0] * np.sin(0.5 * angle)) ** 2


def _panel_rule(breaks: np.ndarray) -> Rule:
    """Gauss points between the sorted breaks of each row, empty panels left out: row, node, weight."""
    breaks = np.sort(breaks, axis=1)
    row, panel = np.nonzero(np.diff(breaks, axis=1) > 0.0)
    node, weight = gauss_intervals(breaks[row, panel], breaks[row, panel + 1], ORDER)
    return np.repeat(row, ORDER), node.ravel(), weight.ravel()
