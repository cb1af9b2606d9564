"""Leptons that diffuse while they cool, released at once or over a history: Green's functions with energy losses."""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike
from jaxtyping import Float

from jaxcrc._types import plain_numbers
from jaxcrc.numerics.breaks import choose
from jaxcrc.transport.kernels.cooling import Law, cooling
from jaxcrc.transport.kernels.rough import fine_spread
from jaxcrc.transport.kernels.spread import History, Injection, Latest, Spread, burst_spread, floored, history_spread

ENERGY_MAX = 1.0e8  # [GeV]
_EXTREME = 1e30  # of r² over λ², which keeps far tails from overflowing
_INNERMOST = 1e-4  # of a source's width: nothing changes farther in
_NARROW = 30.0  # squared widths of the latest releases in that of their source
_MOST_TURNED = 30.0  # of the exponent by which a drift turns the latest releases


def _floats(*values: ArrayLike) -> list[Array]:
    dtype = jnp.result_type(float, *values)
    return [jnp.asarray(value, dtype) for value in values]


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
    turned = 2.0 * along * (spread.latest.time / (spread.latest.square + spread.latest.core))[:, None]
    turned = jnp.exp(jnp.clip(turned, -_MOST_TURNED, _MOST_TURNED))
    return density + _latest(spread.latest, jnp.sqrt(square)) * turned


def _sum(weight: Array, inverse: Array, exponent: Array) -> Array:
    """Σ weight (πλ²)^{−3/2} e^{−exponent} over releases, the last axis but that of the nodes."""
    centre = weight * (math.pi**-1.5 * inverse * jnp.sqrt(inverse))
    return jnp.sum(centre[..., None] * jnp.exp(-jnp.minimum(exponent, _EXTREME)), axis=-2)


def _latest(latest: Latest, radius: Float[Array, " node"]) -> Float[Array, "energy node"]:
    """∫ (πM)^{−3/2} e^{−r²/M} dM from the source's own width W to W + λ², of 1 and of (M − W)/λ², in closed form."""
    start, stop, square = (value[:, None] for value in latest[:3])
    core, span = jnp.asarray(latest.core, radius.dtype), square + latest.core
    extended = core > 0.0
    width = jnp.where(extended, core, 1.0)
    # Farther in a Gaussian is flat, and 1/r − 1/r loses its digits.
    place = jnp.where(extended, jnp.maximum(radius, _INNERMOST * jnp.sqrt(width)), radius)
    steady = _steady(place, span) - jnp.where(extended, _steady(jnp.where(extended, place, 1.0), width), 0.0)
    ramp = _ramp(place, span) - jnp.where(extended, _ramp(place, width) + width * steady, 0.0)
    near = start * steady + (stop - start) * ramp / square
    # Much narrower than the source, all of them are as wide as their middle: differences would lose their digits.
    middle = width + 0.5 * square
    even = jnp.exp(-jnp.minimum(radius**2 / middle, _EXTREME)) / (math.pi * middle) ** 1.5
    alike = 0.5 * (start + stop) * square * even
    return jnp.where(extended & (core > _NARROW * square), alike, near)


def _steady(radius: Array, square: Array) -> Array:
    """∫ (πL)^{−3/2} e^{−r²/L} dL from 0: erfc(r/√L)/πr [pc⁻¹]."""
    safe = jnp.where(radius == 0.0, 1.0, radius)
    tail = jax.lax.erfc(jnp.minimum(radius / jnp.sqrt(square), math.sqrt(_EXTREME)))
    return jnp.where(radius == 0.0, jnp.inf, tail / (math.pi * safe))


def _ramp(radius: Array, square: Array) -> Array:
    """∫ L (πL)^{−3/2} e^{−r²/L} dL from 0 [pc]."""
    x = jnp.minimum(radius / jnp.sqrt(square), math.sqrt(_EXTREME))
    return (2.0 * math.pi**-1.5) * jnp.exp(-x * x) * jnp.sqrt(square) - (2.0 / math.pi) * radius * jax.lax.erfc(x)


@plain_numbers
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


@plain_numbers
def lepton_halo(
    energy: ArrayLike,
    radius: ArrayLike,
    age: ArrayLike,
    kappa: Law,
    loss: Law,
    injection: Injection,
    energy_max: float = ENERGY_MAX,
) -> Float[Array, "energy node"]:
    """Density of leptons that a point source has been releasing since its birth [GeV⁻¹ pc⁻³].

    Equation: n = ∫_0^t Q(E₀(s), t − s) [b(E₀)/b(E)] (πλ²)^{−3/2} exp(−r²/λ²) ds, with E₀ and λ² as in `lepton_burst`.
    Source: Atoyan, Aharonian & Völk 1995, Phys. Rev. D 52, 3265; nodes as described at `history_spread`.
    Arguments: energy — total energy [GeV]; radius — distance from the source [pc]; age — time since birth [kyr];
    kappa — κ(E) [pc² kyr⁻¹]; loss — b(E) [GeV kyr⁻¹], positive; injection — Q(E, time since birth) [GeV⁻¹ kyr⁻¹];
    energy_max — no particle was ever above it [GeV]. The three are JAX functions of arrays.
    Validity: κ the same everywhere, 3κ/c < r < ct; infinite at r = 0, as 1/r. The laws may jump: where nodes for smooth
    ones miss something, `fine_spread` looks for it, at some times the cost (always, under vmap).
    """
    energy, radius, age = _floats(energy, radius, age)
    loss = floored(loss)
    history = History(energy, age, kappa, loss, injection, cooling(energy, kappa, loss, energy_max))
    spread, rough = history_spread(history)
    # The derivative of the branch that is not taken would carry all its nodes along.
    return choose(
        jnp.any(rough),
        jax.checkpoint(lambda: spread_density(fine_spread(history), radius)),
        lambda: spread_density(spread, radius),
    )
