"""Closed-form solutions of ∂ₜn = κ∇²n + Q for particles that leave from a spherical shell, or steadily from a ball.

As in `kernels`: arguments broadcast, the output has their common dtype, values and derivatives stay finite, and nothing
is there before the release.
"""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.typing import ArrayLike
from jaxtyping import Float

from jaxcrc._types import plain_numbers
from jaxcrc.numerics.special import erfcx, horner, mean_decay
from jaxcrc.numerics.special_integrals import ierfcx
from jaxcrc.transport.kernels.safe import align, floor, squared, within

_CLOSE = 0.1  # below this product of the two radii, in R_d², the mean of erfc is taken from its Taylor series
_TERMS = 7
_BEYOND = 30.0  # e^{−x²} is zero from here on, in both precisions
_FAR = 7.0  # and erfc from here on, next to its value at 0
_NODE, _WEIGHT = np.polynomial.legendre.leggauss(20)


@plain_numbers
def burst_shell(radius: ArrayLike, time: ArrayLike, kappa: ArrayLike, source_radius: ArrayLike) -> Float[Array, "..."]:
    """Density of a burst from a thin spherical shell [pc⁻³ per particle].

    Equation: n = [exp(−((r−R)/R_d)²) − exp(−((r+R)/R_d)²)] / (4π^{3/2} R r R_d), R_d² = 4κt, evaluated as
    π^{−3/2} R_d^{−3} exp(−((r−R)/R_d)²) (1 − e^{−y})/y with y = 4rR/R_d².
    Source: Ohira, Murase & Yamazaki 2011, Eq. 9-10 (release from the shell of a remnant), as commonly quoted.
    Arguments: radius — distance from the centre [pc]; time — since the release [kyr];
    kappa — diffusion coefficient [pc² kyr⁻¹]; source_radius — radius R of the shell [pc].
    Validity: the same κ inside and outside, r < ct. R → 0 is the burst from a point.
    """
    radius, time, kappa, source_radius = align(radius, time, kappa, source_radius)
    idle, square = squared(time, kappa)
    radius, source_radius, inverse = within(radius), within(source_radius), 1.0 / square
    centre = jnp.where(idle, 0.0, math.pi**-1.5 * inverse * jnp.sqrt(inverse))
    return (
        centre
        * jnp.exp(-((radius - source_radius) ** 2) * inverse)
        * mean_decay(4.0 * radius * source_radius * inverse)
    )


@plain_numbers
def continuous_shell(
    radius: ArrayLike, time: ArrayLike, kappa: ArrayLike, source_radius: ArrayLike
) -> Float[Array, "..."]:
    """Density of a constant release from a thin spherical shell since t = 0 [kyr pc⁻³, per particle kyr⁻¹].

    Equation: n = [I(|r−R|) − I(r+R)]/(4πRr), I(x) = √(t/πκ) e^{−x²/4κt} − (x/2κ) erfc(x/√(4κt)): the mean of erfc
    between |r−R| and r+R in units of √(4κt), over 4πκ max(r, R).
    Source: the burst from a shell, integrated over the time of release.
    Arguments: radius — distance from the centre [pc]; time — since the release began [kyr];
    kappa — diffusion coefficient [pc² kyr⁻¹]; source_radius — radius R of the shell [pc].
    Validity: the same κ inside and outside, r < ct. Late: 1/(4πκ max(r, R)); R → 0: the release from a point.
    """
    radius, time, kappa, source_radius = align(radius, time, kappa, source_radius)
    idle, square = squared(time, kappa)
    inverse = jax.lax.rsqrt(square)
    outer = jnp.maximum(jnp.maximum(radius, source_radius), floor(radius))
    far, near = within(outer) * inverse, within(jnp.minimum(radius, source_radius)) * inverse
    strength = jnp.where(idle, 0.0, 0.25 / math.pi / jnp.maximum(kappa, floor(kappa)))
    return strength / outer * _mean_erfc(far, near)


def _mean_erfc(middle: Array, half: Array) -> Array:
    """Mean of erfc over middle ± half, half ≤ middle: by its primitive, or by Taylor's series for a narrow range."""
    product = middle * half
    close = product < _CLOSE
    wide = jnp.where(close, jnp.sqrt(jnp.maximum(middle * middle, _CLOSE)), half)
    low, high = jnp.abs(middle - wide), middle + wide
    fade = jnp.exp(-4.0 * middle * wide)
    primitive = jnp.exp(-low * low) * (ierfcx(low) - fade * ierfcx(high)) / (2.0 * wide)
    x, y = jnp.minimum(middle, _BEYOND), jnp.minimum(half, math.sqrt(_CLOSE)) ** 2
    hermite, coefficients = [jnp.ones_like(x), 2.0 * x], []
    for k in range(1, _TERMS + 1):
        coefficients.append(hermite[2 * k - 1] / math.factorial(2 * k + 1))
        for n in (2 * k, 2 * k + 1):
            hermite.append(2.0 * x * hermite[n - 1] - 2.0 * (n - 1) * hermite[n - 2])
    series = erfcx(x) + 2.0 / math.sqrt(math.pi) * y * horner(coefficients, y)
    return jnp.where(close, jnp.exp(-x * x) * series, primitive)


@plain_numbers
def continuous_ball(
    radius: ArrayLike, time: ArrayLike, kappa: ArrayLike, source_radius: ArrayLike
) -> Float[Array, "..."]:
    """Density of a constant release from a uniformly filled ball since t = 0 [kyr pc⁻³, per particle kyr⁻¹].

    Equation: n(r) = ∫ S(ρ; r) erfc(ρ/√(4κt))/(4πκρ) dρ, S the area inside the ball of a sphere of radius ρ around r,
    over the ball's volume: 4πρ² for ρ < R − r, πρ [R² − (r−ρ)²]/r for |R − r| < ρ < R + r.
    Source: the release from a point, averaged over the ball.
    Arguments: radius — distance from the centre [pc]; time — since the release began [kyr];
    kappa — diffusion coefficient [pc² kyr⁻¹]; source_radius — radius R of the ball [pc].
    Validity: the same κ inside and outside, r < ct. Two Gauss rules of 20 nodes: relative error 1e-8.
    """
    radius, time, kappa, source_radius = align(radius, time, kappa, source_radius)
    idle, square = squared(time, kappa)
    spread, least = jnp.sqrt(square), floor(radius)
    r, size = jnp.maximum(within(radius), least), jnp.maximum(within(source_radius), least)
    gap, both = jnp.abs(r - size), jnp.minimum(r, size)
    unit, weight = jnp.asarray(0.5 + 0.5 * _NODE, r.dtype), jnp.asarray(0.5 * _WEIGHT, r.dtype)
    # No farther than the density reaches, where it is below 1e-21 of its value at the gap.
    length = jnp.minimum(2.0 * both, jnp.hypot(gap, _FAR * spread) - gap)
    step = length[..., None] * unit
    inside = step + jnp.where(r > size, 0.0, 2.0 * (size - r))[..., None]  # R − r + ρ at ρ = gap + step
    lens = (2.0 * both[..., None] - step) * inside * jax.lax.erfc((gap[..., None] + step) / spread[..., None])
    near = jnp.where(r < size, jnp.minimum(gap, _FAR * spread), 0.0)
    whole = near[..., None] * unit
    core = 4.0 * whole * jax.lax.erfc(whole / spread[..., None])
    total = length / r * jnp.sum(weight * lens, axis=-1) + near * jnp.sum(weight * core, axis=-1)
    strength = jnp.where(idle, 0.0, 0.75 / (4.0 * math.pi) / jnp.maximum(kappa, floor(kappa)))
    return strength * (total / (size * size)) / size
