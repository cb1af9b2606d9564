"""From straight flight to diffusion: densities that know the speed of light.

As in `kernels`: arguments broadcast, the output has their common dtype, values and derivatives stay finite.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.typing import ArrayLike
from jaxtyping import Float

from jaxcrc._types import plain_numbers
from jaxcrc.numerics.special import horner
from jaxcrc.numerics.special_integrals import bessel_k1e
from jaxcrc.transport.kernels.safe import align, floor
from jaxcrc.units import LIGHT_SPEED

_STEEPEST = 1e9  # a beam narrower than this, in 1 − μ, counts as straight
_FADED = 28.0  # the exponent beyond which no particles come
_FLIGHTS = (0.75 / math.pi) ** 1.5
_SHIFT_SCALE = 3.0
_SHIFT = [  # A(z) of Σ_N z^{N−1}/N! Γ(3N/4 + 3/2)/Γ(3N/4) = (3/4)^{3/2} e^z √(z + A), in (z − 3)/(z + 3); to 2e-7
    1.8640312725698929,
    -0.151616582336099,
    0.02739552688247599,
    0.018710542199513267,
    -0.002232714376905186,
    -0.006967140552171052,
    -0.0020650497552804946,
    0.0017088183809587296,
    0.0010402833227809074,
]

Rule = tuple[np.ndarray, np.ndarray]


def _rule(order: int) -> Rule:
    """Gauss–Legendre nodes and weights on [0, 1]."""
    node, weight = np.polynomial.legendre.leggauss(order)
    return 0.5 + 0.5 * node, 0.5 * weight


_RULES = (_rule(8), _rule(6))


@plain_numbers
def ballistic_continuous(radius: ArrayLike, time: ArrayLike, kappa: ArrayLike) -> Float[Array, "..."]:
    """Density around a constant release from a point, straight flight included [kyr pc⁻³, per particle kyr⁻¹].

    Equation: n = e^{−r/ℓ}/(4πcr²) + ∫_{r/c}^t P(r, s) ds for r < ct, ℓ = 3κ/c, with the density of a burst's scattered
    particles P = Σ_N e^{−τ} τ^N/N! Γ(3N/4 + 3/2)/Γ(3N/4) (1−ξ²)^{3N/4−1}/(π^{3/2} c³s³), τ = cs/ℓ, ξ = r/cs.
    Source: Paasschens 1997, Phys. Rev. E 56, 1135 (flights of exponential length, each in a random direction,
    interpolated between the solutions in two and four dimensions, which are closed); after each number of scatterings
    the number of particles and their mean square radius are exact.
    Arguments: radius — distance from the source [pc], above zero; time — since the release began [kyr];
    kappa — diffusion coefficient [pc² kyr⁻¹].
    Validity: all r, zero beyond ct. ∫ n dV = t to 1e-6. Within 0.5 % of the exact stationary density of random flights
    at every radius, and within 5 % of flights at any age; far beyond ℓ it becomes the release of diffusion.
    """
    radius, time, kappa = align(radius, time, kappa)
    reach, path = LIGHT_SPEED * time, 3.0 / LIGHT_SPEED * kappa
    reached = (radius < reach) & (path > 0.0)
    reach, path = jnp.where(reached, reach, 1.0), jnp.where(reached, path, 1.0)
    distance = jnp.where(reached, jnp.maximum(radius, floor(radius)), 0.5)
    straight = 0.25 / math.pi * jnp.exp(-distance / path) / distance
    scattered = _FLIGHTS * _scattered(distance / path, distance / reach) / path
    return jnp.where(reached, (straight + scattered) / LIGHT_SPEED / distance, 0.0)


def _scattered(depth: Array, start: Array) -> Array:
    """∫ (1−ξ²)^{−1/4} e^{z−τ} √(z + A(z)) dξ from `start` to 1, with τ = x/ξ, z = τ (1−ξ²)^{3/4} and `depth` x = r/ℓ.

    The earlier half is even in √ξ, as diffusion is, and the one at the front smooth in (1−ξ)^{3/4}.
    """
    span = 1.0 - start
    whole = span * depth < _FADED
    length = jnp.where(whole, span, _FADED / jnp.where(whole, 1.0, depth))
    beyond = jnp.where(whole, 0.0, jnp.where(whole, 1.0, span - length) ** 0.75)
    middle = start + 0.5 * length
    early = _panel(depth, _RULES[0], jnp.sqrt(start), jnp.sqrt(middle), _by_root)
    return early + _panel(depth, _RULES[1], beyond, (1.0 - middle) ** 0.75, _by_front)


def _panel(depth: Array, rule: Rule, low: Array, high: Array, variable: Callable[[Array], tuple[Array, ...]]) -> Array:
    """The integral over one variable between its ends."""
    unit, weight = (jnp.asarray(part, depth.dtype) for part in rule)
    place = low[..., None] + (high - low)[..., None] * unit
    return (high - low) * jnp.sum(weight * _flights(depth[..., None], *variable(place)), axis=-1)


def _by_root(root: Array) -> tuple[Array, Array, Array]:
    """ξ, (1−ξ²)^{3/4} and (1−ξ²)^{−1/4} dξ of √ξ."""
    xi = root * root
    fourth = jnp.sqrt(jnp.sqrt((1.0 - xi) * (1.0 + xi)))
    return xi, fourth**3, 2.0 * root / fourth


def _by_front(part: Array) -> tuple[Array, Array, Array]:
    """The same of (1−ξ)^{3/4}."""
    left = part * jnp.cbrt(part)
    fourth = jnp.sqrt(jnp.sqrt(2.0 - left))
    return 1.0 - left, part * fourth**3, 4.0 / 3.0 / fourth


def _flights(depth: Array, xi: Array, fraction: Array, step: Array) -> Array:
    """e^{z−τ} √(z + A(z)) times a step, `fraction` being (1−ξ²)^{3/4}; 1 − fraction without cancellation."""
    remainder = (1.0 - xi) * (1.0 + xi)
    fallen = xi * (1.0 + remainder + remainder**2) / ((1.0 + fraction) * (1.0 + fraction**2))
    z = depth / xi * fraction
    shift = horner(_SHIFT, 1.0 - 2.0 * _SHIFT_SCALE / (z + _SHIFT_SCALE))
    return step * jnp.exp(-depth * fallen) * jnp.sqrt(z + shift)


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
    Validity: all r, zero beyond ct; an interpolation that is exact for y → ∞ (diffusion) and y → 0 (a shell at ct) and
    conserves number. Against random flights it spreads the unscattered shell inwards: at ages of 1, 2, 4 and 10 mean
    free paths 3κ/c over c, the centre is 45, 35, 20 and 8 % too low; around 0.65 ct the density is 16, 40 and 32 % too
    high and 26 % too low; at 10 the front beyond 0.7 ct is missing. Within R_d it is good to 6 % from 30 on.
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
