"""Closed-form solutions of ∂ₜn = κ∇²n + Q in an infinite homogeneous medium, per released particle.

Radius, time, κ and source radius broadcast against each other and may all be traced; the output has their common dtype.
Values and derivatives stay finite from R_d = √(4κt) → 0 to ∞ and underflow to zero in the far tail. Where nothing has
been released yet (time ≤ 0) the density and its derivatives are zero. None of the solutions knows the speed of light:
they hold for r < ct.
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
from jaxcrc.numerics.special import erfcx, horner
from jaxcrc.transport.kernels.safe import align, floor, squared, within

_SQRT_PI = math.sqrt(math.pi)
_SPHERE = 4.0 * math.pi / 3.0

# The ball's closed form loses digits where the ball is small against R_d and the exponents of its two sides are close;
# there an expansion in b = R/R_d and z = 2rR/R_d² takes over. Within these bounds its terms below reach 1e-15.
_SMALL_BALL = 0.7
_SMALL_PRODUCT = 2.0
_LEAST_RATIO = math.exp(-2.0 * _SMALL_PRODUCT)
_TERMS_BALL = 13
_TERMS_PRODUCT = 10


@plain_numbers
def burst_point(radius: ArrayLike, time: ArrayLike, kappa: ArrayLike) -> Float[Array, "..."]:
    """Density of a burst from a point [pc⁻³ per particle].

    Equation: n = (4πκt)^{−3/2} exp(−r²/4κt).
    Source: Aharonian & Atoyan 1996, without losses.
    Arguments: radius — distance from the source [pc]; time — since the release [kyr];
    kappa — diffusion coefficient [pc² kyr⁻¹].
    Validity: κ the same everywhere, loss times longer than the age, r < ct.
    """
    radius, time, kappa = align(radius, time, kappa)
    idle, square = squared(time, kappa)
    inverse = 1.0 / square
    centre = jnp.where(idle, 0.0, math.pi**-1.5 * inverse * jnp.sqrt(inverse))
    return centre * jnp.exp(-(within(radius) ** 2) * inverse)


@plain_numbers
def continuous_point(radius: ArrayLike, time: ArrayLike, kappa: ArrayLike) -> Float[Array, "..."]:
    """Density of a constant release from a point since t = 0 [kyr pc⁻³, per particle kyr⁻¹].

    Equation: n = erfc(r/√(4κt)) / (4πκr).
    Source: Aharonian & Atoyan 1996, Eq. 8, without losses.
    Arguments: radius — distance from the source [pc], above zero; time — since the release began [kyr];
    kappa — diffusion coefficient [pc² kyr⁻¹].
    Validity: κ the same everywhere, loss times longer than the age, 3κ/c < r < ct. The density diverges as 1/r and is
    infinite at r = 0: its volume integrals are finite, but a sum must not take its value or slopes there.
    """
    radius, time, kappa = align(radius, time, kappa)
    idle, square = squared(time, kappa)
    strength = jnp.where(idle, 0.0, 0.25 / math.pi / jnp.maximum(kappa, floor(kappa)))
    distance = jnp.where(radius == 0.0, 0.0, jnp.maximum(radius, floor(radius)))
    return strength * (1.0 / distance) * jax.lax.erfc(within(radius) * jax.lax.rsqrt(square))


@plain_numbers
def burst_ball(radius: ArrayLike, time: ArrayLike, kappa: ArrayLike, source_radius: ArrayLike) -> Float[Array, "..."]:
    """Density of a burst from a uniformly filled ball [pc⁻³ per particle].

    Equation: n = 3/(4πR³) {½[erf(x₊) − erf(x₋)] − R_d/(2√π r) [exp(−x₋²) − exp(−x₊²)]}, x± = (r ± R)/R_d.
    Source: Celli et al. 2019 (release from the inside of a remnant); evaluated as described at `_ball`.
    Arguments: radius — distance from the centre [pc]; time — since the release [kyr];
    kappa — diffusion coefficient [pc² kyr⁻¹]; source_radius — radius R of the ball [pc].
    Validity: the same κ inside and outside, r < ct. R → 0 is the burst from a point, κt → 0 the ball itself.
    """
    radius, time, kappa, source_radius = align(radius, time, kappa, source_radius)
    idle, square = squared(time, kappa)
    return jnp.where(idle, 0.0, _ball(within(radius), jnp.sqrt(square), within(source_radius)))


def _bessel_coefficient(order: int, k: int) -> float:
    return 1.0 / (2**k * math.factorial(k) * math.prod(range(1, 2 * (order + k) + 2, 2)))


def _bessel(order: int, y: Array) -> Array:
    """i_n(z)/zⁿ in y = z², i_n the modified spherical Bessel function: Σ (y/2)^k / (k! (2n+2k+1)!!)."""
    return horner([_bessel_coefficient(order, k) for k in range(_TERMS_PRODUCT)], y)


def _bessel_sum(c: Array, y: Array) -> Array:
    """Σ_j c^j i_{j+2}(z)/z^{j+2}: a polynomial in y with coefficients of c alone, which is seldom a full grid."""
    rows = ([_bessel_coefficient(j + 2, k) for j in range(_TERMS_BALL)] for k in range(_TERMS_PRODUCT))
    return horner([horner(row, c) for row in rows], y)


class _Sides(NamedTuple):
    """What the ball's value and slopes share, in units of R_d; E = exp(−(a−b)²) is taken out of what follows it."""

    a: Array  # r/R_d
    b: Array  # R/R_d
    depth: Array  # b − a
    small: Array  # whether the expansion is taken
    edge: Array  # E
    ratio: Array  # exp(−(a+b)²)/E = e^{−2z}, z = 2ab
    shell: Array  # e^{−z} i₀(z)
    slope: Array  # e^{−z} i₁(z)/z
    bend: Array  # e^{−z} i₂(z)/z², where z is small
    rest: Array  # e^{−z} Σ_j (2b²)^j i_{j+2}(z)/z^{j+2}, where b and z are small


def _sides(radius: Array, spread: Array, source_radius: Array) -> _Sides:
    """The exponentials of the two sides and what is made of them, free of cancellation for every z ≥ 0."""
    inverse = 1.0 / spread
    a, b = radius * inverse, source_radius * inverse
    z, depth = 2.0 * a * b, b - a
    near, z_inverse = z < _SMALL_PRODUCT, 1.0 / jnp.maximum(z, _SMALL_PRODUCT)
    y, c = jnp.minimum(z, _SMALL_PRODUCT) ** 2, 2.0 * jnp.minimum(b, _SMALL_BALL) ** 2
    ratio = jnp.exp(-2.0 * z)
    middle = jnp.sqrt(jnp.maximum(ratio, _LEAST_RATIO))  # wanted where z is small; as exp(−z) it would cost a third exp
    i1, i2 = _bessel(1, y), _bessel(2, y)
    shell = jnp.where(near, middle * (3.0 * i1 + y * i2), (0.5 - 0.5 * ratio) * z_inverse)
    slope = jnp.where(near, middle * i1, (0.5 + 0.5 * ratio - shell) * (z_inverse * z_inverse))
    small, edge = near & (b < _SMALL_BALL), jnp.exp(-depth * depth)
    return _Sides(a, b, depth, small, edge, ratio, shell, slope, middle * i2, middle * _bessel_sum(c, y))


@jax.custom_jvp
def _ball(radius: Array, spread: Array, source_radius: Array) -> Array:
    """Density of the burst from a ball [pc⁻³] from r, R_d and R.

    With a = r/R_d, b = R/R_d, z = 2ab and E = exp(−(a−b)²), the closed form is regrouped into
    ``[b > a] + E/2 {± erfcx|a−b| − e^{−2z} erfcx(a+b) − (4b/√π) e^{−z} i₀(z)}``, which keeps its digits in the tail;
    for small b and z, integrating the point kernel over the ball by parts gives the sum of positive terms
    ``n = 3 π^{−3/2} R_d^{−3} exp(−a²−b²) Σ_j (2b²)^j i_{j+1}(z)/z^{j+1}``.
    """
    s = _sides(radius, spread, source_radius)
    inner = jnp.where(s.depth > 0.0, -0.5, 0.5) * erfcx(jnp.abs(s.depth))
    braces = inner - 0.5 * s.ratio * erfcx(s.a + s.b) - (2.0 / _SQRT_PI) * s.b * s.shell
    closed = (jnp.where(s.depth > 0.0, 1.0, 0.0) + s.edge * braces) / (_SPHERE * _positive(source_radius) ** 3)
    series = s.edge * (s.slope + 2.0 * s.b * s.b * s.rest) * (3.0 * math.pi**-1.5 / spread**3)
    return jnp.where(s.small, series, closed)


def _positive(source_radius: Array) -> Array:
    """The radius of a ball, kept from zero: there the expansion is taken and does not divide by it."""
    return jnp.maximum(source_radius, floor(source_radius))


@_ball.defjvp
def _ball_jvp(primals: tuple[Array, ...], tangents: tuple[Array, ...]) -> tuple[Array, Array]:
    """∂n/∂R = (3/R)(n_shell − n); ∂n/∂r and ∂n/∂R_d of the closed form, in which all erfc terms cancel exactly."""
    (_, spread, source_radius), s = primals, _sides(*primals)
    density = _ball(*primals)
    cubed, inverse = 3.0 * math.pi**-1.5 / spread**3, 1.0 / spread
    bent = s.a * s.slope
    along_radius = s.edge * bent * (-2.0 * cubed * inverse)
    along_spread = s.edge * (2.0 * s.a * bent - s.shell) * (cubed * inverse)
    along_series = s.edge * (4.0 * s.a * s.a * s.bend - 6.0 * s.rest) * (s.b * cubed * inverse)
    along_closed = (s.edge * s.shell * cubed - 3.0 * density) / _positive(source_radius)
    along_source = jnp.where(s.small, along_series, along_closed)
    return density, along_radius * tangents[0] + along_spread * tangents[1] + along_source * tangents[2]
