"""Points on the sky and along the line of sight for what is not round, and how much of their light each bin gets.

Sky points lie on circles around the source, closer together towards it; through each goes a line of sight whose points
lie at z = b sinh u. Lengths are in any one unit, directions are (north, east). Rays start at the observer, at
`distance` from the source: radii on the sky are arcs, angle × distance.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy.special import erf

from jaxcrc.numerics.quadrature import gauss_panels
from jaxcrc.observe.globe import Globe, direction
from jaxcrc.observe.psf import PSF, Gaussian, NoPSF, TopHat, enclosed

_ORDER = 4
_INNERMOST = 0.02  # of the smallest scale: where the innermost circles lie
CUT = 5.0  # a Gaussian PSF is followed for this many sigma
_WIDEST = 2.0  # panels are this many PSF widths wide
_END = 3.0 / 8.0, 7.0 / 6.0, 23.0 / 24.0  # of a step: what the outermost depths stand for, good to step⁴
_ARC = 64  # places on an arc at which it is asked whether it lies in a sharp-edged bin


@dataclass(frozen=True, eq=False)
class SkyNodes:
    """Points on the sky with their areas, and on each line of sight depths with their lengths.

    foot, along — where each line of sight passes the source, as seen from there, and its direction: (north, east,
    away); depths count from the foot.
    """

    sky: Float[np.ndarray, "sky 2"]
    area: Float[np.ndarray, " sky"]
    depth: Float[np.ndarray, "sky depth"]
    length: Float[np.ndarray, "sky depth"]
    foot: Float[np.ndarray, "sky 3"]
    along: Float[np.ndarray, "sky 3"]


def width(psf: PSF | None) -> float:
    """How far a PSF spreads the light of a point [length]."""
    if isinstance(psf, Gaussian):
        return psf.sigma
    return psf.radius if isinstance(psf, TopHat) else 0.0


def sky_nodes(
    smallest: float,
    far: float,
    blur: float,
    reach: float,
    breaks: np.ndarray,
    azimuths: int = 24,
    depths: int = 64,
    step: float = 0.0,
    distance: float = np.inf,
) -> SkyNodes:
    """Points out to `far` from a source that is seen through a PSF of width `blur`, and `reach` deep [all length].

    Arguments: smallest — scale of the source's centre; breaks — radii at which what the bins see jumps without a PSF;
    step — of the panels, at least; distance — of the source.
    Validity: fields that turn slowly over 1/azimuths of a circle, and over a quarter of their distance in depth.
    """
    step = max(_WIDEST * blur, 0.5 * smallest, step)
    graded = smallest * _INNERMOST * 2.0 ** np.arange(0, 40)
    graded = graded[graded < min(step, far)]
    first = graded[-1]
    regular = np.linspace(first, far, 1 + int(np.ceil((far - first) / step)))
    fixed = breaks[(breaks > graded[0]) & (breaks < far)] if blur == 0.0 else np.zeros(0)
    edges = np.unique(np.concatenate([[0.0], graded, regular, fixed]))
    radius, weight = gauss_panels(edges, _ORDER)
    turn = 2.0 * np.pi * (np.arange(azimuths) + 0.5) / azimuths
    ring = np.stack([np.cos(turn), np.sin(turn)], axis=-1)
    sky = (radius[:, None, None] * ring).reshape(-1, 2)
    globe = Globe(distance)
    area = np.repeat(globe.impact(radius) * weight * 2.0 * np.pi / azimuths, azimuths)
    along = direction(sky / distance)
    impact, cosine = (np.repeat(value, azimuths)[:, None] for value in (globe.impact(radius), globe.cosine(radius)))
    # The foot lies d sin θ from the source, and θ before the plane through it.
    flat = sky / np.repeat(radius, azimuths)[:, None] * impact
    foot = np.concatenate([flat * cosine, -(impact**2) / distance], axis=-1)
    u, step_u = _depths(np.arcsinh(np.minimum(reach, distance * cosine) / impact), np.arcsinh(reach / impact), depths)
    return SkyNodes(sky, area, impact * np.sinh(u), step_u * impact * np.cosh(u), foot, along)


def _depths(near: np.ndarray, far: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Places from −near to far, and what each stands for: rays that begin at the observer begin with light."""
    weight = np.ones(count)
    weight[:3], weight[-3:] = _END, _END[::-1]
    step = (near + far) / (count - 1)
    return -near + step * np.arange(count), step * weight


def arcs(nodes: SkyNodes, azimuths: int, inside: Callable[[np.ndarray], np.ndarray]) -> Float[np.ndarray, "bin sky"]:
    """Share of the arc that each point stands for, on its circle around the source, that lies in sharp-edged bins.

    Arguments: azimuths — points on a circle, as the nodes were made with; inside — of positions [sky, 2], whether they
    are in each bin [bin, sky].
    """
    radius, turn = np.hypot(*nodes.sky.T), np.arctan2(nodes.sky[:, 1], nodes.sky[:, 0])
    shift = ((np.arange(_ARC) + 0.5) / _ARC - 0.5) * 2.0 * np.pi / azimuths
    shares = [inside(np.stack([radius * np.cos(turn + s), radius * np.sin(turn + s)], axis=-1)) for s in shift]
    return np.mean(shares, axis=0)


def caught_by_circle(psf: PSF | None, radius: float, away: np.ndarray) -> Float[np.ndarray, " sky"]:
    """Share of the light of points that a circle catches, `away` [sky, 2] from its centre."""
    return enclosed(psf or NoPSF(), radius, np.hypot(*away.T)) if radius > 0.0 else np.zeros(len(away))


def caught_by_box(psf: PSF | None, inside: Float[np.ndarray, "sky side"]) -> Float[np.ndarray, " sky"]:
    """Share of the light of points that a box catches.

    Arguments: inside — how far inside the right, left, upper and lower side the points lie [length].
    Errors: ValueError for a top-hat PSF, for which a box has no closed form.
    """
    if isinstance(psf, TopHat):
        raise ValueError("a box seen through a top-hat PSF cannot be predicted for what is not round; use a Gaussian")
    if not isinstance(psf, Gaussian):
        return np.all(inside > 0.0, axis=-1).astype(float)
    right, left, top, bottom = erf(inside / (np.sqrt(2.0) * psf.sigma)).T
    return np.asarray(0.25 * (right + left) * (top + bottom))
