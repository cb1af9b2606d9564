"""From straight flight to diffusion: densities that know the speed of light.

As in `kernels`: arguments broadcast, the output has their common dtype, values and derivatives stay finite.
"""

from __future__ import annotations

import math

import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike
from jaxtyping import Float

from jaxcrc._types import plain_numbers
from jaxcrc.numerics.special_integrals import bessel_k1e
from jaxcrc.transport.kernels.safe import align, floor
from jaxcrc.transport.kernels.spherical import continuous_point
from jaxcrc.units import LIGHT_SPEED

_STEEPEST = 1e9  # a beam narrower than this, in 1 − μ, counts as straight


@plain_numbers
def ballistic_continuous(radius: ArrayLike, time: ArrayLike, kappa: ArrayLike) -> Float[Array, "..."]:
    """Density around a constant release from a point, straight flight included [kyr pc⁻³, per particle kyr⁻¹].

    Equation: n = 1/(4πcr²) + erfc(r/√(4κt))/(4πκr).
    Source: Prosekin, Kelner & Aharonian 2015, Eq. for the stationary case as commonly quoted; erfc gives the diffusive
    part its age.
    Arguments: radius — distance from the source [pc], above zero; time — since the release began [kyr];
    kappa — diffusion coefficient [pc² kyr⁻¹].
    Validity: r < ct. The two terms are equal at r = κ/c.
    """
    radius, time, kappa = align(radius, time, kappa)
    distance = jnp.maximum(radius, floor(radius))
    straight = jnp.where(time > 0.0, 0.25 / math.pi / LIGHT_SPEED, 0.0) / distance / distance
    return straight + continuous_point(radius, time, kappa)


def forward_beam(mu: ArrayLike, radius: ArrayLike, kappa: ArrayLike) -> Float[Array, "..."]:
    """Angular distribution of particles around a constant source, 1/2 where isotropic: ∫ M dμ = 1.

    Equation: M(μ) = exp(−3κ(1−μ)/rc)/Z, Z = (rc/3κ)(1 − e^{−6κ/rc}).
    Source: Prosekin, Kelner & Aharonian 2015; Recchia et al. 2021, as commonly quoted.
    Arguments: mu — cosine between the particle's direction and the one away from the source; radius — distance from the
    source [pc], above zero; kappa — diffusion coefficient [pc² kyr⁻¹].
    Validity: a stationary source; for κ ≪ rc the dipole 3κ/rc of diffusion.
    """
    mu, radius, kappa = align(mu, radius, kappa)
    steepness = jnp.minimum(3.0 * kappa / (LIGHT_SPEED * jnp.maximum(radius, floor(radius))), _STEEPEST)
    small = steepness < 1e-3
    beam = jnp.where(small, 1e-3, steepness)
    exact = beam * jnp.exp(-beam * (1.0 - mu)) / -jnp.expm1(-2.0 * beam)
    series = 0.5 + steepness * (0.5 * mu + steepness * (3.0 * mu * mu - 1.0) / 12.0)
    return jnp.where(small, series + steepness**3 * mu * (mu * mu - 1.0) / 12.0, exact)


@plain_numbers
def ballistic_burst(radius: ArrayLike, time: ArrayLike, kappa: ArrayLike) -> Float[Array, "..."]:
    """Density of a burst from a point that never outruns light [pc⁻³ per particle].

    Equation: n = (4πc³t³)^{−1} (1−ξ²)^{−2} y exp(−y/√(1−ξ²))/K₁(y), ξ = r/ct < 1, y = c²t/2κ.
    Source: Aloisio, Berezinsky & Gazizov 2009 (Jüttner propagator), as commonly quoted.
    Arguments: radius — distance from the source [pc]; time — since the release [kyr];
    kappa — diffusion coefficient [pc² kyr⁻¹].
    Validity: all r, zero beyond ct; an interpolation that is exact for y → ∞ (diffusion) and y → 0 (a shell at ct).
    """
    radius, time, kappa = align(radius, time, kappa)
    idle = (time <= 0.0) | (kappa <= 0.0)
    time, kappa = jnp.where(idle, 1.0, time), jnp.where(idle, 1.0, kappa)
    reach = LIGHT_SPEED * time
    reached = radius < reach
    xi = jnp.where(reached, radius, 0.0) / reach
    remainder = jnp.maximum((1.0 - xi) * (1.0 + xi), jnp.finfo(xi.dtype).eps)
    gamma = 1.0 / jnp.sqrt(remainder)
    y = 0.5 * LIGHT_SPEED * reach / kappa
    excess = xi * xi * gamma / (1.0 + 1.0 / gamma)  # γ − 1, without cancellation
    centre = y / bessel_k1e(y) / (4.0 * math.pi * reach**3)
    return jnp.where(idle | ~reached, 0.0, centre * gamma**4 * jnp.exp(-y * excess))
