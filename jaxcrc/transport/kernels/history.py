"""Releases that last: any history of a source as a sum of bursts over look-back times, and closed forms of simple ones.

n = ∫ Q(t − s) G(r, s) ds with G the density of a burst s ago. As in `kernels`: arguments broadcast, the output has
their common dtype, values and derivatives stay finite, and nothing is there before the release.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.typing import ArrayLike
from jaxtyping import Float

from jaxcrc._types import plain_numbers
from jaxcrc.numerics.special_integrals import i2erfcx
from jaxcrc.transport.kernels.safe import align, floor, squared, within

LEAST_EXPONENT = 1e-10  # r²/4κt below which a point counts as this near: r = 1e-5 R_d
_MOST_EXPONENT = 1e4  # beyond it a burst is zero
_FADED = 40.0  # the exponent at which the integrand has faded away: e^{−40}
_EARLY, _LATE = np.polynomial.legendre.leggauss(24), np.polynomial.legendre.leggauss(40)


def look_back(
    exponent: ArrayLike, time: ArrayLike, duration: ArrayLike | None = None, clustering: ArrayLike = 4.0
) -> tuple[Float[Array, "... 64"], Float[Array, "... 64"], Float[Array, "... 64"]]:
    """Quadrature over the time since the particles left: look-back times, times since the start, weights [all kyr].

    Gauss–Legendre in L = ln(t/s): 24 nodes up to L = ln 2, clustered as the power `clustering` of their distance from
    the start of the release, and 40 from there to where exp(−r²/4κs) has faded away.
    Arguments: exponent — (distance to the nearest source)²/4κt; time — since the release began [kyr]; duration — of the
    release [kyr], without end by default; clustering — 2/(1 + a) makes a rate that starts as t^a smooth.
    Validity: for a burst from a point and rates t^a, a ≥ −½: relative error 4e-9 down to r = 1e-5 R_d. On the surface
    of a shell, where the integrand falls only as √s, 2e-6.
    """
    exponent, time, clustering = align(exponent, time, clustering)
    exponent, time, clustering = jnp.broadcast_arrays(exponent, time, clustering)
    span = jnp.log1p(_FADED / jnp.clip(exponent, LEAST_EXPONENT, _MOST_EXPONENT))
    if duration is not None:
        ended = jnp.asarray(duration, time.dtype) < time
        share = jnp.where(ended, duration, 0.5 * time) / jnp.where(ended, time, jnp.maximum(time, floor(time)))
        span = jnp.where(ended, jnp.minimum(span, -jnp.log1p(-jnp.minimum(share, 1.0 - 1e-6))), span)
    middle = jnp.minimum(math.log(2.0), 0.5 * span)[..., None]
    rest = span[..., None] - middle
    (v, v_weight), (u, u_weight) = (
        [jnp.asarray(0.5 * (part + first), time.dtype) for part, first in zip(rule, (1.0, 0.0), strict=True)]
        for rule in (_EARLY, _LATE)
    )
    power = clustering[..., None]
    early = v**power
    lag = jnp.concatenate([middle * early, middle + rest * u], axis=-1)
    weight = jnp.concatenate([middle * power * early / v * v_weight, rest * u_weight], axis=-1)
    since_release = time[..., None] * jnp.exp(-lag)
    return since_release, -time[..., None] * jnp.expm1(-lag), weight * since_release


def released(
    burst: Callable[[Array], Array],
    rate: Callable[[Array], Array],
    exponent: ArrayLike,
    time: ArrayLike,
    duration: ArrayLike | None = None,
    clustering: ArrayLike = 4.0,
) -> Float[Array, "..."]:
    """Density of a release with any history [pc⁻³ for a rate in particles kyr⁻¹].

    Equation: n = ∫_0^t Q(t − s) G(s) ds.
    Arguments: burst — G at look-back times [..., 64] [kyr], such as `lambda s: burst_point(r[..., None], s, kappa)`;
    rate — Q at times since the start [kyr]; exponent, time, duration, clustering — as for `look_back`.
    Validity: as for `look_back`; a rate smooth on the scale of the age, or a power of the time near its start.
    """
    exponent, time = align(exponent, time)
    idle = time <= 0.0
    look, since, weight = look_back(exponent, jnp.where(idle, 1.0, time), duration, clustering)
    return jnp.where(idle, 0.0, jnp.sum(weight * rate(since) * burst(look), axis=-1))


@plain_numbers
def linear_point(radius: ArrayLike, time: ArrayLike, kappa: ArrayLike) -> Float[Array, "..."]:
    """Density of a release from a point that grows in time, Q = t [kyr² pc⁻³, per particle kyr⁻²].

    Equation: n = t/(πκr) i²erfc(r/√(4κt)).
    Source: Carslaw & Jaeger 1959, section 10.4; the burst from a point, integrated over the time of release.
    Arguments: radius — distance from the source [pc], above zero; time — since the release began [kyr];
    kappa — diffusion coefficient [pc² kyr⁻¹].
    Validity: κ the same everywhere, no losses, r < ct. Infinite at r = 0, as t/(4πκr).
    """
    radius, time, kappa = align(radius, time, kappa)
    idle, square = squared(time, kappa)
    x = within(radius) * jax.lax.rsqrt(square)
    strength = jnp.where(idle, 0.0, time / math.pi / jnp.maximum(kappa, floor(kappa)))
    distance = jnp.where(radius == 0.0, 0.0, jnp.maximum(radius, floor(radius)))
    return strength * (1.0 / distance) * jnp.exp(-x * x) * i2erfcx(x)
