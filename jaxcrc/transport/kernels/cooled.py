"""Leptons that diffuse while they cool, released at once or over a history: Green's functions with energy losses.

Energies are total energies. All functions hold for any laws κ(E), b(E) and Q(E, t), and are linear in what is released:
a release counted in other units gives a density in those units.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.typing import ArrayLike
from jaxtyping import Float

from jaxcrc._types import Energy, Scalar
from jaxcrc.transport.kernels.cooling import Cooling, Law, cooling, past, rise_at

ENERGY_MAX = 1.0e8  # [GeV]
NODES = 40
_START = 1e-3  # of the scale of ln(E₀/E), below which the release changes linearly in λ²
_BIRTH = 9.0  # e-folds by which the nodes close in on the birth of the source
_TOP = 2.0  # the same where the particles were never that energetic
_SLOWEST = 1e-20  # of b/E [kyr⁻¹]
_EXTREME = 1e30  # of r² over λ², which keeps far tails from overflowing
_MOST_TURNED = 30.0  # of the exponent by which a drift turns the latest releases


class Latest(NamedTuple):
    """The latest releases, whose amount per λ² is linear."""

    start: Energy  # at λ² = 0
    stop: Energy
    square: Energy  # λ² [pc²] and look-back time [kyr] at the end
    time: Energy


class Spread(NamedTuple):
    """n(E, r) = Σ weight (πλ²)^{−3/2} exp(−r²/λ²) over past releases, plus the latest ones in closed form."""

    weight: Float[Array, "energy release"]
    square: Float[Array, "energy release"]  # λ² [pc²]
    time: Float[Array, "energy release"]  # look-back time [kyr]
    latest: Latest | None


def _floats(*values: ArrayLike) -> list[Array]:
    dtype = jnp.result_type(float, *values)
    return [jnp.asarray(value, dtype) for value in values]


def floored(loss: Law) -> Law:
    """The loss b(E) [GeV kyr⁻¹], kept above zero by a rate that no particle notices."""
    return lambda energy: jnp.maximum(loss(energy), _SLOWEST * energy)


def burst_spread(energy: Energy, time: Scalar, loss: Law, spectrum: Law, table: Cooling) -> Spread:
    """What is left of a burst: one Gaussian for each energy.

    Arguments: energy — total energy [GeV]; time — since the burst [kyr]; loss — b(E) [GeV kyr⁻¹]; spectrum — released
    N(E) [GeV⁻¹]; table — of `cooling` with the same loss.
    """
    idle = time <= 0.0
    rise, inside = rise_at(table, jnp.where(idle, 1.0, time))
    _, square = past(table, rise[:, None])
    before = energy * jnp.exp(rise)
    weight = jnp.where(inside & ~idle, spectrum(before) * loss(before) / loss(energy), 0.0)
    return Spread(weight[:, None], square, jnp.broadcast_to(time, square.shape), None)


def history_spread(
    energy: Energy, age: Scalar, kappa: Law, loss: Law, injection: Callable[[Array, Array], Array], table: Cooling
) -> Spread:
    """What is left of a release that goes on: Gaussians at a fixed number of past times.

    Equation: ∫ Q(E₀, t − s) (E₀/b(E)) (πλ²)^{−3/2} e^{−r²/λ²} dy over y = ln(E₀/E), from 0 to the energy at birth Y, on
    Gauss–Legendre nodes of v, y = ln[(1 + e^v)/(1 + e^{v−Y})]: logarithmic near both ends, where the kernel and the
    young source change fastest, even between. Below a small y the release per λ² is taken as linear.
    Arguments: as in `lepton_halo`; loss — includes what an expansion takes; table — of `cooling` with the same laws.
    """
    whole, born = rise_at(table, age)
    fixed = jax.lax.stop_gradient(whole)
    unit, gauss = np.polynomial.legendre.leggauss(NODES)
    low = math.log(_START)
    span = fixed + jnp.where(jax.lax.stop_gradient(born), _BIRTH, _TOP) - low
    v = low + span[:, None] * jnp.asarray(0.5 + 0.5 * unit, energy.dtype)
    v = jnp.concatenate([jnp.full_like(v[:, :1], low), v, low + span[:, None]], axis=1)
    drop = -jnp.expm1(-whole)[:, None]
    up = jnp.exp(v - jnp.maximum(v, 0.0))  # e^v and 1 by the larger of the two
    one = jnp.exp(-jnp.maximum(v, 0.0))
    share = up * drop / (one + up * jnp.exp(-whole)[:, None])
    rise = jnp.minimum(jnp.log1p(share), whole[:, None])
    slope = share * one / (one + up)
    last = 0.5 * (rise[:, -1] + whole)
    point = jnp.concatenate([rise[:, :-1], last[:, None]], axis=1)
    measure = jnp.concatenate(
        [0.5 * span[:, None] * jnp.asarray(gauss, energy.dtype) * slope[:, 1:-1], (whole - rise[:, -1])[:, None]],
        axis=1,
    )
    time, square = past(table, point)
    before = energy[:, None] * jnp.exp(point)
    release = injection(before, jnp.maximum(age - time, 0.0)) * before / loss(energy)[:, None]
    start = injection(energy, jnp.broadcast_to(age, energy.shape)) / (4.0 * kappa(energy))
    stop = release[:, 0] * loss(before[:, 0]) / (4.0 * kappa(before[:, 0]) * before[:, 0])
    latest = Latest(start, stop, square[:, 0], time[:, 0])
    return Spread(release[:, 1:] * measure, square[:, 1:], time[:, 1:], latest)


def spread_density(spread: Spread, radius: Float[Array, " node"]) -> Float[Array, "energy node"]:
    """Density around a source at rest: [energy, node], in the release's unit per pc³.

    Arguments: spread — of `burst_spread` or `history_spread`; radius — distance from the source [pc].
    """
    inverse = 1.0 / spread.square
    density = _sum(spread.weight, inverse, radius**2 * inverse[..., None])
    return density if spread.latest is None else density + _latest(spread.latest, radius)


def drifting_density(
    spread: Spread, position: Float[Array, "node 3"], velocity: Float[Array, "3"]
) -> Float[Array, "energy node"]:
    """Density where all that was released drifts away from the source: each Gaussian sits at velocity × look-back time.

    Equation: r² → |x − u s|² in every term; for the latest releases the exact factor e^{x·u/2κ} without e^{−u²s/4κ}.
    Source: the frame in which the drifting medium rests.
    Arguments: spread — as above; position — x [pc] from where the source is now; velocity — u [pc kyr⁻¹].
    Validity: drift the same everywhere and at all times.
    """
    along, speed = position @ velocity, jnp.sum(velocity**2)
    square = jnp.sum(position**2, axis=-1)

    # What is not round is asked at many nodes: one energy at a time, and again for the derivative, saves their memory.
    @jax.checkpoint
    def one(part: tuple[Array, Array, Array]) -> Array:
        weight, spreading, time = part
        away = square - 2.0 * time[:, None] * along + speed * time[:, None] ** 2
        inverse = 1.0 / spreading
        return _sum(weight, inverse, jnp.maximum(away, 0.0) * inverse[:, None])

    density = jax.lax.map(one, (spread.weight, spread.square, spread.time))
    if spread.latest is None:
        return density
    turned = 2.0 * along * (spread.latest.time / spread.latest.square)[:, None]
    turned = jnp.exp(jnp.clip(turned, -_MOST_TURNED, _MOST_TURNED))
    return density + _latest(spread.latest, jnp.sqrt(square)) * turned


def _sum(weight: Array, inverse: Array, exponent: Array) -> Array:
    """Σ weight (πλ²)^{−3/2} e^{−exponent} over releases, the last axis but that of the nodes."""
    centre = weight * (math.pi**-1.5 * inverse * jnp.sqrt(inverse))
    return jnp.sum(centre[..., None] * jnp.exp(-jnp.minimum(exponent, _EXTREME)), axis=-2)


def _latest(latest: Latest, radius: Float[Array, " node"]) -> Float[Array, "energy node"]:
    """∫ (πL)^{−3/2} e^{−r²/L} dL from 0, of 1 and of L, in closed form."""
    start, stop, square = (value[:, None] for value in latest[:3])
    safe = jnp.where(radius == 0.0, 1.0, radius)
    x = jnp.minimum(radius / jnp.sqrt(square), math.sqrt(_EXTREME))
    tail = jax.lax.erfc(x)
    steady = jnp.where(radius == 0.0, jnp.inf, tail / (math.pi * safe))
    ramp = (2.0 * math.pi**-1.5) * jnp.exp(-x * x) / jnp.sqrt(square) - (2.0 / math.pi) * radius * tail / square
    return start * steady + (stop - start) * ramp


def lepton_burst(
    energy: ArrayLike,
    radius: ArrayLike,
    time: ArrayLike,
    kappa: Law,
    loss: Law,
    spectrum: Law,
    energy_max: float = ENERGY_MAX,
) -> Float[Array, "energy node"]:
    """Density of leptons that were released at once from a point [GeV⁻¹ pc⁻³].

    Equation: n = N(E₀) [b(E₀)/b(E)] (πλ²)^{−3/2} exp(−r²/λ²), ∫_E^{E₀} dE/b = t, λ² = 4 ∫_E^{E₀} κ/b dE.
    Source: Atoyan, Aharonian & Völk 1995, Phys. Rev. D 52, 3265, after Syrovatskii 1959.
    Arguments: energy — total energy [GeV]; radius — distance from the source [pc]; time — since the release [kyr];
    kappa — κ(E) [pc² kyr⁻¹]; loss — b(E) [GeV kyr⁻¹], positive; spectrum — released N(E) [GeV⁻¹], never asked above
    energy_max [GeV]. The three are JAX functions of an array of energies.
    Validity: κ the same everywhere, r < ct. Zero where the particles would have come from above energy_max, and for
    time ≤ 0.
    """
    energy, radius, time = _floats(energy, radius, time)
    loss = floored(loss)
    table = cooling(energy, kappa, loss, energy_max)
    return spread_density(burst_spread(energy, time, loss, spectrum, table), radius)


def lepton_halo(
    energy: ArrayLike,
    radius: ArrayLike,
    age: ArrayLike,
    kappa: Law,
    loss: Law,
    injection: Callable[[Array, Array], Array],
    energy_max: float = ENERGY_MAX,
) -> Float[Array, "energy node"]:
    """Density of leptons that a point source has been releasing since its birth [GeV⁻¹ pc⁻³].

    Equation: n = ∫_0^t Q(E₀(s), t − s) [b(E₀)/b(E)] (πλ²)^{−3/2} exp(−r²/λ²) ds, with E₀ and λ² as in `lepton_burst`.
    Source: Atoyan, Aharonian & Völk 1995, Phys. Rev. D 52, 3265; nodes as described at `history_spread`.
    Arguments: energy — total energy [GeV]; radius — distance from the source [pc]; age — time since birth [kyr];
    kappa — κ(E) [pc² kyr⁻¹]; loss — b(E) [GeV kyr⁻¹], positive; injection — Q(E, time since birth) [GeV⁻¹ kyr⁻¹],
    smooth, its cut-off well below energy_max [GeV]. The three are JAX functions of arrays.
    Validity: κ the same everywhere, 3κ/c < r < ct; infinite at r = 0, as 1/r.
    """
    energy, radius, age = _floats(energy, radius, age)
    loss = floored(loss)
    table = cooling(energy, kappa, loss, energy_max)
    return spread_density(history_spread(energy, age, kappa, loss, injection, table), radius)
