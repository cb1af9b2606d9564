"""Diffusion inside a sphere whose surface absorbs particles or leaks them: a far escape boundary.

The boundary condition is κ ∂n/∂r = −v n at r = R_b: v → ∞ absorbs, v → 0 traps. As in `kernels`: arguments broadcast,
the output has their common dtype, values and derivatives stay finite, and nothing is there before the release.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike
from jaxtyping import Float

from jaxcrc._types import plain_numbers
from jaxcrc.transport.kernels.safe import align, floor
from jaxcrc.transport.kernels.spherical import burst_point, continuous_point

_MODES = 30
_EARLY = 0.008  # of R_b²/κ: until then the boundary has not been felt (e^{−31} of the density in the centre)
_NEWTON = 6
_CLOSED, _OPEN = 1e-6, 1e12  # the least and the largest v R_b/κ that are told from 0 and ∞


class _Modes(NamedTuple):
    wave: Array  # μ: eigenfunctions sin(μ r/R_b)/r
    norm: Array  # 1 − sin 2μ/2μ


def _modes(leak: Array) -> _Modes:
    """Roots of μ cot μ = 1 − h, h = v R_b/κ, on a new last axis: μ_m = mπ − atan2(μ_m, h − 1).

    Newton's steps are taken on fixed numbers, one more carries the derivative in h.
    """
    h = jnp.clip(leak, _CLOSED, _OPEN)[..., None]
    order = jnp.arange(1, _MODES + 1, dtype=h.dtype) * math.pi

    def excess(mu: Array, h: Array) -> Array:
        return mu - order + jnp.arctan2(mu, h - 1.0)

    def slope(mu: Array, h: Array) -> Array:
        ratio = mu / jnp.where(h == 1.0, 1.0, h - 1.0)
        return 1.0 + jnp.where(h == 1.0, 0.0, 1.0 / jnp.where(h == 1.0, 1.0, h - 1.0) / (1.0 + ratio * ratio))

    fixed = jax.lax.stop_gradient(h)
    first = jnp.sqrt(3.0 * fixed / (1.0 + 3.0 * fixed / math.pi**2))
    others = order - jnp.arctan2(order - 0.5 * math.pi, fixed - 1.0)
    mu = jnp.where(order < 4.0, first, others)
    for _ in range(_NEWTON):
        mu = mu - excess(mu, fixed) / slope(mu, fixed)
    mu = mu - excess(mu, h) / slope(mu, fixed)
    inverse = 1.0 / h
    return _Modes(mu, ((mu * inverse) ** 2 + 1.0 - inverse) / ((mu * inverse) ** 2 + (1.0 - inverse) ** 2))


def _sinc(x: Array) -> Array:
    near = jnp.abs(x) < 1e-2
    far = jnp.where(near, 1.0, x)
    return jnp.where(near, 1.0 - x * x / 6.0 * (1.0 - x * x / 20.0), jnp.sin(far) / far)


def _inside(
    radius: ArrayLike, time: ArrayLike, kappa: ArrayLike, boundary: ArrayLike, speed: ArrayLike
) -> tuple[list[Array], Array, Array, _Modes, Array]:
    """Aligned arguments, elapsed time in R_b²/κ, position in R_b, modes, and the product of mode at 0 and at r."""
    radius, time, kappa, boundary, speed = align(radius, time, kappa, boundary, speed)
    boundary = jnp.maximum(boundary, floor(boundary))
    steady = jnp.maximum(kappa, floor(kappa))
    elapsed = jnp.maximum(steady * time / boundary**2, 0.0)
    place = jnp.clip(radius / boundary, 0.0, 1.0)
    modes = _modes(jnp.minimum(speed, _OPEN) * boundary / steady)
    shape = modes.wave**2 * _sinc(modes.wave * place[..., None]) / modes.norm
    return [radius, time, steady, boundary, speed], elapsed, place, modes, shape


@plain_numbers
def burst_bounded(
    radius: ArrayLike, time: ArrayLike, kappa: ArrayLike, boundary: ArrayLike, speed: ArrayLike = math.inf
) -> Float[Array, "..."]:
    """Density of a burst in the centre of a sphere that absorbs or leaks at its surface [pc⁻³ per particle].

    Equation: n = Σ_m μ_m sin(μ_m r/R_b) e^{−μ_m² κt/R_b²} / [2πR_b² r (1 − sin 2μ_m/2μ_m)], μ cot μ = 1 − vR_b/κ.
    Source: Carslaw & Jaeger 1959, section 9.11 (radiation at the surface of a sphere); μ_m = mπ absorbs.
    Arguments: radius — distance from the centre [pc]; time — since the release [kyr]; kappa — diffusion coefficient
    [pc² kyr⁻¹]; boundary — R_b [pc]; speed — v at which particles leak, infinite where all are lost [pc kyr⁻¹].
    Validity: zero outside; the boundary counts as not yet felt before 0.008 R_b²/κ, an error of 1e-13 of the centre.
    """
    (radius, time, kappa, boundary, _), elapsed, _, modes, shape = _inside(radius, time, kappa, boundary, speed)
    late = jnp.maximum(elapsed, _EARLY)
    series = jnp.sum(shape * jnp.exp(-(modes.wave**2) * late[..., None]), axis=-1) / (2.0 * math.pi * boundary**3)
    density = jnp.where(elapsed < _EARLY, burst_point(radius, time, kappa), series)
    return jnp.where(radius < boundary, density, 0.0)


@plain_numbers
def continuous_bounded(
    radius: ArrayLike, time: ArrayLike, kappa: ArrayLike, boundary: ArrayLike, speed: ArrayLike = math.inf
) -> Float[Array, "..."]:
    """Density of a constant release in the centre of such a sphere [kyr pc⁻³, per particle kyr⁻¹].

    Equation: n = (1/4πκ)(1/r − 1/R_b + κ/vR_b²) − Σ_m (mode m of the burst) R_b²/(κμ_m²).
    Source: the burst of `burst_bounded`, integrated over the time of release; the first term is the steady state.
    Arguments: as for `burst_bounded`; radius above zero; time — since the release began [kyr].
    Validity: as for `burst_bounded`.
    """
    (radius, time, kappa, boundary, speed), elapsed, place, modes, shape = _inside(radius, time, kappa, boundary, speed)
    leak = jnp.clip(jnp.minimum(speed, _OPEN) * boundary / kappa, _CLOSED, _OPEN)
    late = jnp.maximum(elapsed, _EARLY)[..., None]
    fading = 2.0 * jnp.sum(shape / modes.wave**2 * jnp.exp(-(modes.wave**2) * late), axis=-1)
    steady = 1.0 / jnp.maximum(place, floor(place)) - 1.0 + 1.0 / leak
    density = jnp.where(
        elapsed < _EARLY, continuous_point(radius, time, kappa), (steady - fading) / (4.0 * math.pi * kappa * boundary)
    )
    return jnp.where(radius < boundary, density, 0.0)
