"""Diffusion inside a sphere whose surface absorbs particles or leaks them: a far escape boundary.

The boundary condition is κ ∂n/∂r = −v n at r = R_b: v → ∞ absorbs, v → 0 traps. As in `kernels`: arguments broadcast,
the output has their common dtype, values and derivatives stay finite, and nothing is there before the release.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.typing import ArrayLike
from jaxtyping import Float

from jaxcrc._types import plain_numbers
from jaxcrc.numerics.special import horner, mean_decay
from jaxcrc.transport.kernels.safe import align, floor
from jaxcrc.transport.kernels.spherical import burst_point, continuous_point

_MODES = 30
_EARLY = 0.008  # of R_b²/κ: until then the boundary has not been felt (e^{−31} of the density in the centre)
_NEWTON = 6
_OPEN = 1e12  # the largest h = v R_b/κ that is told from ∞
_SLOW = 0.1  # h below which the slowest mode is taken from series: what it leaves of 1/h would lose its digits
_TERMS = 9


class _Series(NamedTuple):
    """Power series of the slowest mode, in m = μ² but for the first."""

    square: list[float]  # m/h, in h
    leak: list[float]  # (m/h − 3)/m
    norm: list[float]  # [2m/(1 − sin 2μ/2μ) − 3]/m


def _slow_series() -> _Series:
    """From h = 1 − μ cot μ, and the series of h in m turned around."""

    def product(one: np.ndarray, other: np.ndarray) -> np.ndarray:
        return np.convolve(one, other)[:_TERMS]

    def inverse(series: np.ndarray) -> np.ndarray:
        out = np.array([1.0 / series[0]])
        for k in range(1, _TERMS):
            out = np.append(out, -(series[1 : k + 1] @ out[::-1]) / series[0])
        return out

    order = range(_TERMS + 1)
    cosine, sine = (np.array([(-1) ** k / math.factorial(2 * k + one) for k in order]) for one in (0, 1))
    leak = product(sine[:_TERMS], inverse((sine - cosine)[1:]))
    norm = 2.0 * inverse(np.array([-((-4.0) ** k) / math.factorial(2 * k + 1) for k in order[1:]]))
    square = np.zeros(_TERMS)
    for _ in order:  # m = h · (m/h)(m), each time right to one more power of h
        powers = np.eye(1, _TERMS)[0]
        turned = np.zeros(_TERMS)
        for coefficient in leak:
            turned, powers = turned + coefficient * powers, product(powers, np.append(0.0, square))
        square = turned
    return _Series(square.tolist(), leak[1:].tolist(), norm[1:].tolist())


_SERIES = _slow_series()
_SINC = [(-1) ** k / math.factorial(2 * k + 1) for k in range(5)]


class _Modes(NamedTuple):
    leak: Array  # h = v R_b/κ
    square: Array  # μ²: eigenfunctions sin(μ r/R_b)/r
    strength: Array  # μ²/(1 − sin 2μ/2μ)


def _modes(leak: Array) -> _Modes:
    """Roots of μ cot μ = 1 − h on a new last axis: μ_m = mπ − atan2(μ_m, h − 1).

    Newton's steps are taken on fixed numbers, one more carries the derivative in h.
    """
    order = jnp.arange(1, _MODES + 1, dtype=leak.dtype) * math.pi
    slow = (leak[..., None] < _SLOW) & (order < 4.0)
    h = jnp.where(slow, _SLOW, leak[..., None])

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
    scale = 1.0 / jnp.maximum(h, 1.0)
    ratio, part = (mu * scale) ** 2, h * scale
    strength = mu**2 * (ratio + (part - scale) ** 2) / (ratio + part * (part - scale))
    low = jnp.minimum(leak, _SLOW)
    square = low * horner(_SERIES.square, low)
    series = 0.5 * (3.0 + square * horner(_SERIES.norm, square))
    return _Modes(leak, jnp.where(slow, square[..., None], mu**2), jnp.where(slow, series[..., None], strength))


def _sinc(square: Array) -> Array:
    """sin x/x of x²."""
    near = square < 0.01
    far = jnp.sqrt(jnp.where(near, 1.0, square))
    return jnp.where(near, horner(_SINC, jnp.where(near, square, 0.0)), jnp.sin(far) / far)


def _inside(
    radius: ArrayLike, time: ArrayLike, kappa: ArrayLike, boundary: ArrayLike, speed: ArrayLike
) -> tuple[list[Array], Array, Array, _Modes, Array]:
    """Aligned arguments, elapsed time in R_b²/κ, position in R_b, modes, and the product of mode at 0 and at r."""
    radius, time, kappa, boundary, speed = align(radius, time, kappa, boundary, speed)
    boundary = jnp.maximum(boundary, floor(boundary))
    steady = jnp.maximum(kappa, floor(kappa))
    elapsed = jnp.maximum(steady * time / boundary**2, 0.0)
    place = jnp.clip(radius / boundary, 0.0, 1.0)
    modes = _modes(jnp.clip(jnp.minimum(speed, _OPEN) * boundary / steady, 0.0, _OPEN))
    shape = modes.strength * _sinc(modes.square * place[..., None] ** 2)
    return [radius, time, steady, boundary, speed], elapsed, place, modes, shape


def _slowest(modes: _Modes, shape: Array, place: Array, elapsed: Array) -> Array:
    """1/h less what the slowest mode has still to give up: in a closed sphere what fills it, 3 κt/R_b² + ρ²/2 − 4/5."""
    m, strength = modes.square[..., 0], 2.0 * shape[..., 0]
    slow = modes.leak < _SLOW
    x, near = jnp.where(slow, m, 0.0), place * place
    begin = horner(_SERIES.leak, x) - horner(_SERIES.norm, x) * horner(_SINC, x * near)
    filling = begin - 3.0 * near * horner(_SINC[1:], x * near) + strength * elapsed * mean_decay(x * elapsed)
    safe = jnp.where(slow, 1.0, modes.leak)
    return jnp.where(slow, filling, 1.0 / safe - strength / jnp.where(slow, 1.0, m) * jnp.exp(-m * elapsed))


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
    series = jnp.sum(shape * jnp.exp(-modes.square * late[..., None]), axis=-1) / (2.0 * math.pi * boundary**3)
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
    Validity: as for `burst_bounded`. v → 0 is the closed sphere, n = t/V + (1/4πκR_b)(1/ρ + ρ²/2 − 9/5) − fading modes,
    ρ = r/R_b, which the slowest mode reaches by series.
    """
    (radius, time, kappa, boundary, _), elapsed, place, modes, shape = _inside(radius, time, kappa, boundary, speed)
    late = jnp.maximum(elapsed, _EARLY)
    square, others = modes.square[..., 1:], shape[..., 1:]
    fading = 2.0 * jnp.sum(others / square * jnp.exp(-square * late[..., None]), axis=-1)
    steady = 1.0 / jnp.maximum(place, floor(place)) - 1.0 + _slowest(modes, shape, place, late)
    density = jnp.where(
        elapsed < _EARLY, continuous_point(radius, time, kappa), (steady - fading) / (4.0 * math.pi * kappa * boundary)
    )
    return jnp.where(radius < boundary, density, 0.0)
