"""Point spread functions, the light they throw into circles, and the containment of clouds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy.special import i0e

from jaxcrc.numerics.quadrature import Values, gauss_intervals
from jaxcrc.observe.circle import ORDER, WINDOW, Rule, boundary_rule, gaussian_edge, polygon_edge, top_hat_edge
from jaxcrc.observe.globe import Globe
from jaxcrc.units import is_quantity

_PLANE = Globe()
R68_PER_SIGMA = float(np.sqrt(-2.0 * np.log(1.0 - 0.68)))


@dataclass(frozen=True)
class Gaussian:
    """Gaussian PSF of width `sigma` per axis [length]."""

    sigma: float

    def __post_init__(self) -> None:
        _check_width("Gaussian PSF width", self.sigma)


@dataclass(frozen=True)
class TopHat:
    """PSF that spreads a point evenly over a disc of `radius` [length]."""

    radius: float

    def __post_init__(self) -> None:
        _check_width("top-hat PSF radius", self.radius)


@dataclass(frozen=True)
class NoPSF:
    """Perfect resolution."""


PSF = Gaussian | TopHat | NoPSF


def _check_width(name: str, width: float) -> None:
    if is_quantity(width):
        raise TypeError(f"{name} {width!r}: give a plain number in the unit of the radii")
    if not 0.0 < width < np.inf:
        raise ValueError(f"{name} {width} must be positive and finite; for perfect resolution take NoPSF()")


def sigma_from_r68(r68: float) -> float:
    """Width per axis of the Gaussian PSF whose 68 % containment radius is `r68`, in the unit of `r68`.

    r68 = √(−2 ln 0.32) σ = 1.5096 σ.
    """
    return r68 / R68_PER_SIGMA


def enclosed(psf: PSF, radius: Values, distance: Values) -> Float[np.ndarray, "..."]:
    """Fraction of the light of a point that lands in a circle of `radius` with its centre at `distance` [both length].

    Gaussian: 1 − Q_1(d/σ, R/σ) = ∫_0^R (x/σ²) exp(−(x² + d²)/2σ²) I_0(xd/σ²) dx (Rice distribution; Marcum 1960).
    Top-hat: overlap of two discs over the area of the PSF. No PSF: 1 inside, 0 outside.
    """
    radius, distance = np.broadcast_arrays(np.asarray(radius, float), np.asarray(distance, float))
    if isinstance(psf, Gaussian):
        return _rice(psf.sigma, radius, distance)
    if isinstance(psf, TopHat):
        return np.asarray(_overlap(radius, psf.radius, distance) / (np.pi * psf.radius**2))
    return np.where(distance < radius, 1.0, 0.0)


def _rice(sigma: float, radius: np.ndarray, distance: np.ndarray) -> np.ndarray:
    breaks = distance[..., None] + sigma * np.linspace(-WINDOW, WINDOW, 7)
    breaks = np.clip(breaks, 0.0, radius[..., None])
    x, weight = gauss_intervals(breaks[..., :-1], breaks[..., 1:], ORDER)
    d = distance[..., None, None]
    density = x / sigma**2 * np.exp(-0.5 * ((x - d) / sigma) ** 2) * i0e(x * d / sigma**2)
    return np.asarray(np.sum(weight * density, axis=(-2, -1)))


def _overlap(first: np.ndarray, second: float, distance: np.ndarray) -> np.ndarray:
    """Area common to two discs: two circular segments, or the smaller disc, or nothing."""
    d = np.clip(distance, np.abs(first - second), first + second)
    safe_d, safe_first = np.where(d > 0.0, d, 1.0), np.where(first > 0.0, first, 1.0)
    alpha = np.arccos(np.clip((d**2 + first**2 - second**2) / (2.0 * safe_d * safe_first), -1.0, 1.0))
    beta = np.arccos(np.clip((d**2 + second**2 - first**2) / (2.0 * safe_d * second), -1.0, 1.0))
    lens = first**2 * (alpha - 0.5 * np.sin(2.0 * alpha)) + second**2 * (beta - 0.5 * np.sin(2.0 * beta))
    return np.where(distance <= np.abs(first - second), np.pi * np.minimum(first, second) ** 2, lens)


def circle_rule(psf: PSF | None, radius: Values, offset: Values, kinks: Values, globe: Globe = _PLANE) -> Rule:
    """Quadrature for the light that circles hold: light[i] = Σ over points with row i of weight × C(distance).

    C(b) is the light of a round source inside b, before the PSF.
    Arguments: radius — of each circle [length]; offset — of its centre from the source [length]; kinks — increasing
    distances where C is not smooth, for all circles or [circle, kink] [length]; globe — the sky they lie on.
    Returns: row, distance, weight of each point.
    Validity: on a sphere the PSF spreads light in the plane that touches it: σ²/3d² of the light, 3e-5 for 0.5 deg.
    """
    radius, offset = np.broadcast_arrays(*np.atleast_1d(np.asarray(radius, float), np.asarray(offset, float)))
    kinks = np.broadcast_to(np.asarray(kinks, float), (radius.size, np.shape(kinks)[-1]))
    if not np.any(offset):
        return _edge_rule(psf, radius, kinks)
    row, distance, weight = boundary_rule(radius, offset, _blurred_kinks(psf, kinks), globe)
    point, smeared, edge_weight = _edge_rule(psf, distance, kinks[row])
    return row[point], smeared, weight[point] * edge_weight


def polygon_rule(psf: PSF | None, corners: Float[np.ndarray, "corner 2"], kinks: Values, globe: Globe = _PLANE) -> Rule:
    """Quadrature for the light that a polygon holds, as `circle_rule` gives it for circles: a single row.

    Arguments: corners — as seen from the source, on the map where great circles are straight [length].
    """
    kinks = np.asarray(kinks, float)
    row, distance, weight = polygon_edge(corners, _blurred_kinks(psf, kinks[None, :])[0], globe)
    point, smeared, edge_weight = _edge_rule(psf, distance, np.broadcast_to(kinks, (row.size, kinks.size)))
    return row[point], smeared, weight[point] * edge_weight


def _blurred_kinks(psf: PSF | None, kinks: np.ndarray) -> np.ndarray:
    """Distances where the light after the PSF is not smooth: a top-hat with a sharp edge carries kinks along."""
    if isinstance(psf, TopHat):
        return np.concatenate([kinks, np.abs(kinks - psf.radius), kinks + psf.radius], axis=1)
    return kinks


def _edge_rule(psf: PSF | None, radius: np.ndarray, kinks: np.ndarray) -> Rule:
    """Rule for circles around the source: the weights are p(b; radius) db."""
    if psf is None or isinstance(psf, NoPSF):
        return np.arange(radius.size), radius, np.ones(radius.size)
    if isinstance(psf, Gaussian):
        return gaussian_edge(psf.sigma, radius, kinks)
    return top_hat_edge(psf.radius, radius, kinks)


def ring_light(psf: PSF, radius: Values, edges: Values, globe: Globe = _PLANE) -> Float[np.ndarray, "circle ring"]:
    """Light of rings of unit brightness around a point that lands in circles around it, after the PSF [length²].

    Arguments: radius — of the circles, 0 holds nothing [length]; edges — of the rings, increasing [length];
    globe — the sky they lie on.
    """
    radius, edges = np.asarray(radius, float), np.asarray(edges, float)
    lit = np.flatnonzero(radius > 0.0)
    row, distance, weight = circle_rule(psf, radius[lit], 0.0, edges[edges > 0.0])
    inside = globe.ring(edges[:-1], np.clip(distance[:, None], edges[:-1], edges[1:]))
    light = np.zeros((radius.size, edges.size - 1))
    np.add.at(light, lit[row], weight[:, None] * inside)
    return light


def cloud_containment(
    shape: str, size: Values, psf: PSF | None, region_radius: float, offset: float = 0.0
) -> Float[np.ndarray, "*size"]:
    """Fraction of the light of a cloud, seen through the PSF, that lands in a circular region.

    Arguments: shape — "gaussian" (size = rms per axis) or "ball" (size = radius of a uniform sphere); size [length];
    region_radius — may be infinite [length]; offset — of the cloud's centre from that of the region [length].
    Errors: ValueError for another shape, a size or region that is not positive, a negative offset.
    """
    if shape not in _CLOUDS:
        raise ValueError(f"unknown cloud shape '{shape}': use 'gaussian' or 'ball'")
    size = np.asarray(size, float)
    if not (np.all(size > 0.0) and region_radius > 0.0 and 0.0 <= offset < np.inf):
        raise ValueError(
            f"cloud size {size} and region radius {region_radius} must be positive, offset {offset} not negative"
        )
    if region_radius == np.inf:
        return np.ones_like(size)
    light, kinks = _CLOUDS[shape]
    flat = size.ravel()
    row, distance, weight = circle_rule(psf, np.full_like(flat, region_radius), offset, flat[:, None] * kinks)
    return np.bincount(row, weight * light(distance / flat[row]), flat.size).reshape(size.shape)


def gaussian_light(x: Float[np.ndarray, "..."]) -> Float[np.ndarray, "..."]:
    """Fraction of the light of a Gaussian within x standard deviations of its centre."""
    return -np.expm1(-0.5 * x**2)


def ball_light(x: Float[np.ndarray, "..."]) -> Float[np.ndarray, "..."]:
    """Fraction of the light of a uniform ball seen within x of its radii: 1 − (1 − x²)^{3/2}."""
    return 1.0 - np.maximum(1.0 - x**2, 0.0) ** 1.5


# The light of a cloud around its centre, and where that function needs a break of its own, in sizes.
_CLOUDS = {
    "gaussian": (gaussian_light, np.array([0.25, 1.0, 2.0, 4.0, 6.0, 9.0])),
    "ball": (ball_light, np.array([0.25, 0.5, 0.75, 1.0])),
}
