"""Protons that lose energy in collisions with gas while they diffuse: what is left of all that was released."""

from __future__ import annotations

import equinox as eqx
import jax
import jax.numpy as jnp
from jax import Array
from jaxtyping import Float

from jaxcrc._types import Bits, Energy, Position, Scalar
from jaxcrc.medium.diffusion import AbstractMedium
from jaxcrc.medium.losses import pion_loss
from jaxcrc.source.escape import Escaping
from jaxcrc.source.release import AbstractHistory, Burst, Released
from jaxcrc.source.spectrum import momentum
from jaxcrc.transport.base import AbstractField, EnergyGrid, Surroundings
from jaxcrc.transport.kernels.cooled import spread_density
from jaxcrc.transport.kernels.cooling import Cooling, Law, cooling, past, rise_at
from jaxcrc.transport.kernels.history import LEAST_EXPONENT, look_back
from jaxcrc.transport.kernels.shell import burst_shell, continuous_ball, continuous_shell
from jaxcrc.transport.kernels.spherical import burst_ball
from jaxcrc.transport.kernels.spread import Latest, Spread, burst_spread, floored

HIGHER = 100.0  # over the highest energy of the grid: no proton ever had more
_STEPS = 4  # towards the energy at which a proton escaped that has this energy now
_LEAST = 0.05  # of 1 − b dt/dE of an escape that follows the losses

# Kernels of one release and, per κ = 1/4, of a constant one; a point has its own sum.
SIZED = {"shell": (burst_shell, continuous_shell), "ball": (burst_ball, continuous_ball)}


class CollidingField(AbstractField):
    """n(T, r) = Σ over past releases of what is left of them, spread by the κ that they had on their way."""

    spread: Spread
    size: tuple[Scalar | Energy, ...]
    status: Bits
    geometry: str = eqx.field(static=True)

    def density(self, position: Position) -> Float[Array, "energy node"]:
        """n [GeV⁻¹ cm⁻³] at positions [pc]."""
        radius, spread = jnp.sqrt(jnp.sum(position**2, axis=-1)), self.spread
        if self.geometry == "point":
            return spread_density(spread, radius)
        burst, constant = SIZED[self.geometry]
        size = jnp.broadcast_to(self.size[0], spread.weight.shape[:1])[:, None]
        each = burst(radius, 1.0, 0.25 * spread.square[..., None], size[..., None])
        density = jnp.sum(spread.weight[..., None] * each, axis=1)
        if spread.latest is None:
            return density
        latest = [value[:, None] for value in spread.latest[:3]]
        return density + 0.5 * (latest[0] + latest[1]) * constant(radius, latest[2], 0.25, size)


def colliding(
    source: Released, medium: AbstractMedium, energy: EnergyGrid, surroundings: Surroundings, status: Bits
) -> CollidingField:
    """The Field of protons that collide with gas, as dense everywhere as at the source.

    Equation: n(T) = Σ N(T₀) b(T₀)/b(T) (πλ²)^{−3/2} e^{−r²/λ²}, ∫_T^{T₀} dT/b = t, λ² = 4 ∫_T^{T₀} κ/b dT, b = T/τ_pp.
    Source: Atoyan, Aharonian & Völk 1995, after Syrovatskii 1959; b as at `pion_loss`, an inelasticity of 0.45.
    Errors: ValueError for a source whose release is no burst, history or escape.
    Validity: losses as continuous, the gas uniform; 1e-4 of the formal solution.
    """
    kinetic, release = energy.kinetic, source.release
    gas = surroundings.gas.at(jnp.zeros((1, 3), kinetic.dtype))[0]
    loss = floored(lambda t: pion_loss(t, gas))
    kappa: Law = lambda t: medium.kappa(momentum(t))  # noqa: E731
    table = cooling(kinetic, kappa, loss, HIGHER * kinetic[-1])
    size = source.shape.size(release, energy.momentum)
    if isinstance(release, Escaping):
        spread, before = _escaped(source, release, energy, kappa, loss, table)
        size = source.shape.size(release, momentum(before))
    elif isinstance(release, Burst):
        spread = burst_spread(kinetic, release.time(), loss, source.amplitude, table)
    elif isinstance(release, AbstractHistory):
        spread = _history(source, release, kinetic, kappa, loss, table)
    else:
        raise ValueError(f"no homogeneous solution for a release of kind {type(release).__name__}")
    return CollidingField(spread=spread, size=size, status=status, geometry=source.shape.geometry)


def _history(
    source: Released, release: AbstractHistory, kinetic: Energy, kappa: Law, loss: Law, table: Cooling
) -> Spread:
    """Gaussians at look-back times that all energies share, and the latest releases where it still goes on."""
    age, duration = release.time(), release.duration()
    back, since, weight = look_back(LEAST_EXPONENT, age, duration, release.clustering())
    rise, inside = jax.vmap(rise_at, (None, 0), 1)(table, back)
    _, square = past(table, rise)
    before = kinetic[:, None] * jnp.exp(rise)
    left = source.amplitude(before.ravel()).reshape(before.shape) * loss(before) / loss(kinetic)[:, None]
    share = jnp.where(inside, weight * release.rate(since) * left, 0.0)
    lasting = jnp.asarray(1.0) if duration is None else jnp.where(duration < age, 0.0, 1.0)
    start = lasting * release.rate(age) * source.amplitude(kinetic) / (4.0 * kappa(kinetic))
    latest = Latest(start, start, square[:, -1], jnp.broadcast_to(back[-1], start.shape))
    return Spread(share, square, jnp.broadcast_to(back, square.shape), latest)


def _escaped(
    source: Released, release: Escaping, energy: EnergyGrid, kappa: Law, loss: Law, table: Cooling
) -> tuple[Spread, Energy]:
    """One Gaussian for each energy, and the energy with which its protons escaped: T₀ = T e^{rise(t − t_esc(T₀))}."""
    since: Law = lambda t: release.since(momentum(t), kappa(t))  # noqa: E731
    before = energy.kinetic
    for _ in range(_STEPS):
        rise, inside = rise_at(table, since(before))
        before = energy.kinetic * jnp.exp(rise)
    time, slope = jax.jvp(since, (before,), (jnp.ones_like(before),))
    _, square = past(table, rise[:, None])
    stretch = loss(before) / loss(energy.kinetic) / jnp.maximum(1.0 - slope * loss(before), _LEAST)
    weight = source.amplitude(before) * release.escaped(momentum(before)) * stretch
    return Spread(jnp.where(inside, weight, 0.0)[:, None], square, time[:, None], None), before
