"""Electrons around their source: diffusion with losses in the scene's light and field, at rest or carried along."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from typing import ClassVar

import equinox as eqx
import jax.numpy as jnp
from jax import Array
from jaxtyping import Bool, Float

from jaxcrc._types import Bits, Position, Scalar, param
from jaxcrc.medium.diffusion import AbstractMedium, bohm
from jaxcrc.medium.losses import lepton_loss
from jaxcrc.source.pulsar import AbstractElectronHistory, AbstractElectrons, ElectronBurst
from jaxcrc.transport.base import AbstractField, AbstractTransport, EnergyGrid, Status, Surroundings, Symmetry, flag
from jaxcrc.transport.kernels.cooled import drifting_density, spread_density
from jaxcrc.transport.kernels.cooling import cooling
from jaxcrc.transport.kernels.spread import History, Spread, burst_spread, floored, history_spread, widened
from jaxcrc.units import ELECTRON_MASS, KM_S_PER_PC_KYR, LIGHT_SPEED

MOST_SWEPT = 36.0  # (drift over diffusion length)² of the oldest electrons up to which nodes in time follow a drift


class CooledField(AbstractField):
    """Electrons around a source at rest."""

    spread: Spread
    status: Bits

    def density(self, position: Position) -> Float[Array, "energy node"]:
        """n [GeV⁻¹ cm⁻³] at positions [pc]."""
        return spread_density(self.spread, jnp.sqrt(jnp.sum(position**2, axis=-1)))


class CarriedField(AbstractField):
    """Electrons that drift away from their source."""

    spread: Spread
    velocity: Float[Array, "3"]
    feeds: Bool[Array, " energy"]
    status: Bits

    def density(self, position: Position) -> Float[Array, "energy node"]:
        """n [GeV⁻¹ cm⁻³] at positions [pc]."""
        return drifting_density(self.spread, position, self.velocity)

    def narrowest(self, reach: Scalar) -> Scalar:
        """Width of the tail that drifts away, as it would be there if it opened like a fan [pc]."""
        drifted = jnp.sqrt(jnp.sum(self.velocity**2)) * self.spread.time
        seen = self.feeds[:, None] & (drifted < reach) & (drifted > 0.0)
        fan = jnp.sqrt(self.spread.square) * reach / jnp.where(seen, drifted, 1.0)
        return jnp.min(jnp.where(seen, fan, jnp.inf))


def solve_spread(
    source: eqx.Module,
    medium: AbstractMedium,
    energy: EnergyGrid,
    surroundings: Surroundings,
    expansion: Scalar | None = None,
) -> tuple[Spread, Bits]:
    """What is left of all releases on the energy grid, and the status of its validity.

    Arguments: expansion — H of a wind of speed H r [kyr⁻¹].
    Errors: ValueError where the component's particles are no electrons or its source releases none.
    """
    if energy.mass != ELECTRON_MASS:
        raise ValueError("cooling is solved for electrons only: the energy grid is one of heavier particles")
    if not isinstance(source, AbstractElectronHistory | ElectronBurst):
        raise ValueError(
            f"a source of kind {type(source).__name__} releases no electrons; use 'pulsar', 'electron-burst' or "
            "'steady-electrons'"
        )
    total, light, age = energy.total, surroundings.light, source.age()
    loss = floored(lambda e: lepton_loss(e, light) + (0.0 if expansion is None else expansion * e))
    kappa = _in_energy(medium)
    table = cooling(total, kappa, loss, source.injection.energy_max(), expansion)
    rough = jnp.zeros_like(energy.feeds)
    if isinstance(source, ElectronBurst):
        strength = source.strength()
        spread = burst_spread(total, age, loss, lambda e: strength * source.injection(e), table)
    else:
        injection = lambda e, t: source.power(t) * source.injection(e)  # noqa: E731
        spread, rough = history_spread(History(total, age, kappa, loss, injection, table))
    feeds = energy.feeds & (total < source.injection.energy_knee())
    slow = feeds & (kappa(total) < bohm(energy.momentum, light.magnetic_field))
    # The oldest electrons: have they diffused farther than light could go?
    fast = feeds & (spread.square[:, -1] > (LIGHT_SPEED * spread.time[:, -1]) ** 2)
    status = flag(slow, Status.BELOW_BOHM) | flag(fast, Status.SUPERLUMINAL)
    status = status | flag(~source.has_age(), Status.NO_AGE) | flag(feeds & rough, Status.UNRESOLVED)
    return widened(spread, source.width(), expansion), status


def _in_energy(medium: AbstractMedium) -> Callable[[Array], Array]:
    """κ of total energy."""
    return lambda e: medium.kappa(jnp.sqrt(jnp.maximum(e * e - ELECTRON_MASS**2, 1e-6 * ELECTRON_MASS**2)))


class Cooled(AbstractTransport[AbstractElectrons, AbstractMedium]):
    """One zone with κ(E) the same everywhere and losses by inverse Compton and synchrotron radiation.

    ∂ₜn = κ∇²n + ∂(bn)/∂E + Q from a point, with a wind of speed H r if `expansion` is not zero: it carries electrons
    outwards and cools them by b = H E on top.
    Validity: r < ct; light, field and κ constant since birth.
    """

    sources: ClassVar = (AbstractElectronHistory, ElectronBurst)

    expansion: Scalar = param(
        "km / (s pc)", "speed of a radial wind for each pc of distance from the source", low=0.0, default=0.0
    )

    def solve(
        self, source: eqx.Module, medium: AbstractMedium, energy: EnergyGrid, surroundings: Surroundings
    ) -> CooledField:
        """The Field of electrons around a source at rest."""
        spread, status = solve_spread(source, medium, energy, surroundings, self.expansion / KM_S_PER_PC_KYR)
        return CooledField(spread=spread, status=status)


class AbstractDrift(eqx.Module):
    """What moves electrons away from where the source is now."""

    @abstractmethod
    def velocity(self) -> Float[Array, "3"]:
        """Velocity of released electrons relative to the source [pc kyr⁻¹]: to the north, to the east, away from us."""


class Wind(AbstractDrift):
    """A uniform wind past the source."""

    north: Scalar = param("km / s", "speed of the wind to the north")
    east: Scalar = param("km / s", "speed of the wind to the east", default=0.0)
    away: Scalar = param("km / s", "speed of the wind along the line of sight, away from us", default=0.0)

    def velocity(self) -> Float[Array, "3"]:
        """Velocity of released electrons relative to the source [pc kyr⁻¹]."""
        return jnp.stack([self.north, self.east, self.away]) / KM_S_PER_PC_KYR


class ProperMotion(AbstractDrift):
    """A source that moves through a medium at rest: what it released stays behind."""

    north: Scalar = param("km / s", "speed of the source to the north")
    east: Scalar = param("km / s", "speed of the source to the east", default=0.0)
    away: Scalar = param("km / s", "speed of the source along the line of sight, away from us", default=0.0)

    def velocity(self) -> Float[Array, "3"]:
        """Velocity of released electrons relative to the source [pc kyr⁻¹]."""
        return -jnp.stack([self.north, self.east, self.away]) / KM_S_PER_PC_KYR


class Carried(AbstractTransport[AbstractElectrons, AbstractMedium]):
    """As `cooled` at expansion zero, with a drift that is the same everywhere: the halo is not round.

    Validity: within 3 % where the oldest electrons drifted by at most six of their diffusion lengths; beyond, the past
    of a lasting source is seen through too few nodes, and the status says so. A burst may drift as far as it likes.
    """

    sources: ClassVar = (AbstractElectronHistory, ElectronBurst)

    drift: AbstractDrift

    def symmetry(self, source: eqx.Module) -> Symmetry:
        """None: it has a direction."""
        return Symmetry.NONE

    def solve(
        self, source: eqx.Module, medium: AbstractMedium, energy: EnergyGrid, surroundings: Surroundings
    ) -> CarriedField:
        """The Field of electrons that drift away from their source."""
        spread, status = solve_spread(source, medium, energy, surroundings)
        velocity = self.drift.velocity()
        swept = jnp.sum(velocity**2) * spread.time[:, -1] ** 2 > MOST_SWEPT * spread.square[:, -1]
        fast = energy.feeds & swept & (not isinstance(source, ElectronBurst))
        status = status | flag(fast, Status.UNRESOLVED)
        return CarriedField(spread=spread, velocity=velocity, feeds=energy.feeds, status=status)
