"""When and from where the particles leave: release histories and shapes of the source."""

from __future__ import annotations

import math
from abc import abstractmethod
from typing import ClassVar

import equinox as eqx
import jax.numpy as jnp
from jax import Array

from jaxcrc._types import Energy, Scalar, param
from jaxcrc.source.base import AbstractSource
from jaxcrc.source.spectrum import AbstractSpectrum
from jaxcrc.units import ENERGY_UNIT_GEV_PER_PC3, LOG10_ENERGY_UNIT_ERG, S_PER_KYR


class AbstractShape(eqx.Module):
    """Where the particles leave from, around the source's centre."""

    geometry: ClassVar[str]

    @abstractmethod
    def size(self, release: AbstractRelease, momentum: Energy) -> tuple[Scalar | Energy, ...]:
        """Radius [pc] at each momentum pc [GeV], or for all; nothing for a point."""

    def edges(self) -> tuple[Scalar, ...]:
        """Radii [pc] at which the shape ends, where these are the same for all momenta."""
        return ()


class Point(AbstractShape):
    """All particles leave from the centre."""

    geometry: ClassVar[str] = "point"

    def size(self, release: AbstractRelease, momentum: Energy) -> tuple[()]:
        """Nothing: a point has no radius."""
        return ()


class Ball(AbstractShape):
    """Particles leave uniformly from the inside of a sphere (Celli et al. 2019)."""

    radius: Scalar = param("pc", "radius of the releasing sphere", low=0.0)
    geometry: ClassVar[str] = "ball"

    def edges(self) -> tuple[Scalar]:
        """Its radius [pc]."""
        return (self.radius,)

    def size(self, release: AbstractRelease, momentum: Energy) -> tuple[Scalar]:
        """Radius [pc]."""
        return (self.radius,)


class Shell(AbstractShape):
    """Particles leave from the surface of a sphere (Ohira et al. 2011)."""

    radius: Scalar = param("pc", "radius of the releasing sphere", low=0.0)
    geometry: ClassVar[str] = "shell"

    def edges(self) -> tuple[Scalar]:
        """Its radius [pc]."""
        return (self.radius,)

    def size(self, release: AbstractRelease, momentum: Energy) -> tuple[Scalar]:
        """Radius [pc]."""
        return (self.radius,)


def kyr(log10_years: Scalar) -> Scalar:
    """Years given by their log10, in kyr."""
    return 10.0 ** (log10_years - 3.0)


class AbstractRelease(eqx.Module):
    """How much leaves, and since when."""

    @abstractmethod
    def time(self) -> Scalar:
        """Time since the release began [kyr]."""

    @abstractmethod
    def strength(self) -> Scalar:
        """What multiplies the kernel per particle: [GeV cm⁻³ pc³], per kyr for a release that goes on."""


class AbstractHistory(AbstractRelease):
    """A release that goes on, all momenta alike."""

    def duration(self) -> Scalar | None:
        """How long it went on [kyr]; None where it still does."""
        return None

    def rate(self, since: Array) -> Array:
        """Power at times since the start [kyr], in units of `strength`."""
        return jnp.ones_like(since)

    def clustering(self) -> Scalar | float:
        """How strongly look-back nodes cluster at the start, see `look_back`."""
        return 4.0


def _power(log10_power: Scalar) -> Scalar:
    """Released power [GeV cm⁻³ pc³ kyr⁻¹]."""
    return ENERGY_UNIT_GEV_PER_PC3 * 10.0 ** (log10_power + math.log10(S_PER_KYR) - LOG10_ENERGY_UNIT_ERG)


class Burst(AbstractRelease):
    """All particles at once: W at t = 0."""

    log10_energy: Scalar = param("dex(erg)", "log10 of the energy released in cosmic rays, 1 GeV to 5 PeV")
    log10_age: Scalar = param("dex(yr)", "log10 of the time since the release")

    def time(self) -> Scalar:
        """Time since the release began [kyr]."""
        return kyr(self.log10_age)

    def strength(self) -> Scalar:
        """Released energy [GeV cm⁻³ pc³]."""
        return ENERGY_UNIT_GEV_PER_PC3 * 10.0 ** (self.log10_energy - LOG10_ENERGY_UNIT_ERG)


class Continuous(AbstractHistory):
    """A constant power L since t = 0."""

    log10_power: Scalar = param("dex(erg / s)", "log10 of the power released in cosmic rays, 1 GeV to 5 PeV")
    log10_age: Scalar = param("dex(yr)", "log10 of the time since the release began")

    def time(self) -> Scalar:
        """Time since the release began [kyr]."""
        return kyr(self.log10_age)

    def strength(self) -> Scalar:
        """Released power [GeV cm⁻³ pc³ kyr⁻¹]."""
        return _power(self.log10_power)


class Finite(AbstractHistory):
    """A constant power L for a limited time; one that has not ended yet is a continuous release."""

    log10_power: Scalar = param("dex(erg / s)", "log10 of the power released in cosmic rays, 1 GeV to 5 PeV")
    log10_age: Scalar = param("dex(yr)", "log10 of the time since the release began")
    log10_duration: Scalar = param("dex(yr)", "log10 of the time for which the release went on")

    def time(self) -> Scalar:
        """Time since the release began [kyr]."""
        return kyr(self.log10_age)

    def strength(self) -> Scalar:
        """Released power [GeV cm⁻³ pc³ kyr⁻¹]."""
        return _power(self.log10_power)

    def duration(self) -> Scalar:
        """How long it went on [kyr]."""
        return kyr(self.log10_duration)


class Linear(AbstractHistory):
    """A power that has grown in proportion to the time since t = 0."""

    log10_power: Scalar = param("dex(erg / s)", "log10 of the power today in cosmic rays, 1 GeV to 5 PeV")
    log10_age: Scalar = param("dex(yr)", "log10 of the time since the release began")

    def time(self) -> Scalar:
        """Time since the release began [kyr]."""
        return kyr(self.log10_age)

    def strength(self) -> Scalar:
        """Power today [GeV cm⁻³ pc³ kyr⁻¹]."""
        return _power(self.log10_power)

    def rate(self, since: Array) -> Array:
        """Power over the power today."""
        return since / self.time()


class PowerLawInTime(AbstractHistory):
    """A power that has gone as a power of the time since t = 0: L (t/age)^a."""

    log10_power: Scalar = param("dex(erg / s)", "log10 of the power today in cosmic rays, 1 GeV to 5 PeV")
    log10_age: Scalar = param("dex(yr)", "log10 of the time since the release began")
    slope: Scalar = param("", "slope a of the power in time", low=-0.9, high=5.0)

    def time(self) -> Scalar:
        """Time since the release began [kyr]."""
        return kyr(self.log10_age)

    def strength(self) -> Scalar:
        """Power today [GeV cm⁻³ pc³ kyr⁻¹]."""
        return _power(self.log10_power)

    def rate(self, since: Array) -> Array:
        """Power over the power today."""
        age = self.time()
        return jnp.exp(self.slope * jnp.log(jnp.maximum(since / age, jnp.finfo(since.dtype).tiny)))

    def clustering(self) -> Scalar:
        """Strong enough to make the start smooth where the power falls."""
        return jnp.maximum(4.0, 2.0 / (1.0 + self.slope))


class Released(AbstractSource):
    """A source with a spectrum, a history and a shape: N(T) = W · spectrum(T).

    `spectrum` gives particles per GeV of kinetic energy for each GeV released [GeV⁻²].
    """

    particle: ClassVar[str] = "proton"

    spectrum: AbstractSpectrum
    release: AbstractRelease
    shape: AbstractShape = Point()

    def amplitude(self, kinetic: Energy) -> Energy:
        """Number released per GeV, in the units that turn a kernel [pc⁻³] into a density [GeV⁻¹ cm⁻³]."""
        return self.release.strength() * self.spectrum(kinetic)
